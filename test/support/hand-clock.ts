/** Test support: a clock that stands still until the test moves it. */
import type { Clock, Timer } from "../../src/server/clock.ts";

interface Due {
  at: number;
  readonly everyMs: number | undefined;
  readonly action: () => void;
}

/** Time that the test moves. Turns of the event loop are the real ones. */
export class HandClock implements Clock {
  #now = 1_800_000_000_000;
  readonly #start = this.#now;
  #due: Due[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#add({ at: this.#now + delayMs, everyMs: undefined, action });
  }

  every(periodMs: number, action: () => void): Timer {
    return this.#add({ at: this.#now + periodMs, everyMs: periodMs, action });
  }

  endOfTurn(action: () => void): void {
    setImmediate(action);
  }

  /** How many timers run. */
  get timers(): number {
    return this.#due.length;
  }

  /** Moves time on, calls what falls due on the way, each at its own moment, and lets the event loop turn after each. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#due.reduce<Due | undefined>(
        (first, due) => (due.at <= until && (first === undefined || due.at < first.at) ? due : first),
        undefined,
      );
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      if (next.everyMs === undefined) this.#due = this.#due.filter((due) => due !== next);
      else next.at += next.everyMs;
      next.action();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = until;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #add(due: Due): Timer {
    this.#due.push(due);
    return {
      cancel: () => {
        this.#due = this.#due.filter((other) => other !== due);
      },
    };
  }
}
