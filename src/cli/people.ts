/**
 * The command line: the directory for the commands of an operator, which may run beside a server: they open
 * `directory/` of a data folder, or the tables of a cluster, and nothing else.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { systemChance, systemClock } from "../server/clock.ts";
import { EMBEDDED_FORMAT } from "../server/compose/embedded.ts";
import type { CqlConfig } from "../server/config/config.ts";
import { readSources } from "../server/config/env.ts";
import { placeSetting } from "../server/config/place-setting.ts";
import { type DataPaths, openDataFolder, readDataFolder } from "../server/data-folder/data-folder.ts";
import type { Account, Directory } from "../server/directory/directory.ts";
import { openLmdbDirectory } from "../server/directory/lmdb.ts";
import { DirectoryDamaged } from "../server/directory/lmdb-values.ts";
import { StartError } from "../server/start-error.ts";
import { requireOwnFormat } from "./data-shape.ts";
import { hint } from "./say.ts";

/** Which directory is meant. */
export interface PlaceOptions {
  /** The settings that were given as flags: flag without dashes → value. */
  readonly flags: ReadonlyMap<string, string | true>;
  /** What `--config` was given. */
  readonly config: string | undefined;
}

/**
 * Opens the directory of a data folder or a cluster, runs `work` on it and closes it. `make`: a folder that is not there
 * is made, so that there can be an admin before the server first starts.
 * @throws StartError where that can't be done
 */
export async function withPeople<T>(
  options: PlaceOptions,
  make: boolean,
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  const place = placeSetting(readSources(options.flags, options.config));
  if (place.type === "cluster") return await inCluster(place.cql, work);
  const paths = await findFolder(place.dir, make);
  requireOwnFormat(paths);
  const directory = await openLmdbDirectory({ dir: paths.directory, readOnly: false });
  try {
    return await work(directory);
  } catch (error) {
    // The disk is full or broken, which is nobody's mistake here.
    const isDisks = error instanceof DirectoryDamaged || (directory.fault !== undefined && error instanceof Error);
    throw isDisks ? new StartError(`${paths.directory}: ${error.message}`, { cause: error }) : error;
  } finally {
    await directory.close();
  }
}

async function inCluster<T>(cql: CqlConfig, work: (directory: Directory) => Promise<T>): Promise<T> {
  // The driver is loaded for a cluster only.
  const { withClusterDirectory } = await import("../server/compose/database.ts");
  return await withClusterDirectory(cql, { clock: systemClock, chance: systemChance }, work);
}

async function findFolder(dir: string, make: boolean): Promise<DataPaths> {
  if (make && !existsSync(join(dir, "format.json"))) {
    // Its lock is let go of at once: a server may start while a password is being asked for.
    const folder = await openDataFolder(dir, EMBEDDED_FORMAT);
    folder.close();
    hint(`made the data folder ${folder.dir}`);
  }
  return await readDataFolder(dir);
}

/** The account of a name. Throws a `StartError` where there is none. */
export async function requireAccount(directory: Directory, name: string): Promise<Account> {
  const account = await directory.accountByName(name);
  if (account === undefined) throw new StartError(`there is no user ${show(name)}: verbatim user list shows all`);
  return account;
}

/** A name as it may stand in a line: one that nobody can have may be anything. */
export const show = (name: string): string =>
  /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(name) ? name : JSON.stringify(name);

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS_MAX = 36_500;

/** So many days, in milliseconds. Throws a `StartError` where that is no number of days. */
export function msOfDays(days: string): number {
  const count = Number(days);
  if (!/^\d+$/.test(days) || count < 1 || count > DAYS_MAX) {
    throw new StartError(`--days must be a whole number from 1 to ${DAYS_MAX}, not ${show(days)}`);
  }
  return count * DAY_MS;
}

/** A time as a person reads it. */
export const showTime = (time: number): string => new Date(time).toISOString().slice(0, 16).replace("T", " ");
