/**
 * Around the stages: opens the adapters of a node of a cluster, over brokers and a database that exist. Loaded when a
 * cluster is configured, so that a server by itself carries no driver.
 */

import type { ClusterConfig, KafkaConfig } from "../config/config.ts";
import { showListen } from "../config/values.ts";
import { openCqlDirectory } from "../directory/cql.ts";
import { agreeOnFacts, type ClusterFacts, continuation, continueWith, readFacts } from "../directory/cql-facts.ts";
import type { KafkaOptions } from "../kafka/connection.ts";
import { type EnsuredTopic, ensureTopic, TopicMissing, type TopicSettings } from "../kafka/topics.ts";
import { ContinuedLog } from "../log/continued.ts";
import { openKafkaLog } from "../log/kafka.ts";
import { nodeName } from "../node-name.ts";
import { foldFromStore } from "../projector/fold-from-store.ts";
import type { KeptSnapshots } from "../projector/fold-starts.ts";
import { KEY_WINDOW } from "../projector/key-window.ts";
import { FOLD_VERSION } from "../projector/sequencer.ts";
import { encodeSnapshot } from "../projector/snapshot.ts";
import { openKafkaSignals } from "../signals/kafka.ts";
import { StartError } from "../start-error.ts";
import { openCqlStore } from "../store/cql.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { CLUSTER_FORMAT, checkAgreement, lostTopic } from "./agreement.ts";
import { Closings } from "./closings.ts";
import { type Database, databaseName, openDatabase } from "./database.ts";
import { blamed } from "./engine-blame.ts";
import { kafkaOptions } from "./engine-options.ts";
import { EngineWait } from "./engine-wait.ts";
import type { Engines, EnginesStart } from "./engines.ts";

const SECOND_MS = 1000;
const HOUR_MS = 60 * 60 * SECOND_MS;

/** What `verbatim migrate` did. */
export interface Migrated {
  /** The migrations that ran now, ascending. */
  readonly ran: readonly number[];
  /** How many public rooms there are. */
  readonly rooms: number;
  readonly partitions: number;
}

/** The engines, reached. */
interface Reached extends Database {
  readonly brokers: KafkaOptions;
  readonly wait: EngineWait;
}

/** What stands ready before the adapters open. */
interface Ground extends Reached {
  readonly facts: ClusterFacts;
}

/** In a cluster the snapshots stand in the store alone. */
const KEPT_NOWHERE: KeptSnapshots = {
  keep: async () => undefined,
  oldest: async () => undefined,
  newest: async () => undefined,
  drop: async () => undefined,
};

/**
 * Opens log, store, directory and signals of a node. Throws a `StartError` where one can't be opened, or where this node
 * is not like the others.
 */
export async function openCluster(start: EnginesStart, cluster: ClusterConfig): Promise<Engines> {
  const { config, clock, chance, telemetry } = start;
  const closings = new Closings((error) => telemetry.internalError("close", error));
  try {
    const { session, brokers, facts, rooms } = await prepare(start, cluster, closings);
    const { topic, signalsTopic, keepHours } = cluster.kafka;
    const store = await openCqlStore({
      session,
      damaged: (error) => telemetry.internalError("store damage", error),
    });
    closings.push(() => store.close());
    const directory = await openCqlDirectory({ session, writer: "server" });
    closings.push(() => directory.close());
    const signals = await openKafkaSignals({
      ...{ connection: brokers, topic: signalsTopic, clock },
      listenerFailed: (error) => telemetry.internalError("signals", error),
      failed: (error) => telemetry.internalError("signals", error),
    });
    closings.push(() => signals.close());
    const log = await openKafkaLog({
      ...{ connection: brokers, topic, topicId: facts.topicId, partitions: facts.partitions, clock },
      limits: config.limits,
      failed: (error) => telemetry.internalError("log", error),
    });
    closings.push(() => log.close());
    const before = await continuation(session, facts.topicId);
    const bases = before?.bases ?? [];
    return {
      ...{ store, directory, signals, rooms, node: nodeName(chance), kept: KEPT_NOWHERE },
      log: before === undefined ? log : new ContinuedLog(log, bases),
      logFault: () => log.fault,
      oldestToKeep:
        keepHours === undefined
          ? undefined
          : async (partition) =>
              (await log.positionAt(partition, clock.now() - keepHours * HOUR_MS)) + (bases[partition] ?? 0),
      close: () => closings.close(),
    };
  } catch (error) {
    await closings.close();
    throw error;
  }
}

/** Makes tables and topics as a node does that may, and closes everything again. Throws a `StartError`. */
export async function migrateCluster(start: EnginesStart, cluster: ClusterConfig): Promise<Migrated> {
  const closings = new Closings((error) => start.telemetry.internalError("close", error));
  try {
    const { ran, rooms, facts } = await prepare(start, { ...cluster, migrates: true }, closings);
    return { ran, rooms: rooms.length, partitions: facts.partitions };
  } finally {
    await closings.close();
  }
}

/** What `verbatim repair` did with a cluster. */
export interface RepairedCluster {
  /** The position at which each partition goes on; `undefined` where the topic is the one that was agreed on. */
  readonly bases: readonly number[] | undefined;
}

/**
 * Lets a cluster whose topic is lost go on with the one that has its name now, made where there is none: from what the
 * store knows of each partition. What the store did not have yet is lost with the topic. While no node runs. Throws a
 * `StartError`.
 */
