/**
 * A cluster whose topic is gone: `verbatim repair` lets the history go on with another topic, with everything that the
 * database has of it: seqs, chats, who is in them, keys. Needs `dist/`.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BrokerHand, brokerHand } from "../support/engines-broker.ts";
import { type Cluster, makeCluster } from "../support/engines-cluster.ts";
import { sized } from "../support/faults-run.ts";
import { HttpPerson } from "../support/http-people.ts";
import { runVerbatim } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const SECOND = 1000;
/** How long the store may take to have what was said, on a machine that is busy with others. */
const STORED_WITHIN_MS = 60 * SECOND;
/** How often the topic is lost. */
const ROUNDS = sized(1, 3);

let cluster: Cluster;
let hand: BrokerHand;

beforeEach(async () => {
  cluster = await makeCluster();
  hand = await brokerHand(cluster.kafka);
});

afterEach(() => cluster.remove());

const repair = () => runVerbatim(["repair", ...cluster.flags], {}, 60 * SECOND);

describe("verbatim repair of a cluster", () => {
  it("PROJ-1 PROJ-2 goes on with another topic where one is lost: same seqs, chats and keys", {
    timeout: 300_000,
  }, async () => {
    let node = await cluster.start();
    const owner = await HttpPerson.open(node.httpPort ?? 0, "owner");
    const chat = await owner.chat("tea");
    const keyed = { form: { content: "once" }, headers: { "Idempotency-Key": "the-key" } };
    const first = JSON.parse((await owner.ask(`/chats/${chat}/messages`, keyed)).body) as { seq: number };
    for (let number = 2; number <= 6; number++) await owner.post(chat, `message ${number}`);
    expect(await repair()).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing was changed") });

    for (let round = 1; round <= ROUNDS; round++) {
      const before = (await owner.at(node.httpPort ?? 0).messages(chat)).length;
      await until(
        STORED_WITHIN_MS,
        () => "the store to have all",
        async () => (await cluster.stored(chat)).records.length > before || undefined,
      );
      await node.kill("SIGKILL");
      await hand.deleteTopics(cluster.topic);
      expect((await cluster.refused()).stderr).toContain("verbatim repair");
      const { code, stdout, stderr } = await repair();
      expect(code, stderr).toBe(0);
      expect(stdout).toContain("takes the place");

      node = await cluster.start();
      const again = owner.at(node.httpPort ?? 0);
      expect((await again.messages(chat)).length).toBe(before);
      // The key is known still: the same message, and no second one.
      expect(JSON.parse((await again.ask(`/chats/${chat}/messages`, keyed)).body)).toMatchObject({ seq: first.seq });
      const said = await again.ask(`/chats/${chat}/messages`, { form: { content: `after ${round}` } });
      expect(JSON.parse(said.body)).toMatchObject({ seq: before + 2, content: `after ${round}` });
      const stored = await until(
        STORED_WITHIN_MS,
        () => "the store to have what was said after",
        async () => {
          const { records } = await cluster.stored(chat);
          return records.length === before + 2 ? records : undefined;
        },
      );
      expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
    }
  });
});
