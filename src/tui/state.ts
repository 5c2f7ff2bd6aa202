/**
 * The terminal client: the one state that everything on the screen is a function of. Plain values, nothing that does
 * something; `reduce.ts` makes the next from an action, `views/` draw it.
 */
import type { ConnectionState, Outgoing, Presence, RoomState } from "../sdk/types.ts";
import { EMPTY_LINE, type InputLine, lineOf } from "./input-line.ts";

/** The terminal's size, in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Something in a conversation. Its texts have been made harmless (`text/sanitize.ts`). */
export type Item =
  | {
      readonly type: "message";
      /** Unique in its room. */
      readonly key: string;
      readonly seq: number;
      readonly user: string;
      readonly text: string;
      /** In milliseconds since the epoch. */
      readonly time: number;
      readonly isOwn: boolean;
      readonly isRemoved: boolean;
    }
  | {
      readonly type: "notice";
      readonly key: string;
      /** Where it is a record of the room. */
      readonly seq: number | undefined;
      readonly text: string;
      readonly time: number;
      readonly tone: Tone;
      /** Where it says who came or went: they, so that the next one joins the same notice. */
      readonly people: { readonly status: "joined" | "left"; readonly users: readonly string[] } | undefined;
    };

export type Tone = "plain" | "good" | "bad";

/** What the lowest row of a conversation is, where one has scrolled up: so many rows of an item lie below it. */
export interface Anchor {
  readonly key: string;
  readonly rowsBelow: number;
}

/** A room that is followed. */
export interface RoomView {
  readonly room: string;
  /** What the list said of it before it went from there; `undefined` while it stands there. */
  readonly former: RoomEntry | undefined;
  readonly state: RoomState;
  /** A part of the conversation without holes, oldest first; up to its end unless `tail` is there. */
  readonly items: readonly Item[];
  /** The newest part, where one reads so far up that what lies between is not kept. */
  readonly tail: readonly Item[] | undefined;
  /** Whether the server has older ones. */
  readonly hasOlder: boolean;
  readonly loading: "older" | "newer" | undefined;
  /** `undefined`: one looks at the newest. */
  readonly anchor: Anchor | undefined;
  /** Messages told since it was looked at last. */
  readonly unread: number;
  /** Messages told below what one looks at. */
  readonly below: number;
  readonly presence: Presence;
  readonly outgoing: readonly Outgoing[];
  readonly typing: readonly { readonly user: string; readonly until: number }[];
  /** The seq of the last record that was told; 0 before the first. */
  readonly cursor: number;
  /** Since the connection was lost: where it stood then and how many messages came since; `undefined` while live. */
  readonly missed: { readonly after: number; readonly messages: number } | undefined;
  /** Whether it has been live before. */
  readonly wasLive: boolean;
  /** How many notices it has had: their keys. */
  readonly notices: number;
  readonly input: InputLine;
  /** What one has sent from here, oldest first. */
  readonly sent: readonly string[];
  /** Which of `sent` stands in the input, and what stood there before. */
  readonly recalled: { readonly index: number; readonly draft: InputLine } | undefined;
}

/** A room in the list at the left. */
export interface RoomEntry {
  readonly room: string;
  /** What people call it: the name of a public room or of a chat. */
  readonly title: string;
  readonly description: string;
  readonly isChat: boolean;
}

/** The page where one says which server. */
export interface ConnectForm {
  readonly server: InputLine;
  readonly token: InputLine;
  readonly field: "server" | "token";
  readonly isBusy: boolean;
  /** Why it did not work. */
  readonly problem: string | undefined;
}

/** A paste that is too large for one message, and waits for a decision. */
export interface WaitingPaste {
  readonly lines: number;
  readonly bytes: number;
  /** What it would be sent as; nothing where it is too much. */
  readonly messages: readonly string[];
  /** The rest of it was passed over. */
  readonly isCut: boolean;
}

/** Everything. */
export interface TuiState {
  readonly size: Size;
  /** In milliseconds since the epoch, to the second. */
  readonly now: number;
  readonly page: "connect" | "chat";
  readonly form: ConnectForm;
  /** The server one talks to, as it was typed. */
  readonly server: string;
  readonly user: string | undefined;
  readonly connection: ConnectionState;
  /** Since when one is connected; `undefined` while not. */
  readonly onlineSince: number | undefined;
  readonly roundTripMs: number | undefined;
  /** In the server's order, chats last. */
  readonly rooms: readonly RoomEntry[];
  readonly views: ReadonlyMap<string, RoomView>;
  /** The room that is looked at. */
  readonly current: string | undefined;
  readonly focus: "input" | "rooms";
  /** Which of `rooms` the list's cursor is on. */
  readonly selected: number;
  readonly overlay: "help" | "people" | undefined;
  readonly paste: WaitingPaste | undefined;
  /** A word on what was just done or can't be. */
  readonly hint: { readonly text: string; readonly until: number } | undefined;
}

/** The smallest terminal that it works in. */
export const SMALLEST: Size = { columns: 60, rows: 15 };

/** The state at the start. */
export function initialState(server: string, token: string, size: Size, now: number): TuiState {
  return {
    ...{ size, now, page: "connect", server, user: undefined, connection: { type: "idle" } },
    form: { server: lineOf(server), token: lineOf(token), field: "server", isBusy: false, problem: undefined },
    ...{ onlineSince: undefined, roundTripMs: undefined, rooms: [], views: new Map(), current: undefined },
    ...{ focus: "input", selected: 0, overlay: undefined, paste: undefined, hint: undefined },
  };
}

/** A room that was just opened. */
export function newView(room: string): RoomView {
  return {
    ...{ room, former: undefined, state: { type: "joining" } },
    ...{ items: [], tail: undefined, hasOlder: true, loading: undefined },
    ...{ anchor: undefined, unread: 0, below: 0, presence: { users: [], count: 0 }, outgoing: [], typing: [] },
    ...{ cursor: 0, missed: undefined, wasLive: false, notices: 0, input: EMPTY_LINE, sent: [], recalled: undefined },
  };
}

/** The room that is looked at, where there is one. */
export function currentView(state: TuiState): RoomView | undefined {
  return state.current === undefined ? undefined : state.views.get(state.current);
}

/** What the list says about a room; one that has gone from it keeps its name. */
export function entryOf(state: TuiState, room: string): RoomEntry {
  const found = state.rooms.find((entry) => entry.room === room) ?? state.views.get(room)?.former;
  return found ?? { room, title: room, description: "", isChat: false };
}
