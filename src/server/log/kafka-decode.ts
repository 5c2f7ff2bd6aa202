/**
 * Stage 3: a value of the topic as a record, or nothing where it has no whole envelope (PROJ-5). Pure. What this program
 * wrote is read where it stands, byte for byte; what others wrote is parsed.
 */
import type { LogRecord } from "../record.ts";
import { isKind, isText, isTime, isUuid, isVersion } from "./kafka-envelope.ts";

const ascii = (text: string): Buffer => Buffer.from(text, "latin1");
const VERSION = ascii('{"v":');
const KIND = ascii(',"kind":"');
const ROOM = ascii('","chat_id":"');
const ID = ascii('","message_id":"');
const SENDER = ascii('","sender_id":"');
const SENDER_NAME = ascii('","sender_name":"');
const KEY = ascii(',"key":"');
const TIME = ascii(',"time":');
const CONTENT = ascii(',"content":');
const BODY = ascii(',"body":');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7d;
const ZERO = 0x30;
const UUID_UNITS = 36;
const DIGITS_MAX = 15;
/** A JSON string that holds no escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them within a string
const PLAIN_STRING = /^"[^"\\\u0000-\u001f]*"$/;

/** The record in `bytes` from `start` to `end`, or `undefined`. Never throws, and keeps none of the bytes. */
export function decodeKafkaRecord(bytes: Buffer, start: number, end: number): LogRecord | undefined {
  return new OwnLayout(bytes, start, end).read() ?? readForeign(bytes, start, end);
}

/** Reads what `kafka-encode.ts` wrote; gives up at the first byte that differs. */
class OwnLayout {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  read(): LogRecord | undefined {
    const version = this.#skip(VERSION) ? this.#digits() : undefined;
    if (!isVersion(version) || !this.#skip(KIND)) return undefined;
    const kindAt = this.#at;
    while (this.#at < this.#end && this.#bytes[this.#at] !== QUOTE) this.#at += 1;
    const kind = this.#bytes.toString("latin1", kindAt, this.#at);
    const room = this.#uuid(ROOM);
    const id = this.#uuid(ID);
    const sender = this.#uuid(SENDER);
    const senderName = this.#text(SENDER_NAME);
    const key = this.#text(KEY);
    if (!isKind(kind) || !isUuid(room) || !isUuid(id) || !isUuid(sender)) return undefined;
    if (!isText(senderName) || !isText(key) || !this.#skip(TIME)) return undefined;
    const time = this.#digits();
    if (!isTime(time) || !this.#skip(kind === "message" ? CONTENT : BODY)) return undefined;
    if (this.#bytes[this.#end - 1] !== BRACE) return undefined;
    const body = this.#bytes.toString("utf8", this.#at, this.#end - 1);
    const isBody = kind === "message" ? isJsonString(body) : parsed(body) !== undefined;
    return isBody ? { version, kind, room, id, sender, senderName, key, time, body } : undefined;
  }

  #skip(text: Buffer): boolean {
    const { length } = text;
    if (this.#at + length > this.#end) return false;
    for (let index = 0; index < length; index += 1) if (this.#bytes[this.#at + index] !== text[index]) return false;
    this.#at += length;
    return true;
  }

  /** A whole number without sign, dot or leading zero. */
  #digits(): number | undefined {
    const from = this.#at;
    let value = 0;
    for (; this.#at < this.#end && this.#at - from <= DIGITS_MAX; this.#at += 1) {
      const digit = (this.#bytes[this.#at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const count = this.#at - from;
    return count === 0 || (count > 1 && this.#bytes[from] === ZERO) ? undefined : value;
  }

  #uuid(before: Buffer): string | undefined {
    if (!this.#skip(before) || this.#at + UUID_UNITS > this.#end) return undefined;
    this.#at += UUID_UNITS;
    return this.#bytes.toString("latin1", this.#at - UUID_UNITS, this.#at);
  }

  /** A JSON string whose first quote `before` ends with. */
  #text(before: Buffer): string | undefined {
    if (!this.#skip(before)) return undefined;
    const from = this.#at;
    let isPlain = true;
    for (; this.#at < this.#end; this.#at += 1) {
      const byte = this.#bytes[this.#at] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) this.#at += 1;
      if (byte === BACKSLASH || byte > 0x7e || byte < 0x20) isPlain = false;
    }
    if (this.#at >= this.#end) return undefined;
    this.#at += 1;
    if (isPlain) return this.#bytes.toString("latin1", from, this.#at - 1);
    const text = parsed(this.#bytes.toString("utf8", from - 1, this.#at));
    return typeof text === "string" ? text : undefined;
  }
}

/** What a JSON text says, or `undefined` where it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isJsonString = (text: string): boolean => PLAIN_STRING.test(text) || typeof parsed(text) === "string";

/** What others wrote, and what a newer program lays out otherwise: any JSON that holds a whole envelope. */
function readForeign(bytes: Buffer, start: number, end: number): LogRecord | undefined {
  const value = parsed(bytes.toString("utf8", start, end));
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const { v: version, kind, chat_id: room, message_id: id, sender_id: sender, sender_name: senderName, time } = fields;
  const key = fields["key"] ?? undefined;
  if (!isVersion(version) || !isKind(kind) || !isUuid(room) || !isUuid(id) || !isUuid(sender)) return undefined;
  if (!isText(senderName) || !isTime(time) || !(key === undefined || isText(key))) return undefined;
  return { version, kind, room, id, sender, senderName, key, time, body: foreignBody(kind, fields) };
}

/** The envelope alone makes a record; what is missing in it, or is no text where one belongs, counts as empty. */
function foreignBody(kind: string, { content, body }: Readonly<Record<string, unknown>>): string {
  if (kind === "message") return JSON.stringify(typeof content === "string" ? content : "");
  return JSON.stringify(body ?? {});
}
