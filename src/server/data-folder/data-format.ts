/**
 * What a data folder says of itself in `format.json` (PROJ-5, LOG-6): written once, refused where it differs, migrated
 * where it is older. Touches that file and what a migration touches.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "../start-error.ts";
import { writeDurably } from "./durable-file.ts";

/** The format of data folders that this program writes. */
export const DATA_FORMAT = 1;

/** What every reader of a log must have in common with its writer, or they count differently. */
export interface DataFormat {
  /** Number of the folder's format: `DATA_FORMAT`. */
  readonly format: number;
  /** How many partitions the log has. */
  readonly partitions: number;
  /** Which hash of a room's id says its partition. */
  readonly hash: string;
  /** How many keys a partition remembers (PROJ-2). */
  readonly keyWindow: number;
  /** Version of the fold (PROJ-1). */
  readonly foldVersion: number;
}

/** One step from a format to the next. */
export interface Migration {
  /** The format that it makes, out of the one before. */
  readonly to: number;
  /** What it does, for a person. */
  readonly what: string;
  /**
   * Changes what lies in the folder and resolves, when that is durable, with what the folder is then. Must bear being
   * run again after a crash: the new number is written only after it.
   */
  readonly run: (dir: string, before: DataFormat) => Promise<DataFormat>;
}

/** The migrations of this program, ascending. None so far: format 1 is the first. */
export const MIGRATIONS: readonly Migration[] = [];

const FIELDS = {
  format: "number",
  partitions: "number",
  hash: "string",
  keyWindow: "number",
  foldVersion: "number",
} as const satisfies Record<keyof DataFormat, string>;

/** What a folder says of itself, or `undefined` where it says nothing. Throws a `StartError` where that makes no sense. */
export async function readFormat(dir: string): Promise<DataFormat | undefined> {
  const path = formatPath(dir);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const format = parse(text);
  if (format === undefined) throw new StartError(`${path} is damaged: put it back from a backup of the folder`);
  return format;
}

/** Writes down what a folder is. */
export function writeFormat(dir: string, format: DataFormat): Promise<void> {
  return writeDurably(formatPath(dir), `${JSON.stringify(format, undefined, 2)}\n`);
}

/**
 * Brings a folder to the expected format by the migrations, and throws a `StartError` where it is newer, lacks a
 * migration, or differs in what can't be changed. Resolves with what the folder is then.
 */
export async function reconcile(
  dir: string,
  found: DataFormat,
  expected: DataFormat,
  migrations: readonly Migration[],
): Promise<DataFormat> {
  if (found.format > expected.format) {
    throw new StartError(
      `data folder ${dir} has format ${found.format}, this version reads up to format ${expected.format}: ` +
        `start it with the newer version that wrote it`,
    );
  }
  let format = found;
  while (format.format < expected.format) {
    const to = format.format + 1;
    const migration = migrations.find((candidate) => candidate.to === to);
    if (migration === undefined) {
      throw new StartError(
        `data folder ${dir} has format ${format.format}, which this version can't bring to format ${to}: ` +
          `start it with an older version that can`,
      );
    }
    format = { ...(await migration.run(dir, format)), format: to };
    await writeFormat(dir, format);
  }
  for (const field of ["partitions", "hash", "keyWindow", "foldVersion"] as const) {
    if (format[field] === expected[field]) continue;
    throw new StartError(
      `data folder ${dir} was made with ${field} ${format[field]}, this server has ${expected[field]}, ` +
        `and that can't be changed: set it back, or choose another folder with --data DIR`,
    );
  }
  return format;
}

function formatPath(dir: string): string {
  return join(dir, "format.json");
}

function parse(text: string): DataFormat | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const found = value as Readonly<Record<string, unknown>>;
  for (const [field, type] of Object.entries(FIELDS)) {
    const content = found[field];
    if (typeof content !== type) return undefined;
    if (type === "number" && !(Number.isSafeInteger(content) && Number(content) >= 1)) return undefined;
  }
  const { format, partitions, hash, keyWindow, foldVersion } = found as unknown as DataFormat;
  return { format, partitions, hash, keyWindow, foldVersion };
}
