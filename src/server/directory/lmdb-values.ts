/**
 * How the embedded directory writes keys and values: a key is a letter for its table and texts with a zero between
 * them; a value is JSON behind a seal. Touches nothing that it is not handed.
 */

import { checkSeal, SEAL_BYTES, SealError, seal } from "../lmdb/sealed-value.ts";
import type { LmdbChanges, LmdbKeyView } from "../lmdb/view.ts";

/** Bytes in a key at the most. A longer one must be refused before a commit begins, or half of it would be written. */
const KEY_BYTES_MAX = 1024;

/** What the tables hold, for whoever reads of damage. */
const TABLES: Readonly<Record<string, string>> = {
  d: "the layout",
  g: "a guest",
  n: "the name of a guest",
  k: "the names of guests",
  x: "the expiry of a guest",
  a: "an account",
  u: "the name of an account",
  s: "a sign-in",
  S: "a sign-in of a user",
  t: "a token",
  T: "a token of a user",
  i: "an invite",
  b: "a ban",
  m: "a read marker",
  y: "an expiry",
};

/** Something in the directory that can't be read: the disk or somebody else has changed it. */
export class DirectoryDamaged extends Error {
  override readonly name = "DirectoryDamaged";
}

/** A key: the table's letter, then the texts. Throws a `RangeError` where it would be too long. */
export function keyOf(table: string, ...texts: readonly string[]): Buffer {
  const key = Buffer.from(table + texts.join("\0"));
  if (key.length > KEY_BYTES_MAX) throw new RangeError(`a key has ${key.length} bytes, ${KEY_BYTES_MAX} at the most`);
  return key;
}

/** What all keys are below that begin with `key`, where it is no number: no text has the byte 0xff in it. */
export const afterAll = (key: Buffer): Buffer => Buffer.concat([key, Buffer.of(0xff)]);

/** What stands at a key, or `undefined`. Throws `DirectoryDamaged`. */
export function get<T>(view: LmdbKeyView, key: Buffer): T | undefined {
  const value = view.get(key);
  return value === undefined ? undefined : parse<T>(key, value);
}

/** The same for what will be replaced or removed, readable or not: `undefined` where it is damaged. */
export function getIfWhole<T>(view: LmdbKeyView, key: Buffer): T | undefined {
  try {
    return get<T>(view, key);
  } catch (error) {
    if (error instanceof DirectoryDamaged) return undefined;
    throw error;
  }
}

/** The value that stands at a key. Throws `DirectoryDamaged`. */
export function parse<T>(key: Buffer, value: Buffer): T {
  checkValue(key, value);
  return JSON.parse(value.toString("utf8", SEAL_BYTES)) as T;
}

/** Throws `DirectoryDamaged` where the value at a key is not as it was written. */
export function checkValue(key: Buffer, value: Buffer): void {
  try {
    checkSeal(value);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    const table = TABLES[key.toString("latin1", 0, 1)] ?? "a value";
    throw new DirectoryDamaged(`${table} in the directory ${error.message}`, { cause: error });
  }
}

/** Puts a value. `undefined` in it must be written as `null` by whoever wants it back. */
export function put(changes: LmdbChanges, key: Buffer, value: unknown): void {
  const json = JSON.stringify(value);
  const bytes = Buffer.alloc(SEAL_BYTES + Buffer.byteLength(json));
  bytes.write(json, SEAL_BYTES);
  changes.put(key, seal(bytes));
}
