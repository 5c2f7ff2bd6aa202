/** Stage 4: those who wait for the store to come so far. Pure, but for the clock. */
import type { Clock } from "../clock.ts";

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
}

/** Whoever waits for a checkpoint. */
export class CheckpointWaiters {
  readonly #clock: Clock;
  #waiting: Waiter[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with `true` once `passed` was told of `position`, with `false` after `withinMs`. */
  wait(position: number, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(withinMs, () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        resolve(false);
      });
      const waiter = {
        position,
        resolve: () => {
          timer.cancel();
          resolve(true);
        },
      };
      this.#waiting.push(waiter);
    });
  }

  /** The store has come so far. */
  passed(checkpoint: number): void {
    const ready = this.#waiting.filter(({ position }) => position <= checkpoint);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter(({ position }) => position > checkpoint);
    for (const { resolve } of ready) resolve();
  }
}
