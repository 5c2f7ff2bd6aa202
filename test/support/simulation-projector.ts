/**
 * Test support: tail and store writer alone, between a log and a store in memory, with a clock that the test drives.
 */
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import { MemoryDisk, MemoryLog } from "../../src/server/log/memory.ts";
import { NOT_ENCODED } from "../../src/server/log/message-log.ts";
import { FoldStarts } from "../../src/server/projector/fold-starts.ts";
import { type Recovered, recoverPartition } from "../../src/server/projector/recover.ts";
import { emptyProjection } from "../../src/server/projector/snapshot.ts";
import { StoreWriter } from "../../src/server/projector/store-writer.ts";
import { foldBatch, type ProjectedBatch, Tail } from "../../src/server/projector/tail.ts";
import type { LogRecord, StoredRecord } from "../../src/server/record.ts";
import { MemoryStore } from "../../src/server/store/memory.ts";
import type { Snapshot, StoreBatch } from "../../src/server/store/message-store.ts";
import { silentTelemetry } from "../../src/server/telemetry/create-telemetry.ts";
import { FakeClock } from "./fake-clock.ts";
import { KeptInMemory } from "./simulation-world.ts";
import { NO_LIMIT } from "./store-history.ts";

/** Folds records from the start, as any reader of the log would: what is kept, with its numbers. */
export function foldAll(records: readonly LogRecord[]): readonly StoredRecord[] {
  const batch = { from: 0, to: records.length, records, encoded: NOT_ENCODED };
  return foldBatch(0, batch, emptyProjection(), undefined).records;
}

/** Everything that a store has of some rooms, from their floors on. */
export async function storedRows(store: MemoryStore, rooms: readonly string[]): Promise<readonly StoredRecord[]> {
  const rows: StoredRecord[] = [];
  for (const room of rooms) rows.push(...(await store.range(room, 1, Number.MAX_SAFE_INTEGER, NO_LIMIT)));
  return rows.sort((a, b) => a.position - b.position);
}

/** A projector without a server. */
export class Projector {
  readonly clock = new FakeClock(1_900_000_000_000);
  readonly disk = new MemoryDisk(1);
  readonly kept = new KeptInMemory();
  readonly store: MemoryStore;
  readonly log: MemoryLog;
  /** Each batch that the store was asked to write, whatever became of it. */
  readonly asked: StoreBatch[] = [];
  /** Snapshots that became durable. */
  readonly snapshots: Snapshot[] = [];
  /** Batches that went to fan-out. */
  readonly delivered: ProjectedBatch[] = [];
  readonly #stopping = new AbortController();
  #writer: StoreWriter | undefined;
  #tail: Tail | undefined;
  #running: Promise<void> | undefined;

  constructor(store: MemoryStore = new MemoryStore()) {
    this.store = store;
    const { disk, clock } = this;
    this.log = new MemoryLog({ disk, clock, limits: DEFAULT_LIMITS, fate: () => ({ delayMs: 0, outcome: "durable" }) });
  }

  get writer(): StoreWriter {
    return this.#writer as StoreWriter;
  }

  get tail(): Tail {
    return this.#tail as Tail;
  }

  /** What the store must have in the end. */
  get expected(): readonly StoredRecord[] {
    return foldAll(this.disk.partition(0).records);
  }

  /** How the partition goes on from what log and store hold. */
  recover(): Promise<Recovered> {
    return recoverPartition(0, this.log, this.store, new FoldStarts(0, this.log, this.store, this.kept));
  }

  /** Starts tail and writer. */
  async start(queueBytesMax: number): Promise<void> {
    const { clock, log, store, kept } = this;
    const starts = new FoldStarts(0, log, store, kept);
    const { start, checkpoint } = await recoverPartition(0, log, store, starts);
    const telemetry = silentTelemetry();
    const write = store.write.bind(store);
    store.write = (batch) => {
      this.asked.push(batch);
      return write(batch);
    };
    const writer = new StoreWriter({
      ...{ partition: 0, checkpoint, store, log, telemetry, clock, queueBytesMax },
      onSnapshot: (snapshot) => this.snapshots.push(snapshot),
      foldStart: (position) => starts.at(position),
      isWriter: () => true,
    });
    this.#writer = writer;
    this.#tail = new Tail({
      ...{ partition: 0, position: start.position, log, projection: start, telemetry, clock },
      output: {
        deliver: (batch) => this.delivered.push(batch),
        store: (batch) => writer.push(batch),
        snapshot: (position, encode) => writer.keepSnapshot({ position, bytes: encode() }),
      },
    });
    this.#running = this.#tail.run(this.#stopping.signal);
    await clock.settle();
  }

  /** Appends records and lets the tail pass them; the store may write as much as it does without a timer. */
  async append(records: readonly LogRecord[]): Promise<void> {
    for (let at = 0; at < records.length; at += 4000) {
      const appended = this.log.append(0, records.slice(at, at + 4000));
      await this.clock.drive(appended, "an append", 0);
      await this.clock.settle();
    }
  }

  /** Stops as the core does; whether the store got everything. */
  async stop(withinMs: number): Promise<boolean> {
    this.#stopping.abort();
    await this.#running;
    const snapshot = () => ({ position: this.tail.position, bytes: this.tail.snapshot() });
    return await this.clock.drive(this.writer.finish(snapshot, withinMs), "the writer to finish", withinMs + 1000);
  }
}
