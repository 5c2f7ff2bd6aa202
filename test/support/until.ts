/**
 * Test support: waits for a condition with a deadline. Tests never sleep for a while and hope.
 */
import { setTimeout as delay } from "node:timers/promises";

const LOOK_EVERY_MS = 10;

/**
 * Looks until `look` returns something, and resolves with that. After `withinMs` it rejects, and says what was waited
 * for. What `look` throws ends the wait.
 */
export async function until<Found>(
  withinMs: number,
  what: () => string,
  look: () => Found | undefined | Promise<Found | undefined>,
): Promise<Found> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms for ${what()}`);
    await delay(LOOK_EVERY_MS);
  }
}
