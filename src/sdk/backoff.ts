/**
 * The SDK: how long to wait before the next try. Longer each time, and nobody at the same moment as everybody else: after
 * a restart of the server all clients come back.
 */

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Milliseconds before try number `tries` + 1, after so many that failed in a row; `random` gives 0 ≤ x < 1. */
export function backoffMs(tries: number, random: () => number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (tries - 1)) * (0.5 + random() / 2);
}
