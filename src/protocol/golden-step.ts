/**
 * What a golden exchange is made of: connections, what they send, and what they must hear, byte for byte. Only types
 * and the few functions that write them down.
 */

/** A connection of an exchange. */
export type GoldenWho = "A" | "B" | "C";

/**
 * One step of an exchange. Steps are taken one after another; a step that hears waits until the line is there.
 *
 * Lines and texts are templates: `‹A.session›` and `‹A.name›` stand for what the greeting of A said, `‹rooms›` for the
 * rooms as the server lists them, `‹id NAME›` for a message id and `‹time NAME›` for a time: anything of the right form
 * where the name is met first, the same again afterwards. What stands between `⟦` and `⟧` was added to the wire later:
 * a server of the older kind leaves it out.
 */
export type GoldenStep =
  | { readonly type: "connect"; readonly who: GoldenWho }
  /** Sends a text as UTF-8; its line end is written out. */
  | { readonly type: "send"; readonly who: GoldenWho; readonly text: string }
  /** Sends bytes that are no text. */
  | { readonly type: "send bytes"; readonly who: GoldenWho; readonly bytes: readonly number[] }
  /** Hears one line, its `\r\n` not written out; `added` where a server of the older kind sends no such line. */
  | { readonly type: "hear"; readonly who: GoldenWho; readonly line: string; readonly added: boolean }
  /** The server closes the connection; before that it may, but need not, send these lines. */
  | { readonly type: "closed"; readonly who: GoldenWho; readonly mayHear: readonly string[] }
  /** The client drops the connection. */
  | { readonly type: "drop"; readonly who: GoldenWho }
  /** The server is told to stop, and starts again with the same data. */
  | { readonly type: "restart" };

/** What a server must be for an exchange, beside having nothing in its rooms. */
export interface GoldenServer {
  /** Limits that differ from the defaults: name → value. */
  readonly limits: Readonly<Record<string, number>>;
  /** Messages that retention leaves in each room; `undefined` = all. */
  readonly retainMessages: number | undefined;
  /**
   * What does not work: the first append is taken back, or ends without anybody knowing how; or nothing that left the
   * memory can be read.
   */
  readonly fault: "first append not_sent" | "first append unknown" | "store unreadable" | undefined;
}

/** One exchange. At its end nobody has been sent anything that does not stand in it. */
export interface GoldenExchange {
  /** What it shows, opening with the rules of SPEC.md that it proves. */
  readonly name: string;
  /** Whether a server of the older kind must pass it too, without what was added. */
  readonly asItIs: boolean;
  readonly server: GoldenServer;
  readonly steps: readonly GoldenStep[];
}

/** A server as it is without any setting. */
export const USUAL: GoldenServer = { limits: {}, retainMessages: undefined, fault: undefined };

/** `who` connects. */
export const connects = (who: GoldenWho): GoldenStep => ({ type: "connect", who });

/** `who` sends one line. */
export const sends = (who: GoldenWho, line: string): GoldenStep => ({ type: "send", who, text: `${line}\n` });

/** `who` sends a piece of text that need not be a line. */
export const sendsPiece = (who: GoldenWho, text: string): GoldenStep => ({ type: "send", who, text });

/** `who` hears one line. */
export const hears = (who: GoldenWho, line: string): GoldenStep => ({ type: "hear", who, line, added: false });

/** `who` hears one line that a server of the older kind does not send. */
export const hearsAdded = (who: GoldenWho, line: string): GoldenStep => ({ type: "hear", who, line, added: true });

/** The server closes the connection of `who`. */
export const isClosed = (who: GoldenWho, mayHear: readonly string[] = []): GoldenStep => ({
  type: "closed",
  who,
  mayHear,
});

/** `who` drops the connection. */
export const drops = (who: GoldenWho): GoldenStep => ({ type: "drop", who });

/** The greeting that opens every connection of `who`. */
export const greeting = (who: GoldenWho): string =>
  `{"_et":"login_successful","s":"‹${who}.session›","u":"‹${who}.name›","rs":‹rooms›⟦,"v":1⟧}`;

/** `who` connects and is greeted. */
export const arrives = (who: GoldenWho): readonly GoldenStep[] => [connects(who), hears(who, greeting(who))];

/** `who` connects, says `hello` and is greeted again as the same guest. */
export const arrivesWithHello = (who: GoldenWho): readonly GoldenStep[] => [
  ...arrives(who),
  sends(who, '{"_ct":"hello","v":1}'),
  hears(who, greeting(who)),
];

/** What somebody is told who joins a room in which `present` are, the joiner last. */
export const joins = (who: GoldenWho, room: string, present: readonly GoldenWho[]): readonly GoldenStep[] => [
  sends(who, `{"_ct":"join_room","r":"${room}"}`),
  hears(who, whoIsThere(room, present)),
  hears(who, participation(room, who, "joined")),
];

/** Who is in a room, as a joiner is told. */
export const whoIsThere = (room: string, present: readonly GoldenWho[]): string =>
  `{"_et":"user_joined_room","r":"${room}","us":[${present.map((who) => `"‹${who}.name›"`).join(",")}]}`;

/** Somebody came into a room or left it. */
export const participation = (room: string, who: GoldenWho, status: "joined" | "left"): string =>
  `{"_et":"room_participation","r":"${room}","u":"‹${who}.name›","s":"${status}"}`;

/** What is heard of the message that the exchange calls `name`; `body` is its text as JSON, `key` as given. */
export const message = (
  room: string,
  who: GoldenWho,
  body: string,
  { name, seq, key }: { readonly name: string; readonly seq: number; readonly key: string | undefined },
): string =>
  `{"_et":"user_message","r":"${room}","u":"‹${who}.name›","c":${body}⟦,"i":"‹id ${name}›","q":${seq},"t":"‹time ${name}›"${key === undefined ? "" : `,"k":"${key}"`}⟧}`;

/** The acknowledgement of the message that the exchange calls `name`. */
export const ackOf = (key: string, name: string, seq: number): string =>
  `{"_et":"ack","k":"${key}","i":"‹id ${name}›","q":${seq}}`;
