/**
 * Stage 3: a batch of records as it stands in a segment file (LOG-6). Pure: touches bytes and nothing else.
 *
 * | at | bytes | |
 * |---|---|---|
 * | 0 | 3 | `f7 76 62`, by which a batch is found again behind damage |
 * | 3 | 1 | format |
 * | 4 | 4 | length of the whole batch, the checksum included |
 * | 8 | 6 | position of the first record |
 * | 14 | 2 | 0 |
 * | 16 | 4 | how many records |
 * | 20 | 4 | 0 |
 * | 24 | | the records, as `record-codec.ts` writes them |
 * | end − 4 | 4 | CRC-32C of everything before it |
 *
 * Little-endian. Mark, format, length and checksum stay where they are in every later format, so that what a newer
 * program wrote is told from damage.
 */
import { crc32c } from "@node-rs/crc32";
import type { LogRecord } from "../record.ts";
import { decodeRecord, recordBytes } from "./record-codec.ts";
import type { UuidTexts } from "./uuid-bytes.ts";

/** The format that this program writes. */
export const BATCH_FORMAT = 1;
/** Bytes of a batch before its records. */
export const BATCH_HEADER_BYTES = 24;
/** Bytes of a batch after its records. */
export const BATCH_TRAILER_BYTES = 4;
/** A length beyond this is damage, not a batch: nobody configures `appendBytesMax` as high. */
const BATCH_BYTES_MAX = 256 * 1024 * 1024;

/** How every batch begins. */
const BATCH_MARK = Uint8Array.of(0xf7, 0x76, 0x62);

/** A whole batch that checks out. */
export interface BatchHeader {
  readonly format: number;
  /** Length of the whole batch in bytes. */
  readonly bytes: number;
  /** Position of its first record. */
  readonly from: number;
  /** How many records. */
  readonly count: number;
}

/** What stands at a place where a batch should begin. `short`: not whole yet, `bytes` are needed to say more. */
export type BatchCheck =
  | { readonly found: "batch"; readonly batch: BatchHeader }
  | { readonly found: "short"; readonly bytes: number }
  | { readonly found: "bad"; readonly why: string };

/**
 * Makes a batch of the records that stand in `buffer` from `BATCH_HEADER_BYTES` to `end`, and returns its length.
 * `buffer` has `BATCH_TRAILER_BYTES` left.
 */
export function sealBatch(buffer: Buffer, end: number, from: number, count: number): number {
  const bytes = end + BATCH_TRAILER_BYTES;
  buffer.set(BATCH_MARK, 0);
  buffer[3] = BATCH_FORMAT;
  buffer.writeUInt32LE(bytes, 4);
  buffer.writeUIntLE(from, 8, 6);
  buffer.writeUInt16LE(0, 14);
  buffer.writeUInt32LE(count, 16);
  buffer.writeUInt32LE(0, 20);
  buffer.writeUInt32LE(crc32c(buffer.subarray(0, end)), end);
  return bytes;
}

/** Looks at what stands in `buffer` from `at` to `end`. */
export function checkBatch(buffer: Buffer, at: number, end: number): BatchCheck {
  if (end - at < BATCH_HEADER_BYTES) return { found: "short", bytes: BATCH_HEADER_BYTES };
  if (buffer[at] !== BATCH_MARK[0] || buffer[at + 1] !== BATCH_MARK[1] || buffer[at + 2] !== BATCH_MARK[2]) {
    return { found: "bad", why: "no batch begins here" };
  }
  const bytes = buffer.readUInt32LE(at + 4);
  if (bytes < BATCH_HEADER_BYTES + BATCH_TRAILER_BYTES || bytes > BATCH_BYTES_MAX) {
    return { found: "bad", why: `the batch has an impossible length, ${bytes} bytes` };
  }
  if (end - at < bytes) return { found: "short", bytes };
  const checked = at + bytes - BATCH_TRAILER_BYTES;
  if (crc32c(buffer.subarray(at, checked)) !== buffer.readUInt32LE(checked)) {
    return { found: "bad", why: "the batch's checksum does not match" };
  }
  return {
    found: "batch",
    batch: {
      format: buffer[at + 3] as number,
      bytes,
      from: buffer.readUIntLE(at + 8, 6),
      count: buffer.readUInt32LE(at + 16),
    },
  };
}

/** Decodes the records of a batch that was checked: one a position, `undefined` for one without a whole envelope. */
export function decodeBatch(
  buffer: Buffer,
  at: number,
  batch: BatchHeader,
  texts: UuidTexts | undefined,
): (LogRecord | undefined)[] {
  const records: (LogRecord | undefined)[] = [];
  const end = at + batch.bytes - BATCH_TRAILER_BYTES;
  let offset = at + BATCH_HEADER_BYTES;
  for (let index = 0; index < batch.count; index += 1) {
    const bytes = recordBytes(buffer, offset, end);
    records.push(bytes === undefined ? undefined : decodeRecord(buffer, offset, offset + bytes, texts));
    // Behind a record that doesn't say where it ends none can be found; each still has its position.
    offset = bytes === undefined ? end : offset + bytes;
  }
  return records;
}

/** The records of a batch as they stand in it, one behind the other; shares its memory. */
export function encodedRecords(buffer: Buffer, at: number, batch: BatchHeader): Buffer {
  return buffer.subarray(at + BATCH_HEADER_BYTES, at + batch.bytes - BATCH_TRAILER_BYTES);
}

/**
 * The offset of the first whole batch in `buffer` from `at` on whose first record lies beyond `position`, or
 * `undefined`. What stands before it was lost, and the start must say so instead of cutting it off as a torn tail.
 */
export function findBatch(buffer: Buffer, at: number, position: number): number | undefined {
  for (let offset = buffer.indexOf(BATCH_MARK, at); offset !== -1; offset = buffer.indexOf(BATCH_MARK, offset + 1)) {
    const check = checkBatch(buffer, offset, buffer.length);
    if (check.found === "batch" && check.batch.from >= position) return offset;
  }
  return undefined;
}
