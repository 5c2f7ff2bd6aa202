/**
 * Test support: a keyspace of a test's own in a database, with tables of its choice, emptied between tests and dropped at
 * the end.
 */
import { randomBytes } from "node:crypto";
import { systemChance, systemClock } from "../../src/server/clock.ts";
import { type Migration, migrate } from "../../src/server/cql/migrations.ts";
import { type CqlOptions, type CqlSession, openCql } from "../../src/server/cql/session.ts";

/** A keyspace with tables. */
export interface TestKeyspace {
  readonly session: CqlSession;
  /** Another connection, as another node has one; closed by `drop`. */
  readonly connect: () => Promise<CqlSession>;
  /** Removes all rows. */
  readonly empty: () => Promise<void>;
  /** Removes the keyspace and closes all connections. */
  readonly drop: () => Promise<void>;
}

/**
 * How to reach a keyspace of that name at `address`, a `HOST:PORT`. One that need not outlive the database is not kept on
 * the disk: that is emptied within moments.
 */
export function cqlOptionsOf(address: string, keyspace: string, outlivesDatabase = false): CqlOptions {
  const colon = address.lastIndexOf(":");
  return {
    contactPoints: [{ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }],
    keyspace,
    datacenter: undefined,
    replication: `{'class': 'SimpleStrategy', 'replication_factor': 1} AND durable_writes = ${outlivesDatabase}`,
    user: undefined,
    password: undefined,
    tls: undefined,
  };
}

/** Makes one at `address`, a `HOST:PORT`, with the tables that `migrations` make. */
export async function testKeyspace(
  address: string,
  migrations: readonly Migration[],
  outlivesDatabase = false,
): Promise<TestKeyspace> {
  const options = cqlOptionsOf(address, `test_${randomBytes(6).toString("hex")}`, outlivesDatabase);
  const sessions: CqlSession[] = [];
  const connect = async (): Promise<CqlSession> => {
    const opened = await openCql(options, { clock: systemClock, chance: systemChance, createKeyspace: true });
    sessions.push(opened);
    return opened;
  };
  const session = await connect();
  await migrate(session, migrations);
  const query = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?";
  const names = (await session.rows(query, [options.keyspace])).map((row) => String(row["table_name"]));
  const tables = names.filter((name) => !name.startsWith("migration"));
  return {
    session,
    connect,
    empty: async () => {
      // Also of what holds no rows: marks of removals, whose times are those of the log, would hide what comes next.
      await Promise.all(tables.map((name) => session.schema(`TRUNCATE ${name}`)));
    },
    drop: async () => {
      await session.schema(`DROP KEYSPACE ${options.keyspace}`);
      await Promise.all(sessions.map((opened) => opened.close()));
    },
  };
}
