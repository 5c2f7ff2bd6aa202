/**
 * Test support: signals between nodes as bad as the port allows, and worse: some are lost, some come late, some come again
 * later. Each node has an end of its own; a node can be cut off or put to sleep.
 */
import type { Clock, Timer } from "../../src/server/clock.ts";
import { MemorySignals } from "../../src/server/signals/memory.ts";
import type { Signal, Signals } from "../../src/server/signals/signals.ts";
import type { FakeClock, SeededRandom } from "./fake-clock.ts";

/** How bad it is. */
export interface Badness {
  /** 0 to 1. */
  readonly lost: number;
  readonly repeated: number;
  readonly delayMsMax: number;
}

export const NO_BADNESS: Badness = { lost: 0, repeated: 0, delayMsMax: 0 };

/** What lies between the nodes. */
export class Air {
  badness = NO_BADNESS;
  /** What was published, except heartbeats. */
  readonly published: Signal[] = [];
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  readonly #ends = new Set<AirEnd>();

  constructor(clock: FakeClock, random: SeededRandom) {
    this.clock = clock;
    this.random = random;
  }

  /** The end of one node. */
  end(): AirEnd {
    const end = new AirEnd(this);
    this.#ends.add(end);
    return end;
  }

  /** Carries a signal to all other ends. */
  carry(from: AirEnd, signal: Signal): void {
    const { lost, repeated, delayMsMax } = this.badness;
    if (signal.type !== "heartbeat") this.published.push(signal);
    const text = JSON.stringify(signal);
    for (const end of this.#ends) {
      if (end === from || end.isCut || this.random.happens(lost)) continue;
      const dueAt = this.clock.monotonic() + this.random.below(delayMsMax + 1);
      // In their order, as the port says.
      const lastAt = Math.max(dueAt, end.lastAt.get(from) ?? 0);
      end.lastAt.set(from, lastAt);
      this.#bring(end, text, lastAt);
      if (this.random.happens(repeated)) this.#bring(end, text, lastAt + this.random.below(5000));
    }
  }

  #bring(end: AirEnd, text: string, at: number): void {
    const delayMs = at - this.clock.monotonic();
    if (delayMs > 0) this.clock.after(delayMs, () => end.arrive(text));
    else end.arrive(text);
  }
}

/** One node's signals. What it publishes it hears itself at once. */
export class AirEnd implements Signals {
  /** Nothing comes and nothing goes. */
  isCut = false;
  /** When the last signal of each other end comes, in milliseconds of the monotonic clock. */
  readonly lastAt = new Map<AirEnd, number>();
  readonly #air: Air;
  readonly #own = new MemorySignals((error) => {
    throw error;
  });
  #asleep: string[] | undefined;
  #closed = false;

  constructor(air: Air) {
    this.#air = air;
  }

  publish(signal: Signal): void {
    if (this.#closed) return;
    this.#own.publish(signal);
    if (!this.isCut) this.#air.carry(this, signal);
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    return this.#own.subscribe(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#own.close();
  }

  /** Brings what another end published. */
  arrive(text: string): void {
    if (this.#closed || this.isCut) return;
    if (this.#asleep !== undefined) this.#asleep.push(text);
    else this.#own.publish(JSON.parse(text) as Signal);
  }

  /** From now on what comes waits, as it does for a process that was stopped. */
  sleep(): void {
    this.#asleep = [];
  }

  /** What has come meanwhile is heard. */
  wake(): void {
    const texts = this.#asleep ?? [];
    this.#asleep = undefined;
    for (const text of texts) this.arrive(text);
  }
}

/** A node's clock, whose timers stand still while the node sleeps, and fall due late when it wakes. Time goes on. */
export class SleepyClock implements Clock {
  readonly #clock: FakeClock;
  #late: Set<() => void> | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#clock.after(delayMs, this.#whenAwake(action));
  }

  every(periodMs: number, action: () => void): Timer {
    return this.#clock.every(periodMs, this.#whenAwake(action));
  }

  endOfTurn(action: () => void): void {
    this.#clock.endOfTurn(this.#whenAwake(action));
  }

  sleep(): void {
    this.#late = new Set();
  }

  wake(): void {
    const late = this.#late ?? [];
    this.#late = undefined;
    for (const action of late) action();
  }

  #whenAwake(action: () => void): () => void {
    return () => {
      if (this.#late === undefined) action();
      else this.#late.add(action);
    };
  }
}
