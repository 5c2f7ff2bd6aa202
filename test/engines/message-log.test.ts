/** The log on a real topic: the contract that every log is held to, and what only a topic can bring. */
import { expect, it } from "vitest";
import { ensureTopic } from "../../src/server/kafka/topics.ts";
import type { KafkaLog } from "../../src/server/log/kafka.ts";
import { encodeKafkaRecord } from "../../src/server/log/kafka-encode.ts";
import type { LogRecord } from "../../src/server/record.ts";
import { messageLogContract } from "../contract/message-log.ts";
import { engines } from "../support/engines.ts";
import { kafkaAt, makeTopic, type TestTopic } from "../support/kafka-topics.ts";
import { message, messages } from "../support/log-records.ts";
import { until } from "../support/until.ts";

/** How long anything may take, on a machine that is busy with others. */
const WITHIN_MS = 60_000;

const withKey = (record: LogRecord): LogRecord => ({ ...record, key: record.key ?? record.id });

messageLogContract("a Kafka topic", async () => {
  const topic = await makeTopic(engines().kafka);
  let current = await topic.openLog();
  return {
    log: current,
    reopen: async () => {
      await current.close();
      current = await topic.openLog();
      return current;
    },
    asRead: (records) => records.map(withKey),
    trimsFew: true,
    cleanup: async () => {
      await current.close();
      await topic.remove();
    },
  };
});

/** Runs a test with a topic and a log on it, and takes both away. */
async function withLog(body: (log: KafkaLog, topic: TestTopic) => Promise<void>): Promise<void> {
  const topic = await makeTopic(engines().kafka);
  const log = await topic.openLog();
  try {
    await body(log, topic);
  } finally {
    await log.close();
    await topic.remove();
  }
}

/** Reads from a position on until there are so many, `undefined` where one is set aside. */
async function take(log: KafkaLog, from: number, count: number, partition = 0): Promise<(LogRecord | undefined)[]> {
  const taken: (LogRecord | undefined)[] = [];
  const signal = AbortSignal.timeout(WITHIN_MS);
  for await (const batch of log.read(partition, from, signal)) {
    expect(batch.from).toBe(from + taken.length);
    taken.push(...batch.records);
    if (taken.length >= count) return taken;
  }
  throw new Error(`only ${taken.length} of ${count} came`);
}

it("PROJ-5 what others write into the topic is set aside, what they write whole counts, compressed or not", () =>
  withLog(async (log, topic) => {
    const foreign = message(7, { key: "theirs" });
    const { value } = encodeKafkaRecord(foreign);
    await log.append(0, [message(0)]);
    await topic.write(["hello", null, "", "{}", Buffer.from([0xff, 0xfe, 0]), "x".repeat(500_000), value]);
    await topic.write([value, "[]"], { compression: "gzip" });
    await topic.write(["1", value], { compression: "lz4" });
    await topic.write([value, value], { compression: "snappy" });
    await log.append(0, [message(1)]);
    const none = undefined;
    expect(await take(log, 0, 15)).toEqual([
      ...[withKey(message(0)), none, none, none, none, none, none, foreign],
      ...[foreign, none, none, foreign, foreign, foreign, withKey(message(1))],
    ]);
    // From within a batch that is compressed.
    expect(await take(log, 11, 3)).toEqual([foreign, foreign, foreign, withKey(message(1))].slice(0, 4));
  }));

it("LOG-2 appends to many partitions at once each keep their own order", () =>
  withLog(async (log) => {
    const positions: Promise<number>[] = [];
    for (let number = 0; number < 400; number += 1) positions.push(log.append(number % 2, [message(number)]));
    expect(await Promise.all(positions)).toEqual(Array.from({ length: 400 }, (_, number) => Math.floor(number / 2)));
    for (const partition of [0, 1]) {
      const own = messages(0, 400).filter((_, number) => number % 2 === partition);
      expect(await take(log, 0, 200, partition)).toEqual(own.map(withKey));
    }
  }));

it("LOG-3 several logs on one topic, as several nodes have, append and see the same order", () =>
  withLog(async (first, topic) => {
    const second = await topic.openLog();
    try {
      const appends: Promise<number>[] = [];
      for (let number = 0; number < 300; number += 1) {
        appends.push((number % 3 === 0 ? first : second).append(0, [message(number)]));
      }
      await Promise.all(appends);
      const [one, other] = await Promise.all([take(first, 0, 300), take(second, 0, 300)]);
      expect(other).toEqual(one);
      const numbers = new Set(one.map((record) => record?.id));
      expect(numbers.size).toBe(300);
    } finally {
      await second.close();
    }
  }));

it("LOG-3 a reader far behind does not hold up those at the end", () =>
  withLog(async (log) => {
    const body = JSON.stringify("x".repeat(2000));
    for (let number = 0; number < 2000; number += 20) await log.append(0, messages(number, number + 20, { body }));
    const { end } = await log.bounds(0);
    const atEnd = take(log, end, 50);
    const behind = take(log, 0, end + 50);
    for (let number = 0; number < 50; number += 1) await log.append(0, [message(5000 + number)]);
    expect(await atEnd).toEqual(messages(5000, 5050).map(withKey));
    expect(await behind).toHaveLength(end + 50);
  }));

it("CMD-4 the bounds that one node asks for hold what another has just been told is durable", () =>
  withLog(async (first, topic) => {
    const second = await topic.openLog();
    try {
      for (let number = 0; number < 100; number += 1) {
        const position = await first.append(0, [message(number)]);
        expect((await second.bounds(0)).end).toBe(position + 1);
      }
    } finally {
      await second.close();
    }
  }));

it("finds the position that a moment began at", () =>
  withLog(async (log) => {
    await log.append(0, messages(0, 5));
    expect(await log.positionAt(0, 0)).toBe(0);
    expect(await log.positionAt(0, Date.now() + 60_000)).toBe(5);
    await log.trim(0, 3);
    expect(await log.positionAt(0, 0)).toBe(3);
  }));

it("a topic that was deleted and made again ends reads and refuses appends, until somebody repairs that", () =>
  withLog(async (log, topic) => {
    await log.append(0, messages(0, 3));
    const ended = expect(take(log, 0, 1000)).rejects.toMatchObject({ name: "LogError", fault: "replaced" });
    await topic.remove();
    // Brokers go on naming a topic for a moment after it was deleted, when they may know nothing of its settings any more.
    let refusal: unknown;
    await until(
      WITHIN_MS,
      () => `the topic to be made anew; refused last: ${refusal}`,
      async () => {
        const made = await makeTopic(engines().kafka, "log", 2, topic.name).catch((error: unknown) => {
          refusal = error;
          return topic;
        });
        return made.topicId !== topic.topicId || undefined;
      },
    );
    await ended;
    expect(log.fault).toMatch(/made anew/);
    await expect(log.append(0, [message(9)])).rejects.toMatchObject({ failure: "not_sent" });
    await expect(take(log, 0, 1)).rejects.toMatchObject({ fault: "replaced" });
  }));

it("names each setting of a topic that is not as it should be", async () => {
  const topic = await makeTopic(engines().kafka, "signals", 1);
  try {
    const settings = { name: topic.name, partitions: 3, replication: 2, kind: "log", create: false } as const;
    const { differences } = await ensureTopic(kafkaAt(engines().kafka), settings);
    expect(differences).toEqual([
      "partitions is 1, should be 3",
      "the replication factor is 1, should be 2",
      "retention.ms is 300000, should be -1",
      "max.message.bytes is 1048588, should be 4194304",
    ]);
  } finally {
    await topic.remove();
  }
});
