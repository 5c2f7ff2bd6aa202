/**
 * One commit to an LMDB environment, and why it failed. Touches the database that it is handed.
 *
 * Several processes may write to one environment, and what one of them looks at before it writes may be changed by
 * another until its commit begins. So each commit of a shared environment makes a new *generation*, and takes effect
 * only where the one that its writer looked at is still there.
 *
 * | key | value |
 * |---|---|
 * | `0xff` | a seal alone: there is a generation; never removed |
 * | `0xff`, number (8 bytes, big endian) | the same, under the one number that is the generation |
 */
import { statfs } from "node:fs/promises";
import type { RootDatabase } from "lmdb";
import { readNumber, SEAL_BYTES, seal, writeNumber } from "./sealed-value.ts";
import type { LmdbChanges, LmdbView } from "./view.ts";

const TAG = 0xff;

/** The generation that stands there; 0 = there has been none. */
export function readGeneration(view: LmdbView): number {
  const key = view.lastKey(generationKey(0), Buffer.alloc(10, TAG));
  return key === undefined ? 0 : readNumber(key, 1);
}

/** Writes all changes in one commit. */
export async function commitAlone(db: RootDatabase<Buffer, Buffer>, changes: LmdbChanges): Promise<void> {
  await db.batch(() => write(db, changes));
}

/**
 * Writes all changes in one commit with a new generation; `false`, and nothing written, where `generation` is not the
 * one that stands there when the commit begins.
 */
export async function commitShared(
  db: RootDatabase<Buffer, Buffer>,
  changes: LmdbChanges,
  generation: number,
): Promise<boolean> {
  const { IF_EXISTS } = await import("lmdb");
  const isFirst = generation === 0;
  const writeAll = (): void => {
    write(db, changes);
    quietly(isFirst ? db.put(Buffer.of(TAG), sealAlone()) : db.remove(generationKey(generation)));
    quietly(db.put(generationKey(generation + 1), sealAlone()));
  };
  // A number comes once only, so whoever slept through many writes does not take a later one for theirs.
  if (isFirst) return await db.ifNoExists(Buffer.of(TAG), writeAll);
  return await db.ifVersion(generationKey(generation), IF_EXISTS, writeAll);
}

/**
 * Why a commit failed, as far as can be said. The driver's own reason comes a turn later or never, so it is not waited
 * for; and it says "input/output error" for a disk that is full, so what is free is said with it.
 */
export async function commitFailure(dir: string, error: unknown): Promise<Error> {
  let cause = error;
  if (error instanceof Error && "commitError" in error) {
    // Unheard, this rejection would end the process.
    Promise.resolve(error.commitError).catch((reason: unknown) => {
      cause = reason;
    });
  }
  const free = await statfs(dir).then(
    ({ bavail, bsize }) => `${Math.floor((bavail * bsize) / 2 ** 20)} MiB free`,
    (reason: unknown) => `free space unknown: ${messageOf(reason)}`,
  );
  return new Error(`LMDB could not commit to ${dir}: ${messageOf(cause)}, ${free}`, { cause });
}

/** Nothing in here can throw: the part of a batch that came before would be committed. */
function write(db: RootDatabase<Buffer, Buffer>, changes: LmdbChanges): void {
  for (const { key, value } of changes.list) {
    if (value === undefined) quietly(db.remove(key));
    else quietly(db.put(key, value));
  }
}

function generationKey(generation: number): Buffer {
  const key = Buffer.alloc(9, TAG);
  writeNumber(generation, key, 1);
  return key;
}

const sealAlone = (): Buffer => seal(Buffer.alloc(SEAL_BYTES));

/** Hears a promise of the driver that says nothing which the batch does not say. */
function quietly(promise: Promise<boolean>): void {
  promise.catch(() => undefined);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
