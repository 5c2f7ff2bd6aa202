/**
 * Stage 5, blocks: consecutive records of one room in one value of the embedded store, because a value a record costs
 * more than the record. Pure: touches bytes and nothing else.
 *
 * Layout, after the seal (`lmdb/sealed-value.ts`):
 *
 * | at | bytes | |
 * |---|---|---|
 * | 5 | 4 | count of records, little endian |
 * | 9 | 8 | seq of the first, big endian |
 * | 17 | | per record: n and position, 8 bytes each, big endian; then the record as in `log/record-codec.ts` |
 */

import { checkSeal, readNumber, SEAL_BYTES, SealError, seal, writeNumber } from "../lmdb/sealed-value.ts";
import { decodeRecord, encodedBytes, encodeRecord, recordBytes } from "../log/record-codec.ts";
import type { UuidTexts } from "../log/uuid-bytes.ts";
import { type StoredRecord, withoutText } from "../record.ts";

/**
 * The most that a value of several records takes, in bytes: with what LMDB puts in front, eight of its pages. One
 * record that is larger has a block of its own.
 */
export const BLOCK_BYTES_MAX = 32 * 1024 - 64;

/** Bytes of a block before its first row. */
export const BLOCK_HEADER_BYTES = SEAL_BYTES + 12;
/** Bytes of a row before its record: n and position. */
export const ROW_NUMBERS_BYTES = 16;

/** Writes the numbers of a row at `offset`. */
export function writeRowNumbers(n: number, position: number, target: Buffer, offset: number): void {
  writeNumber(n, target, offset);
  writeNumber(position, target, offset + 8);
}

/** Completes a block whose rows stand in `value` from `BLOCK_HEADER_BYTES` on, and returns it. */
export function sealBlock(value: Buffer, first: number, count: number): Buffer {
  value.writeUInt32LE(count, SEAL_BYTES);
  writeNumber(first, value, SEAL_BYTES + 4);
  return seal(value);
}

/** A block as it was read; records are decoded when they are asked for. */
export class Block {
  /** Seq of the first record. */
  readonly first: number;
  /** Seq of the last record. */
  readonly last: number;
  readonly #value: Buffer;
  readonly #offsets: Uint32Array;
  readonly #texts: UuidTexts;

  /** Throws a `SealError` where `value` is no whole block that begins with `first`. */
  constructor(value: Buffer, first: number, texts: UuidTexts) {
    checkSeal(value);
    if (value.length < BLOCK_HEADER_BYTES || readNumber(value, SEAL_BYTES + 4) !== first) {
      throw new SealError("is not the block that its key says");
    }
    const count = value.readUInt32LE(SEAL_BYTES);
    if (count === 0 || count > value.length) throw new SealError(`claims ${count} records`);
    this.#value = value;
    this.#texts = texts;
    this.#offsets = new Uint32Array(count);
    let offset = BLOCK_HEADER_BYTES;
    for (let index = 0; index < count; index++) {
      this.#offsets[index] = offset;
      const bytes = recordBytes(value, offset + ROW_NUMBERS_BYTES);
      if (bytes === undefined) throw new SealError(`ends within its record ${index + 1} of ${count}`);
      offset += ROW_NUMBERS_BYTES + bytes;
    }
    if (offset !== value.length) throw new SealError("has bytes after its last record");
    this.first = first;
    this.last = first + count - 1;
  }

  /** The record of a seq from `first` to `last`. Throws a `SealError` where it has no whole envelope. */
  row(seq: number): StoredRecord {
    const offset = this.#offsets[seq - this.first];
    if (offset === undefined) throw new RangeError(`seq ${seq} is not within ${this.first}..${this.last}`);
    const record = decodeRecord(this.#value, offset + ROW_NUMBERS_BYTES, this.#value.length, this.#texts);
    if (record === undefined) throw new SealError("holds a record without a whole envelope");
    return { record, seq, n: readNumber(this.#value, offset), position: readNumber(this.#value, offset + 8) };
  }

  /**
   * The block as a new value without the texts of the messages of `seqs`, or `undefined` where it holds none of them.
   * Throws as `row` does.
   */
  without(seqs: ReadonlySet<number>): Buffer | undefined {
    const parts = [this.#value.subarray(0, BLOCK_HEADER_BYTES)];
    let isChanged = false;
    for (const [index, offset] of this.#offsets.entries()) {
      const seq = this.first + index;
      const row = seqs.has(seq) ? this.row(seq) : undefined;
      const blank = row === undefined ? undefined : withoutText(row);
      if (blank === undefined || blank === row) {
        parts.push(this.#value.subarray(offset, this.#offsets[index + 1]));
      } else {
        parts.push(encodeRow(blank));
        isChanged = true;
      }
    }
    return isChanged ? sealBlock(Buffer.concat(parts), this.first, this.#offsets.length) : undefined;
  }

  /** The records from `from` on to `to`, as far as they are in the block. */
  rows(from: number, to: number): StoredRecord[] {
    const rows: StoredRecord[] = [];
    for (let seq = Math.max(from, this.first); seq <= Math.min(to, this.last); seq++) rows.push(this.row(seq));
    return rows;
  }
}

function encodeRow({ record, n, position }: StoredRecord): Buffer {
  const row = Buffer.alloc(ROW_NUMBERS_BYTES + encodedBytes(record));
  writeRowNumbers(n, position, row, 0);
  encodeRecord(record, row, ROW_NUMBERS_BYTES);
  return row;
}
