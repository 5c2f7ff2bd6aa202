/**
 * What others may do to the topic of a cluster: write what is no record into it, delete it and make it again, shorten it
 * behind the back of its nodes. What can be passed over is, alike on all nodes; anything else is said and refused, never
 * skipped in silence. Needs `dist/`.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { engines } from "../support/engines.ts";
import { type BrokerHand, brokerHand } from "../support/engines-broker.ts";
import type { Cluster, Node } from "../support/engines-cluster.ts";
import { clusterOfEachTest } from "../support/engines-faults.ts";
import { seed, sized } from "../support/faults-run.ts";
import { ask } from "../support/http-client.ts";
import { HttpPerson } from "../support/http-people.ts";
import { until } from "../support/until.ts";

const TALK = sized(200, 2_000);
const ROUNDS = sized(2, 20);
/** How long the store may take to have what was said, and a node to notice, on a machine that is busy with others. */
const WITHIN_MS = 60_000;

/** Values that are no records: nobody's, somebody else's, and ours broken. */
const POISON: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from("not JSON"),
  Buffer.from([0xff, 0xfe, 0x00, 0x80]),
  Buffer.from("null"),
  Buffer.from("{}"),
  Buffer.from('{"order":4711,"chat_id":"not-an-id","content":"hello"}'),
  Buffer.from('{"v":1,"kind":"message","chat_id":'),
  Buffer.from(`{"v":"1","kind":7,"chat_id":["x"],"message_id":null,"time":-1,"content":"${"x".repeat(500_000)}"}`),
];

let hand: BrokerHand;

const { open, talking } = clusterOfEachTest();

beforeAll(async () => {
  hand = await brokerHand(engines().kafka);
});

/** One node, and a room in which somebody has said so many things, all of which the store has. */
async function chatWith(messages: number): Promise<{
  readonly cluster: Cluster;
  readonly node: Node;
  readonly owner: HttpPerson;
  readonly chat: string;
  readonly partition: number;
}> {
  const cluster = await open();
  const node = await cluster.start();
  const owner = await HttpPerson.open(node.httpPort ?? 0, "owner");
  const chat = await owner.chat("tea");
  for (let number = 1; number <= messages; number++) await owner.post(chat, `message ${number}`);
  await until(
    WITHIN_MS,
    () => "the store to have all",
    async () => (await cluster.stored(chat)).records.length > messages || undefined,
  );
  return { cluster, node, owner, chat, partition: cluster.partitionOf(chat) };
}

/** Starts a node that must refuse; gives the one line that it said. */
async function refusal(cluster: Cluster): Promise<string> {
  const { code, stdout, stderr } = await cluster.refused();
  expect(stdout).not.toContain('"listening"');
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(/^verbatim: [^\n]+\n$/);
  return stderr;
}

describe(`a topic that others write into, seed ${seed}`, () => {
  it("PROJ-5 FAN-1 what is no record is set aside, counted and named, by every node alike, and stops nobody", {
    timeout: 300_000,
  }, async () => {
    const { cluster, nodes, people } = await talking(TALK);
    const partitions = people.rooms.map(({ name }) => cluster.partitionOf(name));
    for (let round = 0; round < ROUNDS; round++) {
      for (const partition of partitions) {
        for (const value of POISON) await hand.write(cluster.topic, partition, value);
      }
      await people.talk(TALK);
    }
    await people.settle();
    expect(await people.verdict()).toEqual([]);
    // A node that the machine let stand still has not heard from the log lately; nothing else explains a refusal.
    expect({ ...people.refusals, unavailable: 0 }).toEqual({ unavailable: 0 });

    const due = ROUNDS * partitions.length * POISON.length;
    for (const node of [...nodes, await cluster.start()]) {
      const { body } = await ask(node.httpPort ?? 0, "/metrics");
      const counted = Number(/^verbatim_records_set_aside_total (\d+)$/m.exec(body)?.[1]);
      // One that starts later reads on from a snapshot or the beginning: some, or all.
      if (nodes.includes(node)) expect(counted).toBe(due);
      else expect(counted).toBeLessThanOrEqual(due);
    }
    const said = nodes[0]?.logLines().filter(({ msg }) => String(msg).includes("set aside")) ?? [];
    expect(said.length).toBeGreaterThan(0);
    for (const line of said) {
      expect(partitions).toContain(line["partition"]);
      expect(line["position"]).toBeTypeOf("number");
    }
    // The third one has read the same.
    expect(await people.verdict()).toEqual([]);
  });
});

describe("a topic that is not what it was", () => {
  it("LOG-1 STOP-1 PROJ-5 deleted and made again: nothing is acknowledged, its node ends, and none starts on it", {
    timeout: 300_000,
  }, async () => {
    const { cluster, node, owner, chat } = await chatWith(10);
    const post = () => owner.ask(`/chats/${chat}/messages`, { form: { content: "into another topic" } });
    await hand.deleteTopics(cluster.topic);
    const gone = await post();
    expect(gone.status, gone.body).toBe(503);

    await hand.createTopic(cluster.topic, 4, {
      "retention.ms": "-1",
      "retention.bytes": "-1",
      "max.message.bytes": "8388608",
      "message.timestamp.type": "LogAppendTime",
    });
    let hasEnded = false;
    const ended = node.exited.then((exit) => {
      hasEnded = true;
      return exit;
    });
    await until(
      WITHIN_MS,
      () => "the node to end",
      async () => {
        const answer = await post().catch(() => undefined);
        // Whoever comes when it has ended finds nobody.
        if (answer === undefined) return (await ended) && true;
        expect(answer.status, answer.body).toBe(503);
        return hasEnded || undefined;
      },
    );
    expect(await ended).toEqual({ code: 1, signal: null });
    expect(node.stderr()).toContain(`the topic ${cluster.topic} was made anew`);
    const line = await refusal(cluster);
    expect(line).toContain("deleted");
    expect(line).toContain(cluster.keyspace);
  });

  it("STOP-1 PROJ-3 it ends before the store's checkpoint, or begins after it: refused, with partition and positions", {
    timeout: 300_000,
  }, async () => {
    const { cluster, node, partition } = await chatWith(10);
    expect(await node.kill("SIGTERM")).toEqual({ code: 0, signal: null });
    const session = await cluster.session();
    const readUpTo = (position: number): Promise<unknown> =>
      session.write(`INSERT INTO checkpoints (partition, position) VALUES (${partition}, ${position})`, []);
    await readUpTo(5000);
    const beyond = await refusal(cluster);
    expect(beyond).toContain("5000");
    expect(beyond).toMatch(new RegExp(`partition ${partition}\\b`));

    await hand.trim(cluster.topic, partition, 8);
    await readUpTo(3);
    await session.write("TRUNCATE snapshots", []);
    const hole = await refusal(cluster);
    expect(hole).toMatch(new RegExp(`partition ${partition}\\b`));
    expect(hole).toMatch(/\b8\b/);
  });
});
