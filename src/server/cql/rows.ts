/** Around the stages: values on their way to and from a CQL database. Pure. */
import { uuidText } from "../log/uuid-bytes.ts";
import type { Uuid } from "../record.ts";

/** What may stand for a `?`: `undefined` leaves a column as it is, `null` empties it. */
export type CqlValue =
  | string
  | number
  | bigint
  | boolean
  | Buffer
  | Date
  | null
  | undefined
  | readonly (string | number | bigint)[];

/** A row as it was read; a column that has no value is `null`. */
export type CqlRow = Readonly<Record<string, unknown>>;

/** A column that does not hold what this program writes there. */
export class CqlColumnError extends Error {
  override readonly name = "CqlColumnError";
}

/** The text of a column, or `undefined` where it has none. Throws a `CqlColumnError`. */
export function textIn(row: CqlRow, column: string): string | undefined {
  const value = row[column];
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "string") throw new CqlColumnError(`column ${column} holds no text`);
  return value;
}

/** The whole number of a column (int, bigint), or `undefined` where it has none. Throws a `CqlColumnError`. */
export function numberIn(row: CqlRow, column: string): number | undefined {
  const value = row[column];
  if (value === null || value === undefined) return undefined;
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) {
    throw new CqlColumnError(`column ${column} holds no whole number up to 2^53`);
  }
  return number;
}

/** The milliseconds since the epoch of a timestamp column, or `undefined` where it has none. Throws a `CqlColumnError`. */
export function timeIn(row: CqlRow, column: string): number | undefined {
  const value = row[column];
  if (value === null || value === undefined) return undefined;
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) {
    throw new CqlColumnError(`column ${column} holds no time`);
  }
  return value.getTime();
}

/** The UUID of a column, or `undefined` where it has none. Throws a `CqlColumnError`. */
export function uuidIn(row: CqlRow, column: string): Uuid | undefined {
  const bytes = uuidBytesIn(row, column);
  return bytes === undefined ? undefined : uuidText(bytes, 0);
}

/** The 16 bytes of a UUID's column, or `undefined` where it has none. Throws a `CqlColumnError`. */
export function uuidBytesIn(row: CqlRow, column: string): Buffer | undefined {
  const value = row[column];
  if (value === null || value === undefined) return undefined;
  const bytes = typeof value === "object" && "getBuffer" in value && "buffer" in value ? value.buffer : undefined;
  if (!Buffer.isBuffer(bytes) || bytes.length !== 16) throw new CqlColumnError(`column ${column} holds no UUID`);
  return bytes;
}

/** The bytes of a blob column, or `undefined` where it has none. Throws a `CqlColumnError`. */
export function bytesIn(row: CqlRow, column: string): Buffer | undefined {
  const value = row[column];
  if (value === null || value === undefined) return undefined;
  if (!Buffer.isBuffer(value)) throw new CqlColumnError(`column ${column} holds no bytes`);
  return value;
}

/** The boolean of a column, or `undefined` where it has none. Throws a `CqlColumnError`. */
export function booleanIn(row: CqlRow, column: string): boolean | undefined {
  const value = row[column];
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "boolean") throw new CqlColumnError(`column ${column} holds neither true nor false`);
  return value;
}

/** The value of a column that always has one. Throws a `CqlColumnError` where it has none. */
export function whole<T>(value: T | undefined, column: string): T {
  if (value === undefined) throw new CqlColumnError(`column ${column} is empty`);
  return value;
}
