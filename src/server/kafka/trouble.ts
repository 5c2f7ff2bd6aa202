/**
 * Beside stage 3: tells of trouble with the brokers once it lasts, and now and then while it does. A leader that moves, or a
 * topic that was made a moment ago, makes calls fail for some tenths of a second, which is nobody's concern. Touches nothing.
 */
import type { Clock } from "../clock.ts";

/** How long trouble lasts before it is told, in milliseconds, and how often then. */
const TELL_AFTER_MS = 1_000;
const TELL_EVERY_MS = 10_000;

/** The trouble of one kind of calls. */
export class Trouble {
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #since: number | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** `failed` hears what is told. */
  constructor(clock: Clock, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#failed = failed;
  }

  /** A call came to nothing. */
  met(error: unknown): void {
    const now = this.#clock.monotonic();
    this.#since ??= now;
    if (now - this.#since < TELL_AFTER_MS || now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.#failed(error);
  }

  /** A call succeeded. */
  over(): void {
    this.#since = undefined;
  }
}
