/**
 * Beside stage 3: makes the topics of a cluster and says where one that stands is not as it should be. A topic that drops
 * records by itself, or that a broker may lose the end of, would break what the log promises. Touches the network.
 */
import { type Clock, pause, systemClock } from "../clock.ts";
import type { KafkaClient, KafkaOptions } from "./connection.ts";
import { openKafkaClient } from "./connection.ts";
import { askTopic, type TopicAnswer, TopicForbidden, type TopicMetadata, throwIfForbidden } from "./topic-metadata.ts";

/** A topic as it should be. */
export interface TopicSettings {
  readonly name: string;
  readonly partitions: number;
  /** Copies of each partition; `undefined` = three, or as many as there are brokers; one that stands has what it has. */
  readonly replication: number | undefined;
  /** `log` keeps everything for ever; `signals` forgets after some minutes. */
  readonly kind: "log" | "signals";
  /** Whether it is made where there is none. */
  readonly create: boolean;
}

/** A topic that stands. */
export interface EnsuredTopic {
  readonly topicId: string;
  readonly partitions: number;
  /** Copies of the partition with the fewest. */
  readonly replication: number;
  /** One line for each setting that differs: what it is and what it should be. */
  readonly differences: readonly string[];
}

/** A topic could not be made, or what it is can't be found out. */
class TopicError extends Error {
  override readonly name = "TopicError";
}

/** There is no such topic, and it was not to be made. */
export class TopicMissing extends Error {
  override readonly name = "TopicMissing";
}

/** The largest batch that the log's topic takes, in bytes: several times `appendBytesMax`, for JSON is longer than our own encoding. */
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** Copies of a topic for which nobody asked otherwise, where there are as many brokers. */
const REPLICATION_USUAL = 3;
const SIGNALS_KEPT_MS = 5 * 60_000;
const REQUEST_MS_MAX = 10_000;
/** How long a topic takes to appear after it was made, in looks of `LOOK_MS` each. */
const LOOKS_MAX = 50;
const LOOK_MS = 100;
const TOPIC_EXISTS = 36;
const TOPIC_RESOURCE = 2;

/** The settings of a topic, as they are given when it is made and looked for when it stands. */
function wantedConfig(kind: TopicSettings["kind"], replication: number): Map<string, string> {
  const config = new Map([
    ["cleanup.policy", "delete"],
    ["unclean.leader.election.enable", "false"],
    // The order of time in a partition is the broker's, whatever clocks the nodes have: `positionAt` relies on it.
    ["message.timestamp.type", "LogAppendTime"],
  ]);
  if (kind === "log") {
    config.set("retention.ms", "-1").set("retention.bytes", "-1").set("max.message.bytes", String(BATCH_BYTES_MAX));
  } else {
    config.set("retention.ms", String(SIGNALS_KEPT_MS)).set("segment.ms", String(SIGNALS_KEPT_MS));
  }
  if (replication >= 3) config.set("min.insync.replicas", "2");
  return config;
}

/**
 * Makes a topic where there is none (`create`), and says how the one that stands differs from what is wanted. Throws a
 * `TopicMissing`, a `TopicForbidden`, or a `TopicError`; anything else says that no broker can be reached.
 */
export async function ensureTopic(
  options: KafkaOptions,
  settings: TopicSettings,
  clock: Clock = systemClock,
): Promise<EnsuredTopic> {
  const client = await openKafkaClient(options, "topics", REQUEST_MS_MAX);
  try {
    const found = await askTopic(client, settings.name, true);
    if (found.topic === undefined) {
      if (!settings.create) throw new TopicMissing(`there is no topic ${settings.name}`);
      await createTopic(client, found, settings);
    }
    const topic = found.topic ?? (await waitForTopic(client, settings, clock));
    if (topic.mayNot.length > 0) throw new TopicForbidden(topic.mayNot.join(" and "), settings.name);
    return {
      topicId: topic.topicId,
      partitions: topic.leaders.length,
      replication: topic.replication,
      differences: [...shapeDifferences(topic, settings), ...(await configDifferences(client, settings, topic))],
    };
  } finally {
    await client.close();
  }
}

