/**
 * Around the stages: the database of a cluster, reached and brought up to date, before store and directory open on it.
 * An operator's commands need no more than this.
 */
import type { RoomListing } from "../../protocol/events.ts";
import type { Chance, Clock } from "../clock.ts";
import type { ClusterConfig, CqlConfig } from "../config/config.ts";
import { showListen } from "../config/values.ts";
import { CqlError } from "../cql/errors.ts";
import { checkMigrated, migrate } from "../cql/migrations.ts";
import { type CqlSession, openCql } from "../cql/session.ts";
import { openCqlDirectory } from "../directory/cql.ts";
import { applyPublicRooms, publicRooms } from "../directory/cql-facts.ts";
import { CQL_DIRECTORY_MIGRATIONS } from "../directory/cql-tables.ts";
import type { Directory } from "../directory/directory.ts";
import { readRoomsFile } from "../rooms-file.ts";
import { StartError } from "../start-error.ts";
import { CQL_STORE_MIGRATIONS } from "../store/cql-schema.ts";
import { blamed } from "./engine-blame.ts";
import { cqlOptions } from "./engine-options.ts";
import type { EngineWait } from "./engine-wait.ts";

const MIGRATIONS = [...CQL_STORE_MIGRATIONS, ...CQL_DIRECTORY_MIGRATIONS];

/** Time and chance of a process. */
interface Sources {
  readonly clock: Clock;
  readonly chance: Chance;
}

/** A database with all tables, and what stands in them for all nodes. */
export interface Database {
  readonly session: CqlSession;
  /** The migrations that ran now, ascending. */
  readonly ran: readonly number[];
  /** The public rooms that all nodes have, in their order. */
  readonly rooms: readonly RoomListing[];
}

/** How a person knows the database. */
export const databaseName = ({ addresses }: CqlConfig): string =>
  `the database at ${addresses.map(showListen).join(", ")}`;

/**
 * Reaches the database, waiting where it is not there yet, and makes sure of tables and public rooms: makes them where
 * this node may, those of the rooms file, and refuses where it may not and they are missing.
 */
export async function openDatabase(
  { clock, chance, roomsFile }: Sources & { readonly roomsFile: string },
  { cql, migrates }: ClusterConfig,
  wait: EngineWait,
): Promise<Database> {
  const listed = migrates ? await readRoomsFile(roomsFile) : [];
  const options = await cqlOptions(cql);
  const name = databaseName(cql);
  const session = await wait.for(
    name,
    () => answered(cql, openCql(options, { clock, chance, createKeyspace: migrates })),
    (late) => late.close(),
  );
  const ask = <T>(work: () => Promise<T>): Promise<T> => wait.for(name, () => answered(cql, work()));
  try {
    // Tables take their time, and those of another node, which is at it, are waited for: the database is there.
    const ran = migrates
      ? await wait.atWork(name, () => answered(cql, migrate(session, MIGRATIONS)))
      : await ask(async () => {
          await requireMigrated(session);
          return [];
        });
    if (migrates) await ask(() => applyPublicRooms(session, listed));
    const rooms = await ask(() => publicRooms(session));
    if (rooms.length === 0) throw new StartError(`${name} has no public rooms yet; run verbatim migrate first`);
    return { session, ran, rooms };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/**
 * Runs `work` on the directory alone, for the commands of an operator; the tables must be there.
 * @throws StartError where they are not, or the database does not do what it is asked at once
 */
export async function withClusterDirectory<T>(
  cql: CqlConfig,
  { clock, chance }: Sources,
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  const options = await cqlOptions(cql);
  try {
    const session = await openCql(options, { clock, chance, createKeyspace: false });
    try {
      await requireMigrated(session);
      const directory = await openCqlDirectory({ session, writer: "operator" });
      try {
        return await work(directory);
      } finally {
        await directory.close();
      }
    } finally {
      await session.close();
    }
  } catch (error) {
    throw error instanceof CqlError ? refusal(cql, error) : error;
  }
}

async function requireMigrated(session: CqlSession): Promise<void> {
  const missing = await checkMigrated(session, MIGRATIONS);
  if (missing.length === 0) return;
  throw new StartError(
    `keyspace ${session.keyspace} lacks migration${missing.length === 1 ? "" : "s"} ${missing.join(", ")}; run verbatim migrate first`,
  );
}

/** What the database says no to, it will say no to again: waiting would not help. */
async function answered<T>(cql: CqlConfig, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CqlError && error.failure === "refused") throw refusal(cql, error);
    throw blamedDatabase(cql, error);
  }
}

const blamedDatabase = (cql: CqlConfig, error: unknown): unknown =>
  blamed(error, { name: "cql", who: databaseName(cql), config: cql, mechanism: undefined });

/** One line for an operator, whatever the failure. */
function refusal(cql: CqlConfig, error: CqlError): StartError {
  const told = blamedDatabase(cql, error);
  if (told instanceof StartError) return told;
  const message = told instanceof Error ? told.message : error.message;
  return new StartError(`${databaseName(cql)}: ${message}`, { cause: error });
}
