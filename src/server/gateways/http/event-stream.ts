/**
 * Stage 6 over HTTP: one response that never ends: what a session is told goes out on it, as far as the client takes it.
 * Nothing comes in.
 */
import type { ServerResponse } from "node:http";
import type { Clock, Timer } from "../../clock.ts";
import type { Transport } from "../../fanout/outbox.ts";
import type { Session } from "../../fanout/session.ts";

/** How long a closed stream may take to say its last words, in milliseconds. */
const LINGER_MS = 2000;

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  // What nginx asks for, or it would hold events back to fill its buffer.
  "x-accel-buffering": "no",
};

/** A browser whose stream breaks comes back after so long. */
const BEGIN = Buffer.from("retry: 1000\n\n");
/** A comment: browsers pass over it, and a peer that is gone is found out. */
const PING = Buffer.from(":\n\n");

/** A stream, which begins with the first write or with `begin`. Until then the response can still be another. */
export class EventStream implements Transport {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #written = (): void => this.#session?.outbox.written();
  #session: Session | undefined;
  #begun = false;
  #linger: Timer | undefined;

  constructor(response: ServerResponse, clock: Clock) {
    this.#response = response;
    this.#clock = clock;
  }

  /** Says whose stream it is. `closed` is called once when the client is gone or the stream has ended. */
  start(session: Session, closed: () => void): void {
    this.#session = session;
    this.#response.on("close", () => {
      this.#linger?.cancel();
      session.end("disconnected");
      closed();
    });
  }

  /** Whether the response has begun, and can't be an error any more. */
  get hasBegun(): boolean {
    return this.#begun;
  }

  /** Begins the response: the client sees that it is connected before anything happens. */
  begin(): void {
    if (this.#begun || this.#response.destroyed) return;
    this.#begun = true;
    const { socket } = this.#response;
    if (socket !== null) socket.setTimeout(0);
    this.#response.writeHead(200, HEADERS);
    this.#response.write(BEGIN);
  }

  /** Tells the client that the server is there; left out where it has not taken the last thing yet. */
  ping(): void {
    if (this.#session?.followings.size === 0) {
      // Its user was removed or banned: nothing will come any more. A browser that asks again is told why.
      this.#session.end("unknown_room");
      return;
    }
    if (this.#begun && this.#response.writableLength === 0 && !this.#response.writableEnded) this.#response.write(PING);
  }

  pendingBytes(): number {
    return this.#response.writableLength;
  }

  write(bytes: Uint8Array): void {
    this.begin();
    this.#response.write(bytes, this.#written);
  }

  pauseReading(): void {
    // Nothing is read here.
  }

  resumeReading(): void {
    // Nothing is read here.
  }

  close(): void {
    const response = this.#response;
    if (!this.#begun || response.destroyed) return;
    response.end();
    this.#linger = this.#clock.after(LINGER_MS, () => response.destroy());
  }
}