interface CreateAnswer {
  readonly topics: readonly { readonly errorCode: number; readonly errorMessage?: string | null }[];
}

async function createTopic(
  client: KafkaClient,
  { controller, brokers }: TopicAnswer,
  settings: TopicSettings,
): Promise<void> {
  const { name, partitions, kind } = settings;
  const replication = settings.replication ?? Math.min(REPLICATION_USUAL, brokers);
  const configs = [...wantedConfig(kind, replication)].map(([key, value]) => ({ name: key, value }));
  const topic = { name, numPartitions: partitions, replicationFactor: replication, assignments: [], configs };
  const { topics } = await client.ask<CreateAnswer>(controller, "CreateTopics", [topic], REQUEST_MS_MAX, false);
  const { errorCode, errorMessage } = topics[0] ?? { errorCode: -1 };
  // Two nodes that start at once both make it, and one of them is first.
  if (errorCode === 0 || errorCode === TOPIC_EXISTS) return;
  throwIfForbidden(errorCode, "Create", name);
  throw new TopicError(`the topic ${name} could not be made: ${errorMessage ?? "the broker"} (${errorCode})`);
}

/** Waits until every partition of a topic that was made has a leader. */
async function waitForTopic(client: KafkaClient, { name }: TopicSettings, clock: Clock): Promise<TopicMetadata> {
  let last: unknown;
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    try {
      const { topic } = await askTopic(client, name, true);
      if (topic?.leaders.every((leader) => leader !== undefined)) return topic;
    } catch (error) {
      if (error instanceof TopicForbidden) throw error;
      last = error;
    }
    await pause(clock, LOOK_MS);
  }
  throw new TopicError(`the topic ${name} was made but has no leaders`, { cause: last });
}

function shapeDifferences(topic: TopicMetadata, { partitions, replication }: TopicSettings): string[] {
  const differences: string[] = [];
  if (topic.leaders.length !== partitions) {
    differences.push(`partitions is ${topic.leaders.length}, should be ${partitions}`);
  }
  if (replication !== undefined && topic.replication < replication) {
    differences.push(`the replication factor is ${topic.replication}, should be ${replication}`);
  }
  return differences;
}

interface ConfigAnswer {
  readonly results: readonly {
    readonly errorCode: number;
    readonly configs: readonly { readonly name: string; readonly value: string | null }[];
  }[];
}

async function configDifferences(
  client: KafkaClient,
  settings: TopicSettings,
  { replication }: TopicMetadata,
): Promise<string[]> {
  const resource = { resourceType: TOPIC_RESOURCE, resourceName: settings.name, configurationKeys: null };
  const { results } = await client.ask<ConfigAnswer>(undefined, "DescribeConfigs", [resource], false, false);
  const [result] = results;
  throwIfForbidden(result?.errorCode ?? 0, "DescribeConfigs", settings.name);
  if (result === undefined || result.errorCode !== 0) {
    throw new TopicError(`the settings of the topic ${settings.name} can't be read (${result?.errorCode ?? -1})`);
  }
  const found = new Map(result.configs.map(({ name, value }) => [name, value]));
  return [...wantedConfig(settings.kind, replication)].flatMap(([name, wanted]) => {
    const value = found.get(name);
    return isGoodEnough(name, value, wanted) ? [] : [`${name} is ${value ?? "not known"}, should be ${wanted}`];
  });
}

/** Whether a setting will do: the same, or on the safe side of it. */
function isGoodEnough(name: string, value: string | null | undefined, wanted: string): boolean {
  if (value === undefined || value === null) {
    // What a broker does not have it can't be asked for: Redpanda, for one, never elects a leader uncleanly.
    return name === "unclean.leader.election.enable" || name === "min.insync.replicas";
  }
  if (name === "max.message.bytes" || name === "min.insync.replicas") return Number(value) >= Number(wanted);
  return value.toLowerCase() === wanted.toLowerCase();
}
