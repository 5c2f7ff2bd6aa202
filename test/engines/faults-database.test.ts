/**
 * The database of a cluster goes away while people talk, and comes back: what is said is delivered all the while, the
 * lag grows and shows, readiness says so, and the store catches up. Needs `dist/`, and starts a database of its own.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCassandra } from "../../scripts/engines/cassandra.mjs";
import type { Engine } from "../../scripts/engines/engine.mjs";
import type { Node } from "../support/engines-cluster.ts";
import { clusterOfEachTest } from "../support/engines-faults.ts";
import { isLong, seed, sized } from "../support/faults-run.ts";
import { ask } from "../support/http-client.ts";
import { until } from "../support/until.ts";

const TALK = sized(300, 3_000);
const AWAY_MS = sized(12_000, 30_000);
/** How long the nodes may take to notice, and to be as before, on a machine that is busy with others. */
const NOTICED_WITHIN_MS = 30_000;
const BACK_WITHIN_MS = 90_000;

let cassandra: Engine;
const { talking } = clusterOfEachTest();

beforeAll(async () => {
  cassandra = await startCassandra();
}, 240_000);

afterAll(async () => {
  await cassandra.remove();
});

async function metric(node: Node, name: string): Promise<number> {
  const { body } = await ask(node.httpPort ?? 0, "/metrics");
  const values = body.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

describe(`a database that goes and comes back, seed ${seed}`, () => {
  it.for(isLong ? (["stop", "pause"] as const) : (["stop"] as const))(
    "PROJ-3 PROJ-4 FAN-1 its process: %s",
    {
      timeout: 360_000,
    },
    async (how, { annotate }) => {
      const { nodes, people } = await talking(TALK, { cql: cassandra.address });
      const [node] = nodes;

      await cassandra[how]();
      const begin = performance.now();
      // Who is there is told as before.
      await people.talk(TALK);
      // Of all nodes: only the one that writes a partition tells what waits there.
      const lag = async (): Promise<number> => {
        const each = await Promise.all(nodes.map((one) => metric(one, "consumer_lag")));
        return each.reduce((sum, waiting) => sum + waiting, 0);
      };
      const grown = await until(
        NOTICED_WITHIN_MS,
        () => "the lag to grow",
        async () => {
          const now = await lag();
          return now > 0 ? now : undefined;
        },
      );
      await until(
        NOTICED_WITHIN_MS,
        () => "readiness to say that the store is behind",
        async () => (await ask(node.httpPort ?? 0, "/readyz")).status === 503 || undefined,
      );
      await people.talk(TALK);
      // What the fault is: for how long the database is away, whatever the nodes do meanwhile.
      await delay(Math.max(0, AWAY_MS - (performance.now() - begin)));
      // A node that the machine let stand still has to hear from the others first, and tells of nothing meanwhile.
      const later = await until(
        NOTICED_WITHIN_MS,
        () => `the lag to be more than ${grown}`,
        async () => {
          const now = await lag();
          return now > grown ? now : undefined;
        },
      );

      if (how === "pause") cassandra.resume();
      else await cassandra.start();
      for (const each of nodes) {
        await until(
          BACK_WITHIN_MS,
          () => "no lag, and readiness",
          async () =>
            ((await lag()) < later / 2 && (await ask(each.httpPort ?? 0, "/readyz")).status === 200) || undefined,
        );
      }
      await people.settle();
      expect(await people.verdict()).toEqual([]);
      await annotate(
        `${people.acknowledged} messages, lag up to ${later}, refused: ${JSON.stringify(people.refusals)}`,
      );
    },
  );
});