export async function repairCluster(start: EnginesStart, cluster: ClusterConfig): Promise<RepairedCluster> {
  const { telemetry } = start;
  const closings = new Closings((error) => telemetry.internalError("close", error));
  try {
    const reached = await reach(start, { ...cluster, migrates: false }, closings);
    const { session } = reached;
    const agreed = await readFacts(session);
    if (agreed === undefined)
      throw new StartError("no node of this cluster has ever started: there is nothing to repair");
    const { partitions } = agreed;
    const topic = await ensureTopics(
      reached,
      { ...cluster, migrates: true },
      { partitions, agreed: undefined },
      telemetry,
    );
    if (topic.topicId === agreed.topicId) return { bases: undefined };
    if (topic.partitions !== partitions) {
      throw new StartError(
        `the topic ${cluster.kafka.topic} has ${topic.partitions} partitions, and the rooms live in ${partitions}: remove it, and it is made with as many`,
      );
    }
    const store = await openCqlStore({ session, damaged: (error) => telemetry.internalError("store damage", error) });
    closings.push(() => store.close());
    const bases: number[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const { position, ...state } = await foldFromStore(partition, partitions, store);
      const snapshot = { position, bytes: encodeSnapshot(state) };
      const from = await store.checkpoint(partition);
      await store.write({ partition, from, to: position, records: [], removals: [], snapshot });
      bases.push(position);
    }
    const facts = await continueWith(session, agreed.topicId, { topicId: topic.topicId, bases });
    if (facts?.topicId !== topic.topicId)
      throw new StartError("another repair was faster; look whether the nodes start now");
    return { bases };
  } finally {
    await closings.close();
  }
}

/** Reads how the brokers are reached, and opens the database, which is closed with the rest. */
async function reach(start: EnginesStart, cluster: ClusterConfig, closings: Closings): Promise<Reached> {
  const { config, clock, telemetry, signal } = start;
  const wait = new EngineWait({ withinMs: cluster.engineWaitSeconds * SECOND_MS, clock, telemetry, signal });
  const brokers = await kafkaOptions(cluster.kafka);
  const database = await openDatabase({ ...start, roomsFile: config.rooms }, cluster, wait);
  closings.push(() => database.session.close());
  return { ...database, brokers, wait };
}

/** Reaches both engines and makes sure of tables and topics, and that this node fits to the others. */
async function prepare(start: EnginesStart, cluster: ClusterConfig, closings: Closings): Promise<Ground> {
  const { telemetry } = start;
  const reached = await reach(start, cluster, closings);
  const { session, ran, wait } = reached;
  if (ran.length > 0) telemetry.logger.info({ migrations: ran, keyspace: session.keyspace }, "migrated the database");

  const ask = <T>(work: () => Promise<T>): Promise<T> => wait.for(databaseName(cluster.cql), work);
  const agreed = await ask(() => readFacts(session));
  const partitions = agreed?.partitions ?? cluster.kafka.partitions;
  const topic = await ensureTopics(reached, cluster, { partitions, agreed }, telemetry);
  const own: ClusterFacts = {
    partitions: topic.partitions,
    hash: "murmur2",
    keyWindow: KEY_WINDOW,
    foldVersion: FOLD_VERSION,
    topicId: topic.topicId,
    format: CLUSTER_FORMAT,
  };
  const facts = await ask(() => agreeOnFacts(session, own));
  checkAgreement(facts, own, { keyspace: session.keyspace, topic: cluster.kafka.topic });
  return { ...reached, facts };
}

/** Makes sure of both topics; resolves with the log's, of which a history may have been read already: `agreed`. */
async function ensureTopics(
  { brokers, wait }: Reached,
  { kafka, cql, migrates }: ClusterConfig,
  { partitions, agreed }: { readonly partitions: number; readonly agreed: ClusterFacts | undefined },
  telemetry: Telemetry,
): Promise<EnsuredTopic> {
  const { topic: name, signalsTopic, replication } = kafka;
  const ensure = async (settings: TopicSettings): Promise<EnsuredTopic> => {
    const ensured = await wait.for(brokersName(kafka), async () => {
      try {
        return await ensureTopic(brokers, settings);
      } catch (error) {
        if (!(error instanceof TopicMissing)) throw blamedBrokers(kafka, error);
        const lost = settings.kind === "log" && agreed !== undefined;
        const missing = `there is no topic ${settings.name} yet; run verbatim migrate first`;
        throw new StartError(lost ? lostTopic({ keyspace: cql.keyspace, topic: name }) : missing, { cause: error });
      }
    });
    const { partitions: has, replication: replicas } = ensured;
    telemetry.logger.info({ topic: settings.name, partitions: has, replicas }, "the topic stands");
    return ensured;
  };
  // One that a history was read from is never made anew without a word.
  const log = await ensure({ name, partitions, replication, kind: "log", create: migrates && agreed === undefined });
  acceptTopic(kafka, log.differences, telemetry);
  await ensure({ name: signalsTopic, partitions: 1, replication, kind: "signals", create: migrates });
  return log;
}

/** A topic whose settings may lose what was acknowledged is taken only where somebody says so. */
function acceptTopic({ topic, acceptTopic }: KafkaConfig, differences: readonly string[], telemetry: Telemetry): void {
  if (differences.length === 0) return;
  for (const difference of differences) telemetry.logger.warn({ topic }, `topic ${topic}: ${difference}`);
  if (acceptTopic) return;
  throw new StartError(
    `the topic ${topic} is not as it should be: ${differences.join("; ")}; set it so, or take it as it is with --accept-topic`,
  );
}

const brokersName = ({ addresses }: KafkaConfig): string => `Kafka at ${addresses.map(showListen).join(", ")}`;

const blamedBrokers = (kafka: KafkaConfig, error: unknown): unknown =>
  blamed(error, { name: "kafka", who: brokersName(kafka), config: kafka, mechanism: kafka.mechanism });
