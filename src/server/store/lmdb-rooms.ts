/**
 * Stage 5, the blocks of one room in the embedded store: reading by seq, merging a repeat, taking texts away, cutting at
 * the floor.
 *
 * Blocks of a room never overlap: whoever writes seqs that stand there already takes those blocks out first. (But for
 * a block that is damaged: what is written anew beside it wins.)
 */

import { SealError, sealNumber, unsealNumber } from "../lmdb/sealed-value.ts";
import type { LmdbChanges, LmdbView } from "../lmdb/view.ts";
import type { UuidTexts } from "../log/uuid-bytes.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import { Block } from "./blocks.ts";
import { PageBudget, rowToKeep } from "./check-batch.ts";
import { blockKey, blockKeySeq, floorKey } from "./lmdb-keys.ts";
import type { PageLimit } from "./message-store.ts";
import { StoreDamaged } from "./message-store.ts";

/** Blocks that one commit of `removeBelow` takes out at the most; a room may have a hundred thousand. */
const REMOVED_BLOCKS_MAX = 2000;

/** The lowest seq that retention left in a room. Throws `StoreDamaged`. */
export function readFloor(view: LmdbView, room: Uuid): number {
  const value = view.get(floorKey(room));
  if (value === undefined) return 1;
  return checked(room, 1, "floor", () => unsealNumber(value));
}

/** Records of a room with `from` ≤ seq ≤ `to`, ascending, until `limit`. Throws `StoreDamaged`. */
export function readRange(
  view: LmdbView,
  texts: UuidTexts,
  room: Uuid,
  from: number,
  to: number,
  limit: PageLimit,
): StoredRecord[] {
  const found: StoredRecord[] = [];
  const low = Math.max(from, readFloor(view, room));
  if (to < low) return found;
  const budget = new PageBudget(limit);
  const start = view.lastKey(blockKey(room, 0), blockKey(room, low + 1)) ?? blockKey(room, low);
  view.scan(start, blockKey(room, to + 1), (key, value) =>
    checkedBlock(room, key, () => {
      const block = new Block(value, blockKeySeq(key), texts);
      for (let seq = Math.max(low, block.first); seq <= Math.min(to, block.last); seq++) {
        const row = block.row(seq);
        if (!budget.take(row)) return false;
        found.push(row);
      }
      return !budget.full;
    }),
  );
  return found;
}

/** The newest records of a room with seq < `before`, ascending, until `limit`. Throws `StoreDamaged`. */
export function readPage(
  view: LmdbView,
  texts: UuidTexts,
  room: Uuid,
  before: number,
  limit: PageLimit,
): StoredRecord[] {
  const found: StoredRecord[] = [];
  const floor = readFloor(view, room);
  const budget = new PageBudget(limit);
  view.scanBack(blockKey(room, 0), blockKey(room, before), (key, value) =>
    checkedBlock(room, key, () => {
      const block = new Block(value, blockKeySeq(key), texts);
      for (let seq = Math.min(before - 1, block.last); seq >= block.first; seq--) {
        if (seq < floor) return false;
        const row = block.row(seq);
        if (!budget.take(row)) return false;
        found.push(row);
      }
      return !budget.full;
    }),
  );
  return found.reverse();
}

/**
 * Takes the blocks that hold anything between the first and the last of `rows` out, and returns what they held
 * together with `rows`, ascending by seq, for writing; where both have a seq the new row wins, but for a text that was
 * taken away. What a damaged block held is lost to the store, and `damaged` hears of it: a hole is found by those who
 * count seqs, and projected again.
 */
