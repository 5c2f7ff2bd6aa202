/**
 * Test support: a keyspace of a test's own in the database of the run, with the directory's tables, emptied between tests
 * and dropped at the end.
 */
import { randomBytes } from "node:crypto";
import { systemChance, systemClock } from "../../src/server/clock.ts";
import { migrate } from "../../src/server/cql/migrations.ts";
import { type CqlSession, openCql } from "../../src/server/cql/session.ts";
import { CQL_DIRECTORY_MIGRATIONS } from "../../src/server/directory/cql-tables.ts";

/** A keyspace with the tables of the directory. */
export interface DirectoryKeyspace {
  readonly session: CqlSession;
  /** Another connection, as another node has one; closed by `drop`. */
  readonly connect: () => Promise<CqlSession>;
  /** Removes all rows of the directory's tables. */
  readonly empty: () => Promise<void>;
  /** Removes the keyspace and closes all connections. */
  readonly drop: () => Promise<void>;
}

/**
 * Makes one at `address`, a `HOST:PORT`. What need not outlive the database is not kept on the disk: that is emptied
 * within moments.
 */
export async function directoryKeyspace(address: string, outlivesDatabase = false): Promise<DirectoryKeyspace> {
  const colon = address.lastIndexOf(":");
  const options = {
    contactPoints: [{ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }],
    keyspace: `directory_${randomBytes(6).toString("hex")}`,
    datacenter: undefined,
    replication: `{'class': 'SimpleStrategy', 'replication_factor': 1} AND durable_writes = ${outlivesDatabase}`,
    user: undefined,
    password: undefined,
    tls: undefined,
  };
  const sessions: CqlSession[] = [];
  const connect = async (): Promise<CqlSession> => {
    const opened = await openCql(options, { clock: systemClock, chance: systemChance, createKeyspace: true });
    sessions.push(opened);
    return opened;
  };
  const session = await connect();
  await migrate(session, CQL_DIRECTORY_MIGRATIONS);
  const query = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?";
  const names = (await session.rows(query, [options.keyspace])).map((row) => String(row["table_name"]));
  const tables = names.filter((name) => !name.startsWith("migration"));
  return {
    session,
    connect,
    empty: async () => {
      const emptied = tables.map(async (name) => {
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
