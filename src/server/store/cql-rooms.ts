/**
 * Stage 5, what the store on CQL knows of each room as a whole: that it is there, its newest bucket, and its floor. One
 * row each in the table `rooms`. Touches the database through the session.
 */
import { type CqlRow, numberIn, uuidIn, whole } from "../cql/rows.ts";
import type { CqlSession } from "../cql/session.ts";
import type { Uuid } from "../record.ts";
import { BUCKET_SEQS, bucketOf, writeTime } from "./cql-schema.ts";

/** What is known of a room. */
export interface RoomState {
  /** The newest bucket that has begun; `undefined` where there are no records. */
  readonly bucket: number | undefined;
  /** The lowest seq that retention left: 1 where nothing was removed. */
  readonly floor: number;
  /** What is below this seq has been deleted. */
  readonly cleared: number;
}

const SELECT_ROOM = "SELECT bucket, floor, cleared FROM rooms WHERE room = ?";
const SELECT_ROOMS = "SELECT room FROM rooms";
const BEGIN_BUCKET = "INSERT INTO rooms (room, bucket) VALUES (?, ?) USING TIMESTAMP ?";
const RAISE_FLOOR = "INSERT INTO rooms (room, floor) VALUES (?, ?) USING TIMESTAMP ?";
const RAISE_CLEARED = "INSERT INTO rooms (room, cleared) VALUES (?, ?) USING TIMESTAMP ?";
const DELETE_BUCKET = "DELETE FROM messages USING TIMESTAMP ? WHERE room = ? AND bucket = ?";
const DELETE_BELOW = "DELETE FROM messages USING TIMESTAMP ? WHERE room = ? AND bucket = ? AND seq < ?";

/** Rooms whose newest bucket is remembered, so that it is written once. */
const REMEMBERED_ROOMS_MAX = 100_000;
/** Rooms that are listed at once. */
const LIST_ROWS = 2000;

/** The rooms of a store. */
export class CqlRooms {
  readonly #session: CqlSession;
  readonly #begun = new Map<Uuid, number>();

  constructor(session: CqlSession) {
    this.#session = session;
  }

  /** What is known of a room now. */
  async state(room: Uuid): Promise<RoomState> {
    const [row] = await this.#session.rows(SELECT_ROOM, [room]);
    return stateIn(row ?? {});
  }

  /** The newest bucket that this process has written to or read of; a later one may have begun since. */
  newestKnown(room: Uuid): number | undefined {
    return this.#begun.get(room);
  }

  /** Makes sure that a bucket is known to have begun, before anything is written to it. `position` is that of its row. */
  async begin(room: Uuid, bucket: number, position: number): Promise<void> {
    if ((this.#begun.get(room) ?? -1) >= bucket) return;
    await this.#session.write(BEGIN_BUCKET, [room, bucket, writeTime(position)]);
    this.remember(room, bucket);
  }

  /** Remembers that a bucket has begun. */
  remember(room: Uuid, bucket: number): void {
    if ((this.#begun.get(room) ?? -1) >= bucket) return;
    if (this.#begun.size >= REMEMBERED_ROOMS_MAX) this.#begun.clear();
    this.#begun.set(room, bucket);
  }

  /** Raises the floor of a room in which nothing stands below it. */
  async beginAt(room: Uuid, floor: number): Promise<void> {
    await this.raiseFloor(room, floor);
    await this.#session.write(RAISE_CLEARED, [room, BigInt(floor), BigInt(floor)]);
  }

  /** Raises a floor; one that is higher already stays. From then on nothing below it is shown. */
  async raiseFloor(room: Uuid, floor: number): Promise<void> {
    await this.#session.write(RAISE_FLOOR, [room, BigInt(floor), BigInt(floor)]);
  }

  /**
   * Deletes what stands in a room from `cleared` on below `floor`, written up to `position`. Safe to repeat: that it is
   * done is written last.
   */
  async clear(room: Uuid, cleared: number, floor: number, position: number): Promise<void> {
    const time = writeTime(position);
    for (let bucket = bucketOf(cleared); bucket * BUCKET_SEQS < floor; bucket++) {
      const isWhole = (bucket + 1) * BUCKET_SEQS <= floor;
      if (isWhole) await this.#session.write(DELETE_BUCKET, [time, room, bucket]);
      else await this.#session.write(DELETE_BELOW, [time, room, bucket, BigInt(floor)]);
    }
    await this.#session.write(RAISE_CLEARED, [room, BigInt(floor), BigInt(floor)]);
  }

  /** All rooms. */
  async list(): Promise<Uuid[]> {
    const rooms: Uuid[] = [];
    for await (const page of this.#session.pages(SELECT_ROOMS, [], LIST_ROWS)) {
      for (const row of page) rooms.push(whole(uuidIn(row, "room"), "room"));
    }
    return rooms;
  }
}

function stateIn(row: CqlRow): RoomState {
  return {
    bucket: numberIn(row, "bucket"),
    floor: numberIn(row, "floor") ?? 1,
    cleared: numberIn(row, "cleared") ?? 1,
  };
}
