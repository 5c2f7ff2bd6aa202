/**
 * `Receiver` of `ws`, which it exports and its types leave out: the reading half of a WebSocket by itself. Held by the
 * exact version in package.json and by the tests of the reader.
 */
import type { Writable } from "node:stream";

declare module "ws" {
  /** What a receiver is told. */
  export interface ReceiverOptions {
    /** Whether the frames come from a client, and so have to be masked. */
    readonly isServer: boolean;
    /** The longest message, in bytes. */
    readonly maxPayload: number;
    /** Pieces that one message may come in. */
    readonly maxFragments: number;
    /** Chunks that one frame may come in. */
    readonly maxBufferedChunks: number;
    readonly skipUTF8Validation: boolean;
  }

  /** Reads frames from what is written to it; without extensions, before `write` returns. */
  export class Receiver extends Writable {
    constructor(options: ReceiverOptions);
    on(event: "message", listener: (payload: Buffer, isBinary: boolean) => void): this;
    on(event: "ping" | "pong", listener: (payload: Buffer) => void): this;
    /** A close frame came; 1005 where it had no code. Nothing comes after it. */
    on(event: "conclude", listener: (code: number, reason: Buffer) => void): this;
    on(event: "error", listener: (error: Error & { readonly code?: string }) => void): this;
    on(event: string, listener: (...args: never[]) => void): this;
  }
}
