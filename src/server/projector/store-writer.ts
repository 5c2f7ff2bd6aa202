/**
 * Stage 4, the way from the fold to the store: collects what the tail hands over and writes it in large batches, again
 * and again until it stands. It never holds up the tail: where the store is slow or dead for so long that what waits
 * outgrows its limit, it lets go of it and, once the store takes writes again, reads the log once more from the
 * checkpoint on, with a fold of its own (PROJ-3, PROJ-4).
 *
 * Every node has one for every partition, but only the node that is agreed on writes. The others keep what they were
 * handed until the store's checkpoint has passed it, so that they can read it back meanwhile, and can go on with it should
 * they become the writer. Two that write at once do no harm: they write the same.
 */
import { type Clock, pause, type Timer, within } from "../clock.ts";
import type { MessageLog } from "../log/message-log.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import { BlockBuffers } from "../store/block-buffers.ts";
import type { MessageStore, Snapshot } from "../store/message-store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { CheckpointWaiters } from "./checkpoint-waiters.ts";
import { FoldAgain } from "./fold-again.ts";
import { LaterRemovals, UnwrittenRemovals } from "./removals.ts";
import type { FoldStart } from "./snapshot.ts";
import { StoreQueue, type Stretch } from "./store-queue.ts";
import type { ProjectedBatch } from "./tail.ts";

/** From so many records on a write does not wait for more. */
const WRITE_RECORDS = 16_384;
/** The most that one write holds, in records: the fewer pages a commit writes, the shorter it holds up others. */
const WRITE_RECORDS_MAX = 32_768;
/** How long a small write waits for more, in milliseconds. */
const WRITE_DELAY_MS = 250;
/** How long a failed write waits before it is tried again, in milliseconds. */
const RETRY_DELAY_MS = 1000;
/** How often a node that does not write asks the store how far it has come, in milliseconds. */
const FOLLOW_EVERY_MS = 250;
/** How long a write waits at the stop before it is tried again, in milliseconds. */
const LAST_RETRY_DELAY_MS = 100;

/** Writes one partition to the store, or follows how another node does. */
export class StoreWriter {
  readonly #partition: number;
  readonly #store: MessageStore;
  readonly #telemetry: Telemetry;
  readonly #clock: Clock;
  readonly #queueBytesMax: number;
  readonly #onSnapshot: (snapshot: Snapshot) => void;
  readonly #isWriter: () => boolean;
  readonly #stopping = new AbortController();
  #checkpoint: number;
  /** The position after the last that the tail handed over. */
  #end: number;
  readonly #buffers = new BlockBuffers();
  readonly #queue: StoreQueue;
  /** What is being written now, out of the queue. */
  #writing: Stretch | undefined;
  readonly #removing = new UnwrittenRemovals();
  readonly #waiters: CheckpointWaiters;
  readonly #again: FoldAgain;
  #snapshot: Snapshot | undefined;
  /** Where to read the log again from, where what waited was let go. */
  #rereadFrom: number | undefined;
  /** Whether that is to write again what the store has lost. */
  #isHealing = false;
  /** Up to where the queue of a node that follows lacks what was let go. */
  #missedTo = 0;
  /** Whether the store is to be asked how far another node came, before anything is written. */
  #mustAsk = false;
  #working: Promise<void> | undefined;
  #timer: Timer | undefined;
  #failing: string | undefined;

