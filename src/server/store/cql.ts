/**
 * Stage 5, the store on a CQL database, which all nodes share: a row for each record, real columns, so that an operator
 * can read them. Touches the database through the session that it is handed, and never closes that.
 *
 * Any number of writers may write a partition at once: rows are a pure function of the log, and each write has its place
 * in the log as its time, so that the later one stays, whichever came last (`cql-schema.ts`). What one write consists of
 * goes in order: rows, removals, checkpoint, snapshot; each is durable before the next begins.
 */
import { InFlight } from "../cql/in-flight.ts";
import { CqlColumnError, numberIn, whole } from "../cql/rows.ts";
import type { CqlSession } from "../cql/session.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import { checkBatch } from "./check-batch.ts";
import { CqlReader } from "./cql-read.ts";
import { CqlRooms } from "./cql-rooms.ts";
import { writeTime } from "./cql-schema.ts";
import { CqlSnapshots } from "./cql-snapshots.ts";
import { CqlWriter } from "./cql-write.ts";
import type { MessageStore, PageLimit, Snapshot, StoreBatch } from "./message-store.ts";
import { StoreDamaged } from "./message-store.ts";
import { PackedRows } from "./packed-rows.ts";

const SELECT_CHECKPOINT = "SELECT position FROM checkpoints WHERE partition = ?";
const MOVE_CHECKPOINT = "INSERT INTO checkpoints (partition, position) VALUES (?, ?) USING TIMESTAMP ?";

/** Batches and reads of writers that are under way at once, over all partitions of the log. */
const IN_FLIGHT_MAX = 16;

/** How the store is opened. */
export interface CqlStoreOptions {
  readonly session: CqlSession;
  /** Hears of damage that is worked around: a snapshot that is passed over. */
  readonly damaged: (error: StoreDamaged) => void;
}

/** The store on CQL; made by `openCqlStore`. */
export class CqlStore implements MessageStore {
  readonly #session: CqlSession;
  readonly #rooms: CqlRooms;
  readonly #reader: CqlReader;
  readonly #writer: CqlWriter;
  readonly #snapshots: CqlSnapshots;
  /** At or before the checkpoint of a partition: others may have moved it on. */
  readonly #checkpoints = new Map<number, number>();
  /** Settles with the last write of a partition that was asked for, so that one runs after another. */
  readonly #last = new Map<number, Promise<void>>();
  #closed = false;

  constructor({ session, damaged }: CqlStoreOptions) {
    this.#session = session;
    this.#rooms = new CqlRooms(session);
    this.#reader = new CqlReader(session, this.#rooms);
    this.#writer = new CqlWriter(session, this.#rooms, new InFlight(IN_FLIGHT_MAX));
    this.#snapshots = new CqlSnapshots(session, damaged);
  }

  async write(batch: StoreBatch): Promise<void> {
    this.#checkOpen();
    await this.#inTurn(batch.partition, () => this.#write(batch));
  }

  async range(room: Uuid, from: number, to: number, limit: PageLimit): Promise<readonly StoredRecord[]> {
    this.#checkOpen();
    return await this.#reader.range(room, from, to, limit);
  }

  async page(room: Uuid, before: number, limit: PageLimit): Promise<readonly StoredRecord[]> {
    this.#checkOpen();
    return await this.#reader.page(room, before, limit);
  }

  async floor(room: Uuid): Promise<number> {
    this.#checkOpen();
    return (await this.#rooms.state(room)).floor;
  }

  async retain(room: Uuid, wanted: number): Promise<void> {
    this.#checkOpen();
    const { bucket, floor: before, cleared } = await this.#rooms.state(room);
    const floor = Math.max(before, wanted);
    if (floor > before) await this.#rooms.raiseFloor(room, floor);
    if (cleared >= floor || bucket === undefined) return;
    // As late as anything that was written in the room, and no later: what is removed of a record stands further on in
    // its own room.
    const newest = await this.#reader.newest(room, cleared, bucket);
    if (newest !== undefined) {
      await this.#rooms.clear(room, cleared, Math.min(floor, newest.seq + 1), newest.position);
    }
  }

  async snapshot(partition: number, atOrBefore: number): Promise<Snapshot | undefined> {
    this.#checkOpen();
    return await this.#snapshots.newest(partition, atOrBefore);
  }

  async snapshots(partition: number): Promise<readonly number[]> {
    this.#checkOpen();
    return await this.#snapshots.positions(partition);
  }

  async checkpoint(partition: number): Promise<number> {
    this.#checkOpen();
    return await this.#readCheckpoint(partition);
  }

  async begin(
    partition: number,
    position: number,
    floors: ReadonlyMap<Uuid, number>,
    snapshot: Snapshot,
  ): Promise<void> {
    this.#checkOpen();
    await this.#inTurn(partition, async () => {
      const checkpoint = await this.#readCheckpoint(partition);
      if (checkpoint > 0) throw new Error(`partition ${partition} has a checkpoint already: ${checkpoint}`);
      for (const [room, floor] of floors) await this.#rooms.beginAt(room, floor);
      // Before the checkpoint: without it nobody could fold on from there.
      await this.#snapshots.put(partition, snapshot);
      await this.#moveCheckpoint(partition, position);
    });
  }

  async rooms(): Promise<readonly Uuid[]> {
    this.#checkOpen();
    return await this.#rooms.list();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#last.values());
  }

  async #write(batch: StoreBatch): Promise<void> {
    const { partition, from, to, records, removals, snapshot } = batch;
    const known = this.#checkpoints.get(partition);
    const checkpoint = known !== undefined && from <= known ? known : await this.#readCheckpoint(partition);
    checkBatch(batch, checkpoint);
    await this.#writer.rows(records instanceof PackedRows ? records : PackedRows.of(records), checkpoint);
    await this.#writer.removals(removals);
    await this.#moveCheckpoint(partition, to);
    if (snapshot !== undefined) await this.#snapshots.put(partition, snapshot);
  }

  /** Runs writes of one partition one after another. */
  #inTurn(partition: number, work: () => Promise<void>): Promise<void> {
    const written = (this.#last.get(partition) ?? Promise.resolve()).then(work);
    this.#last.set(
      partition,
      written.catch(() => undefined),
    );
    return written;
  }

  async #readCheckpoint(partition: number): Promise<number> {
    const [row] = await this.#session.rows(SELECT_CHECKPOINT, [partition]);
    if (row === undefined) return 0;
    try {
      const position = whole(numberIn(row, "position"), "position");
      this.#passed(partition, position);
      return position;
    } catch (error) {
      if (!(error instanceof CqlColumnError)) throw error;
      const message = `the store's checkpoint of partition ${partition}: ${error.message}`;
      throw new StoreDamaged(undefined, 0, message, { cause: error });
    }
  }

  /** Moves a checkpoint on; one that is further already stays. */
  async #moveCheckpoint(partition: number, position: number): Promise<void> {
    if ((this.#checkpoints.get(partition) ?? 0) >= position) return;
    await this.#session.write(MOVE_CHECKPOINT, [partition, BigInt(position), writeTime(position)]);
    this.#passed(partition, position);
  }

  #passed(partition: number, checkpoint: number): void {
    if ((this.#checkpoints.get(partition) ?? 0) < checkpoint) this.#checkpoints.set(partition, checkpoint);
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("the store is closed");
  }
}

/** Opens the store on tables that are there (`CQL_STORE_MIGRATIONS`). */
export async function openCqlStore(options: CqlStoreOptions): Promise<CqlStore> {
  return new CqlStore(options);
}
