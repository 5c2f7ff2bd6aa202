/**
 * The broker of a cluster goes away and comes back, stopped in order and killed, while people talk on two nodes: posts
 * wait up to their deadline and are then refused in words that hold, each ends as one message or none, and all goes on by
 * itself. Needs `dist/`, and starts a broker of its own.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../scripts/engines/engine.mjs";
import { startKafka } from "../../scripts/engines/kafka.mjs";
import { clusterOfEachTest } from "../support/engines-faults.ts";
import { seed, sized } from "../support/faults-run.ts";
import { ask } from "../support/http-client.ts";
import { until } from "../support/until.ts";

const TALK = sized(300, 3_000);
/** Longer than a post waits for its answer, which is 10 s. */
const AWAY_MS = sized(12_000, 20_000);
/** One that was killed is started at once: its own return takes it some ten seconds. */
const KILLED_AWAY_MS = sized(0, 20_000);
const DEADLINE_MS = 10_000;
/** What a busy machine may add to it. */
const BUSY_MS = 10_000;
const GOES_ON_WITHIN_MS = 60_000;
const NOTICED_WITHIN_MS = 30_000;

let kafka: Engine;
const { talking } = clusterOfEachTest();

beforeAll(async () => {
  kafka = await startKafka();
}, 240_000);

afterAll(async () => {
  await kafka.remove();
});

describe(`a broker that goes and comes back, seed ${seed}`, () => {
  it.for(["stop", "kill"] as const)(
    "CMD-5 LOG-5 FAN-1 HTTP-3 its process is ended by %s",
    {
      timeout: 360_000,
    },
    async (how, { annotate }) => {
      const { cluster, nodes, people } = await talking(TALK, { kafka: kafka.address });
      const [node] = nodes;

      const away = kafka[how]();
      const path = `/chats/${people.chat.name}/messages`;
      const headers = { cookie: `user_id=${people.people.get("owner")?.id}`, "idempotency-key": "while-away" };
      // It may come where nobody knows what became of it, and must not where it was refused.
      const { check, keys } = people.chat;
      const sender = people.chat.sender("away");
      const number = check.sent(sender);
      keys.add("while-away");
      await away;
      const begin = performance.now();
      const answer = await ask(node.httpPort ?? 0, path, { form: { content: `away ${number} 0 x` }, headers });
      const waitedMs = performance.now() - begin;
      expect(answer.status, answer.body).toBe(503);
      const code = answer.json()["code"];
      expect(["not_sent", "unknown", "unavailable"]).toContain(code);
      if (code !== "unknown") check.refused(sender, number);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      expect(waitedMs).toBeLessThan(DEADLINE_MS + BUSY_MS);
      await until(
        NOTICED_WITHIN_MS,
        () => "readiness to say that the broker is away",
        async () => (await ask(node.httpPort ?? 0, "/readyz")).status === 503 || undefined,
      );
      // What the fault is: for how long the broker is away, whatever the nodes do meanwhile.
      await delay(Math.max(0, (how === "stop" ? AWAY_MS : KILLED_AWAY_MS) - (performance.now() - begin)));

      await kafka.start();
      await people.talk(TALK, GOES_ON_WITHIN_MS);
      await people.settle();
      expect(await people.verdict()).toEqual([]);
      // In which words is chance: what was under way is "unknown", what waited "not_sent", and a node that hears no log soon
      // says "unavailable". The verdict has held each against what became of the message; here, that there were any.
      expect(Object.keys(people.refusals)).not.toEqual([]);
      for (const { slowestMs } of people.posters) expect(slowestMs).toBeLessThan(DEADLINE_MS + BUSY_MS);
      await annotate(`${people.acknowledged} messages, refused: ${JSON.stringify(people.refusals)}`);
      for (const each of cluster.nodes) expect(await each.kill("SIGTERM")).toEqual({ code: 0, signal: null });
    },
  );
});
