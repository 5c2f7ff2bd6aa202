/**
 * Load tool, bytes in: finds events in what a socket gave. Our own messages and acknowledgements have a known layout
 * and are read straight from the bytes; every other line, and every layout that differs, goes through `JSON.parse`, so
 * that any server that speaks the wire can be measured. Touches no socket.
 */
import { parseEvent } from "./event-parse.ts";
import type { EventSink, ScanPlan } from "./event-sink.ts";
import { KEY_BYTES, readMicros, readNumber, readStream } from "./message-layout.ts";

/** How events stand in the bytes: each on a line, or each in a frame by itself. */
export type Framing = "lines" | "frames";

/** Bytes that may be read past the end of a chunk without leaving the buffer: more than the longest line of ours. */
export const SCAN_SLACK_BYTES = 32 * 1024;

/** Every so many lines one that was read by layout is read again as JSON, to hold the short way against the long. */
const VERIFY_EVERY = 4096;

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const CLOSE = 0x7d;
/** `{"_et":"user_message","r":"` and `{"_et":"ack","k":"` in bytes: where the first field's value begins. */
const ROOM_AT = 27;
const KEY_AT = 18;

/** Scans chunks. One for all connections: it holds nothing of a connection between two calls. */
export class EventScanner {
  readonly #plan: ScanPlan;
  readonly #sink: EventSink;
  readonly #roomNames: readonly Uint8Array[];
  readonly #tag: Uint8Array;
  readonly #framed: boolean;
  #sinceVerified = 0;
  #seq = 0;

  constructor(plan: ScanPlan, sink: EventSink, framing: Framing) {
    this.#framed = framing === "frames";
    this.#plan = plan;
    this.#sink = sink;
    this.#roomNames = plan.rooms.map((name) => new TextEncoder().encode(JSON.stringify(name).slice(1, -1)));
    this.#tag = new TextEncoder().encode(`v1 ${plan.run} `);
  }

