/**
 * The terminal client: what each key means where one is. From the state and a key to what happens and what is to be
 * done. Pure.
 */
import type { Action } from "./actions.ts";
import type { Effect } from "./effects.ts";
import { geometry } from "./geometry.ts";
import { EMPTY_LINE, erase, type InputLine, insert, type Motion, move } from "./input-line.ts";
import type { KeyEvent } from "./keys.ts";
import { bytesOf, fitsLine, MESSAGE_BYTES_MAX, PASTE_MESSAGES_MAX, waitingPaste } from "./paste.ts";
import { currentView, type RoomView, type TuiState } from "./state.ts";

/** What a key does. */
export interface Step {
  readonly actions: readonly Action[];
  readonly effects: readonly Effect[];
}

const NOTHING: Step = { actions: [], effects: [] };
const act = (...actions: Action[]): Step => ({ actions, effects: [] });
const doIt = (...effects: Effect[]): Step => ({ actions: [], effects });

/** What a key does, in this state. */
export function keyStep(state: TuiState, event: KeyEvent): Step {
  if (event.type === "key") {
    if (event.name === "ctrl-c") return doIt({ type: "quit" });
    if (event.name === "ctrl-l") return doIt({ type: "repaint" });
    if (event.name === "ctrl-z") return doIt({ type: "suspend" });
  }
  if (state.page === "connect") return formStep(state, event);
  if (geometry(state.size).isTooSmall) return NOTHING;
  if (state.paste !== undefined) return pasteStep(state, event);
  if (state.overlay !== undefined) {
    return event.type === "paste" ? NOTHING : act({ type: "overlayChanged", overlay: undefined });
  }
  if (event.type === "key") {
    const anywhere = ANYWHERE[event.name];
    if (anywhere !== undefined) return anywhere(state);
  }
  return state.focus === "rooms" ? roomsStep(state, event) : inputStep(state, event);
}

/** Where a key moves the cursor of a line, or what it takes from it. */
const MOTIONS: Readonly<Record<string, readonly ["move" | "erase", Motion]>> = {
  left: ["move", "left"],
  "ctrl-b": ["move", "left"],
  right: ["move", "right"],
  "ctrl-f": ["move", "right"],
  "alt-b": ["move", "wordLeft"],
  "ctrl-left": ["move", "wordLeft"],
  "alt-left": ["move", "wordLeft"],
  "alt-f": ["move", "wordRight"],
  "ctrl-right": ["move", "wordRight"],
  "alt-right": ["move", "wordRight"],
  home: ["move", "start"],
  "ctrl-a": ["move", "start"],
  end: ["move", "end"],
  "ctrl-e": ["move", "end"],
  backspace: ["erase", "left"],
  "ctrl-h": ["erase", "left"],
  delete: ["erase", "right"],
  "ctrl-d": ["erase", "right"],
  "ctrl-w": ["erase", "spaceLeft"],
  "alt-backspace": ["erase", "wordLeft"],
  "alt-d": ["erase", "wordRight"],
  "ctrl-u": ["erase", "start"],
  "ctrl-k": ["erase", "end"],
};

/** What a key of an editor makes of a line; `undefined` where it is none. */
function edited(line: InputLine, event: KeyEvent): InputLine | undefined {
  if (event.type === "text") return insert(line, event.text);
  if (event.type === "paste") return undefined;
  const [kind, motion] = MOTIONS[event.name] ?? [];
  if (kind === undefined || motion === undefined) return undefined;
  return kind === "move" ? move(line, motion) : erase(line, motion);
}

function formStep({ form }: TuiState, event: KeyEvent): Step {
  if (form.isBusy) return event.type === "key" && event.name === "escape" ? doIt({ type: "giveUp" }) : NOTHING;
  const change = (change: Partial<typeof form>): Step => act({ type: "formChanged", change });
  if (event.type === "key" && ["tab", "shift-tab", "up", "down"].includes(event.name)) {
    return change({ field: form.field === "server" ? "token" : "server" });
  }
  if (event.type === "key" && event.name === "enter") {
    return doIt({ type: "connect", server: form.server.text.trim(), token: form.token.text.trim() });
  }
  // A token can't be seen, so nobody pastes a part of one into another.
  const line = event.type === "paste" && form.field === "token" ? EMPTY_LINE : form[form.field];
  const next =
    event.type === "paste" ? insert(line, event.text.replaceAll(/\s+/g, "").slice(0, 4096)) : edited(line, event);
  return next === undefined ? NOTHING : change({ [form.field]: next });
}

