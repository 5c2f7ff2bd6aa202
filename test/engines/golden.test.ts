/**
 * The golden exchanges over real sockets, on a node over real engines: the wire is the same, whatever keeps what is said.
 * Those that need an engine to fail at a certain moment are run on adapters that can.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, it } from "vitest";
import { GOLDEN_EXCHANGES, type GoldenExchange } from "../../src/protocol/golden-exchanges.ts";
import { systemChance, systemClock } from "../../src/server/clock.ts";
import type { ClusterConfig, Listen } from "../../src/server/config/config.ts";
import { type CqlSession, openCql } from "../../src/server/cql/session.ts";
import { tempFolder } from "../support/clean-checkout.ts";
import { engines } from "../support/engines.ts";
import { type GoldenSubject, runGolden } from "../support/golden-run.ts";
import { type TopicAdmin, topicAdmin } from "../support/kafka-admin.ts";
import { startLocalServer } from "../support/local-server.ts";

const HOOK_MS = 120_000;
/** Tables that say what the keyspace is, and not what was said. */
const KEPT_TABLES = ["migrations", "migration_lock"];

const keyspace = `golden_${randomBytes(5).toString("hex")}`;
// What is not kept on the disk is emptied within moments.
const replication = "{'class': 'SimpleStrategy', 'replication_factor': 1} AND durable_writes = false";
let session: CqlSession;
let admin: TopicAdmin;

beforeAll(async () => {
  const { cql, kafka } = engines();
  const plain = { datacenter: undefined, user: undefined, password: undefined, tls: undefined };
  session = await openCql(
    { ...plain, contactPoints: [listenOf(cql)], keyspace, replication },
    { clock: systemClock, chance: systemChance, createKeyspace: true },
  );
  admin = await topicAdmin(kafka);
}, HOOK_MS);

afterAll(async () => {
  await session.schema(`DROP KEYSPACE ${keyspace}`);
  await session.close();
  await admin.close();
}, HOOK_MS);

/** Takes out whatever an exchange left. */
async function emptyTables(): Promise<void> {
  const query = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?";
  const names = (await session.rows(query, [keyspace])).map((row) => String(row["table_name"]));
  await Promise.all(
    names
      .filter((name) => !KEPT_TABLES.includes(name))
      .map(async (name) => {
        const rows = await session.rows(`SELECT * FROM ${name} LIMIT 1`, []);
        if (rows.length > 0) await session.schema(`TRUNCATE ${name}`);
      }),
  );
}

/** A node by itself, with topics and tables that nobody has used. */
async function node({ server }: GoldenExchange): Promise<GoldenSubject> {
  await emptyTables();
  const folder = tempFolder("golden");
  const cluster = clusterOf(randomBytes(5).toString("hex"));
  const open = async (): Promise<GoldenSubject> => {
    const retention = { messages: server.retainMessages, days: undefined };
    const local = await startLocalServer({ folder: folder.path, limits: server.limits, retention, cluster });
    return {
      port: local.port,
      withAdded: true,
      restart: async () => {
        await local.stop();
        return await open();
      },
      stop: async () => {
        await local.stop();
        await admin.remove(cluster.kafka.topic, cluster.kafka.signalsTopic);
        folder.remove();
      },
    };
  };
  return await open();
}

function clusterOf(own: string): ClusterConfig {
  const { cql, kafka } = engines();
  const plain = { login: undefined, tls: undefined };
  return {
    kafka: {
      ...{ ...plain, addresses: [listenOf(kafka)], mechanism: "SCRAM-SHA-256" },
      ...{ topic: `golden-${own}`, signalsTopic: `golden-signals-${own}`, partitions: 3 },
      ...{ replication: undefined, keepHours: undefined, acceptTopic: false },
    },
    cql: { ...plain, addresses: [listenOf(cql)], keyspace, datacenter: undefined, replication },
    migrates: true,
    engineWaitSeconds: 30,
  };
}

function listenOf(address: string): Listen {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}

describe("a node passes the golden exchanges:", () => {
  const whole = GOLDEN_EXCHANGES.filter(({ server }) => server.fault === undefined);
  it.each(whole.map((exchange) => [exchange.name, exchange] as const))("%s", async (_, exchange) => {
    await runGolden(exchange, await node(exchange));
  });
});
