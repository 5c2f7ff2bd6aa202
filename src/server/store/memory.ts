/**
 * Stage 5, the store in memory, for tests and simulations. Touches nothing outside of itself; its hooks let a test
 * fail, delay or hold what it is asked.
 */
import { type StoredRecord, type Uuid, withoutText } from "../record.ts";
import { checkBatch, PageBudget, rowToKeep } from "./check-batch.ts";
import type { MessageStore, PageLimit, Snapshot, StoreBatch } from "./message-store.ts";
import { unpacked } from "./packed-rows.ts";

/** What a test may do to a `MemoryStore`; each may be set and taken away at any time. */
export interface MemoryStoreHooks {
  /** Called before each write takes effect: reject to fail it, never settle to hang it, settle late to delay it. */
  beforeWrite: ((batch: StoreBatch) => Promise<void>) | undefined;
  /** Called before each read, whichever it is; as above. */
  beforeRead: (() => Promise<void>) | undefined;
}

interface MemoryRoom {
  floor: number;
  /** Ascending by seq. */
  rows: StoredRecord[];
}

/** What outlives the instance that wrote it, as a disk would. */
interface MemoryDisk {
  readonly rooms: Map<Uuid, MemoryRoom>;
  readonly checkpoints: Map<number, number>;
  readonly snapshots: Map<number, Snapshot[]>;
}

/** The store in memory. */
export class MemoryStore implements MessageStore {
  readonly hooks: MemoryStoreHooks = { beforeWrite: undefined, beforeRead: undefined };
  readonly #disk: MemoryDisk;
  /** Writes that are under way; `close` waits for them. */
  readonly #writing = new Set<Promise<void>>();
  #closed = false;
  #crashed = false;

  constructor(disk: MemoryDisk = { rooms: new Map(), checkpoints: new Map(), snapshots: new Map() }) {
    this.#disk = disk;
  }

