/**
 * The SDK in all weathers: programs that say and hear, a model of the server, and between them what drops, delays,
 * repeats and cuts. One number decides about a run. `VERBATIM_SDK_SEEDS=5000` runs more, `VERBATIM_SDK_SEED=17` the one
 * that failed.
 */
import { describe, expect, it } from "vitest";
import { SdkSimulation, type Summary } from "../../support/sdk-simulation.ts";

const SEEDS_IN_GATE = 200;
const SEEDS_PER_TEST = 25;
/** A seed takes about 50 ms; this is for a machine that has much else to do. */
const SEED_WITHIN_MS = 30_000;

const only = process.env["VERBATIM_SDK_SEED"];
const seeds = Number(process.env["VERBATIM_SDK_SEEDS"] ?? SEEDS_IN_GATE);

async function simulate(seed: number): Promise<Summary> {
  try {
    return await new SdkSimulation(seed).run();
  } catch (error) {
    const text = `seed ${seed}: ${(error as Error).message}; run it again with VERBATIM_SDK_SEED=${seed}`;
    throw new Error(text, { cause: error });
  }
}

describe("what is said is kept once, and what is told is whole and in order,", () => {
  if (only !== undefined) {
    it(`with seed ${only}`, async () => {
      expect((await simulate(Number(only)))["records"]).toBeGreaterThan(0);
    });
    return;
  }

  const total = new Map<string, number>();
  for (let first = 1; first <= seeds; first += SEEDS_PER_TEST) {
    const last = Math.min(seeds, first + SEEDS_PER_TEST - 1);
    it(`with seeds ${first} to ${last}`, { timeout: SEED_WITHIN_MS * SEEDS_PER_TEST }, async () => {
      for (let seed = first; seed <= last; seed++) {
        for (const [what, count] of Object.entries(await simulate(seed))) {
          total.set(what, (total.get(what) ?? 0) + count);
        }
      }
    });
  }

  it("and meets everything that it is there to meet", () => {
    for (const [what, count] of total) expect(count, what).toBeGreaterThan(seeds / 10);
  });

  it("and comes to the same with the same seed", async () => {
    expect(await simulate(6)).toEqual(await simulate(6));
  });
});
