/** The terminal client: the next state from a state and what happened, as a table from an action's name. Pure. */
import type { RoomListing } from "../sdk/types.ts";
import type { Action, ActionOf, ActionType } from "./actions.ts";
import { geometry } from "./geometry.ts";
import type { ItemRows } from "./item-rows.ts";
import { isRoomAction, type RoomActionType, reduceRoom } from "./reduce-room.ts";
import type { Window } from "./scroll.ts";
import { entryOf, newView, type RoomEntry, type RoomView, type TuiState } from "./state.ts";
import { sanitizeLine } from "./text/sanitize.ts";

/** For how long a word on what was just done is shown, in milliseconds. */
const HINT_MS = 6_000;

/** A chat's room is an id. */
const CHAT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

type Table = {
  readonly [Type in Exclude<ActionType, RoomActionType>]: (state: TuiState, action: ActionOf<Type>) => TuiState;
};

const TABLE: Table = {
  resized: (state, { size }) => ({ ...state, size }),
  ticked: (state, { now }) => ({
    ...state,
    now,
    hint: state.hint !== undefined && state.hint.until <= now ? undefined : state.hint,
  }),
  hinted: (state, { text }) => ({ ...state, hint: { text: sanitizeLine(text), until: state.now + HINT_MS } }),
  formChanged: (state, { change }) => ({ ...state, form: { ...state.form, ...change } }),
  connecting: (state, { server }) => ({
    ...state,
    server,
    form: { ...state.form, isBusy: true, problem: undefined },
  }),
  connectFailed: (state, { problem }) => ({
    ...state,
    page: "connect",
    form: { ...state.form, isBusy: false, problem: sanitizeLine(problem) },
  }),
  connectionChanged: (state, { connection }) => ({
    ...state,
    connection,
    onlineSince: connection.type === "online" ? connection.since : undefined,
    roundTripMs: connection.type === "online" ? state.roundTripMs : undefined,
  }),
  startedAnew: (state, { rooms }) => {
    const begun = (room: string): RoomView => {
      const { input, sent } = state.views.get(room) ?? newView(room);
      return { ...newView(room), input, sent };
    };
    const current = state.current !== undefined && rooms.includes(state.current) ? state.current : undefined;
    return { ...state, views: new Map(rooms.map((room) => [room, begun(room)])), current };
  },
  signedIn: (state, { user, rooms }) => {
    const entries = inOrder(rooms.map(entryFor));
    const form = { ...state.form, isBusy: false, problem: undefined };
    // Whoever has no room open chooses one first.
    const focus = state.current === undefined ? "rooms" : state.focus;
    return { ...state, page: "chat", form, user, focus, rooms: entries, selected: keep(state, entries) };
  },
  roundTripTaken: (state, { ms }) => ({ ...state, roundTripMs: ms }),
  roomAdded: (state, { listing }) => {
    const others = state.rooms.filter(({ room }) => room !== listing.room);
    const rooms = inOrder([...others, entryFor(listing)]);
    return { ...state, rooms, selected: keep(state, rooms) };
  },
  roomRemoved: (state, { room }) => {
    const rooms = state.rooms.filter((entry) => entry.room !== room);
    const views = new Map(state.views);
    const view = views.get(room);
    if (view !== undefined) views.set(room, { ...view, former: entryOf(state, room) });
    return { ...state, rooms, views, selected: keep(state, rooms) };
  },
  opened: (state, { room, isLookedAt }) => {
    const views = new Map(state.views);
    const view = views.get(room) ?? newView(room);
    views.set(room, isLookedAt ? { ...view, unread: 0 } : view);
    if (!isLookedAt) return { ...state, views };
    const selected = state.rooms.findIndex((entry) => entry.room === room);
    return { ...state, views, current: room, focus: "input", selected: Math.max(0, selected), overlay: undefined };
  },
  left: (state, { room }) => {
    const views = new Map(state.views);
    views.delete(room);
    const isCurrent = state.current === room;
    return {
      ...state,
      views,
      current: isCurrent ? undefined : state.current,
      focus: isCurrent ? "rooms" : state.focus,
    };
  },
  focused: (state, { focus }) => ({ ...state, focus: state.current === undefined ? "rooms" : focus }),
  selected: (state, { index }) => ({ ...state, selected: Math.min(Math.max(0, index), state.rooms.length - 1) }),
  overlayChanged: (state, { overlay }) => ({ ...state, overlay }),
  pasteWaits: (state, { paste }) => ({ ...state, paste }),
};

/** The next state. `itemRows` counts rows for scrolling. */
export function reduce(state: TuiState, action: Action, itemRows: ItemRows): TuiState {
  if (!isRoomAction(action)) {
    // The table has for each name a function that takes what bears this name; the compiler can't see that for all at once.
    const reducer = TABLE[action.type] as (state: TuiState, action: Action) => TuiState;
    return reducer(state, action);
  }
  const room = "room" in action ? action.room : state.current;
  const view = room === undefined ? undefined : state.views.get(room);
  if (room === undefined || view === undefined) return state;
  const next = reduceRoom(view, action, { state, window: windowOf(state, itemRows) });
  if (next === view) return state;
  const views = new Map(state.views);
  views.set(room, state.current === room ? looked(next) : next);
  return { ...state, views };
}

/** The window through which the conversation is seen. */
export function windowOf({ size }: TuiState, itemRows: ItemRows): Window {
  const { columns, rows } = geometry(size);
  // A terminal that is too small shows nothing; reckoning goes on as if it were not.
  return { columns: Math.max(columns, 20), rows: Math.max(rows, 1), itemRows };
}

/** What one looks at is read. */
const looked = (view: RoomView): RoomView => (view.unread === 0 ? view : { ...view, unread: 0 });

function entryFor({ room, description }: RoomListing): RoomEntry {
  const isChat = CHAT.test(room);
  const [name, says] = isChat ? [description, ""] : [room, description];
  return { room, isChat, title: sanitizeLine(name), description: sanitizeLine(says) };
}

/** Public rooms in the server's order, then chats. */
function inOrder(entries: readonly RoomEntry[]): readonly RoomEntry[] {
  return [...entries.filter(({ isChat }) => !isChat), ...entries.filter(({ isChat }) => isChat)];
}

/** Where the list's cursor goes when the list has changed: on the room where it was. */
function keep(state: TuiState, rooms: readonly RoomEntry[]): number {
  const was = state.rooms[state.selected]?.room ?? state.current;
  const index = rooms.findIndex(({ room }) => room === was);
  return index === -1 ? Math.max(0, Math.min(state.selected, rooms.length - 1)) : index;
}
