/**
 * Stage 4, what stands between the tail and the store: rows that are not written yet, in the order of the log, packed as
 * the store keeps them. Counts what it holds; who fills it decides when that is too much.
 */
import { recordBytes } from "../log/record-codec.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import type { BlockBuffers } from "../store/block-buffers.ts";
import type { PlacedRemoval } from "../store/message-store.ts";
import { PackedRows } from "../store/packed-rows.ts";
import type { ProjectedBatch } from "./tail.ts";

/** Consecutive records on their way to the store. */
export interface Stretch {
  /** The first position covered, and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly rows: PackedRows;
  /** What the rows take away. */
  readonly removals: PlacedRemoval[];
  /** When the first of it came, in milliseconds on the monotonic clock. */
  readonly since: number;
}

interface OpenStretch extends Stretch {
  to: number;
}

/** Rows that wait. */
export class StoreQueue {
  readonly #rowsMax: number;
  readonly #buffers: BlockBuffers;
  /** In the order of the log; the last one is still being filled. */
  #waiting: OpenStretch[] = [];
  #to: number;

  /** `position` is the first that will come; a stretch holds `rowsMax` rows at the most, in memory out of `buffers`. */
  constructor(position: number, rowsMax: number, buffers: BlockBuffers) {
    this.#buffers = buffers;
    this.#to = position;
    this.#rowsMax = rowsMax;
  }

  /** The position after the last that was handed over. */
  get to(): number {
    return this.#to;
  }

  /** How many rows wait. */
  get length(): number {
    return this.#waiting.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  /** The memory that they take, in bytes. */
  get bytes(): number {
    return this.#waiting.reduce((sum, { rows }) => sum + rows.bytes, 0);
  }

  /** Adds what a batch has from `from` on. */
  push(batch: ProjectedBatch, from: number, now: number): void {
    const encoded = batch.encoded();
    let open = this.#waiting.at(-1) ?? this.#begin(from, now);
    let position = batch.from;
    let offset = 0;
    for (const stored of batch.records) {
      if (encoded === undefined) {
        if (stored.position < from) continue;
        open = this.#openFor(open, stored.position, now);
        open.rows.add(stored, undefined, 0, 0);
        continue;
      }
      // Records that took no seq stand between those that did.
      for (; position < stored.position; position += 1) offset += recordBytes(encoded, offset) ?? 0;
      const bytes = recordBytes(encoded, offset) ?? 0;
      if (stored.position >= from) {
        open = this.#openFor(open, stored.position, now);
        open.rows.add(stored, encoded, offset, bytes);
      }
      offset += bytes;
      position += 1;
    }
    open.to = batch.to;
    this.#to = batch.to;
    // Each goes with the record that says so: a checkpoint beyond that record says that it is done.
    for (const removal of batch.removals) {
      if (removal.position >= from) this.#waiting.find(({ to }) => to > removal.position)?.removals.push(removal);
    }
  }

  /** Takes the oldest stretch out; one without rows where nothing waits. */
  take(): Stretch {
    return this.#waiting.shift() ?? this.#empty(this.#to, 0);
  }

  /** What waits of a room with `from` ≤ seq ≤ `to`, ascending. */
  of(room: Uuid, from: number, to: number): StoredRecord[] {
    return this.#waiting.flatMap(({ rows }) => rows.of(room, from, to));
  }

  /** Puts back what was taken last, in front. Nobody may use its rows any more: they may be added to. */
  putBack(stretch: Stretch): void {
    this.#waiting.unshift(stretch);
  }

  /** Lets go of what lies before `checkpoint`, as far as whole stretches do. */
  drop(checkpoint: number): void {
    for (let oldest = this.#waiting[0]; oldest !== undefined && oldest.to <= checkpoint; oldest = this.#waiting[0]) {
      this.#waiting.shift();
      oldest.rows.release();
    }
  }

  /** Lets go of everything; the next to come is at `position`. */
  clear(position: number): void {
    this.#to = position;
    this.#waiting = [];
  }

  #openFor(open: OpenStretch, position: number, now: number): OpenStretch {
    if (open.rows.length < this.#rowsMax) return open;
    open.to = position;
    return this.#begin(position, now);
  }

  #begin(from: number, since: number): OpenStretch {
    const stretch = this.#empty(from, since);
    this.#waiting.push(stretch);
    return stretch;
  }

  #empty(from: number, since: number): OpenStretch {
    return { from, to: from, rows: new PackedRows(this.#buffers), removals: [], since };
  }
}
