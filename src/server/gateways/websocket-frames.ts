/**
 * Stages 5/6 over WebSocket: how events become frames (RFC 6455): one JSON object a text frame, unmasked, never
 * compressed. Knows nothing of sockets.
 */
import { type EventRun, linesFor } from "../fanout/event-run.ts";
import type { Framing } from "../fanout/framing.ts";

const TEXT = 0x81;
const CLOSE = 0x88;
const PING = 0x89;
const PONG = 0x8a;

/** The longest payload whose length stands in the second byte; that of every control frame. */
const SHORT_MAX = 125;
/** The longest payload whose length stands in 16 bits. */
const MIDDLE_MAX = 0xffff;
/** In the place of a length: it follows in 16, or in 64 bits. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;

const NEWLINE = 0x0a;
const LINE_END_BYTES = 2;
const EMPTY = new Uint8Array(0);

/** Makes frames of events. One serves all sessions of the door. */
export class WebSocketFraming implements Framing {
  #text: string | undefined;
  #event: Uint8Array = EMPTY;
  #run: EventRun | undefined;
  #extended = false;
  #frames: Uint8Array = EMPTY;

  event(text: string): Uint8Array {
    if (text !== this.#text) {
      this.#event = textFrame(text);
      this.#text = text;
    }
    return this.#event;
  }

  run(run: EventRun, extended: boolean): Uint8Array {
    // Where all of them are messages, everybody hears the same.
    if (run !== this.#run || (extended !== this.#extended && !run.messagesOnly)) {
      this.#frames = framesOf(linesFor(run, extended));
      this.#run = run;
      this.#extended = extended;
    }
    return this.#frames;
  }
}

/** A text frame. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headBytes = headBytesOf(length);
  const frame = Buffer.allocUnsafe(headBytes + length);
  writeHead(frame, 0, TEXT, length);
  frame.write(text, headBytes);
  return frame;
}

/** Each line of `lines`, which all have a line end, as a text frame without it, one after another. */
export function framesOf(lines: Buffer): Buffer {
  const lengths: number[] = [];
  let total = 0;
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf(NEWLINE, at) + 1;
    const length = end - at - LINE_END_BYTES;
    lengths.push(length);
    total += headBytesOf(length) + length;
    at = end;
  }
  const frames = Buffer.allocUnsafe(total);
  // All lines at once to the very end, then each to its place: no head is shorter than a line end, so none is written
  // over before it has been moved, and no view is made for each.
  let source = total - lines.length;
  frames.set(lines, source);
  let target = 0;
  for (const length of lengths) {
    const start = target + headBytesOf(length);
    frames.copyWithin(start, source, source + length);
    writeHead(frames, target, TEXT, length);
    target = start + length;
    source += length + LINE_END_BYTES;
  }
  return frames;
}

/** A ping without a payload. */
export const PING_FRAME: Uint8Array = frameOf(PING, EMPTY);

/** The answer to a ping with this payload, 125 bytes at most. */
export function pongFrame(payload: Uint8Array): Buffer {
  return frameOf(PONG, payload);
}

/** The last frame: `code` says why, or nothing where it is `undefined`; `reason` has 123 bytes at most. */
export function closeFrame(code: number | undefined, reason: string): Buffer {
  if (code === undefined) return frameOf(CLOSE, EMPTY);
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return frameOf(CLOSE, payload);
}

/** One frame; `first` is its first byte: 0x80 and the opcode. */
export function frameOf(first: number, payload: Uint8Array): Buffer {
  const headBytes = headBytesOf(payload.length);
  const frame = Buffer.allocUnsafe(headBytes + payload.length);
  writeHead(frame, 0, first, payload.length);
  frame.set(payload, headBytes);
  return frame;
}

function headBytesOf(length: number): number {
  if (length <= SHORT_MAX) return 2;
  return length <= MIDDLE_MAX ? 4 : 10;
}

/** Writes first byte and length at `at`, and gives where the payload goes. */
function writeHead(target: Buffer, at: number, first: number, length: number): number {
  target[at] = first;
  if (length <= SHORT_MAX) {
    target[at + 1] = length;
    return at + 2;
  }
  if (length <= MIDDLE_MAX) {
    target[at + 1] = LENGTH_16;
    target[at + 2] = length >>> 8;
    target[at + 3] = length & 0xff;
    return at + 4;
  }
  target[at + 1] = LENGTH_64;
  return target.writeBigUInt64BE(BigInt(length), at + 2);
}
