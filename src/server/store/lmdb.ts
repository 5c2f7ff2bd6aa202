/**
 * Stage 5, the embedded store: an LMDB environment of its own. Rows lie in blocks (`blocks.ts`); rows, checkpoint and
 * snapshot of one write are one commit. Touches its folder and nothing else.
 */
import type { LmdbEnvironment } from "../lmdb/environment.ts";
import { openLmdb } from "../lmdb/environment.ts";
import { SealError, sealNumber, unsealNumber } from "../lmdb/sealed-value.ts";
import type { LmdbChanges, LmdbView } from "../lmdb/view.ts";
import { UuidTexts } from "../log/uuid-bytes.ts";
import { type StoredRecord, type Uuid, withoutText } from "../record.ts";
import { Block } from "./blocks.ts";
import { checkBatch, seqsByRoom } from "./check-batch.ts";
import { afterRoom, blockKey, checkpointKey, floorKey, keyRoom, ROOM_TAGS, tagStart } from "./lmdb-keys.ts";
import { mergeRows, readFloor, readPage, readRange, removeBelow, removeTexts } from "./lmdb-rooms.ts";
import { getSnapshot, putSnapshot, snapshotPositions } from "./lmdb-snapshots.ts";
import type { MessageStore, PageLimit, Snapshot, StoreBatch } from "./message-store.ts";
import { StoreDamaged } from "./message-store.ts";
import { PackedRows, type RoomRows } from "./packed-rows.ts";

/** Ids of rooms and senders that are kept as text, so that a page makes each once. */
const TEXTS_KEPT = 1024;

const NONE: ReadonlySet<number> = new Set();

/** How the embedded store is opened. */
export interface LmdbStoreOptions {
  /** Its folder; made when absent, but for `readOnly`. */
  readonly dir: string;
  /** Reads only, beside the server that writes; a read then shows what was committed a moment ago. */
  readonly readOnly: boolean;
  /** Hears of damage that is worked around: a snapshot that is passed over, a block that is written anew. */
  readonly damaged: (error: StoreDamaged) => void;
}

/** The store in LMDB; made by `openLmdbStore`. */
export class LmdbStore implements MessageStore {
  readonly #environment: LmdbEnvironment;
  readonly #damaged: (error: StoreDamaged) => void;
  readonly #texts = new UuidTexts(TEXTS_KEPT);
  /** Settles with the last write that was asked for, so that one runs after another. */
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(environment: LmdbEnvironment, { damaged }: Pick<LmdbStoreOptions, "damaged">) {
    this.#environment = environment;
    this.#damaged = damaged;
  }

  /** Why the last write failed, until one succeeds. */
  get fault(): string | undefined {
    return this.#environment.fault;
  }

