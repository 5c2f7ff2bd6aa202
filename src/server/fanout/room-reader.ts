/**
 * Stage 5: reads what was said in a room, from recent events and the store together, as one dense row of events. The
 * store is trusted only below its checkpoint and only while seqs are dense; a hole there is an alarm (FAN-1). Whoever
 * was acknowledged reads it back at once: what the store lacks is still among the recent events, or is waited for
 * (CMD-2).
 */
import { LINE_END } from "../../protocol/framing.ts";
import { type StoredRecord, type Uuid, withoutText } from "../record.ts";
import type { MessageStore, PageLimit } from "../store/message-store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { EventEncoder } from "./event-encoder.ts";
import { type EventRun, joinRuns, newestLines, oldestLines, runUpTo } from "./event-run.ts";
import type { Room } from "./room.ts";

/** What cannot be read right now; trying again later may work. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

const NONE: ReadonlySet<number> = new Set();

/** What the reader needs to know of the store's progress. */
export interface StoreProgress {
  /** Resolves with `true` once everything before `position` stands in the store, with `false` after `withinMs`. */
  reached(position: number, withinMs: number): Promise<boolean>;
  /**
   * The records of a room with `from` ≤ seq ≤ `to` that a read of the store may not show yet, ascending; `undefined`
   * where that can't be said: then wait with `reached`. Asked before the store; a record may be found in both.
   */
  pending(room: Uuid, from: number, to: number): readonly StoredRecord[] | undefined;
  /**
   * The seqs of a room whose texts were taken away and that a read of the store may still give with them; `undefined`
   * where that can't be said: then wait with `reached`. Asked before the store.
   */
  removing(room: Uuid): ReadonlySet<number> | undefined;
  /** The store misses something below its checkpoint: write it once more. */
  projectAgain(): void;
}

/** Reads rooms. */
export class RoomReader {
  readonly #store: MessageStore;
  readonly #progress: (room: Uuid) => StoreProgress;
  readonly #telemetry: Pick<Telemetry, "holeFound" | "readFailed">;
  readonly #encoder = new EventEncoder();

  /** `progress` is how far the store has come in the partition of a room. */
  constructor(
    store: MessageStore,
    progress: (room: Uuid) => StoreProgress,
    telemetry: Pick<Telemetry, "holeFound" | "readFailed">,
  ) {
    this.#store = store;
    this.#progress = progress;
    this.#telemetry = telemetry;
  }

  /** The lowest seq that retention left in a room. */
  async floor(room: Room): Promise<number> {
    return await this.#ask(() => this.#store.floor(room.id));
  }

  /**
   * Events from seq `from` on, ascending: as many as there are in one piece and in `limit`, one at least. `undefined`
   * where there are none. Begins later than `from` only where retention removed what lies between. Throws an
   * `UnavailableError` where the store can't be read or is not there yet `withinMs`.
   */
  async after(room: Room, from: number, limit: PageLimit, withinMs: number): Promise<EventRun | undefined> {
    if (from > room.head) return undefined;
    const recent = this.recent(room, from, limit);
    if (recent !== undefined) return recent;
    const to = (room.recent.first ?? room.head + 1) - 1;
    await this.#covered(room, withinMs);
    const removing = await this.#removing(room, withinMs);
    const records = await this.#ask(() => this.#store.range(room.id, from, to, limit));
    const first = records[0]?.seq ?? to + 1;
    if (first > from) {
      const floor = await this.floor(room);
      if (floor < first) throw this.#hole(room, Math.max(from, floor));
      // All of it is gone, and what comes next may have left memory meanwhile.
      if (records.length === 0) return await this.after(room, Math.max(floor, to + 1), limit, withinMs);
    }
    const run = this.#run(room, withoutTexts(records, removing));
    // The store counts roughly; text that is not ASCII takes more bytes than it counted.
    return run === undefined ? undefined : oldestLines(run, limit.bytes);
  }

  /**
   * The newest events with seq < `before`, ascending, in `limit` counted from the newest. `undefined` where there are
   * none. Throws as `after` does.
   */
  async before(room: Room, before: number, limit: PageLimit, withinMs: number): Promise<EventRun | undefined> {
    const newest = Math.min(before - 1, room.head);
    const oldest = Math.max(1, newest - limit.records + 1);
    const recent = room.recent.upTo(newest, oldest, limit.bytes);
    const next = recent === undefined ? newest : recent.first - 1;
    const bytesLeft = limit.bytes - (recent?.lines.length ?? 0);
    // What is still in memory was left out for its size: the page ends early.
    const isCut = next >= (room.recent.first ?? Number.POSITIVE_INFINITY);
    if (next < oldest || bytesLeft <= 0 || isCut) return recent;
    await this.#covered(room, withinMs);
    const missing = { records: next - oldest + 1, bytes: bytesLeft };
    const removing = await this.#removing(room, withinMs);
    const records = await this.#ask(() => this.#store.page(room.id, next + 1, missing));
    const last = records.at(-1)?.seq ?? 0;
    if (last < next) {
      const floor = await this.floor(room);
      if (floor <= next) throw this.#hole(room, Math.max(last + 1, floor));
      return recent;
    }
    const run = this.#run(room, withoutTexts(records, removing));
    if (run === undefined) return recent;
    const older = newestLines(run, bytesLeft);
    if (recent === undefined) return older;
    return older.lines.length > bytesLeft ? recent : joinRuns(older, recent);
  }

