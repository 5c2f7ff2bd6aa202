/**
 * What a client asks: the commands of the wire and their check. The types say what a command carries once it has been
 * checked; `decode-command.ts` turns bytes into one.
 */

/** `{"_ct":"hello","v":1,"t":TOKEN?,"s":SESSION?}`: be the same guest again, or sign in. */
export interface Hello {
  readonly type: "hello";
  /** The highest version of the wire that the client speaks. */
  readonly version: number;
  readonly token: string | undefined;
  readonly session: string | undefined;
}

/** `{"_ct":"join_room","r":ROOM,"after":SEQ?,"last":N?}`: follow a room, from now or from an earlier record on. */
export interface JoinRoom {
  readonly type: "join_room";
  readonly room: string;
  /** Everything after this seq, then live. */
  readonly after: number | undefined;
  /** The last so many records, then live. */
  readonly last: number | undefined;
}

/** `{"_ct":"leave_room","r":ROOM}`: stop following a room. */
export interface LeaveRoom {
  readonly type: "leave_room";
  readonly room: string;
}

/** `{"_ct":"send_message","r":ROOM,"c":TEXT,"k":KEY?}`: say something in a room that one follows. */
export interface SendMessage {
  readonly type: "send_message";
  readonly room: string;
  /** The text as JSON: a string literal, quotes included, as `JSON.stringify` writes it. */
  readonly body: string;
  /** Bytes of UTF-8 of the text itself. */
  readonly textBytes: number;
  /** What the sender calls this message, so that a repeat makes no second one: 1–64 characters. */
  readonly key: string | undefined;
}

/** `{"_ct":"history","r":ROOM,"before":SEQ?,"after":SEQ?,"limit":N?}`: one page of what was said. */
export interface History {
  readonly type: "history";
  readonly room: string;
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly limit: number | undefined;
}

/** `{"_ct":"typing","r":ROOM}`: tell the others in the room that one is writing. */
export interface Typing {
  readonly type: "typing";
  readonly room: string;
}

/** `{"_ct":"quit"}`: leave all rooms and close. */
export interface Quit {
  readonly type: "quit";
}

/** A command that has been checked. */
export type Command = Hello | JoinRoom | LeaveRoom | SendMessage | History | Typing | Quit;

/** The name of a command, as it stands in `_ct`. */
export type CommandName = Command["type"];
