/**
 * Test support: the time of an SDK under test. Stands still until the test moves it, and calls what falls due on the way
 * without giving way to anything else.
 */
import type { SdkClock } from "../../src/sdk/clock.ts";

interface Due {
  readonly at: number;
  readonly action: () => void;
}

/** Time that the test moves. */
export class SdkTestClock implements SdkClock {
  #now = 1_800_000_000_000;
  /** Ascending by when they are due; those due at once in the order in which they were set. */
  readonly #due: Due[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): () => void {
    const due = { at: this.#now + delayMs, action };
    let index = this.#due.length;
    while (index > 0 && (this.#due[index - 1]?.at ?? 0) > due.at) index -= 1;
    this.#due.splice(index, 0, due);
    return () => {
      const at = this.#due.indexOf(due);
      if (at >= 0) this.#due.splice(at, 1);
    };
  }

  /** How many timers run. */
  get timers(): number {
    return this.#due.length;
  }

  /** Moves time on. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#due[0]; next !== undefined && next.at <= until; next = this.#due[0]) {
      this.#due.shift();
      this.#now = Math.max(this.#now, next.at);
      next.action();
    }
    this.#now = until;
  }

  /** The machine slept: time has gone on, and no timer has fired meanwhile. */
  sleep(ms: number): void {
    this.#now += ms;
  }
}
