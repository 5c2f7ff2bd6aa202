/**
 * Load tool, the engines: clients of a Kafka-API broker and a CQL database, for the plain way and for removing what a
 * measurement made. The only file of the tool that imports those libraries, and it does when they are first needed.
 */
import type { Consumer, Producer } from "@platformatic/kafka";
import type { Client } from "cassandra-driver";
import { parseAddress } from "../launch.ts";

/** Where the engines are, and what of them one measurement has for itself. */
export interface EngineNames {
  /** `HOST:PORT,…` of the brokers. */
  readonly kafka: string;
  /** `HOST:PORT,…` of the database's nodes. */
  readonly cql: string;
  readonly topic: string;
  readonly keyspace: string;
}

/** Consistency of all reads and writes: a majority of the replicas, as the server has it. */
const QUORUM = 4;

/** Taking away takes its time on a busy database, in ms. */
const DROP_WITHIN_MS = 60_000;

const ONE_REPLICA = "{'class': 'SimpleStrategy', 'replication_factor': 1}";

/** A client of the database within the measurement's keyspace, which is made where it is missing. */
export async function openDatabase({ cql, keyspace }: EngineNames): Promise<Client> {
  const outside = await connectDatabase(cql, undefined);
  await outside.execute(`CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = ${ONE_REPLICA}`);
  await outside.shutdown();
  return await connectDatabase(cql, keyspace);
}

/** Takes the keyspace away, with all that is in it. */
export async function dropKeyspace({ cql, keyspace }: EngineNames): Promise<void> {
  const client = await connectDatabase(cql, undefined);
  try {
    await client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`, [], { readTimeout: DROP_WITHIN_MS });
  } finally {
    await client.shutdown();
  }
}

async function connectDatabase(cql: string, keyspace: string | undefined): Promise<Client> {
  const { Client, policies } = await import("cassandra-driver");
  const client = new Client({
    contactPoints: cql.split(","),
    // Whoever measures should not have to know the name of a datacenter, which the driver's default asks for.
    policies: {
      loadBalancing: new policies.loadBalancing.TokenAwarePolicy(new policies.loadBalancing.RoundRobinPolicy()),
    },
    queryOptions: { prepare: true, consistency: QUORUM },
    ...(keyspace === undefined ? {} : { keyspace }),
  });
  await client.connect();
  return client;
}

/** A producer whose sends are answered once all in-sync replicas have them; sends may overlap. */
export async function openProducer(names: EngineNames): Promise<Producer> {
  const { Producer } = await loadKafka();
  return new Producer({ ...clientOf(names), acks: -1, idempotent: false });
}

/** A consumer of a group of its own. */
export async function openConsumer(names: EngineNames): Promise<Consumer> {
  const { Consumer } = await loadKafka();
  return new Consumer({ ...clientOf(names), groupId: names.topic });
}

/** Makes the measurement's topic. */
export async function makeTopic(names: EngineNames, partitions: number): Promise<void> {
  await withAdmin(names, (admin) => admin.createTopics({ topics: [names.topic], partitions, replicas: 1 }));
}

/** Takes every topic away whose name begins with the measurement's. */
export async function dropTopics(names: EngineNames): Promise<void> {
  await withAdmin(names, async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(names.topic));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  });
}

type KafkaLibrary = typeof import("@platformatic/kafka");

async function withAdmin<T>(names: EngineNames, act: (admin: InstanceType<KafkaLibrary["Admin"]>) => Promise<T>) {
  const { Admin } = await loadKafka();
  const admin = new Admin(clientOf(names));
  try {
    return await act(admin);
  } finally {
    await admin.close();
  }
}

function clientOf({ kafka }: EngineNames): { clientId: string; bootstrapBrokers: { host: string; port: number }[] } {
  return { clientId: "verbatim-bench", bootstrapBrokers: kafka.split(",").map(parseAddress) };
}

/** The library needs `Promise.withResolvers`, which Node 20 does not have. */
async function loadKafka(): Promise<KafkaLibrary> {
  if (!("withResolvers" in Promise)) Object.assign(Promise, { withResolvers });
  return await import("@platformatic/kafka");
}

function withResolvers(): {
  promise: Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
} {
  let resolve: (value: unknown) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<unknown>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}
