/**
 * Stage 5, rows on their way to the store, as bytes: blocks of each room that fill up while records come in, so that
 * nothing is left to encode when they are written, and no object lives on meanwhile for the collector to carry about.
 * Pure: touches bytes and nothing else.
 */

import { readNumber } from "../lmdb/sealed-value.ts";
import { decodeRecord, encodedBytesMax, encodeRecord, recordBytes } from "../log/record-codec.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import type { BlockBuffers } from "./block-buffers.ts";
import { BLOCK_BYTES_MAX, BLOCK_HEADER_BYTES, ROW_NUMBERS_BYTES, sealBlock, writeRowNumbers } from "./blocks.ts";

/** The first piece of memory of a room that is quiet, in bytes. */
const BYTES_MIN = 512;

interface OpenBlock {
  buffer: Buffer;
  end: number;
  readonly first: number;
  count: number;
}

/** Rows of one room, ascending by seq. */
export class RoomRows {
  readonly room: Uuid;
  /** Seq of the first row. */
  readonly first: number;
  /** Position of the first row. */
  readonly firstPosition: number;
  readonly #buffers: BlockBuffers | undefined;
  readonly #blocks: OpenBlock[] = [];
  #open: OpenBlock;
  #bytes = 0;

  constructor({ record, seq, position }: StoredRecord, rowBytes: number, buffers: BlockBuffers | undefined) {
    this.room = record.room;
    this.#buffers = buffers;
    this.first = seq;
    this.firstPosition = position;
    this.#open = this.#begin(seq, BYTES_MIN, rowBytes);
  }

  /** The memory that they take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the row that follows, encoded already. Where a seq is missing a new block begins. */
  add({ seq, n, position }: StoredRecord, source: Buffer, offset: number, bytes: number): void {
    const rowBytes = ROW_NUMBERS_BYTES + bytes;
    let block = this.#open;
    if (seq !== block.first + block.count || (block.count > 0 && block.end + rowBytes > BLOCK_BYTES_MAX)) {
      block = this.#begin(seq, block.buffer.length * 2, rowBytes);
      this.#open = block;
    } else if (block.end + rowBytes > block.buffer.length) {
      this.#grow(block, rowBytes);
    }
    const at = block.end;
    writeRowNumbers(n, position, block.buffer, at);
    source.copy(block.buffer, at + ROW_NUMBERS_BYTES, offset, offset + bytes);
    block.end = at + rowBytes;
    block.count += 1;
  }

  /** The blocks as they are written; each value is good until a row is added. */
  blocks(): { readonly first: number; readonly value: Buffer }[] {
    return this.#blocks.map(({ buffer, end, first, count }) => ({
      first,
      value: sealBlock(buffer.subarray(0, end), first, count),
    }));
  }

  /** The rows with `from` ≤ seq ≤ `to`, read back. */
  rows(from: number, to: number): StoredRecord[] {
    const rows: StoredRecord[] = [];
    for (const { buffer, end, first, count } of this.#blocks) {
      if (first > to || first + count <= from) continue;
      let offset = BLOCK_HEADER_BYTES;
      for (let seq = first; offset < end && seq <= to; seq += 1) {
        if (seq >= from) rows.push(rowAt(buffer, offset, end, seq));
        offset += ROW_NUMBERS_BYTES + (recordBytes(buffer, offset + ROW_NUMBERS_BYTES, end) ?? end);
      }
    }
    return rows;
  }

  /** Gives the memory back; nothing of the rows may be used any more. */
  release(): void {
    for (const { buffer } of this.#blocks) this.#buffers?.give(buffer);
  }

  #begin(first: number, size: number, rowBytes: number): OpenBlock {
    const buffer = this.#memory(Math.max(Math.min(size, BLOCK_BYTES_MAX), BLOCK_HEADER_BYTES + rowBytes));
    const block = { buffer, end: BLOCK_HEADER_BYTES, first, count: 0 };
    this.#blocks.push(block);
    this.#bytes += buffer.length;
    return block;
  }

  #grow(block: OpenBlock, rowBytes: number): void {
    const larger = this.#memory(Math.max(Math.min(block.buffer.length * 2, BLOCK_BYTES_MAX), block.end + rowBytes));
    block.buffer.copy(larger, 0, 0, block.end);
    this.#bytes += larger.length - block.buffer.length;
    block.buffer = larger;
  }

  #memory(bytes: number): Buffer {
    return bytes === BLOCK_BYTES_MAX && this.#buffers !== undefined
      ? this.#buffers.take()
      : Buffer.allocUnsafeSlow(bytes);
  }
}

