/**
 * From a line of text to a command that has been checked, or to the reason why it is none. Bad input is told by name
 * and changes nothing (CMD-3). Most lines are plain messages, so those are read without a JSON parser; a property test
 * holds both ways equal.
 */
import type { Command, CommandName } from "./commands.ts";
import type { ErrorName } from "./error-codes.ts";
import { NAME_LENGTH_MAX } from "./limits.ts";

/** Why a line is no command. */
export interface Refusal {
  readonly type: "refusal";
  readonly code: ErrorName;
  /** What was wrong, for a person. */
  readonly text: string;
  /** The command that it wanted to be, where that is known. */
  readonly command: CommandName | undefined;
  readonly room: string | undefined;
  readonly key: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const SEND_START = '{"_ct":"send_message","r":"';
const SEND_MIDDLE = '","c":"';
/** Text that is its own JSON: printable ASCII without quote and backslash. */
const PLAIN_TEXT = /^[ !#-[\]-~]*$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Decodes one line, its line end already taken off. */
export function decodeCommand(line: string): Command | Refusal {
  return decodePlainMessage(line) ?? decodeJson(line);
}

/** The way of most lines: `send_message` with room and text in that order and nothing to escape; else `undefined`. */
export function decodePlainMessage(line: string): Command | undefined {
  if (!line.startsWith(SEND_START) || !line.endsWith('"}')) return undefined;
  const roomEnd = line.indexOf('"', SEND_START.length);
  if (!line.startsWith(SEND_MIDDLE, roomEnd)) return undefined;
  const room = line.slice(SEND_START.length, roomEnd);
  const bodyStart = roomEnd + SEND_MIDDLE.length;
  const text = line.slice(bodyStart, -2);
  if (!PLAIN_TEXT.test(text) || !isName(room) || !PLAIN_TEXT.test(room)) return undefined;
  return {
    type: "send_message",
    room,
    body: line.slice(bodyStart - 1, -1),
    textBytes: text.length,
    key: undefined,
  };
}

/** The way of all other lines. */
export function decodeJson(line: string): Command | Refusal {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refusal("bad_json", "the line is not JSON", undefined, {});
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refusal("bad_json", "the line is not a JSON object", undefined, {});
  }
  const fields = value as Fields;
  const name = own(fields, "_ct");
  if (typeof name !== "string")
    return refusal("bad_field", "_ct names the command and must be a string", undefined, fields);
  if (!Object.hasOwn(DECODERS, name)) {
    return refusal("unknown_command", `there is no command ${quoted(name)}`, undefined, fields);
  }
  const command = name as CommandName;
  try {
    return DECODERS[command](fields);
  } catch (error) {
    if (!(error instanceof BadField)) throw error;
    return refusal("bad_field", error.message, command, fields);
  }
}

class BadField extends Error {}

const DECODERS: Readonly<Record<CommandName, (fields: Fields) => Command>> = {
  hello: (fields) => ({
    type: "hello",
    version: count(fields, "v", 1) ?? 1,
    token: text(fields, "t", 4096),
    session: text(fields, "s", NAME_LENGTH_MAX),
  }),
  join_room: (fields) => {
    const after = count(fields, "after", 0);
    const last = count(fields, "last", 0);
    if (after !== undefined && last !== undefined) throw new BadField("after and last exclude each other");
    return { type: "join_room", room: roomOf(fields), after, last };
  },
  leave_room: (fields) => ({ type: "leave_room", room: roomOf(fields) }),
  send_message: (fields) => {
    const content = own(fields, "c");
    if (typeof content !== "string") throw new BadField("c is the text and must be a string");
    if (LONE_SURROGATE.test(content)) throw new BadField("c has half of a surrogate pair, which is no text");
    return {
      type: "send_message",
      room: roomOf(fields),
      body: JSON.stringify(content),
      textBytes: utf8Bytes(content),
      key: text(fields, "k", NAME_LENGTH_MAX),
    };
  },
  history: (fields) => {
    const before = count(fields, "before", 1);
    const after = count(fields, "after", 0);
    if (before !== undefined && after !== undefined) throw new BadField("before and after exclude each other");
    return { type: "history", room: roomOf(fields), before, after, limit: count(fields, "limit", 1) };
  },
  typing: (fields) => ({ type: "typing", room: roomOf(fields) }),
  quit: () => ({ type: "quit" }),
};

/** A field that is the object's own: `__proto__` and its kin are nobody's field. */
function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function roomOf(fields: Fields): string {
  const room = own(fields, "r");
  if (typeof room !== "string") throw new BadField("r names the room and must be a string");
  if (!isName(room)) throw new BadField(`r must have 1 to ${NAME_LENGTH_MAX} characters`);
  return room;
}

function isName(value: string): boolean {
  return value.length >= 1 && value.length <= NAME_LENGTH_MAX;
}

function text(fields: Fields, name: string, lengthMax: number): string | undefined {
  const value = own(fields, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new BadField(`${name} must be a string`);
  if (value.length < 1 || value.length > lengthMax)
    throw new BadField(`${name} must have 1 to ${lengthMax} characters`);
  if (LONE_SURROGATE.test(value)) throw new BadField(`${name} has half of a surrogate pair, which is no text`);
  return value;
}

function count(fields: Fields, name: string, min: number): number | undefined {
  const value = own(fields, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min) {
    throw new BadField(`${name} must be a whole number from ${min} to ${Number.MAX_SAFE_INTEGER}`);
  }
  return value;
}

/** How many bytes of UTF-8 a text has that holds no lone surrogates. */
function utf8Bytes(value: string): number {
  let bytes = value.length;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    // Both halves of a pair are 2 bytes each; any other unit from 0x800 on is 3.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

function refusal(code: ErrorName, message: string, command: CommandName | undefined, fields: Fields): Refusal {
  return { type: "refusal", code, text: message, command, room: echo(fields, "r"), key: echo(fields, "k") };
}

/** What the client may recognise its own line by: only a short text of its own is given back. */
function echo(fields: Fields, name: string): string | undefined {
  const value = own(fields, name);
  return typeof value === "string" && isName(value) && !LONE_SURROGATE.test(value) ? value : undefined;
}

function quoted(name: string): string {
  return JSON.stringify(name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX)}…` : name);
}
