/** The terminal client: what happens in one room, as a table from an action's name to the next view of the room. Pure. */
import type { Action, ActionOf } from "./actions.ts";
import { extend, note, noteComing, prepend, tell, toNewest } from "./conversation.ts";
import { EMPTY_LINE, lineOf } from "./input-line.ts";
import { scrollBy, topAnchor, type Window } from "./scroll.ts";
import type { RoomView, TuiState } from "./state.ts";
import { sanitizeLine } from "./text/sanitize.ts";

/** For how long somebody is taken to be writing after they were last heard to, in milliseconds. */
const TYPING_MS = 5_000;

/** What one has sent, for bringing it back into the input. */
const SENT_MAX = 100;

/** Actions that concern one room: the one they name, or the one that is looked at. */
export type RoomActionType =
  | "told"
  | "roomStateChanged"
  | "presenceChanged"
  | "participated"
  | "outgoingChanged"
  | "typingHeard"
  | "wasReset"
  | "historyAsked"
  | "historyCame"
  | "historyFailed"
  | "scrolled"
  | "jumped"
  | "inputChanged"
  | "inputSent"
  | "recalled";

/** What a reducer of a room looks at beside the room. */
export interface Around {
  readonly state: TuiState;
  readonly window: Window;
}

type Table = {
  readonly [Type in RoomActionType]: (view: RoomView, action: ActionOf<Type>, around: Around) => RoomView;
};

const ROOM_TABLE: Table = {
  told: (view, { records }, { state }) => tell(view, records, state.user, state.now),
  roomStateChanged: (view, action, { state }) => withState(view, action, state),
  presenceChanged: (view, { presence }) => ({
    ...view,
    presence: { users: presence.users.map(sanitizeLine), count: presence.count },
  }),
  participated: (view, { user, status }, { state }) => {
    const typing = view.typing.filter((one) => one.user !== user);
    // Coming back after a lost connection is told by a notice of its own.
    if (user === state.user) return view;
    return noteComing({ ...view, typing }, sanitizeLine(user), status, state.now);
  },
  outgoingChanged: (view, { outgoing }) => ({ ...view, outgoing }),
  typingHeard: (view, { user }, { state }) => {
    const name = sanitizeLine(user);
    const others = view.typing.filter((one) => one.user !== name && one.until > state.now);
    return { ...view, typing: [...others, { user: name, until: state.now + TYPING_MS }] };
  },
  wasReset: (view, { oldest }, { state }) => {
    const text = `the server does not keep what came after #${view.cursor} any more; this goes on from #${oldest}`;
    return note({ ...view, missed: undefined }, text, "bad", state.now);
  },
  historyAsked: (view, { direction }) => ({ ...view, loading: direction }),
  historyCame: (view, { direction, page }, { state }) =>
    direction === "older" ? prepend(view, page.records, page.more, state.user) : extend(view, page.records, state.user),
  historyFailed: (view, { problem }, { state }) =>
    note({ ...view, loading: undefined }, `older messages could not be loaded: ${problem}`, "bad", state.now),
  scrolled: (view, { rows }, { window }) => {
    const anchor = scrollBy(view, rows, window);
    return anchor === undefined ? toNewest(view) : { ...view, anchor };
  },
  jumped: (view, { to }, { window }) =>
    to === "newest" ? toNewest(view) : { ...view, anchor: topAnchor(view, window) },
  inputChanged: (view, { input }) => ({ ...view, input, recalled: undefined }),
  inputSent: (view, { text }) => ({
    ...toNewest(view),
    input: EMPTY_LINE,
    recalled: undefined,
    sent: [...view.sent.filter((other) => other !== text), text].slice(-SENT_MAX),
  }),
  recalled: (view, { step }) => recall(view, step),
};

/** Whether an action concerns one room. */
export function isRoomAction(action: Action): action is ActionOf<RoomActionType> {
  return action.type in ROOM_TABLE;
}

/** The next view of the room that an action concerns. */
export function reduceRoom(view: RoomView, action: ActionOf<RoomActionType>, around: Around): RoomView {
  // The table has for each name a function that takes what bears this name; the compiler can't see that for all at once.
  const reducer = ROOM_TABLE[action.type] as (view: RoomView, action: Action, around: Around) => RoomView;
  return reducer(view, action, around);
}

/** How far a room is followed, and what the reader is told of that. */
function withState(view: RoomView, { state: next }: ActionOf<"roomStateChanged">, { now }: TuiState): RoomView {
  const changed: RoomView = { ...view, state: next };
  if (next.type === "refused") return note(changed, `this room is not open to you: ${next.text}`, "bad", now);
  if (next.type === "gone") return note(changed, "you are not in this room any more", "bad", now);
  if (next.type === "live") {
    const live: RoomView = { ...changed, wasLive: true, missed: undefined };
    return view.missed === undefined ? live : note(live, resumedText(view.missed), "good", now);
  }
  if (next.type === "joining" && view.wasLive && view.missed === undefined) {
    const missed = { after: view.cursor, messages: 0 };
    return note(
      { ...changed, missed, typing: [] },
      "connection lost; what you write is kept and sent later",
      "bad",
      now,
    );
  }
  return changed;
}

function resumedText({ after, messages }: NonNullable<RoomView["missed"]>): string {
  const came = messages === 0 ? "nothing was said" : messages === 1 ? "1 message came" : `${messages} messages came`;
  return `resumed after #${after}: ${came} meanwhile, nothing is missing`;
}

/** Brings what one has sent back into the input, and at last what stood there before. */
function recall(view: RoomView, step: -1 | 1): RoomView {
  const { sent, recalled, input } = view;
  const index = (recalled?.index ?? sent.length) + step;
  if (index < 0 || (recalled === undefined && step === 1)) return view;
  const draft = recalled?.draft ?? input;
  const text = sent[index];
  if (text === undefined) return { ...view, input: draft, recalled: undefined };
  return { ...view, input: lineOf(text), recalled: { index, draft } };
}