export function mergeRows(
  view: LmdbView,
  changes: LmdbChanges,
  texts: UuidTexts,
  rows: readonly StoredRecord[],
  damaged: (error: StoreDamaged) => void,
): StoredRecord[] {
  const bySeq = new Map<number, StoredRecord>();
  const first = rows[0];
  const last = rows.at(-1);
  if (first === undefined || last === undefined) return [];
  const room = first.record.room;
  const from = first.seq;
  const to = last.seq;
  const before = view.lastKey(blockKey(room, 0), blockKey(room, from));
  view.scan(before ?? blockKey(room, from), blockKey(room, to + 1), (key, value) => {
    try {
      const block = checkedBlock(room, key, () => new Block(value, blockKeySeq(key), texts));
      if (block.last < from) return true;
      for (const row of checkedBlock(room, key, () => block.rows(block.first, block.last))) bySeq.set(row.seq, row);
      changes.remove(key);
    } catch (error) {
      if (!(error instanceof StoreDamaged)) throw error;
      damaged(error);
      // One that begins before `from` may hold nothing of what is written now.
      if (blockKeySeq(key) >= from) changes.remove(key);
    }
    return true;
  });
  for (const row of rows) bySeq.set(row.seq, rowToKeep(bySeq.get(row.seq), row));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/**
 * Takes the texts of the messages `seqs` out of the blocks that hold them; each is written anew in its place. `damaged`
 * hears of one that can't be read: nobody else can read it either, and what is written anew instead comes with its
 * removals. Throws `StoreDamaged` where the floor can't be read.
 */
export function removeTexts(
  view: LmdbView,
  changes: LmdbChanges,
  texts: UuidTexts,
  room: Uuid,
  seqs: ReadonlySet<number>,
  damaged: (error: StoreDamaged) => void,
): void {
  const floor = readFloor(view, room);
  const keys = new Map<number, Buffer>();
  for (const seq of seqs) {
    const key = seq < floor ? undefined : view.lastKey(blockKey(room, 0), blockKey(room, seq + 1));
    if (key !== undefined) keys.set(blockKeySeq(key), key);
  }
  for (const [first, key] of keys) {
    const value = view.get(key);
    if (value === undefined) continue;
    try {
      const without = checkedBlock(room, key, () => new Block(value, first, texts).without(seqs));
      if (without !== undefined) changes.put(key, without);
    } catch (error) {
      if (!(error instanceof StoreDamaged)) throw error;
      damaged(error);
    }
  }
}

/**
 * Raises a room's floor, unless it is as high already, and takes blocks below it out: `left` is whether there are
 * more. What the block at the boundary keeps is returned to be written. Throws `StoreDamaged`.
 */
export function removeBelow(
  view: LmdbView,
  changes: LmdbChanges,
  texts: UuidTexts,
  room: Uuid,
  wanted: number,
): { readonly left: boolean; readonly kept: StoredRecord[] } {
  const before = readFloor(view, room);
  const floor = Math.max(before, wanted);
  if (floor > before) changes.put(floorKey(room), sealNumber(floor));
  const end = blockKey(room, floor);
  const seqMax = Number.MAX_SAFE_INTEGER;
  const boundary = view.lastKey(blockKey(room, 0), end);
  const value = boundary === undefined ? undefined : view.get(boundary);
  if (boundary === undefined || value === undefined) return { left: false, kept: [] };
  // Where another block begins at the floor, this one ends below it and need not be looked at.
  const kept =
    view.get(end) === undefined
      ? checkedBlock(room, boundary, () => new Block(value, blockKeySeq(boundary), texts).rows(floor, seqMax))
      : [];
  const keys = view.keys(blockKey(room, 0), boundary, REMOVED_BLOCKS_MAX);
  for (const key of keys) changes.remove(key);
  changes.remove(boundary);
  return { left: keys.length === REMOVED_BLOCKS_MAX, kept };
}

function checkedBlock<T>(room: Uuid, key: Buffer, read: () => T): T {
  return checked(room, blockKeySeq(key), `block of records from seq ${blockKeySeq(key)} on`, read);
}

function checked<T>(room: Uuid, seq: number, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw new StoreDamaged(room, seq, `the store is damaged in room ${room}: the ${what} ${error.message}`, {
      cause: error,
    });
  }
}
