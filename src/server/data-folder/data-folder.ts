/**
 * The data folder: who has it, and what it is. Touches `lock` and `format.json` in it; `log/`, `store/` and
 * `directory/` belong to their adapters.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { tryLock } from "fs-native-extensions";
import { StartError } from "../start-error.ts";
import type { DataFormat, Migration } from "./data-format.ts";
import { MIGRATIONS, readFormat, reconcile, writeFormat } from "./data-format.ts";
import { syncFolder } from "./durable-file.ts";

/** Where things are in a data folder, and what it is. */
export interface DataPaths {
  /** The folder, absolute. */
  readonly dir: string;
  /** The log's folder. */
  readonly log: string;
  /** The store's folder. */
  readonly store: string;
  /** The directory's folder. */
  readonly directory: string;
  readonly format: DataFormat;
}

/** A data folder that this process alone may write. */
export interface DataFolder extends DataPaths {
  /** Lets others have it. Comes last: after log, store and directory are closed. */
  close(): void;
}

/**
 * Opens a data folder for writing: makes it when absent, locks it until `close` or the end of this process, however
 * that comes, and checks its format. Throws a `StartError` where another process has it, where it can't be read and
 * written, and where its format is newer or differs; an older one is migrated.
 */
export async function openDataFolder(
  dir: string,
  expected: DataFormat,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<DataFolder> {
  const path = resolve(dir);
  try {
    await makeFolder(path);
    const lock = lockFolder(path);
    try {
      const found = (await readFormat(path)) ?? (await newFormat(path, expected));
      const format = await reconcile(path, found, expected, migrations);
      return { ...pathsIn(path, format), close: () => unlockFolder(lock) };
    } catch (error) {
      unlockFolder(lock);
      throw error;
    }
  } catch (error) {
    throw startError(path, error);
  }
}

/**
 * What a data folder is and where things are in it, for reading beside a running server. Throws a `StartError` where
 * it can't be read or is no data folder; its format may be any.
 */
export async function readDataFolder(dir: string): Promise<DataPaths> {
  const path = resolve(dir);
  try {
    if (!existsSync(path)) throw new StartError(`data folder ${path} does not exist: name another`);
    const format = await readFormat(path);
    if (format === undefined) throw new StartError(`${path} is no data folder: it has no format.json; name another`);
    return pathsIn(path, format);
  } catch (error) {
    throw startError(path, error);
  }
}

function pathsIn(dir: string, format: DataFormat): DataPaths {
  return { dir, log: join(dir, "log"), store: join(dir, "store"), directory: join(dir, "directory"), format };
}

/**
 * Makes a folder and those around it. By hand: the runtime's own way turns for ever where a file system takes no
 * folders and says that there is none.
 */
async function makeFolder(dir: string): Promise<void> {
  try {
    await makeOneFolder(dir);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" || dirname(dir) === dir) throw error;
    await makeFolder(dirname(dir));
    await makeOneFolder(dir);
  }
}

async function makeOneFolder(dir: string): Promise<void> {
  try {
    // What people say to each other is nobody else's on this machine.
    await mkdir(dir, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === "EEXIST" && (await stat(dir)).isDirectory()) return;
    throw error;
  }
  // The new name is durable only once the folder around it is synced.
  await syncFolder(dirname(dir));
}

async function newFormat(dir: string, expected: DataFormat): Promise<DataFormat> {
  const entries = await readdir(dir);
  const kept = ["log", "store", "directory"].filter((name) => entries.includes(name));
  if (kept.length > 0) {
    throw new StartError(
      `data folder ${dir} has ${kept.join(", ")} but no format.json: put that back from a backup of the folder, ` +
        `or choose another folder with --data DIR`,
    );
  }
  await writeFormat(dir, expected);
  return expected;
}

/** A descriptor, not a file handle: a handle that nobody holds any more is closed, and its lock would go with it. */
function lockFolder(dir: string): number {
  const path = join(dir, "lock");
  const lock = openSync(path, "a+", 0o600);
  if (!tryLock(lock)) {
    closeSync(lock);
    const pid = /^\d+$/.exec(readFileSync(path, "utf8").trim())?.[0];
    throw new StartError(
      `data folder ${dir} is in use by another Verbatim server${pid === undefined ? "" : ` (process ${pid})`}: ` +
        `stop that one, or choose another folder with --data DIR`,
    );
  }
  ftruncateSync(lock);
  writeSync(lock, `${process.pid}\n`);
  return lock;
}

function unlockFolder(lock: number): void {
  // A process that is not there any more is not named.
  ftruncateSync(lock);
  closeSync(lock);
}

function startError(dir: string, error: unknown): StartError {
  if (error instanceof StartError) return error;
  const or = "or choose another folder with --data DIR";
  const why: Readonly<Record<string, string>> = {
    EACCES: `may not be read and written: give this user access, ${or}`,
    EPERM: `may not be read and written: give this user access, ${or}`,
    EROFS: `lies on a file system that can't be written: mount it for writing, ${or}`,
    ENOSPC: `can't be written, the disk is full: make room, ${or}`,
    ENOTDIR: "is not a folder: choose another with --data DIR",
    EEXIST: "is not a folder: choose another with --data DIR",
    ENOENT: "is not there and can't be made: choose another with --data DIR",
  };
  const said = error instanceof Error ? error.message.replaceAll("\n", " ") : String(error);
  const line = why[codeOf(error)] ?? `can't be opened (${said}): mend that, ${or}`;
  return new StartError(`data folder ${dir} ${line}`, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
