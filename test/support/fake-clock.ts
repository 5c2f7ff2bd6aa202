/**
 * Test support: time and chance that the test drives. A clock stands still until it is told to go on, so a test of a
 * deadline of 30 s takes no time; chance comes from a seed, so a test that failed once fails again.
 */
import type { Chance, Clock, Timer } from "../../src/server/clock.ts";

interface FakeTimer {
  due: number;
  readonly periodMs: number | undefined;
  readonly action: () => void;
}

/** Resolves when no promise can go on any more without a timer, a turn's end or the outside world. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A clock that the test drives. Ends of turns come with `settle`, timers with `advance`. */
export class FakeClock implements Clock {
  #now: number;
  readonly #startedAt: number;
  /** Ascending by when they are due; those due at once in the order in which they were set. */
  readonly #timers: FakeTimer[] = [];
  #endsOfTurn: (() => void)[] = [];

  constructor(now: number) {
    this.#now = now;
    this.#startedAt = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#startedAt;
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#add({ due: this.#now + delayMs, periodMs: undefined, action });
  }

  every(periodMs: number, action: () => void): Timer {
    return this.#add({ due: this.#now + periodMs, periodMs, action });
  }

  endOfTurn(action: () => void): void {
    this.#endsOfTurn.push(action);
  }

  /** How many timers run: those that were set, have not fired and were not cancelled. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Lets promises and ends of turns go on until nothing is left to do at this moment. */
  async settle(): Promise<void> {
    await promisesSettled();
    while (this.#endsOfTurn.length > 0) {
      const ends = this.#endsOfTurn;
      this.#endsOfTurn = [];
      for (const end of ends) end();
      await promisesSettled();
    }
  }

  /** Goes on by so many milliseconds, timer by timer, and settles after each. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    const until = this.#now + ms;
    for (let next = this.#timers[0]; next !== undefined && next.due <= until; next = this.#timers[0]) {
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.due);
      if (next.periodMs !== undefined) {
        next.due += next.periodMs;
        this.#add(next);
      }
      next.action();
      await this.settle();
    }
    this.#now = until;
  }

  /** Goes on, `stepMs` at a time, until `work` is done, and gives what it resolved with; rejects after `withinMs`. */
  async drive<T>(work: Promise<T>, what: string, withinMs: number, stepMs = 100): Promise<T> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    work.then(done, done);
    await this.settle();
    for (let waited = 0; !isDone; waited += stepMs) {
      if (waited > withinMs) throw new Error(`waited ${withinMs} ms of the fake clock for ${what}`);
      await this.advance(stepMs);
    }
    return await work;
  }

  #add(timer: FakeTimer): Timer {
    let at = this.#timers.length;
    while (at > 0 && (this.#timers[at - 1]?.due ?? 0) > timer.due) at -= 1;
    this.#timers.splice(at, 0, timer);
    return {
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
      },
    };
  }
}

/** Random numbers from a seed: mulberry32, which is good enough to choose by. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds begin far apart.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  }

  /** 0 ≤ result < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, 0 ≤ result < `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** `true` so often, 0 to 1. */
  happens(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of some, which are one at least. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** The chance that a server is given. */
  readonly chance: Chance = (target) => {
    for (let at = 0; at < target.length; at++) target[at] = this.below(256);
  };
}
