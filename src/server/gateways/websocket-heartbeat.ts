/**
 * Stage 1 over WebSocket: finds the peers that are gone without a word. One timer for all of them: each second the next
 * 25th part is asked for a sign of life, so that ten thousand pings don't stand in everybody's way at once.
 */
import type { Clock, Timer } from "../clock.ts";

const TICK_MS = 1000;
/** A peer is asked every so many ticks, */
const ASK_EVERY = 25;
/** and has so many for its answer. */
const ANSWER_WITHIN = 10;

/** A connection that can be asked. */
export interface Pulse {
  /** Asks for a sign of life. */
  ask(): void;
  /** The time is over: who was asked and gave none is gone. */
  judge(): void;
}

/** The pulse of all connections of a door. */
export class Heartbeat {
  readonly #parts: readonly Set<Pulse>[] = Array.from({ length: ASK_EVERY }, () => new Set<Pulse>());
  readonly #timer: Timer;
  #tick = 0;
  #next = 0;

  constructor(clock: Clock) {
    this.#timer = clock.every(TICK_MS, () => this.#beat());
  }

  /** Asks a connection from now on, until the function that is given back is called. */
  watch(pulse: Pulse): () => void {
    const part = this.#part(this.#next++);
    part.add(pulse);
    return () => void part.delete(pulse);
  }

  /** Asks nobody any more. */
  stop(): void {
    this.#timer.cancel();
  }

  #beat(): void {
    this.#tick += 1;
    for (const pulse of this.#part(this.#tick - ANSWER_WITHIN)) pulse.judge();
    for (const pulse of this.#part(this.#tick)) pulse.ask();
  }

  #part(number: number): Set<Pulse> {
    return this.#parts[((number % ASK_EVERY) + ASK_EVERY) % ASK_EVERY] as Set<Pulse>;
  }
}
