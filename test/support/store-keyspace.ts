/**
 * Test support: a keyspace of a test's own in the database of the run, with the store's tables, emptied between tests and
 * dropped at the end.
 */
import { randomBytes } from "node:crypto";
import { systemChance, systemClock } from "../../src/server/clock.ts";
import { migrate } from "../../src/server/cql/migrations.ts";
import { type CqlOptions, type CqlSession, openCql } from "../../src/server/cql/session.ts";
import { CQL_STORE_MIGRATIONS } from "../../src/server/store/cql-schema.ts";

/** A keyspace with the tables of the store. */
export interface StoreKeyspace {
  readonly session: CqlSession;
  /** Another connection, as another node has one; closed by `drop`. */
  readonly connect: () => Promise<CqlSession>;
  /** Removes all rows of the store's tables. */
  readonly empty: () => Promise<void>;
  /** Removes the keyspace and closes all connections. */
  readonly drop: () => Promise<void>;
}

const TABLES = ["messages", "rooms", "checkpoints", "snapshots", "snapshot_pieces"];

/** How to reach a keyspace of that name at `address`, a `HOST:PORT`. */
export function cqlOptionsOf(address: string, keyspace: string): CqlOptions {
  const colon = address.lastIndexOf(":");
  return {
    contactPoints: [{ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }],
    keyspace,
    datacenter: undefined,
    // What is not kept on the disk is emptied within moments.
    replication: "{'class': 'SimpleStrategy', 'replication_factor': 1} AND durable_writes = false",
    user: undefined,
    password: undefined,
    tls: undefined,
  };
}

/** Makes one at `address`, a `HOST:PORT`. */
export async function storeKeyspace(address: string): Promise<StoreKeyspace> {
  const options = cqlOptionsOf(address, `store_${randomBytes(6).toString("hex")}`);
  const sessions: CqlSession[] = [];
  const connect = async (): Promise<CqlSession> => {
    const opened = await openCql(options, { clock: systemClock, chance: systemChance, createKeyspace: true });
    sessions.push(opened);
    return opened;
  };
  const session = await connect();
  await migrate(session, CQL_STORE_MIGRATIONS);
  return {
    session,
    connect,
    empty: async () => {
      const emptied = TABLES.map(async (name) => {
        const rows = await session.rows(`SELECT * FROM ${name} LIMIT 1`, []);
        if (rows.length > 0) await session.schema(`TRUNCATE ${name}`);
      });
      await Promise.all(emptied);
    },
    drop: async () => {
      await session.schema(`DROP KEYSPACE ${options.keyspace}`);
      await Promise.all(sessions.map((opened) => opened.close()));
    },
  };
}
