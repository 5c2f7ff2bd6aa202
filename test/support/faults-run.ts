/**
 * Test support, faults: how long a run is, and its chance. `VERBATIM_FAULTS=long` makes it long; the seed stands in the
 * name of each test that leaves something to chance, and `VERBATIM_FAULTS_SEED` repeats it.
 */

/** Whether this is the long run, and not the gate's. */
export const isLong = process.env["VERBATIM_FAULTS"] === "long";

/** What is left to chance in a run hangs on this number alone. */
export const seed = Number(process.env["VERBATIM_FAULTS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** The gate's figure, or the long run's. */
export const sized = (gate: number, long: number): number => (isLong ? long : gate);

/** Chance with a memory: the same seed gives the same numbers. */
export class Dice {
  #state: number;

  constructor(from: number) {
    this.#state = from | 0;
  }

  /** A number from 0 to below 1. */
  roll(): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `from` to below `to`. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.roll() * (to - from));
  }

  /** More chance, that hangs on this one. */
  fork(): Dice {
    return new Dice(this.whole(0, 2 ** 31));
  }

  /** One of several. */
  one<T>(of: readonly T[]): T {
    const chosen = of[this.whole(0, of.length)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    return chosen;
  }
}