/** Keys that do the same wherever one is. */
const ANYWHERE: Readonly<Record<string, (state: TuiState) => Step>> = {
  f1: () => act({ type: "overlayChanged", overlay: "help" }),
  "ctrl-g": () => act({ type: "overlayChanged", overlay: "help" }),
  "ctrl-t": () => act({ type: "overlayChanged", overlay: "people" }),
  tab: (state) => act({ type: "focused", focus: state.focus === "rooms" ? "input" : "rooms" }),
  "ctrl-n": (state) => neighbour(state, 1),
  "ctrl-p": (state) => neighbour(state, -1),
  "alt-down": (state) => neighbour(state, 1),
  "alt-up": (state) => neighbour(state, -1),
  "alt-a": nextUnread,
  pageup: (state) => act({ type: "scrolled", rows: 1 - geometry(state.size).rows }),
  pagedown: (state) => act({ type: "scrolled", rows: geometry(state.size).rows - 1 }),
  "shift-up": () => act({ type: "scrolled", rows: -1 }),
  "shift-down": () => act({ type: "scrolled", rows: 1 }),
  "ctrl-up": () => act({ type: "scrolled", rows: -1 }),
  "ctrl-down": () => act({ type: "scrolled", rows: 1 }),
  "ctrl-home": () => act({ type: "jumped", to: "oldest" }),
  "ctrl-end": () => act({ type: "jumped", to: "newest" }),
  "ctrl-r": retry,
  "ctrl-x": discard,
};

/** The next of the rooms that are open, in the order of the list. */
function neighbour(state: TuiState, step: 1 | -1): Step {
  const open = state.rooms.filter(({ room }) => state.views.has(room));
  if (open.length === 0) return NOTHING;
  const at = open.findIndex(({ room }) => room === state.current);
  const next = open[(Math.max(at, 0) + step + open.length) % open.length];
  return next === undefined || next.room === state.current ? NOTHING : doIt({ type: "open", room: next.room });
}

function nextUnread(state: TuiState): Step {
  const unread = state.rooms.find(({ room }) => (state.views.get(room)?.unread ?? 0) > 0);
  return unread === undefined
    ? act({ type: "hinted", text: "nothing unread" })
    : doIt({ type: "open", room: unread.room });
}

/** Offline: connect now. Online: send once more what was refused. */
function retry(state: TuiState): Step {
  if (state.connection.type !== "online") return doIt({ type: "retryNow" });
  const view = currentView(state);
  if (view === undefined || !hasFailed(view)) return act({ type: "hinted", text: "nothing to send again" });
  return doIt({ type: "retryFailed", room: view.room });
}

function discard(state: TuiState): Step {
  const view = currentView(state);
  if (view === undefined || !hasFailed(view)) return act({ type: "hinted", text: "nothing to let go of" });
  return doIt({ type: "discardFailed", room: view.room });
}

const hasFailed = (view: RoomView): boolean => view.outgoing.some(({ state }) => state.type === "failed");

const ROOM_KEYS: Readonly<Record<string, (state: TuiState) => Step>> = {
  up: ({ selected }) => act({ type: "selected", index: selected - 1 }),
  down: ({ selected }) => act({ type: "selected", index: selected + 1 }),
  home: () => act({ type: "selected", index: 0 }),
  end: ({ rooms }) => act({ type: "selected", index: rooms.length - 1 }),
  enter: (state) => {
    const entry = state.rooms[state.selected];
    return entry === undefined ? NOTHING : doIt({ type: "open", room: entry.room });
  },
  escape: () => act({ type: "focused", focus: "input" }),
  delete: (state) => {
    const entry = state.rooms[state.selected];
    if (entry === undefined || !state.views.has(entry.room)) return NOTHING;
    return doIt({ type: "leave", room: entry.room });
  },
};

