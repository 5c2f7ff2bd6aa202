/**
 * Stage 4, the loop: reads one partition of the log in order, runs the fold, and hands what it made to fan-out and
 * store writer. It never waits for either (PROJ-4).
 */
import { type Clock, pause } from "../clock.ts";
import { type LogBatch, LogError, type MessageLog } from "../log/message-log.ts";
import type { StoredRecord } from "../record.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { type PlacedRemoval, removalOf } from "./removals.ts";
import type { RosterChange } from "./roster.ts";
import type { DroppedRecord } from "./sequencer.ts";
import { encodeSnapshot, type Projection } from "./snapshot.ts";

/** A snapshot is taken each time so many records have been folded since the last. */
const SNAPSHOT_EVERY_RECORDS = 250_000;

/** How long a read that the machine failed waits before it is tried again, in milliseconds. */
const RETRY_DELAY_MS = 250;
/** How long that goes on, in milliseconds: whoever listens hears nothing meanwhile, and has to be told to come back. */
const RETRY_WITHIN_MS = 10_000;

/** One batch of the log after the fold. */
export interface ProjectedBatch {
  readonly partition: number;
  /** Position of the first record of the batch, and after the last. */
  readonly from: number;
  readonly to: number;
  /** What took a seq, ascending by position. */
  readonly records: readonly StoredRecord[];
  /** What did not, because its key was known. */
  readonly dropped: readonly DroppedRecord[];
  /** All records of the batch as the log wrote them: `LogBatch.encoded`. */
  readonly encoded: () => Buffer | undefined;
  /** What became of chats by it, in the order of the log. */
  readonly changes: readonly RosterChange[];
  /** The messages whose texts it takes away, in the order of the log. */
  readonly removals: readonly PlacedRemoval[];
}

/** Where the tail hands on. Neither may throw, neither is waited for. */
export interface TailOutput {
  /** Fan-out: told first, for delivery must not wait. */
  readonly deliver: (batch: ProjectedBatch) => void;
  /** The store writer. */
  readonly store: (batch: ProjectedBatch) => void;
  /** It is time for a snapshot at a position. `encode` gives its bytes, in this turn only: the fold goes on. */
  readonly snapshot: (position: number, encode: () => Uint8Array) => void;
}

/** Folds one batch. `telemetry` hears of records that are set aside or dropped, where it is the first to fold them. */
export function foldBatch(
  partition: number,
  batch: LogBatch,
  { sequencer, rosters }: Projection,
  telemetry: Pick<Telemetry, "recordSetAside" | "duplicateDropped"> | undefined,
): ProjectedBatch {
  const records: StoredRecord[] = [];
  const dropped: DroppedRecord[] = [];
  const changes: RosterChange[] = [];
  const removals: PlacedRemoval[] = [];
  let position = batch.from;
  for (const record of batch.records) {
    if (record === undefined) {
      telemetry?.recordSetAside(partition, position);
    } else {
      const folded = sequencer.fold(record, position);
      if ("first" in folded) {
        dropped.push(folded);
        telemetry?.duplicateDropped();
      } else {
        records.push(folded);
        if (record.kind !== "message") {
          const change = rosters.apply(folded);
          if (change !== undefined) changes.push(change);
          const removal = removalOf(folded);
          if (removal !== undefined) removals.push(removal);
        }
      }
    }
    position += 1;
  }
  const { from, to, encoded } = batch;
  return { partition, from, to, records, dropped, changes, removals, encoded };
}

/** Follows one partition from a position on. */
export class Tail {
  readonly #partition: number;
  readonly #log: MessageLog;
  readonly #projection: Projection;
  readonly #output: TailOutput;
  readonly #telemetry: Telemetry;
  readonly #clock: Clock;
  readonly #waiting: { position: number; resolve: () => void }[] = [];
  #position: number;
  #snapshotAt: number;
  #fault: string | undefined;

  /** `projection` is what is known at `position`, the first position to read. */
  constructor(options: {
    partition: number;
    position: number;
    log: MessageLog;
    projection: Projection;
    output: TailOutput;
    telemetry: Telemetry;
    clock: Clock;
  }) {
    this.#partition = options.partition;
    this.#position = options.position;
    this.#snapshotAt = options.position;
    this.#log = options.log;
    this.#projection = options.projection;
    this.#output = options.output;
    this.#telemetry = options.telemetry;
    this.#clock = options.clock;
  }

  /** The next position to fold. */
  get position(): number {
    return this.#position;
  }

  /** Why nothing is read, where that is so. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /**
   * Runs until `signal` aborts or the log is closed. A read that the machine fails, for want of a file descriptor say,
   * is tried again for a while. Rejects where the log can't be read on: then nothing more is delivered.
   */
  async run(signal: AbortSignal): Promise<void> {
    let failingSince: number | undefined;
    let isProjecting = false;
    while (!signal.aborted) {
      try {
        for await (const batch of this.#log.read(this.#partition, this.#position, signal)) {
          failingSince = undefined;
          isProjecting = true;
          this.#project(batch);
          isProjecting = false;
        }
        return;
      } catch (error) {
        this.#fault = error instanceof Error ? error.message : String(error);
        this.#telemetry.readFailed(error);
        failingSince ??= this.#clock.monotonic();
        const isLate = this.#clock.monotonic() - failingSince >= RETRY_WITHIN_MS;
        if (isProjecting || error instanceof LogError || isLate) throw error;
        await pause(this.#clock, RETRY_DELAY_MS);
        this.#fault = undefined;
      }
    }
  }

  /** Resolves once everything before `position` has been folded and handed on. */
  async reached(position: number): Promise<void> {
    if (this.#position >= position) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ position, resolve });
    });
  }

  /** The state now, as a snapshot at `position`. */
  snapshot(): Uint8Array {
    return encodeSnapshot(this.#projection);
  }

  #project(batch: LogBatch): void {
    const started = this.#clock.monotonic();
    const projected = foldBatch(this.#partition, batch, this.#projection, this.#telemetry);
    this.#position = batch.to;
    this.#output.deliver(projected);
    this.#telemetry.batchDelivered(this.#partition, projected.records, (this.#clock.monotonic() - started) / 1000);
    this.#output.store(projected);
    if (batch.to - this.#snapshotAt >= SNAPSHOT_EVERY_RECORDS) {
      this.#snapshotAt = batch.to;
      this.#output.snapshot(batch.to, () => this.snapshot());
    }
    this.#wake();
  }

  #wake(): void {
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const waiting = this.#waiting[i];
      if (waiting !== undefined && waiting.position <= this.#position) {
        this.#waiting.splice(i, 1);
        waiting.resolve();
      }
    }
  }
}
