/**
 * Time and chance, the only way in for both: whoever needs the hour, a timer or a random byte is handed one of
 * these, so that tests can drive them. Nothing under `server/` calls `Date.now`, `setTimeout`, `setImmediate` or
 * `Math.random` itself.
 */
import { randomFillSync } from "node:crypto";

/** A timer that is running. */
export interface Timer {
  /** Ends the timer; harmless when it has already fired or was cancelled. */
  cancel(): void;
}

/** The hour, timers and turns of the event loop. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since some fixed moment, never set back, with fractions: for durations. */
  monotonic(): number;
  /** Calls `action` once, `delayMs` from now. Keeps the process alive until then: cancel what is not waited for any more. */
  after(delayMs: number, action: () => void): Timer;
  /** Calls `action` every `periodMs`. Never keeps the process alive. */
  every(periodMs: number, action: () => void): Timer;
  /** Calls `action` at the end of this turn of the event loop, after what the turn still has to read. */
  endOfTurn(action: () => void): void;
}

/**
 * A timer that fires later than this, in milliseconds, does so because the process stood still. What came meanwhile has not
 * been read yet, and an answer that a limit of time waits for may be among it: so that is read first.
 */
const STOOD_STILL_MS = 100;

/** Fills `target` with random bytes. */
export type Chance = (target: Uint8Array) => void;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, action) {
    const dueAt = performance.now() + delayMs;
    let turn: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      if (performance.now() - dueAt > STOOD_STILL_MS) turn = setImmediate(action);
      else action();
    }, delayMs);
    return {
      cancel: () => {
        clearTimeout(timer);
        clearImmediate(turn);
      },
    };
  },
  every(periodMs, action) {
    const timer = setInterval(action, periodMs);
    timer.unref();
    return { cancel: () => clearInterval(timer) };
  },
  endOfTurn(action) {
    setImmediate(action);
  },
};

/** The machine's cryptographic randomness. */
export const systemChance: Chance = (target) => {
  randomFillSync(target);
};

/** Resolves `delayMs` from now. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/** Waits for `work`, for `delayMs` at most: `true` where it was done by then. Rejects where `work` does in time. */
export async function within(clock: Clock, delayMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: Timer | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = clock.after(delayMs, () => resolve(false));
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    timer?.cancel();
  }
}
