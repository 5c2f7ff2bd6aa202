/**
 * Stage 5: reads what was said in a room, from recent events and the store together, as one dense row of events. The
 * store is trusted only below its checkpoint and only while seqs are dense; a hole there is an alarm (FAN-1). Whoever
 * was acknowledged reads it back at once: what the store lacks is still among the recent events, or is waited for
 * (CMD-2).
 */
import { LINE_END } from "../../protocol/framing.ts";
import type { StoredRecord } from "../record.ts";
import type { MessageStore, PageLimit } from "../store/message-store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { EventEncoder } from "./event-encoder.ts";
import { type EventRun, joinRuns, newestLines, oldestLines, runUpTo } from "./event-run.ts";
import type { Room } from "./room.ts";

/** What cannot be read right now; trying again later may work. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/** What the reader needs to know of the store's progress. */
export interface StoreProgress {
  /** Resolves with `true` once everything before `position` stands in the store, with `false` after `withinMs`. */
  reached(position: number, withinMs: number): Promise<boolean>;
  /** The store misses something below its checkpoint: write it once more. */
  projectAgain(): void;
}

/** Reads rooms. */
export class RoomReader {
  readonly #store: MessageStore;
  readonly #progress: StoreProgress;
  readonly #telemetry: Pick<Telemetry, "holeFound" | "readFailed">;
  readonly #encoder = new EventEncoder();

  constructor(store: MessageStore, progress: StoreProgress, telemetry: Pick<Telemetry, "holeFound" | "readFailed">) {
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
    const records = await this.#ask(() => this.#store.range(room.id, from, to, limit));
    const first = records[0]?.seq ?? to + 1;
    if (first > from) {
      const floor = await this.floor(room);
      if (floor < first) throw this.#hole(room, Math.max(from, floor));
      // All of it is gone, and what comes next may have left memory meanwhile.
      if (records.length === 0) return await this.after(room, Math.max(floor, to + 1), limit, withinMs);
    }
    const run = this.#run(room, records);
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
    const records = await this.#ask(() => this.#store.page(room.id, next + 1, missing));
    const last = records.at(-1)?.seq ?? 0;
    if (last < next) {
      const floor = await this.floor(room);
      if (floor <= next) throw this.#hole(room, Math.max(last + 1, floor));
      return recent;
    }
    const run = this.#run(room, records);
    if (run === undefined) return recent;
    const older = newestLines(run, bytesLeft);
    if (recent === undefined) return older;
    return older.lines.length > bytesLeft ? recent : joinRuns(older, recent);
  }

  /** Events from seq `from` on out of memory, or `undefined` where they are not there. Never waits. */
  recent(room: Room, from: number, limit: PageLimit): EventRun | undefined {
    const run = room.recent.from(from, limit.bytes);
    if (run === undefined || run.last - run.first < limit.records) return run;
    return runUpTo(run, run.first + limit.records - 1);
  }

  async #covered(room: Room, withinMs: number): Promise<void> {
    if (await this.#progress.reached(room.recent.droppedTo, withinMs)) return;
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
    this.#progress.projectAgain();
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