  /**
   * The newest records with seq < `before`, ascending, `countMax` at the most: from the store and what is on its way
   * there. Throws as `after` does.
   */
  async recordsBefore(
    room: Room,
    before: number,
    countMax: number,
    withinMs: number,
  ): Promise<readonly StoredRecord[]> {
    const to = Math.min(before - 1, room.head);
    const from = Math.max(1, to - countMax + 1);
    return await this.#records(room, from, to, withinMs);
  }

  /** The records from seq `from` on, ascending, `countMax` at the most. Throws as `after` does. */
  async recordsAfter(room: Room, from: number, countMax: number, withinMs: number): Promise<readonly StoredRecord[]> {
    const floor = await this.floor(room);
    const first = Math.max(from, floor);
    return await this.#records(room, first, Math.min(first + countMax - 1, room.head), withinMs);
  }

  /** The record of a seq; `undefined` where retention removed it or it is yet to come. Throws as `after` does. */
  async record(room: Room, seq: number, withinMs: number): Promise<StoredRecord | undefined> {
    return (await this.#records(room, seq, Math.min(seq, room.head), withinMs))[0];
  }

  /** What there is of the records `from` to `to`: all that retention left. */
  async #records(room: Room, from: number, to: number, withinMs: number): Promise<readonly StoredRecord[]> {
    if (to < from) return [];
    let waiting = this.#progress(room.id).pending(room.id, from, room.head);
    if (waiting === undefined) {
      if (!(await this.#progress(room.id).reached(room.end, withinMs))) {
        throw new UnavailableError("the store has not come so far yet; try again");
      }
      waiting = this.#progress(room.id).pending(room.id, from, room.head) ?? [];
    }
    const removing = await this.#removing(room, withinMs);
    const last = Math.min(to, (waiting[0]?.seq ?? to + 1) - 1);
    const limit = { records: last - from + 1, bytes: Number.POSITIVE_INFINITY };
    const stored = last < from ? [] : await this.#ask(() => this.#store.range(room.id, from, last, limit));
    const floor = (stored[0]?.seq ?? last + 1) > from ? await this.floor(room) : from;
    const first = Math.max(from, floor);
    const records = [...stored, ...waiting.filter(({ seq }) => seq <= to && seq > last)].filter(
      ({ seq }) => seq >= first,
    );
    records.forEach(({ seq }, index) => {
      if (seq !== first + index) throw this.#hole(room, first + index);
    });
    if (records.length < to - first + 1) throw this.#hole(room, first + records.length);
    return withoutTexts(records, removing);
  }

  /** Waits until the store has a room's record at a position, `withinMs` at most. */
  async stored(room: Room, position: number, withinMs: number): Promise<boolean> {
    return await this.#progress(room.id).reached(position + 1, withinMs);
  }

  /** Events from seq `from` on out of memory, or `undefined` where they are not there. Never waits. */
  recent(room: Room, from: number, limit: PageLimit): EventRun | undefined {
    const run = room.recent.from(from, limit.bytes);
    if (run === undefined || run.last - run.first < limit.records) return run;
    return runUpTo(run, run.first + limit.records - 1);
  }

  async #covered(room: Room, withinMs: number): Promise<void> {
    if (await this.#progress(room.id).reached(room.recent.droppedTo, withinMs)) return;
    throw new UnavailableError("the store has not come so far yet; try again");
  }

  /** What of the room was taken away and may still be read out of the store with its text. */
  async #removing(room: Room, withinMs: number): Promise<ReadonlySet<number>> {
    const removing = this.#progress(room.id).removing(room.id);
    if (removing !== undefined) return removing;
    if (await this.#progress(room.id).reached(room.end, withinMs)) return NONE;
    throw new UnavailableError("the store has not come so far yet; try again");
  }

  async #ask<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      this.#telemetry.readFailed(error);
      throw new UnavailableError("the store can't be read right now; try again", { cause: error });
    }
  }

  #hole(room: Room, seq: number): UnavailableError {
    this.#telemetry.holeFound(room.id, seq);
    this.#progress(room.id).projectAgain();
    return new UnavailableError(`the store misses a record; it is being written again; try again`);
  }

  #run(room: Room, records: readonly StoredRecord[]): EventRun | undefined {
    const first = records[0]?.seq;
    if (first === undefined) return undefined;
    let lines = "";
    let messagesOnly = true;
    let seq = first;
    for (const stored of records) {
      if (stored.seq !== seq) throw this.#hole(room, seq);
      lines += this.#encoder.encode(room.json, stored) + LINE_END;
      messagesOnly &&= stored.record.kind === "message";
      seq += 1;
    }
    return { first, last: seq - 1, lines: Buffer.from(lines), messagesOnly };
  }
}

/** What was taken away a moment ago still has its text until the store has heard of it. */
function withoutTexts(records: readonly StoredRecord[], removing: ReadonlySet<number>): readonly StoredRecord[] {
  if (removing.size === 0) return records;
  return records.map((stored) => (removing.has(stored.seq) ? withoutText(stored) : stored));
}