  /**
   * `checkpoint` is the store's; the tail hands over what begins there. `onSnapshot` hears of each one that is durable.
   * `foldStart` gives the newest state at or before a position, or else the oldest that there is. `isWriter` says whether
   * it is this node that writes now; `writerChanged` is to be called when that may have changed.
   */
  constructor(options: {
    partition: number;
    checkpoint: number;
    store: MessageStore;
    log: MessageLog;
    telemetry: Telemetry;
    clock: Clock;
    queueBytesMax: number;
    onSnapshot: (snapshot: Snapshot) => void;
    foldStart: (atOrBefore: number) => Promise<FoldStart>;
    isWriter: () => boolean;
  }) {
    this.#partition = options.partition;
    this.#checkpoint = options.checkpoint;
    this.#end = options.checkpoint;
    this.#store = options.store;
    this.#telemetry = options.telemetry;
    this.#clock = options.clock;
    this.#queueBytesMax = options.queueBytesMax;
    this.#onSnapshot = options.onSnapshot;
    this.#isWriter = options.isWriter;
    this.#waiters = new CheckpointWaiters(options.clock);
    this.#again = new FoldAgain({
      ...{ partition: options.partition, log: options.log, start: options.foldStart },
      ...{ end: () => this.#end, stopping: this.#stopping.signal },
    });
    this.#queue = new StoreQueue(options.checkpoint, WRITE_RECORDS_MAX, this.#buffers);
  }

  /** Everything before this position stands in the store, durably. */
  get checkpoint(): number {
    return this.#checkpoint;
  }

  /** Why the last write failed, until one succeeds. */
  get failing(): string | undefined {
    return this.#failing;
  }

  /** Takes a batch over. What lies before the checkpoint stands in the store already and is passed over. */
  push(batch: ProjectedBatch): void {
    if (batch.to <= this.#end) return;
    const from = this.#end;
    this.#end = batch.to;
    this.#tellLag();
    for (const removal of batch.removals) if (removal.position >= from) this.#removing.add(removal);
    if (this.#rereadFrom !== undefined) {
      if (this.#isWriter() || this.#isHealing) return;
      // Whoever follows keeps what comes from now on: what it lacks, another node writes.
      if (this.#queue.to !== from) this.#missTo(from);
    }
    this.#queue.push(batch, from, this.#clock.monotonic());
    if (this.#queue.bytes > this.#queueBytesMax) this.#letGo();
    this.#schedule();
  }

  /** Whether this node writes: who does not need not make snapshots. */
  get isWriter(): boolean {
    return this.#isWriter();
  }

  /** Who writes may have changed. */
  writerChanged(): void {
    if (this.#stopping.signal.aborted) return;
    this.#mustAsk = true;
    this.#tellLag();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#schedule();
  }

  /** Keeps a snapshot with the next write that reaches its position. */
  keepSnapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#schedule();
  }

  /** Writes the log once more from its beginning, where the store turned out to miss something below the checkpoint. */
  projectAgain(): void {
    if (this.#rereadFrom !== undefined) return;
    this.#rereadFrom = 0;
    this.#isHealing = true;
    this.#queue.clear(this.#end);
    this.#schedule();
  }

  /** Resolves with `true` once the checkpoint has reached `position`, with `false` after `withinMs`. */
  reached(position: number, withinMs: number): Promise<boolean> {
    return this.#checkpoint >= position ? Promise.resolve(true) : this.#waiters.wait(position, withinMs);
  }

  /**
   * The records of a room with `from` ≤ seq ≤ `to` that were handed over and that a read of the store may not show yet,
   * ascending; `undefined` where that can't be said, for the log is being read once more: then wait for the checkpoint
   * (`reached`). Ask here first and the store afterwards, for what stands here now may stand there a moment later; a
   * record may be found in both.
   */
  pending(room: Uuid, from: number, to: number): readonly StoredRecord[] | undefined {
    if (this.#rereadFrom !== undefined) return undefined;
    return [...(this.#writing?.rows.of(room, from, to) ?? []), ...this.#queue.of(room, from, to)];
  }

  /**
   * The seqs of a room whose texts were taken away and that a read of the store may still give with them; `undefined`
   * where that can't be said: then wait for the checkpoint. Ask here first and the store afterwards.
   */
  removing(room: Uuid): ReadonlySet<number> | undefined {
    return this.#removing.of(room);
  }

  /**
   * Writes all that waits, with a last snapshot, then stops; where another node writes it only stops. `false` where that
   * did not succeed `withinMs`.
   */
  async finish(snapshot: () => Snapshot, withinMs: number): Promise<boolean> {
    if (this.#isWriter()) this.#snapshot = snapshot();
    const done = await within(this.#clock, withinMs, this.#finishAll());
    this.#stopping.abort();
    this.#timer?.cancel();
    return done;
  }

  async #finishAll(): Promise<void> {
    while (
      this.#isWriter() &&
      !this.#stopping.signal.aborted &&
      (this.#checkpoint < this.#end || this.#snapshot !== undefined)
    ) {
      await this.#work();
      if (this.#failing !== undefined) await pause(this.#clock, LAST_RETRY_DELAY_MS);
    }
  }

  #letGo(): void {
    this.#rereadFrom = this.#checkpoint;
    this.#missTo(this.#end);
  }

  #missTo(position: number): void {
    this.#missedTo = position;
    this.#queue.clear(position);
  }

  /** Only who writes tells how much is to be written, so that the sum over all nodes is true. */
  #tellLag(): void {
    this.#telemetry.lag(this.#partition, this.#isWriter() ? this.#end - this.#checkpoint : 0);
  }

  #schedule(): void {
    if (this.#working !== undefined || this.#stopping.signal.aborted) return;
    const isWriter = this.#isWriter();
    // A store that refuses at once is not asked again at once: nothing else would ever get a turn.
    if (isWriter && this.#queue.length >= WRITE_RECORDS && this.#failing === undefined) {
      this.#timer?.cancel();
      this.#timer = undefined;
      void this.#work();
    } else {
      const delayMs = isWriter ? WRITE_DELAY_MS : FOLLOW_EVERY_MS;
      this.#timer ??= this.#clock.after(this.#failing === undefined ? delayMs : RETRY_DELAY_MS, () => {
        this.#timer = undefined;
        void this.#work();
      });
    }
  }

  /** Takes a batch from the queue and writes it; one at a time. */
  #work(): Promise<void> {
    this.#working ??= this.#writeNext().finally(() => {
      this.#working = undefined;
      if (this.#rereadFrom !== undefined || this.#queue.to > this.#checkpoint) this.#schedule();
    });
    return this.#working;
  }

  async #writeNext(): Promise<void> {
    const isFollower = !this.#isWriter() && !this.#isHealing;
    if (isFollower || this.#mustAsk) await this.#follow();
    if (isFollower || this.#mustAsk) return;
    if (this.#rereadFrom !== undefined) {
      try {
        await this.#reread(this.#rereadFrom);
      } catch (error) {
        this.#failed(error);
        // What was to be written once more may be written never; what is new must not wait for it.
        this.#rereadFrom = Math.max(this.#rereadFrom, this.#checkpoint);
        this.#isHealing = false;
      }
    } else if (this.#queue.to > this.#checkpoint || this.#snapshot !== undefined) {
      const stretch = this.#queue.take();
      this.#writing = stretch;
      const isWritten = await this.#write(stretch);
      this.#writing = undefined;
      if (isWritten) return stretch.rows.release();
      // Let go meanwhile: the log will be read again, this stretch with it.
      if (this.#rereadFrom !== undefined) return;
      this.#queue.putBack(stretch);
      if (this.#queue.bytes > this.#queueBytesMax) this.#letGo();
    }
  }

  /** Asks the store how far it has come, and lets go of what it has. */
  async #follow(): Promise<void> {
    try {
      const checkpoint = await this.#store.checkpoint(this.#partition);
      this.#failing = undefined;
      this.#mustAsk = false;
      this.#checkpoint = Math.max(this.#checkpoint, checkpoint);
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#queue.drop(this.#checkpoint);
    if (this.#rereadFrom !== undefined && !this.#isHealing) {
      this.#rereadFrom = this.#checkpoint;
      if (this.#checkpoint >= this.#missedTo && this.#queue.to === this.#end) this.#rereadFrom = undefined;
    }
    // A snapshot that another node has to make.
    if (!this.#isWriter()) this.#snapshot = undefined;
    this.#reachedCheckpoint();
  }

  /** Writes one batch; `false` where the store refused it. */
  async #write(batch: Stretch): Promise<boolean> {
    const snapshot = this.#snapshot !== undefined && this.#snapshot.position <= batch.to ? this.#snapshot : undefined;
    const started = this.#clock.monotonic();
    try {
      await this.#store.write({
        partition: this.#partition,
        from: batch.from,
        to: batch.to,
        records: batch.rows,
        removals: batch.removals,
        snapshot,
      });
    } catch (error) {
      this.#failed(error);
      return false;
    }
    this.#failing = undefined;
    this.#checkpoint = Math.max(this.#checkpoint, batch.to);
    const ended = this.#clock.monotonic();
    this.#telemetry.storeWritten(batch.rows.length, (ended - started) / 1000);
    this.#telemetry.batchProcessed((ended - batch.since) / 1000);
    this.#tellLag();
    if (snapshot !== undefined) {
      if (this.#snapshot === snapshot) this.#snapshot = undefined;
      this.#telemetry.snapshotWritten(snapshot.position, snapshot.bytes.length);
      this.#onSnapshot(snapshot);
    }
    this.#reachedCheckpoint();
    return true;
  }

  #reachedCheckpoint(): void {
    this.#removing.written(this.#checkpoint);
    this.#telemetry.storeReached(this.#partition, this.#checkpoint);
    this.#waiters.passed(this.#checkpoint);
  }

  #failed(error: unknown): void {
    this.#failing = error instanceof Error ? error.message : String(error);
    this.#telemetry.storeFailed(error);
  }

  /** Folds the log once more and writes what lies from `wanted` on, until the tail is met. */
  async #reread(wanted: number): Promise<void> {
    // A lost row comes without its text where that is taken away later on: it must not come back until then, and not for
    // ever should the process end in between.
    const later = this.#isHealing ? await this.#again.removals(wanted) : new LaterRemovals();
    if (this.#stopping.signal.aborted) return;
    for await (const batch of this.#again.from(wanted)) {
      const from = Math.max(batch.from, wanted);
      const queue = new StoreQueue(from, Number.POSITIVE_INFINITY, this.#buffers);
      queue.push(batch, from, this.#clock.monotonic());
      const stretch = queue.take();
      const removals = [...stretch.removals, ...later.among(batch.records)];
      if (!(await this.#write({ ...stretch, removals }))) return;
      stretch.rows.release();
      this.#rereadFrom = batch.to;
    }
    if (!this.#stopping.signal.aborted) this.#metTail();
  }

  /** All of the log up to the tail is written: what comes next comes from there. */
  #metTail(): void {
    this.#rereadFrom = undefined;
    this.#isHealing = false;
    this.#queue.clear(this.#end);
  }
}