  /**
   * Reads whole lines in `from` ≤ index < `to` and returns where the first unfinished one begins. The buffer MUST have
   * `SCAN_SLACK_BYTES` after `to`; what stands there is never taken for data.
   */
  scan(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      const known = this.#known(bytes, at, to);
      if (known > 0) {
        at = known;
        continue;
      }
      const end = bytes.indexOf(LF, at);
      if (end < 0 || end >= to) return at;
      if (!isParticipation(bytes, at)) this.#line(bytes.toString("utf8", at, end));
      at = end + 1;
    }
    return at;
  }

  /** Reads the one event that a frame carries in `from` ≤ index < `to`; slack behind it as for `scan`. */
  frame(bytes: Buffer, from: number, to: number): void {
    if (this.#known(bytes, from, to) === 0 && !isParticipation(bytes, from))
      this.#line(bytes.toString("utf8", from, to));
  }

  /** Where the line ends if it has a known layout and is whole; else 0, with nothing told. */
  #known(bytes: Buffer, at: number, to: number): number {
    // `{"_et":"user_message` and `{"_et":"ack` differ from all other events in these two places.
    if (bytes[at + 8] === 0x75 && bytes[at + 13] === 0x6d) return this.#message(bytes, at, to);
    if (bytes[at + 8] === 0x61 && bytes[at + 11] === QUOTE) return this.#ack(bytes, at, to);
    return 0;
  }

  #message(bytes: Buffer, at: number, to: number): number {
    const roomAt = at + ROOM_AT;
    let roomEnd = roomAt;
    while (bytes[roomEnd] !== QUOTE && roomEnd < to) roomEnd++;
    // `","u":"`
    let userEnd = roomEnd + 7;
    while (bytes[userEnd] !== QUOTE && userEnd < to) userEnd++;
    // `","c":"`
    const textAt = userEnd + 7;
    const textEnd = textAt + this.#plan.textBytes;
    if (textEnd >= to || bytes[textAt - 4] !== 0x63 || bytes[textAt - 1] !== QUOTE) return 0;
    if (!this.#tagged(bytes, textAt) || bytes[textEnd] !== QUOTE) return 0;
    const end = this.#tail(bytes, textEnd + 1);
    if (end === 0 || end > to || (this.#framed && end !== to)) return 0;
    const stream = readStream(bytes, textAt);
    const number = readNumber(bytes, textAt);
    const micros = readMicros(bytes, textAt);
    const room = this.#plan.streamRooms[stream];
    if (room === undefined || number < 0 || micros < 0 || !this.#inRoom(bytes, roomAt, roomEnd, room)) return 0;
    if (++this.#sinceVerified === VERIFY_EVERY) {
      this.#sinceVerified = 0;
      this.#line(bytes.toString("utf8", at, end));
      return end;
    }
    this.#sink.ownMessage(stream, number, micros, this.#seq);
    return end;
  }

  /** What follows a message's text: nothing, or id, seq, time and maybe one of our keys. Where the line ends, or 0. */
  #tail(bytes: Buffer, from: number): number {
    this.#seq = 0;
    let at = from;
    if (bytes[at] === COMMA) {
      // `,"i":"` + 36 + `","q":`
      if (bytes[at + 2] !== 0x69 || bytes[at + 42] !== QUOTE || bytes[at + 45] !== 0x71) return 0;
      at += 48;
      let seq = 0;
      for (let byte = bytes[at] as number; byte >= 48 && byte <= 57; byte = bytes[++at] as number) {
        seq = seq * 10 + byte - 48;
      }
      // `,"t":"` + 24 + `"`
      if (bytes[at + 2] !== 0x74 || bytes[at + 30] !== QUOTE) return 0;
      at += 31;
      // `,"k":"` + key + `"`
      if (bytes[at] === COMMA) {
        if (bytes[at + 2] !== 0x6b || bytes[at + 6 + KEY_BYTES] !== QUOTE) return 0;
        at += 7 + KEY_BYTES;
      }
      this.#seq = seq;
    }
    return bytes[at] === CLOSE ? this.#lineEnd(bytes, at + 1) : 0;
  }

  /** Where the next line begins if this one ends at `at`, else 0. A frame ends by itself. */
  #lineEnd(bytes: Buffer, at: number): number {
    if (this.#framed) return at;
    if (bytes[at] === CR && bytes[at + 1] === LF) return at + 2;
    return bytes[at] === LF ? at + 1 : 0;
  }

  /** `{"_et":"ack","k":"` + key + `","i":"` + 36 + `","q":` + digits + `}` */
  #ack(bytes: Buffer, at: number, to: number): number {
    const keyAt = at + KEY_AT;
    let end = keyAt + KEY_BYTES;
    if (!this.#tagged(bytes, keyAt) || bytes[end] !== QUOTE || bytes[end + 43] !== QUOTE) return 0;
    end += 49;
    for (let byte = bytes[end] as number; byte >= 48 && byte <= 57; byte = bytes[++end] as number);
    end = bytes[end] === CLOSE ? this.#lineEnd(bytes, end + 1) : 0;
    if (end === 0 || end > to || (this.#framed && end !== to)) return 0;
    const stream = readStream(bytes, keyAt);
    const number = readNumber(bytes, keyAt);
    if (stream < 0 || number < 0) return 0;
    this.#sink.acknowledged(stream, number);
    return end;
  }

  #tagged(bytes: Buffer, at: number): boolean {
    const tag = this.#tag;
    for (let index = 0; index < tag.length; index++) if (bytes[at + index] !== tag[index]) return false;
    return true;
  }

  #inRoom(bytes: Buffer, from: number, to: number, room: number): boolean {
    const name = this.#roomNames[room];
    if (name === undefined || name.length !== to - from) return false;
    for (let index = 0; index < name.length; index++) if (bytes[from + index] !== name[index]) return false;
    return true;
  }

  #line(line: string): void {
    parseEvent(line, this.#plan, this.#sink);
  }
}

/** `room_participation`: a room of 1,000 makes half a million of them while it fills, and none is ever needed. */
function isParticipation(bytes: Buffer, at: number): boolean {
  return bytes[at + 8] === 0x72 && bytes[at + 13] === 0x70 && bytes[at + 2] === 0x5f;
}