  /**
   * The same data in a new instance, as after a restart; this one is closed and what it had not written yet never
   * takes effect, as after a crash.
   */
  reopen(): MemoryStore {
    this.#closed = true;
    this.#crashed = true;
    return new MemoryStore(this.#disk);
  }

  /** The next write, whichever it is, rejects with `error` and changes nothing; later ones go through. */
  failNextWrite(error: Error): void {
    this.hooks.beforeWrite = () => {
      this.hooks.beforeWrite = undefined;
      return Promise.reject(error);
    };
  }

  /** Writes wait from now on until the returned function is called, in the order in which they came. */
  holdWrites(): () => void {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.hooks.beforeWrite = () => released;
    return () => {
      this.hooks.beforeWrite = undefined;
      release();
    };
  }

  async write(batch: StoreBatch): Promise<void> {
    this.#checkOpen();
    const writing = this.#write(batch);
    this.#writing.add(writing);
    try {
      await writing;
    } finally {
      this.#writing.delete(writing);
    }
  }

  async #write(batch: StoreBatch): Promise<void> {
    await this.hooks.beforeWrite?.(batch);
    if (this.#crashed) throw new Error("the store is gone");
    const { partition, records, removals, to, snapshot } = batch;
    const checkpoint = this.#disk.checkpoints.get(partition) ?? 0;
    checkBatch(batch, checkpoint);
    for (const row of unpacked(records)) put(this.#room(row.record.room), row);
    for (const { room, seq } of removals) removeText(this.#disk.rooms.get(room)?.rows ?? [], seq);
    this.#disk.checkpoints.set(partition, Math.max(checkpoint, to));
    if (snapshot !== undefined) this.#keep(partition, snapshot);
  }

  async range(room: Uuid, from: number, to: number, limit: PageLimit): Promise<readonly StoredRecord[]> {
    await this.#beforeRead();
    const rows = this.#disk.rooms.get(room)?.rows ?? [];
    const budget = new PageBudget(limit);
    const found: StoredRecord[] = [];
    for (let i = firstAtOrAfter(rows, from); i < rows.length; i++) {
      const row = rows[i];
      if (row === undefined || row.seq > to || !budget.take(row)) break;
      found.push(row);
    }
    return found;
  }

  async page(room: Uuid, before: number, limit: PageLimit): Promise<readonly StoredRecord[]> {
    await this.#beforeRead();
    const rows = this.#disk.rooms.get(room)?.rows ?? [];
    const budget = new PageBudget(limit);
    const found: StoredRecord[] = [];
    for (let i = firstAtOrAfter(rows, before) - 1; i >= 0; i--) {
      const row = rows[i];
      if (row === undefined || !budget.take(row)) break;
      found.push(row);
    }
    return found.reverse();
  }

  async floor(room: Uuid): Promise<number> {
    await this.#beforeRead();
    return this.#disk.rooms.get(room)?.floor ?? 1;
  }

  async retain(room: Uuid, floor: number): Promise<void> {
    this.#checkOpen();
    const kept = this.#room(room);
    if (floor <= kept.floor) return;
    kept.floor = floor;
    kept.rows.splice(0, firstAtOrAfter(kept.rows, floor));
  }

  async snapshot(partition: number, atOrBefore: number): Promise<Snapshot | undefined> {
    await this.#beforeRead();
    return this.#disk.snapshots.get(partition)?.findLast((snapshot) => snapshot.position <= atOrBefore);
  }

  async snapshots(partition: number): Promise<readonly number[]> {
    await this.#beforeRead();
    return (this.#disk.snapshots.get(partition) ?? []).map((snapshot) => snapshot.position);
  }

  async checkpoint(partition: number): Promise<number> {
    await this.#beforeRead();
    return this.#disk.checkpoints.get(partition) ?? 0;
  }

  async begin(
    partition: number,
    position: number,
    floors: ReadonlyMap<Uuid, number>,
    snapshot: Snapshot,
  ): Promise<void> {
    this.#checkOpen();
    const checkpoint = this.#disk.checkpoints.get(partition) ?? 0;
    if (checkpoint > 0) throw new Error(`partition ${partition} has a checkpoint already: ${checkpoint}`);
    for (const [room, floor] of floors) {
      const kept = this.#room(room);
      kept.floor = Math.max(kept.floor, floor);
    }
    this.#disk.checkpoints.set(partition, position);
    this.#keep(partition, snapshot);
  }

  async rooms(): Promise<readonly Uuid[]> {
    await this.#beforeRead();
    return [...this.#disk.rooms].filter(([, { floor, rows }]) => floor > 1 || rows.length > 0).map(([room]) => room);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#writing);
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("the store is closed");
  }

  async #beforeRead(): Promise<void> {
    this.#checkOpen();
    await this.hooks.beforeRead?.();
    this.#checkOpen();
  }

  #room(id: Uuid): MemoryRoom {
    let room = this.#disk.rooms.get(id);
    if (room === undefined) {
      room = { floor: 1, rows: [] };
      this.#disk.rooms.set(id, room);
    }
    return room;
  }

  #keep(partition: number, snapshot: Snapshot): void {
    const others = (this.#disk.snapshots.get(partition) ?? []).filter((kept) => kept.position !== snapshot.position);
    // A copy: the caller may use its buffer again.
    others.push({ position: snapshot.position, bytes: new Uint8Array(snapshot.bytes) });
    others.sort((a, b) => a.position - b.position);
    this.#disk.snapshots.set(partition, others.slice(-2));
  }
}

/** The index of the first row with a seq of at least `seq`; `rows.length` where there is none. */
function firstAtOrAfter(rows: readonly StoredRecord[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function put(room: MemoryRoom, row: StoredRecord): void {
  if (row.seq < room.floor) return;
  const last = room.rows.at(-1);
  if (last === undefined || last.seq < row.seq) {
    room.rows.push(row);
    return;
  }
  const index = firstAtOrAfter(room.rows, row.seq);
  const stored = room.rows[index]?.seq === row.seq ? room.rows[index] : undefined;
  room.rows.splice(index, stored === undefined ? 0 : 1, rowToKeep(stored, row));
}

function removeText(rows: StoredRecord[], seq: number): void {
  const index = firstAtOrAfter(rows, seq);
  const row = rows[index];
  if (row?.seq === seq) rows[index] = withoutText(row);
}
