/**
 * Stage 5, reading a room's history on CQL: bucket by bucket, as many rows at a time as the page still takes. Touches the
 * database through the session.
 */
import type { CqlRow } from "../cql/rows.ts";
import type { CqlSession } from "../cql/session.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import { PageBudget } from "./check-batch.ts";
import type { CqlRooms } from "./cql-rooms.ts";
import { ROW_COLUMNS, recordIn, seqIn } from "./cql-rows.ts";
import { BUCKET_SEQS, bucketOf } from "./cql-schema.ts";
import type { PageLimit } from "./message-store.ts";

const SELECT = `SELECT ${ROW_COLUMNS} FROM messages WHERE room = ? AND bucket = ? AND seq >= ? AND seq <= ?`;
const UPWARDS = `${SELECT} ORDER BY seq ASC LIMIT ?`;
const DOWNWARDS = `${SELECT} ORDER BY seq DESC LIMIT ?`;

/** Rows of the first read of a page: their bodies are at most 2 MiB. */
const FIRST_ROWS = 128;
/** Rows of any later one. */
const ROWS_MAX = 1000;

/** Reads rooms. */
export class CqlReader {
  readonly #session: CqlSession;
  readonly #rooms: CqlRooms;

  constructor(session: CqlSession, rooms: CqlRooms) {
    this.#session = session;
    this.#rooms = rooms;
  }

  /** As `MessageStore.range`. */
  async range(room: Uuid, from: number, to: number, limit: PageLimit): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    const { bucket: newest, floor } = await this.#rooms.state(room);
    if (newest === undefined) return found;
    this.#rooms.remember(room, newest);
    const low = Math.max(from, floor);
    const high = Math.min(to, newest * BUCKET_SEQS + BUCKET_SEQS - 1);
    const page = new Page(room, limit);
    for (let bucket = bucketOf(low); bucket <= bucketOf(high) && !page.isFull; bucket++) {
      await this.#read(page, found, UPWARDS, { bucket, low, high });
    }
    return found;
  }

  /** As `MessageStore.page`. */
  async page(room: Uuid, before: number, limit: PageLimit): Promise<StoredRecord[]> {
    const { bucket: newest, floor } = await this.#rooms.state(room);
    if (newest === undefined) return [];
    this.#rooms.remember(room, newest);
    return await this.newest(room, { floor, newest, before }, limit);
  }

  /** The newest records with `floor` ≤ seq < `before`, ascending, from the bucket `newest` downwards. */
  async newest(
    room: Uuid,
    { floor, newest, before }: { readonly floor: number; readonly newest: number; readonly before: number },
    limit: PageLimit,
  ): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    const high = Math.min(before - 1, newest * BUCKET_SEQS + BUCKET_SEQS - 1);
    const page = new Page(room, limit);
    for (let bucket = bucketOf(high); bucket >= bucketOf(floor) && !page.isFull; bucket--) {
      await this.#read(page, found, DOWNWARDS, { bucket, low: floor, high });
    }
    return found.reverse();
  }

  /** Reads on within one bucket until the page is full or the bucket has no more between `low` and `high`. */
  async #read(
    page: Page,
    found: StoredRecord[],
    query: typeof UPWARDS | typeof DOWNWARDS,
    { bucket, low, high }: { readonly bucket: number; readonly low: number; readonly high: number },
  ): Promise<void> {
    let from = Math.max(low, bucket * BUCKET_SEQS);
    let to = Math.min(high, bucket * BUCKET_SEQS + BUCKET_SEQS - 1);
    while (from <= to && !page.isFull) {
      const count = page.rowsWanted;
      const rows = await this.#session.rows(query, [page.room, bucket, BigInt(from), BigInt(to), count]);
      for (const row of rows) if (!page.isFull) page.take(row, found);
      const last = rows.at(-1);
      if (rows.length < count || last === undefined) return;
      if (query === UPWARDS) from = seqIn(last, page.room) + 1;
      else to = seqIn(last, page.room) - 1;
    }
  }
}

/** A page while it fills. */
class Page {
  readonly room: Uuid;
  readonly #limit: PageLimit;
  readonly #budget: PageBudget;
  #isFull = false;
  #rows = 0;
  #bytes = 0;

  constructor(room: Uuid, limit: PageLimit) {
    this.room = room;
    this.#limit = limit;
    this.#budget = new PageBudget(limit);
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** How many rows to read next: what the page will probably take, by the rows that it has taken. */
  get rowsWanted(): number {
    const left = Math.max(1, this.#limit.records - this.#rows);
    if (this.#rows === 0) return Math.min(left, FIRST_ROWS);
    const byBytes = Math.ceil(((this.#limit.bytes - this.#bytes) / this.#bytes) * this.#rows);
    return Math.max(1, Math.min(left, byBytes, ROWS_MAX));
  }

  /** Takes a row in, unless the page is full with it. */
  take(row: CqlRow, found: StoredRecord[]): void {
    const stored = recordIn(row, this.room);
    if (stored === undefined) return;
    if (!this.#budget.take(stored)) {
      this.#isFull = true;
      return;
    }
    found.push(stored);
    this.#rows += 1;
    this.#bytes += stored.record.body.length + 128;
    this.#isFull = this.#budget.full;
  }
}
