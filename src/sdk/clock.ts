/**
 * The SDK: time, the only way in, so that tests can drive it.
 */

/** The hour, and timers. */
export interface SdkClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `action` once, `delayMs` from now. Returns what cancels that; harmless when it has happened. */
  after(delayMs: number, action: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: SdkClock = {
  now: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
