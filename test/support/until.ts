/**
 * Test support: waits for a condition with a deadline. Tests never sleep for a while and hope.
 */
import { setTimeout as delay } from "node:timers/promises";

const LOOK_EVERY_MS = 10;
/**
 * No wait gives up sooner, whatever it was told: a busy machine stands still for seconds, and nobody holds anything by a
 * deadline, which only ends a wait that has failed.
 */
const LEAST_MS = 30_000;

/**
 * Looks until `look` returns something, and resolves with that. After `withinMs`, and 30 s at least, it rejects and says
 * what was waited for. What `look` throws ends the wait.
 */
export async function until<Found>(
  withinMs: number,
  what: () => string,
  look: () => Found | undefined | Promise<Found | undefined>,
): Promise<Found> {
  const patienceMs = Math.max(withinMs, LEAST_MS);
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms for ${what()}`);
    await delay(LOOK_EVERY_MS);
  }
}
