/** Presence of nodes whose signals go over a real topic: what one says of its people the others know. */
import { expect, it } from "vitest";
import { systemClock } from "../../src/server/clock.ts";
import { Nodes } from "../../src/server/cluster/nodes.ts";
import { PRESENT_PER_SIGNAL_MAX, PresenceSharing } from "../../src/server/fanout/presence-sharing.ts";
import { openKafkaSignals } from "../../src/server/signals/kafka.ts";
import { engines } from "../support/engines.ts";
import { kafkaAt, makeTopic, type TestTopic } from "../support/kafka-topics.ts";
import { uuidOf } from "../support/log-records.ts";
import { until } from "../support/until.ts";

const ROOM = uuidOf(1);
const WITHIN_MS = 30_000;
/** A node is given up after 15 s of silence. */
const GIVEN_UP_WITHIN_MS = 60_000;

/** A node with nothing but its presence. */
async function start(topic: TestTopic, node: string) {
  const failures: unknown[] = [];
  const listenerFailed = (error: unknown): void => void failures.push(error);
  const connection = kafkaAt(engines().kafka);
  const clock = systemClock;
  // For how long a broker of a busy machine is in trouble with a topic that was made a moment ago is chance.
  const failed = (): void => undefined;
  const signals = await openKafkaSignals({ connection, topic: topic.name, clock, failed, listenerFailed });
  const people = new Set<string>();
  const hearer = {
    came: (_room: string, _user: string, name: string) => void people.add(name),
    left: (_room: string, _user: string, name: string) => void people.delete(name),
  };
  const nodes = new Nodes({ node, signals, clock });
  const sharing = new PresenceSharing({ node, nodes, signals, clock, hearer });
  nodes.start();
  return {
    ...{ nodes, sharing, people, failures },
    /** The first so many people come. */
    fill: (count: number): void => {
      for (let user = 1; user <= count; user++) sharing.came(ROOM, uuidOf(user), `user ${user}`);
    },
    /** As a node does that is told to stop. */
    stop: async (): Promise<void> => {
      sharing.close();
      nodes.close();
      await signals.close();
    },
    /** Without a word. */
    vanish: async (): Promise<void> => signals.close(),
  };
}

it("FAN-4 a newcomer learns of all who are there, then of each change, and of a goodbye at once", async () => {
  const topic = await makeTopic(engines().kafka, "signals", 1);
  const old = await start(topic, "old");
  const count = 2 * PRESENT_PER_SIGNAL_MAX + 7;
  old.fill(count);
  const young = await start(topic, "young");
  try {
    const knows = (people: number) =>
      until(
        WITHIN_MS,
        () => `${people} people`,
        async () => young.people.size === people || undefined,
      );
    await knows(count);
    young.sharing.came(ROOM, uuidOf(9000), "newcomer");
    await until(
      WITHIN_MS,
      () => "the newcomer",
      async () => old.people.has("newcomer") || undefined,
    );
    for (let user = 1; user <= 10; user++) old.sharing.left(ROOM, uuidOf(user));
    await knows(count - 10);
    expect(young.people.has("user 10")).toBe(false);
    expect(young.nodes.alive()).toEqual(["old", "young"]);
    await old.stop();
    await knows(0);
    await until(
      WITHIN_MS,
      () => "the goodbye",
      async () => young.nodes.alive().length === 1 || undefined,
    );
    expect([...old.failures, ...young.failures]).toEqual([]);
  } finally {
    await old.stop();
    await young.stop();
    await topic.remove();
  }
});

it("FAN-4 of a node that is not heard any more nobody is present", async () => {
  const topic = await makeTopic(engines().kafka, "signals", 1);
  const gone = await start(topic, "gone");
  const other = await start(topic, "other");
  try {
    gone.fill(3);
    await until(
      WITHIN_MS,
      () => "3 people",
      async () => other.people.size === 3 || undefined,
    );
    await gone.vanish();
    await until(
      GIVEN_UP_WITHIN_MS,
      () => "nobody",
      async () => other.people.size === 0 || undefined,
    );
    expect(other.nodes.alive()).toEqual(["other"]);
  } finally {
    await gone.stop();
    await other.stop();
    await topic.remove();
  }
});
