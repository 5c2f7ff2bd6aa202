/**
 * Stage 4, what stands between the tail and the store: records that are not written yet, in the order of the log.
 * Counts what it holds; who fills it decides when that is too much.
 */
import type { StoredRecord, Uuid } from "../record.ts";
import type { ProjectedBatch } from "./tail.ts";

/** What one waiting record costs beside its body, in bytes; measured roughly, as it only guards a limit. */
const RECORD_OVERHEAD_BYTES = 400;

/** Consecutive records on their way to the store. */
export interface Stretch {
  /** The first position covered, and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly records: readonly StoredRecord[];
  /** When the first of it came, in milliseconds on the monotonic clock. */
  readonly since: number;
}

/** Records that wait. */
export class StoreQueue {
  #from: number;
  #to: number;
  #records: StoredRecord[] = [];
  #bytes = 0;
  #since = 0;

  /** `position` is the first that will come. */
  constructor(position: number) {
    this.#from = position;
    this.#to = position;
  }

  /** The position after the last that was handed over. */
  get to(): number {
    return this.#to;
  }

  /** How many records wait. */
  get length(): number {
    return this.#records.length;
  }

  /** What they take in memory, in bytes, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds what a batch has from `from` on. */
  push(batch: ProjectedBatch, from: number, now: number): void {
    if (this.#records.length === 0) this.#since = now;
    for (const stored of batch.records) {
      if (stored.position < from) continue;
      this.#records.push(stored);
      this.#bytes += sizeOf(stored);
    }
    this.#to = batch.to;
  }

  /** Takes the oldest records out, `countMax` at the most. */
  take(countMax: number): Stretch {
    const from = this.#from;
    const since = this.#since;
    const isAll = this.#records.length <= countMax;
    const records = isAll ? this.#records : this.#records.splice(0, countMax);
    if (isAll) this.#records = [];
    for (const stored of records) this.#bytes -= sizeOf(stored);
    this.#from = this.#records[0]?.position ?? this.#to;
    return { from, to: this.#from, records, since };
  }

  /** What waits of a room with `from` ≤ seq ≤ `to`, ascending. */
  of(room: Uuid, from: number, to: number): StoredRecord[] {
    return recordsOf(this.#records, room, from, to);
  }

  /** Puts back what was taken last, in front. */
  putBack({ from, records, since }: Stretch): void {
    this.#from = from;
    this.#since = since;
    this.#records = [...records, ...this.#records];
    for (const stored of records) this.#bytes += sizeOf(stored);
  }

  /** Lets go of everything; the next to come is at `position`. */
  clear(position: number): void {
    this.#from = position;
    this.#to = position;
    this.#records = [];
    this.#bytes = 0;
  }
}

/** The records of a room with `from` ≤ seq ≤ `to` among some, in their order. */
export function recordsOf(records: readonly StoredRecord[], room: Uuid, from: number, to: number): StoredRecord[] {
  return records.filter(({ record, seq }) => record.room === room && seq >= from && seq <= to);
}

const sizeOf = ({ record }: StoredRecord): number => record.body.length + RECORD_OVERHEAD_BYTES;
