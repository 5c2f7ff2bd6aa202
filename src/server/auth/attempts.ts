/**
 * Who a session is: how often something was tried, by key. Pure, given the clock; holds a bounded table.
 *
 * Written by hand: the library at hand keeps a timer for each key, any number of keys, and a clock of its own, and keys
 * are what an attacker chooses here.
 */
import type { Clock } from "../clock.ts";

/** How often something may be tried. */
export interface AttemptsOptions {
  readonly clock: Clock;
  /** So often at once. */
  readonly most: number;
  /** Then once more after each so many milliseconds. */
  readonly everyMs: number;
  /** Keys that are remembered; beyond that the one that was not tried for longest is forgotten. */
  readonly keysMax: number;
}

/** How often each key was tried lately. */
export class Attempts {
  readonly #options: AttemptsOptions;
  /** Key → when all its attempts will have been forgotten, on the monotonic clock. Ascending by when it was last tried. */
  readonly #forgottenAt = new Map<string, number>();

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Milliseconds until a key may be tried again; 0 = now. Asking counts for nothing, but keeps the key in memory. */
  wait(key: string): number {
    const { clock, most, everyMs } = this.#options;
    const forgottenAt = this.#forgottenAt.get(key);
    if (forgottenAt === undefined) return 0;
    this.#keep(key, forgottenAt);
    return Math.max(0, forgottenAt - (most - 1) * everyMs - clock.monotonic());
  }

  /** Counts an attempt. */
  count(key: string): void {
    const { clock, everyMs } = this.#options;
    const now = clock.monotonic();
    this.#keep(key, Math.max(now, this.#forgottenAt.get(key) ?? now) + everyMs);
  }

  /** Takes an attempt back: it turned out to be none. */
  takeBack(key: string): void {
    const forgottenAt = this.#forgottenAt.get(key);
    if (forgottenAt !== undefined) this.#keep(key, forgottenAt - this.#options.everyMs);
  }

  /** Forgets a key. */
  forget(key: string): void {
    this.#forgottenAt.delete(key);
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#forgottenAt.size;
  }

  #keep(key: string, forgottenAt: number): void {
    this.#forgottenAt.delete(key);
    if (forgottenAt <= this.#options.clock.monotonic()) return;
    this.#forgottenAt.set(key, forgottenAt);
    for (const [oldest] of this.#forgottenAt) {
      if (this.#forgottenAt.size <= this.#options.keysMax) break;
      this.#forgottenAt.delete(oldest);
    }
  }
}
