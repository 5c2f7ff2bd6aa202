/**
 * Stage 5: when the notices of all rooms are told: the first one at the end of its turn, the next ones a little later and
 * together, so that thousands who come or go at once don't keep the node from everything else.
 */
import type { Clock, Timer } from "../clock.ts";
import type { Room } from "./room.ts";

/** The rest from one telling to the next, in milliseconds. */
const REST_MS_MIN = 20;
const REST_MS_MAX = 1000;
/** So many sessions are told in a second: some 15 µs each leave most of the time to messages and newcomers. */
const TOLD_PER_SECOND = 10_000;

/** Tells the notices of a node's rooms. */
export class NoticeTeller {
  readonly #clock: Clock;
  /** The rooms in which notices wait. */
  readonly #waiting = new Set<Room>();
  /** Whether a telling is due. */
  #isDue = false;
  #timer: Timer | undefined;
  /** Nothing is told again before this moment, in milliseconds of the monotonic clock. */
  #restUntil = 0;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Tells a room's people something that has no seq, given as JSON text, soon. */
  add(room: Room, event: string): void {
    if (this.#closed) return;
    room.notices.add(event);
    this.#waiting.add(room);
    if (!this.#isDue) this.#schedule();
  }

  /** Tells nothing more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#isDue = true;
    const restMs = this.#restUntil - this.#clock.monotonic();
    if (restMs > 0) this.#timer = this.#clock.after(restMs, () => this.#tell());
    else this.#clock.endOfTurn(() => this.#tell());
  }

  #tell(): void {
    if (this.#closed) return;
    this.#isDue = false;
    let told = 0;
    for (const room of this.#waiting) told += room.tellNotices();
    this.#waiting.clear();
    const restMs = Math.min(REST_MS_MAX, Math.max(REST_MS_MIN, (told * 1000) / TOLD_PER_SECOND));
    this.#restUntil = this.#clock.monotonic() + restMs;
  }
}
