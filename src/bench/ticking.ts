/**
 * Load tool, waiting while work goes on: the loop that all runs stand on.
 */

/** How often a run looks after what is due, in ms: the finest that Node's timers do. */
export const TICK_MS = 1;

/** Calls `work` every so many ms until the condition holds; rejects with what either throws. */
export function tickUntil(condition: () => boolean, everyMs: number, work: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const tick = (): void => {
      try {
        work();
        if (condition()) resolve();
        else setTimeout(tick, everyMs);
      } catch (error) {
        reject(error);
      }
    };
    tick();
  });
}

/** A look that comes later than this after the one before does so because this process stood still. */
const STOOD_STILL_MS = 500;

/**
 * How long a count has not grown. Begins anew where this process itself stood still: what came meanwhile has yet to be
 * read.
 */
export class Silence {
  #count: number;
  #beganMs: number;
  #lookedMs: number;

  constructor(count: number, nowMs: number) {
    this.#count = count;
    this.#beganMs = nowMs;
    this.#lookedMs = nowMs;
  }

  /** Looks again; milliseconds. */
  lasts(count: number, nowMs: number): number {
    if (count !== this.#count || nowMs - this.#lookedMs > STOOD_STILL_MS) this.#beganMs = nowMs;
    this.#count = count;
    this.#lookedMs = nowMs;
    return nowMs - this.#beganMs;
  }
}
