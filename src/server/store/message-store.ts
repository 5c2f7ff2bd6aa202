/**
 * Stage 5, the port of the store: each room's history by seq, and how far the log has been written into it. Adapters
 * stand beside this file and pass `test/contract/message-store.ts`.
 */
import type { StoredRecord, Uuid } from "../record.ts";
import type { PackedRows } from "./packed-rows.ts";

/** The fold's state at one position, encoded by `projector/snapshot.ts`. */
export interface Snapshot {
  /** The next position to fold. */
  readonly position: number;
  /** The encoded state. */
  readonly bytes: Uint8Array;
}

/**
 * Something in the store can't be read as it was written. The log still has it, or a repair has to do without it;
 * writing the same records again heals it.
 */
export class StoreDamaged extends Error {
  override readonly name = "StoreDamaged";
  /** The room whose history is concerned, or `undefined` where it is a checkpoint or a snapshot. */
  readonly room: Uuid | undefined;
  /** The first seq concerned, or the position of the checkpoint or snapshot. */
  readonly at: number;
  constructor(room: Uuid | undefined, at: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.room = room;
    this.at = at;
  }
}

/** How much one read may return; at least one record is returned where there is any. */
export interface PageLimit {
  /** Records at the most. */
  readonly records: number;
  /** Bytes of body at the most, measured as UTF-16 length of `record.body` plus 128 a record; cheap and close enough. */
  readonly bytes: number;
}

/** A message whose text is to go; its row stays, with the empty body (`REMOVED_BODY`). */
export interface Removal {
  readonly room: Uuid;
  readonly seq: number;
}

/** A removal, and the position of the record that says so: further on than that of the message. */
export interface PlacedRemoval extends Removal {
  readonly position: number;
}

/** What is written of one partition in one go. */
export interface StoreBatch {
  readonly partition: number;
  /** The first position covered. At most the stored checkpoint: a repeat is harmless, a gap is refused. */
  readonly from: number;
  /** The position after the last one covered: the new checkpoint. */
  readonly to: number;
  /**
   * The records kept between `from` and `to`, ascending by position, rooms mixed; duplicates are left out. Packed where
   * they come from the tail: then they MUST NOT be added to until the write has settled.
   */
  readonly records: readonly StoredRecord[] | PackedRows;
  /** Messages whose texts these records take away, wherever their rows stand: in the store, or among `records`. */
  readonly removals: readonly PlacedRemoval[];
  /** A snapshot to keep with it, at a position ≤ `to`. The two newest are kept. */
  readonly snapshot: Snapshot | undefined;
}

/**
 * The store. One writer for a partition at a time, any number of readers. Reads reject with `StoreDamaged` where they
 * would have to return what does not check out; they MUST NOT leave it out without a word.
 */
export interface MessageStore {
  /**
   * Writes a batch: records, then removals, then checkpoint, then snapshot, and resolves when all is durable. A crash in
   * between MUST leave a checkpoint that lies at or before what was written. MUST be idempotent: records are a pure
   * function of the log, a repeat overwrites itself. The checkpoint MUST NOT move back. MUST reject a batch that begins
   * after the stored checkpoint. A rejected write changed nothing that a reader trusts and may be tried again.
   *
   * A text that was taken away MUST NOT stay anywhere in what the store refers to (space that it has let go of may hold
   * it until it is used again), and a repeat of its record MUST NOT bring it back. A removal changes nothing where there
   * is no such row, or where that is no message. A row that can't be read stays as it is.
   */
  write(batch: StoreBatch): Promise<void>;

  /**
   * The records of a room with `from` ≤ seq ≤ `to`, ascending, until `limit`. MUST NOT return anything below the
   * room's floor (`retain`). Records above the checkpoint may be missing: callers trust what lies below it.
   */
  range(room: Uuid, from: number, to: number, limit: PageLimit): Promise<readonly StoredRecord[]>;

  /** The newest records of a room with seq < `before`, **ascending**, until `limit` counted from the newest. */
  page(room: Uuid, before: number, limit: PageLimit): Promise<readonly StoredRecord[]>;

  /** The lowest seq that retention left in a room: 1 where nothing was removed. */
  floor(room: Uuid): Promise<number>;

  /**
   * Retention: raises a room's floor to `floor` and removes the records below it for good. MUST NOT lower a floor.
   * A repeated `write` of records below the floor MUST NOT bring them back.
   */
  retain(room: Uuid, floor: number): Promise<void>;

  /** The newest snapshot at or before a position, or `undefined`. */
  snapshot(partition: number, atOrBefore: number): Promise<Snapshot | undefined>;

  /** Positions of the snapshots that are kept, ascending: two at the most. */
  snapshots(partition: number): Promise<readonly number[]>;

  /** The position up to which the log has been written here; 0 for a new store. */
  checkpoint(partition: number): Promise<number>;

  /**
   * Makes an empty store begin at `position`, for a log whose beginning was trimmed: sets the checkpoint and each
   * room's floor. MUST reject when the store has a checkpoint beyond 0 already.
   */
  begin(partition: number, position: number, floors: ReadonlyMap<Uuid, number>, snapshot: Snapshot): Promise<void>;

  /** Every room that has records or a floor, in no order; for checking and for retention. */
  rooms(): Promise<readonly Uuid[]>;

  /** Finishes what is being written and lets go of everything. */
  close(): Promise<void>;
}
