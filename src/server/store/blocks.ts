/**
 * Stage 5, blocks: consecutive records of one room in one value of the embedded store, because a value a record costs
 * more than the record. Pure: touches bytes and nothing else.
 *
 * Layout, after the seal (`sealed-value.ts`):
 *
 * | at | bytes | |
 * |---|---|---|
 * | 5 | 4 | count of records, little endian |
 * | 9 | 8 | seq of the first, big endian |
 * | 17 | | per record: n and position, 8 bytes each, big endian; then the record as in `log/record-codec.ts` |
 */
import { decodeRecord, encodedBytesMax, encodeRecord, recordBytes } from "../log/record-codec.ts";
import type { UuidTexts } from "../log/uuid-bytes.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import { checkSeal, readNumber, SEAL_BYTES, SealError, seal, writeNumber } from "../sealed-value.ts";

/**
 * The most that a value of several records takes, in bytes: with what LMDB puts in front, eight of its pages. One
 * record that is larger has a block of its own.
 */
export const BLOCK_BYTES_MAX = 32 * 1024 - 64;

const HEADER_BYTES = SEAL_BYTES + 12;
const NUMBERS_BYTES = 16;

/** A buffer that is larger than this is not kept for the next write, in bytes. */
const SCRATCH_KEPT_BYTES_MAX = 16 * 1024 * 1024;

/** A block that is ready to be written. */
export interface PackedBlock {
  readonly room: Uuid;
  /** Seq of the first record. */
  readonly first: number;
  /** The sealed value; it lies in the packer's own buffer and is good until the packer is used again. */
  readonly value: Buffer;
}

/** Makes blocks, in one buffer that it uses again. */
export class BlockPacker {
  #scratch = Buffer.alloc(0);

  /**
   * The rows of some rooms as blocks. Each list has one room's rows, ascending by seq; where a seq is missing a new
   * block begins. Throws a `RangeError` for a record that can't be encoded.
   */
  pack(lists: readonly (readonly StoredRecord[])[]): PackedBlock[] {
    const blocks: PackedBlock[] = [];
    const packing = packAll(lists, this.#room(bytesMax(lists)), Number.POSITIVE_INFINITY, blocks);
    // Nothing is left after the first stretch, for it never ends early.
    packing.next();
    return blocks;
  }

  /** The same, waiting for `pause` after every so many rows, for others wait meanwhile. One at a time. */
  async packSlowly(
    lists: readonly (readonly StoredRecord[])[],
    rowsBetweenPauses: number,
    pause: () => Promise<void>,
  ): Promise<PackedBlock[]> {
    const blocks: PackedBlock[] = [];
    const packing = packAll(lists, this.#room(bytesMax(lists)), rowsBetweenPauses, blocks);
    while (packing.next().done !== true) await pause();
    return blocks;
  }

  #room(bytes: number): Buffer {
    if (bytes <= this.#scratch.length) return this.#scratch;
    // A little more than asked for, so that the next, slightly larger write finds room.
    const larger = Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.25));
    if (larger.length <= SCRATCH_KEPT_BYTES_MAX) this.#scratch = larger;
    return larger;
  }
}

function bytesMax(lists: readonly (readonly StoredRecord[])[]): number {
  let bytes = 0;
  for (const rows of lists) {
    for (const row of rows) bytes += HEADER_BYTES + NUMBERS_BYTES + encodedBytesMax(row.record);
  }
  return bytes;
}

/** Writes all rows to `target` and their blocks to `blocks`, and stops after every so many rows. */
function* packAll(
  lists: readonly (readonly StoredRecord[])[],
  target: Buffer,
  rowsBetweenStops: number,
  blocks: PackedBlock[],
): Generator<undefined, undefined> {
  let start = 0;
  let end = 0;
  let first = 0;
  let count = 0;
  let sinceStop = 0;
  const finish = (room: Uuid): void => {
    target.writeUInt32LE(count, start + SEAL_BYTES);
    writeNumber(first, target, start + SEAL_BYTES + 4);
    blocks.push({ room, first, value: seal(target.subarray(start, end)) });
    start = end;
    count = 0;
  };
  for (const rows of lists) {
    for (const row of rows) {
      const { record, seq } = row;
      if (count > 0 && seq !== first + count) finish(record.room);
      if (count === 0) end = start + HEADER_BYTES;
      let rowEnd = writeRow(row, target, end);
      if (count > 0 && rowEnd - start > BLOCK_BYTES_MAX) {
        // One too many: it moves on by a header, for the next block to begin in front of it.
        target.copyWithin(end + HEADER_BYTES, end, rowEnd);
        rowEnd += HEADER_BYTES;
        finish(record.room);
      }
      if (count === 0) first = seq;
      count += 1;
      end = rowEnd;
      sinceStop += 1;
      if (sinceStop >= rowsBetweenStops) {
        sinceStop = 0;
        yield undefined;
      }
    }
    const last = rows.at(-1);
    if (last !== undefined) finish(last.record.room);
  }
}

function writeRow(row: StoredRecord, target: Buffer, offset: number): number {
  writeNumber(row.n, target, offset);
  writeNumber(row.position, target, offset + 8);
  return encodeRecord(row.record, target, offset + NUMBERS_BYTES);
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
    if (value.length < HEADER_BYTES || readNumber(value, SEAL_BYTES + 4) !== first) {
      throw new SealError("is not the block that its key says");
    }
    const count = value.readUInt32LE(SEAL_BYTES);
    if (count === 0 || count > value.length) throw new SealError(`claims ${count} records`);
    this.#value = value;
    this.#texts = texts;
    this.#offsets = new Uint32Array(count);
    let offset = HEADER_BYTES;
    for (let index = 0; index < count; index++) {
      this.#offsets[index] = offset;
      const bytes = recordBytes(value, offset + NUMBERS_BYTES);
      if (bytes === undefined) throw new SealError(`ends within its record ${index + 1} of ${count}`);
      offset += NUMBERS_BYTES + bytes;
    }
    if (offset !== value.length) throw new SealError("has bytes after its last record");
    this.first = first;
    this.last = first + count - 1;
  }

  /** The record of a seq from `first` to `last`. Throws a `SealError` where it has no whole envelope. */
  row(seq: number): StoredRecord {
    const offset = this.#offsets[seq - this.first];
    if (offset === undefined) throw new RangeError(`seq ${seq} is not within ${this.first}..${this.last}`);
    const record = decodeRecord(this.#value, offset + NUMBERS_BYTES, this.#value.length, this.#texts);
    if (record === undefined) throw new SealError("holds a record without a whole envelope");
    return { record, seq, n: readNumber(this.#value, offset), position: readNumber(this.#value, offset + 8) };
  }

  /** The records from `from` on to `to`, as far as they are in the block. */
  rows(from: number, to: number): StoredRecord[] {
    const rows: StoredRecord[] = [];
    for (let seq = Math.max(from, this.first); seq <= Math.min(to, this.last); seq++) rows.push(this.row(seq));
    return rows;
  }
}
