/**
 * Stage 5, reading a room's history on CQL: bucket by bucket, as many rows at a time as the page still takes. Touches the
 * database through the session.
 */
import type { CqlRow } from "../cql/rows.ts";
import type { CqlSession } from "../cql/session.ts";
import { UuidTexts } from "../log/uuid-bytes.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import { PageBudget } from "./check-batch.ts";
import type { CqlRooms, RoomState } from "./cql-rooms.ts";
import { ROW_COLUMNS, recordIn, seqIn } from "./cql-rows.ts";
import { BUCKET_SEQS, bucketOf } from "./cql-schema.ts";
import type { PageLimit } from "./message-store.ts";

const SELECT = `SELECT ${ROW_COLUMNS} FROM messages WHERE room = ? AND bucket = ? AND seq >= ? AND seq <= ?`;
const UPWARDS = `${SELECT} ORDER BY seq ASC LIMIT ?`;
const DOWNWARDS = `${SELECT} ORDER BY seq DESC LIMIT ?`;

/** Rows that are asked for at once at the most. */
const ROWS_MAX = 1000;
/** The measure of a row, in bytes, before any was read. */
const ROW_BYTES_FIRST = 1024;
/** Over about so many pages the size of a row is averaged. */
const PAGES_REMEMBERED = 16;
/** Ids of senders that are kept as text. */
const TEXTS_KEPT = 1024;

type Direction = typeof UPWARDS | typeof DOWNWARDS;

/** Seqs from `low` to `high`, as far as they are in a bucket. */
interface Stretch {
  readonly bucket: number;
  readonly low: number;
  readonly high: number;
}

/** Rows of a bucket, and how many were asked for. */
interface EarlyRows {
  readonly bucket: number;
  readonly count: number;
  readonly rows: readonly CqlRow[];
}

/** The last seq of a bucket. */
const lastOf = (bucket: number): number => bucket * BUCKET_SEQS + BUCKET_SEQS - 1;

/** Reads rooms. */
export class CqlReader {
  readonly #session: CqlSession;
  readonly #rooms: CqlRooms;
  readonly #texts = new UuidTexts(TEXTS_KEPT);
  /** The measure of a row of the pages that were read lately, in bytes. */
  #rowBytes = ROW_BYTES_FIRST;

  constructor(session: CqlSession, rooms: CqlRooms) {
    this.#session = session;
    this.#rooms = rooms;
  }

