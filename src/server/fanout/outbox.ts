/**
 * Stage 5/6: what one session still has to be sent. Bounded in bytes by whoever fills it (FAN-2); written to the
 * socket once a turn, however much waits, and only ever in whole frames (FAN-3).
 */
import type { CloseReason } from "../telemetry/counts.ts";
import type { Following } from "./following.ts";

/** The door's side of a session: bytes out, and the way to slow the client down. */
export interface Transport {
  /** Bytes that were written and that the socket has not taken yet. */
  pendingBytes(): number;
  /** Takes whole frames. MUST call the outbox's `written` once they have been taken. */
  write(bytes: Uint8Array): void;
  /** Stops reading commands, and goes on. */
  pauseReading(): void;
  resumeReading(): void;
  /** Closes once all that was written has been taken, or by force where that takes too long. `reason` = why. */
  close(reason: CloseReason): void;
}

/** What waits: an answer, or events of a room that can be had again. */
interface Entry {
  readonly bytes: Uint8Array;
  /** The room that it tells of; `undefined` for an answer. */
  readonly following: Following | undefined;
  /** The first seq in it; 0 where it has none, as presence; `CAUGHT_UP`. */
  readonly first: number;
}

/** In the place of a first seq: what was pushed is `caught_up`, which is only true after the events before it. */
export const CAUGHT_UP = -1;

/** At most so much goes to the socket in one write, a single larger frame apart: a slow reader's progress shows. */
const WRITE_BYTES_MAX = 64 * 1024;

/** The queue between a session and its socket. */
export class Outbox {
  readonly #transport: Transport;
  readonly #now: () => number;
  /** Whether somebody will call `flush` at the end of this turn. */
  isScheduled = false;
  #entries: Entry[] = [];
  #waitingBytes = 0;
  #stalledSince: number | undefined;
  #drained: (() => void)[] | undefined;

  /** `now` gives milliseconds. */
  constructor(transport: Transport, now: () => number) {
    this.#transport = transport;
    this.#now = now;
  }

  /** Bytes that wait, those the socket has not taken yet included. */
  get bytes(): number {
    return this.#waitingBytes + this.#transport.pendingBytes();
  }

  /** Since when the socket has taken nothing although something waits; `undefined` where all is well. */
  get stalledSince(): number | undefined {
    return this.#stalledSince;
  }

  /** Adds whole frames. */
  push(bytes: Uint8Array, following: Following | undefined, first: number): void {
    this.#entries.push({ bytes, following, first });
    this.#waitingBytes += bytes.length;
  }

  /** Writes what waits, as far as the socket takes it. */
  flush(): void {
    while (this.#entries.length > 0 && this.#transport.pendingBytes() === 0) this.#writeSome();
    if (this.#transport.pendingBytes() > 0) this.#stalledSince ??= this.#now();
    else this.#settle();
  }

  /** The socket has taken what was written to it. */
  written(): void {
    if (this.#transport.pendingBytes() > 0) {
      this.#stalledSince = this.#now();
      return;
    }
    this.#stalledSince = undefined;
    this.flush();
  }

  /** Takes the waiting room events out, answers stay. Each room's cursor goes back to before the first one taken. */
  dropEvents(): void {
    const kept: Entry[] = [];
    for (const entry of this.#entries) {
      if (entry.following === undefined) {
        kept.push(entry);
        continue;
      }
      this.#waitingBytes -= entry.bytes.length;
      if (entry.first === CAUGHT_UP) entry.following.owesCaughtUp = true;
      if (entry.first > 0 && entry.first <= entry.following.cursor) entry.following.cursor = entry.first - 1;
    }
    this.#entries = kept;
  }

  /** Resolves once nothing waits any more, here or in the socket. */
  async whenDrained(): Promise<void> {
    if (this.#isEmpty()) return;
    await new Promise<void>((resolve) => {
      this.#drained ??= [];
      this.#drained.push(resolve);
    });
  }

  /**
   * The session is over: writes all that waits, for its last line says why. What the socket has not taken yet stands in
   * the way no longer, and nothing is copied, for events are shared with others. Lets those go on who wait for it to drain.
   */
  finish(): void {
    this.flush();
    for (const { bytes } of this.#entries) this.#transport.write(bytes);
    this.#entries = [];
    this.#waitingBytes = 0;
    this.#stalledSince = undefined;
    const drained = this.#drained ?? [];
    this.#drained = undefined;
    for (const resolve of drained) resolve();
  }

  #isEmpty(): boolean {
    return this.#entries.length === 0 && this.#transport.pendingBytes() === 0;
  }

  #writeSome(): void {
    const entries = this.#entries;
    let count = 0;
    let bytes = 0;
    for (const entry of entries) {
      if (count > 0 && bytes + entry.bytes.length > WRITE_BYTES_MAX) break;
      bytes += entry.bytes.length;
      count += 1;
    }
    const taken = count === entries.length ? entries : entries.splice(0, count);
    if (taken === entries) this.#entries = [];
    this.#waitingBytes -= bytes;
    const only = taken[0];
    if (count === 1 && only !== undefined) this.#transport.write(only.bytes);
    else
      this.#transport.write(
        Buffer.concat(
          taken.map((entry) => entry.bytes),
          bytes,
        ),
      );
  }

  #settle(): void {
    this.#stalledSince = undefined;
    if (this.#drained === undefined || !this.#isEmpty()) return;
    const drained = this.#drained;
    this.#drained = undefined;
    for (const resolve of drained) resolve();
  }
}