/** Rows of any rooms, each room's ascending by seq, all ascending by position. */
export class PackedRows {
  readonly #buffers: BlockBuffers | undefined;
  readonly #rooms = new Map<Uuid, RoomRows>();
  #scratch = Buffer.alloc(0);
  #length = 0;
  #bytes = 0;
  #firstPosition: number | undefined;
  #lastPosition: number | undefined;

  /** `buffers` is where memory comes from and where `release` gives it back. */
  constructor(buffers: BlockBuffers | undefined) {
    this.#buffers = buffers;
  }

  /** Packs rows. Throws a `RangeError` for a record that can't be encoded. */
  static of(rows: readonly StoredRecord[]): PackedRows {
    const packed = new PackedRows(undefined);
    for (const row of rows) packed.add(row, undefined, 0, 0);
    return packed;
  }

  /** How many rows there are. */
  get length(): number {
    return this.#length;
  }

  /** The memory that they take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Position of the first row. */
  get firstPosition(): number | undefined {
    return this.#firstPosition;
  }

  /** Position of the last row. */
  get lastPosition(): number | undefined {
    return this.#lastPosition;
  }

  /** The rooms, in the order in which they came. */
  rooms(): Iterable<RoomRows> {
    return this.#rooms.values();
  }

  /**
   * Adds the next row: its record is copied as it stands in `encoded`, `bytes` from `offset` on, or encoded where nobody
   * has done so. Throws a `RangeError` for a record that can't be.
   */
  add(row: StoredRecord, encoded: Buffer | undefined, offset: number, bytes: number): void {
    if (encoded === undefined) {
      const end = this.#encode(row);
      this.#add(row, this.#scratch, 0, end);
    } else {
      this.#add(row, encoded, offset, bytes);
    }
  }

  /** The rows of a room with `from` ≤ seq ≤ `to`, ascending, read back. */
  of(room: Uuid, from: number, to: number): StoredRecord[] {
    return this.#rooms.get(room)?.rows(from, to) ?? [];
  }

  /** Gives the memory back, once they are written; nothing of them may be used any more. */
  release(): void {
    for (const room of this.#rooms.values()) room.release();
    this.#rooms.clear();
  }

  /** All rows, room by room, read back. */
  all(): StoredRecord[] {
    return [...this.#rooms.values()].flatMap((room) => room.rows(0, Number.MAX_SAFE_INTEGER));
  }

  #add(row: StoredRecord, source: Buffer, offset: number, bytes: number): void {
    const { room } = row.record;
    let rows = this.#rooms.get(room);
    if (rows === undefined) {
      rows = new RoomRows(row, ROW_NUMBERS_BYTES + bytes, this.#buffers);
      this.#rooms.set(room, rows);
      this.#bytes += rows.bytes;
    }
    const before = rows.bytes;
    rows.add(row, source, offset, bytes);
    this.#bytes += rows.bytes - before;
    this.#length += 1;
    this.#firstPosition ??= row.position;
    this.#lastPosition = row.position;
  }

  /** Encodes a record into the scratch, and returns where it ends. */
  #encode({ record }: StoredRecord): number {
    const bytesMax = encodedBytesMax(record);
    if (bytesMax > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(bytesMax);
    return encodeRecord(record, this.#scratch, 0);
  }
}

/** Rows as objects, packed or not; each room's ascending by seq. */
export function unpacked(rows: readonly StoredRecord[] | PackedRows): readonly StoredRecord[] {
  return rows instanceof PackedRows ? rows.all() : rows;
}

function rowAt(buffer: Buffer, offset: number, end: number, seq: number): StoredRecord {
  const record = decodeRecord(buffer, offset + ROW_NUMBERS_BYTES, end);
  // What was encoded a moment ago, or came whole out of the log, is read back whole.
  if (record === undefined) throw new Error("a packed row can't be read back");
  return { record, seq, n: readNumber(buffer, offset), position: readNumber(buffer, offset + 8) };
}
