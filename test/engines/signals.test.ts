/** Signals over a real topic: the contract that all signals are held to, and what reaches other nodes. */
import { expect, it } from "vitest";
import { type Clock, systemClock } from "../../src/server/clock.ts";
import { type KafkaSignals, openKafkaSignals } from "../../src/server/signals/kafka.ts";
import type { Signal } from "../../src/server/signals/signals.ts";
import { signalsContract } from "../contract/signals.ts";
import { engines } from "../support/engines.ts";
import { kafkaAt, makeTopic, type TestTopic } from "../support/kafka-topics.ts";
import { uuidOf } from "../support/log-records.ts";
import { until } from "../support/until.ts";

/** How long others may take to hear, on a machine that is busy with others. */
const WITHIN_MS = 30_000;

/**
 * A topic whose leader serves: the broker names it a moment before that, and a node that came then would listen from
 * wherever the end is once it does, which may be after the first signals.
 */
async function signalsTopic(): Promise<TestTopic> {
  const topic = await makeTopic(engines().kafka, "signals", 1);
  const log = await topic.openLog();
  await until(
    WITHIN_MS,
    () => "the leader to say where the topic ends",
    () => log.bounds(0).catch(() => undefined),
  );
  await log.close();
  return topic;
}

/** One node's signals. */
async function openNode(topic: TestTopic, address = engines().kafka, clock: Clock = systemClock) {
  const thrown: unknown[] = [];
  const failures: unknown[] = [];
  const signals = await openKafkaSignals({
    ...{ connection: kafkaAt(address), topic: topic.name, clock },
    listenerFailed: (error) => thrown.push(error),
    failed: (error) => failures.push(error),
  });
  return { signals, thrown, failures };
}

const typing = (node: string, number: number): Signal => ({
  ...{ type: "typing", node, room: uuidOf(1) },
  ...{ user: uuidOf(number), userName: `üser ${number}` },
});

signalsContract("a Kafka topic", async () => {
  const topic = await signalsTopic();
  const { signals, thrown } = await openNode(topic);
  return {
    ...{ signals, thrown },
    cleanup: async () => {
      await signals.close();
      await topic.remove();
    },
  };
});

/** Runs a test with two nodes on one topic. */
async function withNodes(
  body: (one: KafkaSignals, other: KafkaSignals, topic: TestTopic) => Promise<void>,
): Promise<void> {
  const topic = await signalsTopic();
  const one = await openNode(topic);
  const other = await openNode(topic);
  try {
    await body(one.signals, other.signals, topic);
    expect([one.thrown, other.thrown, one.failures, other.failures]).toEqual([[], [], [], []]);
  } finally {
    await one.signals.close();
    await other.signals.close();
    await topic.remove();
  }
}

/** Collects what somebody hears. */
function ear(signals: KafkaSignals): Signal[] {
  const heard: Signal[] = [];
  signals.subscribe((signal) => heard.push(signal));
  return heard;
}

it("what one node says all others hear, each signal once and in its order, itself too", () =>
  withNodes(async (one, other) => {
    const [heardByOne, heardByOther] = [ear(one), ear(other)];
    const said = Array.from({ length: 500 }, (_, number) => typing("one", number));
    for (const signal of said) one.publish(signal);
    expect(heardByOne).toEqual(said);
    other.publish(typing("other", 1));
    await until(
      WITHIN_MS,
      () => `500 signals; ${heardByOther.length}`,
      () => heardByOther.length >= 501 || undefined,
    );
    await until(
      WITHIN_MS,
      () => "the answer",
      () => heardByOne.length >= 501 || undefined,
    );
    expect(heardByOther.filter(({ node }) => node === "one")).toEqual(said);
    expect(heardByOne).toEqual([...said, typing("other", 1)]);
    expect(heardByOther).toHaveLength(501);
  }));

it("kinds of a newer program pass; what is no signal is left out", () =>
  withNodes(async (one, other, topic) => {
    const heard = ear(other);
    const newer = { type: "shine", node: "newer", how: ["bright"] } as unknown as Signal;
    await topic.write(["x", null, "[]", '{"from":"a"}', '{"from":"a","signals":[1,{"type":"x"},{"node":"y"},null]}']);
    one.publish(newer);
    await until(
      WITHIN_MS,
      () => "the signal",
      () => heard[0],
    );
    expect(heard).toEqual([newer]);
  }));

it("a node that comes later hears nothing of the past", () =>
  withNodes(async (one, other, topic) => {
    const heardByOther = ear(other);
    one.publish(typing("one", 1));
    // Only then it is past for whoever comes.
    await until(
      WITHIN_MS,
      () => "the first",
      () => heardByOther[0],
    );
    const heard = ear(one);
    const third = await openNode(topic);
    third.signals.publish(typing("third", 1));
    await until(
      WITHIN_MS,
      () => "the third's",
      () => heard[0],
    );
    const late = ear(third.signals);
    one.publish(typing("one", 2));
    await until(
      WITHIN_MS,
      () => "the one after",
      () => late[0],
    );
    expect(late).toEqual([typing("one", 2)]);
    await third.signals.close();
  }));

it("what was published right before a close is heard by others", () =>
  withNodes(async (_, other, topic) => {
    const heard = ear(other);
    // How long a close waits for a broker is not what this is about: for this node no time goes by.
    const third = await openNode(topic, engines().kafka, { ...systemClock, monotonic: () => 0 });
    third.signals.publish({ type: "goodbye", node: "third" });
    await third.signals.close();
    await until(
      WITHIN_MS,
      () => "the goodbye",
      () => heard[0],
    );
    expect(heard).toEqual([{ type: "goodbye", node: "third" }]);
  }));

it("without a broker a node hears itself, waits for nothing and keeps no more than it may", async () => {
  const nowhere = { name: "nowhere" } as TestTopic;
  const { signals, failures } = await openNode(nowhere, "127.0.0.1:1");
  const heard = ear(signals);
  const userName = "x".repeat(100_000);
  for (let number = 0; number < 200; number += 1) signals.publish({ ...typing("alone", number), userName } as Signal);
  expect(heard).toHaveLength(200);
  await until(
    WITHIN_MS,
    () => "the complaint",
    () => failures[0],
  );
  expect(failures).toHaveLength(1);
  await signals.close();
});