  write(batch: StoreBatch): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("closed"));
    const written = this.#last.then(() => this.#write(batch));
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #write(batch: StoreBatch): Promise<void> {
    const { partition, to, snapshot, records } = batch;
    const rows = records instanceof PackedRows ? records : PackedRows.of(records);
    const removed = seqsByRoom(batch.removals);
    await this.#environment.change((view, changes) => {
      const checkpoint = readCheckpoint(view, partition);
      checkBatch(batch, checkpoint);
      // First, on what stands here: where a repeat takes such a block out after all, that comes later and wins.
      for (const [room, seqs] of removed) removeTexts(view, changes, this.#texts, room, seqs, this.#damaged);
      for (const room of rows.rooms()) this.#putRoom(view, changes, checkpoint, room, removed.get(room.room) ?? NONE);
      if (to > checkpoint) changes.put(checkpointKey(partition), sealNumber(to));
      if (snapshot !== undefined) putSnapshot(view, changes, partition, snapshot);
    });
  }

  /** Writes the rows of one room, but for the texts of the messages `gone`. */
  #putRoom(view: LmdbView, changes: LmdbChanges, checkpoint: number, room: RoomRows, gone: ReadonlySet<number>): void {
    const floor = readFloor(view, room.room);
    // What lies before the checkpoint stands here already, perhaps in blocks that begin elsewhere.
    const isRepeat = room.firstPosition < checkpoint;
    if (room.first >= floor && !isRepeat) {
      for (const { first, value } of room.blocks()) {
        const without = gone.size === 0 ? undefined : new Block(value, first, this.#texts).without(gone);
        changes.put(blockKey(room.room, first), without ?? value);
      }
      return;
    }
    const kept = room.rows(floor, Number.MAX_SAFE_INTEGER);
    const rows = isRepeat ? mergeRows(view, changes, this.#texts, kept, this.#damaged) : kept;
    putRows(changes, gone.size === 0 ? rows : rows.map((row) => (gone.has(row.seq) ? withoutText(row) : row)));
  }

  range(room: Uuid, from: number, to: number, limit: PageLimit): Promise<readonly StoredRecord[]> {
    return this.#environment.read((view) => readRange(view, this.#texts, room, from, to, limit));
  }

  page(room: Uuid, before: number, limit: PageLimit): Promise<readonly StoredRecord[]> {
    return this.#environment.read((view) => readPage(view, this.#texts, room, before, limit));
  }

  floor(room: Uuid): Promise<number> {
    return this.#environment.read((view) => readFloor(view, room));
  }

  async retain(room: Uuid, floor: number): Promise<void> {
    for (let left = true; left; ) {
      left = await this.#environment.change((view, changes) => {
        const removed = removeBelow(view, changes, this.#texts, room, floor);
        putRows(changes, removed.kept);
        return removed.left;
      });
    }
  }

  snapshot(partition: number, atOrBefore: number): Promise<Snapshot | undefined> {
    return this.#environment.read((view) => {
      for (const position of snapshotPositions(view, partition).reverse()) {
        if (position > atOrBefore) continue;
        try {
          return getSnapshot(view, partition, position);
        } catch (error) {
          if (!(error instanceof SealError)) throw error;
          // An older one leads to the same state, only later.
          const message = `the store's snapshot of partition ${partition} at ${position} ${error.message}`;
          this.#damaged(new StoreDamaged(undefined, position, message, { cause: error }));
        }
      }
      return undefined;
    });
  }

  snapshots(partition: number): Promise<readonly number[]> {
    return this.#environment.read((view) => snapshotPositions(view, partition));
  }

  checkpoint(partition: number): Promise<number> {
    return this.#environment.read((view) => readCheckpoint(view, partition));
  }

  begin(partition: number, position: number, floors: ReadonlyMap<Uuid, number>, snapshot: Snapshot): Promise<void> {
    return this.#environment.change((view, changes) => {
      const checkpoint = readCheckpoint(view, partition);
      if (checkpoint > 0) throw new Error(`partition ${partition} has a checkpoint already: ${checkpoint}`);
      for (const [room, floor] of floors) {
        if (floor > readFloor(view, room)) changes.put(floorKey(room), sealNumber(floor));
      }
      changes.put(checkpointKey(partition), sealNumber(position));
      putSnapshot(view, changes, partition, snapshot);
    });
  }

  rooms(): Promise<readonly Uuid[]> {
    return this.#environment.read((view) => {
      const rooms = new Set<Uuid>();
      for (const tag of ROOM_TAGS) {
        let from = tagStart(tag);
        for (;;) {
          const [key] = view.keys(from, tagStart(tag + 1), 1);
          if (key === undefined) break;
          rooms.add(keyRoom(key));
          from = afterRoom(key);
        }
      }
      return [...rooms];
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    await this.#environment.close();
  }
}

/** Opens the embedded store. Throws a `StartError` where that can't be done. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<LmdbStore> {
  const { dir, readOnly } = options;
  const advice = "move that folder away, and the next start makes the store anew from the log";
  return new LmdbStore(await openLmdb({ dir, readOnly, isShared: false, advice }), options);
}

function readCheckpoint(view: LmdbView, partition: number): number {
  const value = view.get(checkpointKey(partition));
  if (value === undefined) return 0;
  try {
    return unsealNumber(value);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    const message = `the store's checkpoint of partition ${partition} ${error.message}`;
    throw new StoreDamaged(undefined, 0, message, { cause: error });
  }
}

function putRows(changes: LmdbChanges, rows: readonly StoredRecord[]): void {
  for (const room of PackedRows.of(rows).rooms()) {
    for (const { first, value } of room.blocks()) changes.put(blockKey(room.room, first), value);
  }
}
