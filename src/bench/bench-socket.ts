/**
 * Load tool, one connection: a raw socket whose bytes go through one read buffer that all connections share, so that a
 * delivery costs no allocation. Knows nothing of what the bytes mean.
 */
import { connect, type Socket } from "node:net";
import { SCAN_SLACK_BYTES } from "./event-scanner.ts";

/** The longest unfinished line that is kept: longer than anything a server of this wire sends. */
const HEADROOM_BYTES = 1024 * 1024;

/** Bytes taken from the kernel at once. */
const READ_BYTES = 256 * 1024;

/** Reads whole lines in `from` ≤ index < `to`; returns where the first unfinished one begins. */
export type Scan = (bytes: Buffer, from: number, to: number) => number;

/**
 * The buffer into which every socket reads. Sharing it is safe because Node asks for it right before each read and
 * hands it over in the same turn. An unfinished line of an earlier read is put right before the new bytes.
 */
export class SharedReadBuffer {
  readonly #bytes = Buffer.alloc(HEADROOM_BYTES + READ_BYTES + SCAN_SLACK_BYTES);
  /** Where sockets read to. */
  readonly target = this.#bytes.subarray(HEADROOM_BYTES, HEADROOM_BYTES + READ_BYTES);

  /** Scans `carry` and the `count` bytes just read; returns a copy of what is unfinished. */
  take(carry: Buffer | undefined, count: number, scan: Scan): Buffer | undefined {
    const bytes = this.#bytes;
    const carried = carry?.length ?? 0;
    if (carried > HEADROOM_BYTES) throw new Error(`A line of more than ${HEADROOM_BYTES} bytes came.`);
    carry?.copy(bytes, HEADROOM_BYTES - carried);
    const to = HEADROOM_BYTES + count;
    const rest = scan(bytes, HEADROOM_BYTES - carried, to);
    return rest < to ? Buffer.from(bytes.subarray(rest, to)) : undefined;
  }
}

/** What a connection tells. */
export interface SocketEvents {
  /** Bytes have come: to be scanned at once. */
  readonly scan: Scan;
  /** Everything that one read gave has been scanned. */
  readonly scanned: () => void;
  /** The connection is gone, with the reason; not called after `close`. */
  readonly lost: (reason: string) => void;
}

/** One connection to a server. */
export class BenchSocket {
  readonly #socket: Socket;
  #carry: Buffer | undefined = undefined;
  #closed = false;

  constructor(host: string, port: number, shared: SharedReadBuffer, events: SocketEvents) {
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: shared.target,
        callback: (count) => {
          if (this.#closed) return true;
          this.#carry = shared.take(this.#carry, count, events.scan);
          events.scanned();
          return true;
        },
      },
    });
    let reason = "closed by the server";
    this.#socket.on("error", (error) => {
      reason = error.message;
    });
    this.#socket.once("close", () => {
      if (!this.#closed) events.lost(reason);
      this.#closed = true;
    });
  }

  /** Whether bytes can still be sent. */
  get open(): boolean {
    return !this.#closed;
  }

  /** Sends bytes; the caller MUST NOT change them afterwards. */
  write(bytes: Uint8Array | string): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  /** Ends the connection at once. */
  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }
}
