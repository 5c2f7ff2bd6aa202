/**
 * Load tool, waiting while work goes on: the loop that all runs stand on.
 */

/** How often a run looks after what is due, in ms: the finest that Node's timers do. */
export const TICK_MS = 1;

/** Calls `work` every so many ms until the condition holds; rejects with what either throws. */
export function tickUntil(condition: () => boolean, everyMs: number, work: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const tick = (): void => {
      try {
        work();
        if (condition()) resolve();
        else setTimeout(tick, everyMs);
      } catch (error) {
        reject(error);
      }
    };
    tick();
  });
}