/** In the list of rooms: letters go to the next room that begins with them. */
function roomsStep(state: TuiState, event: KeyEvent): Step {
  if (event.type === "key") return ROOM_KEYS[event.name]?.(state) ?? NOTHING;
  if (event.type === "paste") return NOTHING;
  const { rooms, selected } = state;
  const letters = event.text.toLowerCase();
  for (let step = 1; step <= rooms.length; step += 1) {
    const index = (selected + step) % rooms.length;
    if (rooms[index]?.title.toLowerCase().startsWith(letters) === true) return act({ type: "selected", index });
  }
  return NOTHING;
}

function inputStep(state: TuiState, event: KeyEvent): Step {
  const view = currentView(state);
  if (view === undefined) return NOTHING;
  const { input, room } = view;
  if (event.type === "paste") return pasted(view, event.text, event.isCut);
  if (event.type === "key") {
    if (event.name === "enter") return send(view);
    if (event.name === "up") return act({ type: "recalled", step: -1 });
    if (event.name === "down") return act({ type: "recalled", step: 1 });
    // What is seen goes back to the newest before the cursor goes anywhere.
    if (event.name === "escape" || (event.name === "end" && input.text === ""))
      return act({ type: "jumped", to: "newest" });
  }
  const isLineBreak = event.type === "key" && (event.name === "ctrl-j" || event.name === "alt-enter");
  const next = isLineBreak ? insert(input, "\n") : edited(input, event);
  if (next === undefined) return NOTHING;
  if (next.text.length > input.text.length && bytesOf(next.text) > MESSAGE_BYTES_MAX) {
    return act({ type: "hinted", text: `a message may have ${MESSAGE_BYTES_MAX / 1024} KiB, and this one has` });
  }
  const isWriting = next.text.length > input.text.length;
  return { actions: [{ type: "inputChanged", input: next }], effects: isWriting ? [{ type: "typing", room }] : [] };
}

function send({ input, room, state }: RoomView): Step {
  if (input.text.trim() === "") return NOTHING;
  if (state.type === "gone" || state.type === "refused") {
    return act({ type: "hinted", text: "nothing can be said in this room" });
  }
  return {
    actions: [{ type: "inputSent", text: input.text }],
    effects: [{ type: "send", room, texts: [input.text] }],
  };
}

function pasted({ input, room }: RoomView, text: string, isCut: boolean): Step {
  if (!fitsLine(text, isCut, bytesOf(input.text))) return act({ type: "pasteWaits", paste: waitingPaste(text, isCut) });
  return {
    actions: [{ type: "inputChanged", input: insert(input, text) }],
    effects: [{ type: "typing", room }],
  };
}

/** A paste that is too much for one message: Enter sends it, Escape lets it go. */
function pasteStep(state: TuiState, event: KeyEvent): Step {
  const { paste, current } = state;
  if (event.type !== "key" || paste === undefined) return NOTHING;
  if (event.name === "escape") return act({ type: "pasteWaits", paste: undefined });
  if (event.name !== "enter") return NOTHING;
  const close: Action = { type: "pasteWaits", paste: undefined };
  if (paste.messages.length === 0) {
    const text = `more than ${PASTE_MESSAGES_MAX} messages: give it to verbatim send instead`;
    return act(close, { type: "hinted", text });
  }
  if (current === undefined) return act(close);
  return {
    actions: [close, { type: "jumped", to: "newest" }],
    effects: [{ type: "send", room: current, texts: paste.messages }],
  };
}

/** What has to be loaded so that what is seen can be scrolled on; from how near one is to either end. */
export function loadStep(
  view: RoomView,
  isNearTop: boolean,
  isNearEnd: boolean,
  seqs: readonly [number, number],
): Effect | undefined {
  if (view.loading !== undefined || !view.wasLive || view.state.type !== "live") return undefined;
  const { room } = view;
  const [first, last] = seqs;
  if (isNearTop && view.hasOlder && first > 1) {
    return { type: "history", room, direction: "older", seq: first };
  }
  if (isNearEnd && view.tail !== undefined) return { type: "history", room, direction: "newer", seq: last };
  return undefined;
}
