/**
 * Stage 5, writing rows and taking texts away on CQL: batches within one partition of the database, some of them under
 * way at once. Touches the database through the session.
 */
import type { InFlight } from "../cql/in-flight.ts";
import { numberIn, textIn, whole } from "../cql/rows.ts";
import type { CqlSession, CqlStatement } from "../cql/session.ts";
import type { Uuid } from "../record.ts";
import type { CqlRooms } from "./cql-rooms.ts";
import { INSERT_ROW, rowParams, uuidBytes } from "./cql-rows.ts";
import { bucketOf, writeTime } from "./cql-schema.ts";
import type { PlacedRemoval } from "./message-store.ts";
import type { PackedRows, RoomRows } from "./packed-rows.ts";

/**
 * The most that one batch holds, in rows and in bytes; one row that is larger goes by itself. The limits to the size of
 * batches that databases have (50 KiB by default) are for batches of several partitions only.
 */
const BATCH_ROWS_MAX = 200;
const BATCH_BYTES_MAX = 64 * 1024;
/** Removals that are looked up at once. */
const REMOVALS_AT_ONCE = 100;

const SELECT_KINDS = "SELECT seq, kind FROM messages WHERE room = ? AND bucket = ? AND seq IN ?";
const REMOVE_TEXT = "UPDATE messages USING TIMESTAMP ? SET body = '' WHERE room = ? AND bucket = ? AND seq = ?";

/** Writes rows. */
export class CqlWriter {
  readonly #session: CqlSession;
  readonly #rooms: CqlRooms;
  readonly #inFlight: InFlight;

  constructor(session: CqlSession, rooms: CqlRooms, inFlight: InFlight) {
    this.#session = session;
    this.#rooms = rooms;
    this.#inFlight = inFlight;
  }

  /**
   * Writes rows, and resolves when all are durable. Rows before `checkpoint` are a repeat: those that retention has
   * removed since are left out.
   */
  async rows(rows: PackedRows, checkpoint: number): Promise<void> {
    await this.#inFlight.all(this.#batches(rows, await this.#floors(rows, checkpoint)));
  }

  /** Takes texts away: of rows that are there, and are messages. Each in its room's order of removal. */
  async removals(removals: readonly PlacedRemoval[]): Promise<void> {
    const groups = new Map<string, PlacedRemoval[]>();
    for (const removal of removals) {
      const key = `${removal.room} ${bucketOf(removal.seq)}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [removal]);
      else group.push(removal);
    }
    await this.#inFlight.all(this.#removalTasks(groups.values()));
  }

  async #floors(rows: PackedRows, checkpoint: number): Promise<ReadonlyMap<Uuid, number>> {
    const floors = new Map<Uuid, number>();
    const repeats = [...rows.rooms()].filter(({ firstPosition }) => firstPosition < checkpoint);
    const tasks = repeats.map(({ room }) => async () => {
      floors.set(room, (await this.#rooms.state(room)).floor);
    });
    await this.#inFlight.all(tasks);
    return floors;
  }

  *#batches(rows: PackedRows, floors: ReadonlyMap<Uuid, number>): Generator<() => Promise<void>, void, undefined> {
    for (const room of rows.rooms()) {
      for (const batch of batchesOf(room, floors.get(room.room) ?? 1)) {
        yield async () => {
          await this.#rooms.begin(room.room, batch.bucket, batch.position);
          const [first, ...others] = batch.statements;
          if (first !== undefined && others.length === 0) await this.#session.write(first.query, first.params);
          else await this.#session.batch(batch.statements);
        };
      }
    }
  }

  *#removalTasks(groups: Iterable<readonly PlacedRemoval[]>): Generator<() => Promise<void>, void, undefined> {
    for (const group of groups) {
      for (let at = 0; at < group.length; at += REMOVALS_AT_ONCE) {
        yield () => this.#remove(group.slice(at, at + REMOVALS_AT_ONCE));
      }
    }
  }

  /** Takes texts away in one bucket. */
  async #remove(group: readonly PlacedRemoval[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const { room } = first;
    const bucket = bucketOf(first.seq);
    const rows = await this.#session.rows(SELECT_KINDS, [room, bucket, group.map(({ seq }) => BigInt(seq))]);
    const messages = new Set<number>();
    for (const row of rows) if (textIn(row, "kind") === "message") messages.add(whole(numberIn(row, "seq"), "seq"));
    const removed = group.filter(({ seq }) => messages.has(seq));
    await this.#session.batch(
      removed.map(({ seq, position }) => ({
        query: REMOVE_TEXT,
        params: [writeTime(position), room, bucket, BigInt(seq)],
      })),
    );
  }
}

interface BucketBatch {
  readonly bucket: number;
  /** Position of the first row. */
  readonly position: number;
  readonly statements: CqlStatement[];
}

/** The rows of a room from `floor` on, in batches of one bucket each. */
function* batchesOf(room: RoomRows, floor: number): Generator<BucketBatch, void, undefined> {
  const id = uuidBytes(room.room);
  let batch: BucketBatch | undefined;
  let bytes = 0;
  for (const row of room.rows(floor, Number.MAX_SAFE_INTEGER)) {
    const bucket = bucketOf(row.seq);
    const { params, bytes: rowBytes } = rowParams(row, id, bucket);
    const isFull =
      batch !== undefined &&
      (batch.bucket !== bucket || batch.statements.length >= BATCH_ROWS_MAX || bytes + rowBytes > BATCH_BYTES_MAX);
    if (batch !== undefined && isFull) yield batch;
    if (batch === undefined || isFull) {
      batch = { bucket, position: row.position, statements: [] };
      bytes = 0;
    }
    batch.statements.push({ query: INSERT_ROW, params });
    bytes += rowBytes;
  }
  if (batch !== undefined) yield batch;
}
