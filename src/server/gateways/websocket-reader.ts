/**
 * Stage 1 over WebSocket: bytes become messages and control frames. `ws` reads them; here stands how much of them one
 * client may have us keep. Knows nothing of commands, and writes nothing.
 */
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
  message(payload: Buffer, isBinary: boolean): void;
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
  readonly #receiver: Receiver;
  #isOver = false;

  constructor(listener: FrameListener, limits: FrameLimits) {
    const receiver = new Receiver({
      isServer: true,
      maxPayload: limits.frameBytesMax,
      maxFragments: limits.piecesMax,
      maxBufferedChunks: limits.chunksMax,
      skipUTF8Validation: false,
    });
    receiver.on("message", (payload, isBinary) => listener.message(payload, isBinary));
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
    this.#receiver = receiver;
  }

  /** Takes the next bytes: tells all that is whole in them before it returns, a fault soon after. */
  feed(chunk: Buffer): void {
    // There is nothing to wait for: without compression the receiver is done with each chunk when `write` returns.
    if (!this.#isOver && !this.#receiver.destroyed) this.#receiver.write(chunk);
  }
}
