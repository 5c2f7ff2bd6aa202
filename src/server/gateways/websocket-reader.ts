/**
 * Stage 1 over WebSocket: bytes become messages and control frames. Plain messages, as nearly all are, are read here;
 * everything else `ws` reads. Here stands too how much of it one client may have us keep. Knows nothing of commands, and
 * writes nothing.
 */
import { isUtf8 } from "node:buffer";
import { Receiver } from "ws";
import type { ErrorName } from "../../protocol/error-codes.ts";

/** What a client did that can't be read on after. */
export interface FrameFault {
  readonly error: ErrorName;
  /** The code with which the connection is closed. */
  readonly closeCode: number;
  /** What it was, for a person. */
  readonly text: string;
}

/** Who is told what came. A payload is only good until the call returns. */
export interface FrameListener {
  text(text: string): void;
  binary(payload: Buffer): void;
  ping(payload: Buffer): void;
  pong(): void;
  /** The client closes; `undefined` where it gave no code. Nothing comes after it. */
  concluded(code: number | undefined): void;
  /** Nothing comes after it. */
  failed(fault: FrameFault): void;
}

/** How much a client may have us keep of a message that is not whole yet. */
export interface FrameLimits {
  /** One message, in bytes. */
  readonly frameBytesMax: number;
  /** Pieces of one message: each keeps the memory alive that it came in. */
  readonly piecesMax: number;
  /** Chunks that one frame may come in: each costs a few hundred bytes, however short it is. */
  readonly chunksMax: number;
}

/** The first byte of a text frame that is a whole message. */
const WHOLE_TEXT = 0x81;
const MASKED = 0x80;
const MASK_BYTES = 4;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** What `ws` calls a close frame without a code. */
const NO_CODE = 1005;

/** What the errors mean that `ws` documents; all others break the protocol. */
const FAULTS: ReadonlyMap<string | undefined, readonly [ErrorName, number]> = new Map([
  ["WS_ERR_INVALID_UTF8", ["bad_utf8", 1007]],
  ["WS_ERR_TOO_MANY_BUFFERED_PARTS", ["bad_frame", 1008]],
  ["WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH", ["line_too_long", 1009]],
  ["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", ["line_too_long", 1009]],
]);

const BROKEN = ["bad_frame", 1002] as const;

/** The frames of one stream of bytes. */
export class FrameReader {
  readonly #listener: FrameListener;
  readonly #bytesMax: number;
  readonly #receiver: Receiver;
  /** Whether the last message ended with the last chunk: then nothing is kept, and the next byte begins a frame. */
  #isBetween = true;
  #chunk: Buffer | undefined;
  #isOver = false;

  constructor(listener: FrameListener, limits: FrameLimits) {
    const receiver = new Receiver({
      isServer: true,
      maxPayload: limits.frameBytesMax,
      maxFragments: limits.piecesMax,
      maxBufferedChunks: limits.chunksMax,
      skipUTF8Validation: false,
    });
    receiver.on("message", (payload, isBinary) => {
      if (isBinary) listener.binary(payload);
      else listener.text(payload.toString());
      this.#isBetween = endsWith(this.#chunk, payload);
    });
    receiver.on("ping", (payload) => listener.ping(payload));
    receiver.on("pong", () => listener.pong());
    receiver.on("conclude", (code) => {
      this.#isOver = true;
      listener.concluded(code === NO_CODE ? undefined : code);
    });
    receiver.on("error", ({ code, message }) => {
      this.#isOver = true;
      const [error, closeCode] = FAULTS.get(code) ?? BROKEN;
      listener.failed({ error, closeCode, text: message });
    });
    this.#listener = listener;
    this.#bytesMax = limits.frameBytesMax;
    this.#receiver = receiver;
  }

  /**
   * Takes the next bytes, and changes them: tells all that is whole in them before it returns, a fault soon after.
   */
  feed(chunk: Buffer): void {
    if (this.#isOver || this.#receiver.destroyed) return;
    const at = this.#isBetween ? this.#readPlain(chunk) : 0;
    if (at === chunk.length) return;
    const rest = at === 0 ? chunk : chunk.subarray(at);
    this.#isBetween = false;
    this.#chunk = rest;
    // There is nothing to wait for: without compression the receiver is done with each chunk when `write` returns.
    this.#receiver.write(rest);
    this.#chunk = undefined;
  }

  /** Tells the plain messages at the beginning of a chunk, and gives where something else begins. */
  #readPlain(chunk: Buffer): number {
    let at = 0;
    while (chunk[at] === WHOLE_TEXT) {
      const second = chunk[at + 1] ?? 0;
      let length = second & ~MASKED;
      let mask = at + 2;
      if ((second & MASKED) === 0 || length === LENGTH_64) break;
      if (length === LENGTH_16) {
        if (mask + 2 > chunk.length) break;
        length = chunk.readUInt16BE(mask);
        mask += 2;
      }
      const start = mask + MASK_BYTES;
      const end = start + length;
      if (end > chunk.length || length > this.#bytesMax) break;
      const isAscii = unmask(chunk, mask, start, end);
      if (!isAscii && !isUtf8(chunk.subarray(start, end))) {
        // As it was: the receiver finds it by itself.
        unmask(chunk, mask, start, end);
        break;
      }
      this.#listener.text(chunk.toString(isAscii ? "latin1" : "utf8", start, end));
      at = end;
    }
    return at;
  }
}

/** Takes the mask at `mask` off the bytes from `start` to `end`, or puts it on; whether they are all ASCII then. */
function unmask(bytes: Buffer, mask: number, start: number, end: number): boolean {
  const [first, second, third, fourth] = [bytes[mask]!, bytes[mask + 1]!, bytes[mask + 2]!, bytes[mask + 3]!];
  const fours = end - 3;
  let seen = 0;
  let at = start;
  for (; at < fours; at += 4) {
    seen |= bytes[at]! ^= first;
    seen |= bytes[at + 1]! ^= second;
    seen |= bytes[at + 2]! ^= third;
    seen |= bytes[at + 3]! ^= fourth;
  }
  for (; at < end; at++) seen |= bytes[at]! ^= bytes[mask + ((at - start) & 3)]!;
  return seen < 0x80;
}

/** Whether the last of a chunk is just this payload, not a copy of it. */
function endsWith(chunk: Buffer | undefined, payload: Buffer): boolean {
  if (chunk === undefined || payload.length === 0 || payload.buffer !== chunk.buffer) return false;
  return payload.byteOffset + payload.length === chunk.byteOffset + chunk.length;
}
