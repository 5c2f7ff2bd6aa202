/**
 * Stage 5, what every adapter of the store holds a batch and a page to, so that all refuse, all remove and all stop at
 * the same place. Pure.
 */
import { REMOVED_BODY, type StoredRecord, type Uuid } from "../record.ts";
import type { PageLimit, Removal, StoreBatch } from "./message-store.ts";
import { PackedRows } from "./packed-rows.ts";

/** A batch that contradicts itself or would leave a gap; writing it again as it stands can't help. */
class StoreBatchError extends Error {
  override readonly name = "StoreBatchError";
}

/**
 * Throws a `StoreBatchError` for a batch whose parts contradict each other or that begins after `checkpoint`. Looks at
 * the ends of the records only: it stands before every write.
 */
export function checkBatch(batch: StoreBatch, checkpoint: number): void {
  const { partition, from, to, records, snapshot } = batch;
  const name = `batch ${from}..${to} of partition ${partition}`;
  if (from > to) throw new StoreBatchError(`${name} ends before it begins`);
  if (from > checkpoint)
    throw new StoreBatchError(`${name} would leave a gap: the store's checkpoint is ${checkpoint}`);
  const isPacked = records instanceof PackedRows;
  const first = isPacked ? records.firstPosition : records[0]?.position;
  const last = isPacked ? records.lastPosition : records.at(-1)?.position;
  if ((first !== undefined && first < from) || (last !== undefined && last >= to)) {
    throw new StoreBatchError(`${name} holds a record from outside of it`);
  }
  if (snapshot !== undefined && snapshot.position > to) {
    throw new StoreBatchError(`${name} comes with a snapshot at ${snapshot.position}, beyond its end`);
  }
}

/** What is to stand under a seq: the row that is written, but for one whose text was taken away from the store since. */
export function rowToKeep(stored: StoredRecord | undefined, row: StoredRecord): StoredRecord {
  const isRemoved = stored?.record.body === REMOVED_BODY && stored.record.id === row.record.id;
  return isRemoved ? stored : row;
}

/** The seqs of removals, room by room. */
export function seqsByRoom(removals: readonly Removal[]): ReadonlyMap<Uuid, ReadonlySet<number>> {
  const rooms = new Map<Uuid, Set<number>>();
  for (const { room, seq } of removals) {
    const seqs = rooms.get(room);
    if (seqs === undefined) rooms.set(room, new Set([seq]));
    else seqs.add(seq);
  }
  return rooms;
}

/** Counts what a page may still take, by the measure of `PageLimit`. */
export class PageBudget {
  #records = 0;
  #bytes = 0;
  readonly #limit: PageLimit;

  constructor(limit: PageLimit) {
    this.#limit = limit;
  }

  /** Whether `row` still belongs to the page; the first always does. */
  take(row: StoredRecord): boolean {
    const bytes = this.#bytes + row.record.body.length + 128;
    if (this.#records > 0 && (this.#records >= this.#limit.records || bytes > this.#limit.bytes)) return false;
    this.#records += 1;
    this.#bytes = bytes;
    return true;
  }

  /** Whether the page certainly takes nothing more, so that a reader need not decode the next. */
  get full(): boolean {
    return this.#records > 0 && (this.#records >= this.#limit.records || this.#bytes >= this.#limit.bytes);
  }
}
