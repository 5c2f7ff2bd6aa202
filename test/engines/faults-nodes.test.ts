/**
 * Nodes of a cluster that are killed, started again and held still while people talk on all of them: every acknowledged
 * message stands once, in one order, on every node and in the store, and nobody hears a hole or a repeat. Needs `dist/`.
 */
import { describe, expect, it } from "vitest";
import type { Company } from "../support/engines-company.ts";
import { clusterOfEachTest } from "../support/engines-faults.ts";
import { seed, sized } from "../support/faults-run.ts";
import { until } from "../support/until.ts";

const ROUNDS = sized(2, 20);
const TALK = sized(300, 3_000);
/** Longer than others wait until they take somebody for gone. */
const STILL_MS = sized(18_000, 60_000);
const ELSEWHERE_WITHIN_MS = 30_000;

const { talking } = clusterOfEachTest();

async function expectWhole(people: Company): Promise<void> {
  await people.settle();
  expect(await people.verdict()).toEqual([]);
}

describe(`nodes that go and come, seed ${seed}`, () => {
  it("LOG-1 LOG-3 PROJ-1 PROJ-3 FAN-1 a node is killed, each in turn, and started again while the other goes on", {
    timeout: sized(360_000, 1_800_000),
  }, async ({ annotate }) => {
    const { cluster, nodes, people } = await talking(TALK);
    let [one, other] = nodes;
    for (let round = 0; round < ROUNDS; round++) {
      // Whoever writes a partition to the store is among those that are killed: it is each of them in turn.
      await one.kill("SIGKILL");
      await people.talk(TALK);
      const fresh = await cluster.start();
      [one, other] = [other, fresh];
      await people.talk(TALK);
    }
    await expectWhole(people);
    await annotate(`${people.acknowledged} messages, refused: ${JSON.stringify(people.refusals)}`);
    expect(await other.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  it("PROJ-1 PROJ-3 CMD-1 a node stands still, others write what it wrote, and it wakes with old work in hand", {
    timeout: sized(360_000, 900_000),
  }, async ({ annotate }) => {
    const { nodes, people } = await talking(TALK);
    // In the long run each of them, so that who writes a room is among them for certain.
    for (const node of nodes.slice(0, sized(1, 2))) {
      people.avoided.add(node);
      // Whoever waits for a node that stands still says nothing more: somebody has to be elsewhere.
      await until(
        ELSEWHERE_WITHIN_MS,
        () => "somebody to post elsewhere",
        () => people.posters.some(({ port }) => port !== undefined && port !== node.httpPort) || undefined,
      );
      process.kill(node.pid, "SIGSTOP");
      const end = performance.now() + STILL_MS;
      while (performance.now() < end) await people.talk(50);
      process.kill(node.pid, "SIGCONT");
      people.avoided.delete(node);
      await people.talk(TALK);
    }
    await expectWhole(people);
    await annotate(`${people.acknowledged} messages, refused: ${JSON.stringify(people.refusals)}`);
  });
});