  /** As `MessageStore.range`. */
  async range(room: Uuid, from: number, to: number, limit: PageLimit): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    const page = this.#page(room, limit);
    const guess = { bucket: bucketOf(from), low: from, high: to };
    const [{ bucket: newest, floor }, early] = await this.#begin(page, UPWARDS, guess);
    if (newest === undefined) return found;
    const low = Math.max(from, floor);
    const high = Math.min(to, lastOf(newest));
    for (let bucket = bucketOf(low); bucket <= bucketOf(high) && !page.isFull; bucket++) {
      await this.#read(page, found, UPWARDS, { bucket, low, high }, early);
    }
    this.#learn(page);
    return found;
  }

  /** As `MessageStore.page`. */
  async page(room: Uuid, before: number, limit: PageLimit): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    const page = this.#page(room, limit);
    const known = this.#rooms.newestKnown(room) ?? 0;
    const guess = { bucket: Math.min(known, bucketOf(before - 1)), low: 1, high: before - 1 };
    const [{ bucket: newest, floor }, early] = await this.#begin(page, DOWNWARDS, guess);
    if (newest === undefined) return found;
    const high = Math.min(before - 1, lastOf(newest));
    for (let bucket = bucketOf(high); bucket >= bucketOf(floor) && !page.isFull; bucket--) {
      await this.#read(page, found, DOWNWARDS, { bucket, low: floor, high }, early);
    }
    this.#learn(page);
    return found.reverse();
  }

  /** The newest record of all with a seq from `low` on in a room whose newest bucket is `newest`. */
  async newest(room: Uuid, low: number, newest: number): Promise<StoredRecord | undefined> {
    const found: StoredRecord[] = [];
    const page = this.#page(room, { records: 1, bytes: Number.MAX_SAFE_INTEGER });
    for (let bucket = newest; bucket >= bucketOf(low) && !page.isFull; bucket--) {
      await this.#read(page, found, DOWNWARDS, { bucket, low, high: lastOf(newest) }, undefined);
    }
    return found[0];
  }

  /** An empty page. */
  #page(room: Uuid, limit: PageLimit): Page {
    const byBytes = Math.ceil(limit.bytes / this.#rowBytes);
    return new Page(room, limit, this.#texts, Math.max(1, Math.min(byBytes, ROWS_MAX)));
  }

  /** Remembers how large rows are, so that a page is read with one request where they all are like that. */
  #learn({ rowBytes }: Page): void {
    if (rowBytes !== undefined) this.#rowBytes += (rowBytes - this.#rowBytes) / PAGES_REMEMBERED;
  }

  /**
   * What is known of a room, and at the same time what most probably is to be read first, where its bucket is known to be
   * there: that spares who waits for the page one of two ways to the database and back.
   */
  async #begin(page: Page, query: Direction, guess: Stretch): Promise<readonly [RoomState, EarlyRows | undefined]> {
    const isLikely = guess.bucket <= (this.#rooms.newestKnown(page.room) ?? -1);
    const [state, early] = await Promise.all([
      this.#rooms.state(page.room),
      isLikely ? this.#ask(page, query, guess) : undefined,
    ]);
    if (state.bucket !== undefined) this.#rooms.remember(page.room, state.bucket);
    return [state, early];
  }

  /** Asks for the rows of a stretch, as many as the page will probably take. */
  async #ask(page: Page, query: Direction, { bucket, low, high }: Stretch): Promise<EarlyRows> {
    const count = page.rowsWanted;
    const params = [page.room, bucket, BigInt(Math.max(low, 0)), BigInt(Math.min(high, lastOf(bucket))), count];
    return { bucket, count, rows: await this.#session.rows(query, params) };
  }

  /**
   * Reads on within one bucket until the page is full or the bucket has no more between `low` and `high`. `early` are its
   * first rows where they were read already.
   */
  async #read(
    page: Page,
    found: StoredRecord[],
    query: Direction,
    { bucket, low, high }: Stretch,
    early: EarlyRows | undefined,
  ): Promise<void> {
    let from = Math.max(low, bucket * BUCKET_SEQS);
    let to = Math.min(high, lastOf(bucket));
    let known = early?.bucket === bucket ? early : undefined;
    while (from <= to && !page.isFull) {
      const { rows, count } = known ?? (await this.#ask(page, query, { bucket, low: from, high: to }));
      known = undefined;
      for (const row of rows) {
        // What was read early does not know of the floor.
        if (!page.isFull && seqIn(row, page.room) >= low) page.take(row, found);
      }
      const last = rows.at(-1);
      if (rows.length < count || last === undefined) return;
      if (query === UPWARDS) from = Math.max(low, seqIn(last, page.room) + 1);
      else to = seqIn(last, page.room) - 1;
    }
  }
}

/** A page while it fills. */
class Page {
  readonly room: Uuid;
  readonly #limit: PageLimit;
  readonly #budget: PageBudget;
  readonly #texts: UuidTexts;
  readonly #firstRows: number;
  #isFull = false;
  #rows = 0;
  #bytes = 0;

  /** `firstRows` is how many rows of the usual size the limit probably allows. */
  constructor(room: Uuid, limit: PageLimit, texts: UuidTexts, firstRows: number) {
    this.room = room;
    this.#texts = texts;
    this.#firstRows = firstRows;
    this.#limit = limit;
    this.#budget = new PageBudget(limit);
  }

  /** The measure of a row of this page, in bytes; `undefined` where there is none. */
  get rowBytes(): number | undefined {
    return this.#rows === 0 ? undefined : this.#bytes / this.#rows;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** How many rows to read next: what the page will probably take, by the rows that it has taken. */
  get rowsWanted(): number {
    const left = Math.max(1, this.#limit.records - this.#rows);
    if (this.#rows === 0) return Math.min(left, this.#firstRows);
    const byBytes = Math.ceil(((this.#limit.bytes - this.#bytes) / this.#bytes) * this.#rows);
    return Math.max(1, Math.min(left, byBytes, ROWS_MAX));
  }

  /** Takes a row in, unless the page is full with it. */
  take(row: CqlRow, found: StoredRecord[]): void {
    const stored = recordIn(row, this.room, this.#texts);
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
