/**
 * Stage 3: names and headers of segment files. Pure. A file is named after the position of its first record, 20 digits
 * and `.seg`, so that the order of the names is the order of the log.
 *
 * | at | bytes | |
 * |---|---|---|
 * | 0 | 7 | `verblog` |
 * | 7 | 1 | format |
 * | 8 | 6 | position of the first record |
 * | 14 | 14 | 0 |
 * | 28 | 4 | CRC-32C of what stands before |
 */
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";
import { LogError } from "./message-log.ts";

/** The format that this program writes. */
const SEGMENT_FORMAT = 1;
/** Bytes of a segment before its first batch. */
export const SEGMENT_HEADER_BYTES = 32;
/** From this length on a segment is followed by the next one. */
export const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;

const MAGIC = Buffer.from("verblog", "latin1");
const NAME = /^([0-9]{20})\.seg$/;

/** The file name of the segment that begins with a position. */
export function segmentName(base: number): string {
  return `${String(base).padStart(20, "0")}.seg`;
}

/** Its path in the log's folder. */
export function segmentPath(folder: string, base: number): string {
  return join(folder, segmentName(base));
}

/** The segments among the names in a folder, as the positions that they begin with, ascending. */
export function segmentBases(names: readonly string[]): number[] {
  return names
    .flatMap((name) => {
      const digits = NAME.exec(name)?.[1];
      return digits === undefined ? [] : [Number(digits)];
    })
    .sort((a, b) => a - b);
}

/** The header of the segment that begins with a position. */
export function segmentHeader(base: number): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  header.set(MAGIC, 0);
  header[7] = SEGMENT_FORMAT;
  header.writeUIntLE(base, 8, 6);
  header.writeUInt32LE(crc32c(header.subarray(0, 28)), 28);
  return header;
}

/**
 * Checks the first `SEGMENT_HEADER_BYTES` of a segment: `undefined` where they are whole, else what is wrong. Throws
 * `LogError("format")` for a newer format.
 */
export function segmentHeaderFault(header: Buffer, base: number): string | undefined {
  if (header.length < SEGMENT_HEADER_BYTES) return "the file ends within its header";
  if (!header.subarray(0, 7).equals(MAGIC)) return "it does not begin like a segment";
  if (crc32c(header.subarray(0, 28)) !== header.readUInt32LE(28)) return "its header's checksum does not match";
  const format = header[7] as number;
  if (format > SEGMENT_FORMAT) {
    throw new LogError(
      "format",
      base,
      `${segmentName(base)} has format ${format}; this program reads up to ${SEGMENT_FORMAT}. Start the newer program.`,
    );
  }
  const named = header.readUIntLE(8, 6);
  return named === base ? undefined : `its header says that it begins with position ${named}`;
}

/** The error for damage at a byte of a segment. */
export function damaged(base: number, offset: number, position: number, why: string, cause?: unknown): LogError {
  return new LogError(
    "damaged",
    position,
    `${segmentName(base)} is damaged at byte ${offset}, position ${position}: ${why}`,
    { cause },
  );
}
