/**
 * Stage 3, the log in memory, for tests and simulations: the same grouping, limits and deadlines as the embedded one,
 * with a disk whose delays and faults the test decides. May touch: nothing.
 */
import { type Clock, pause } from "../clock.ts";
import type { LogRecord } from "../record.ts";
import type { LogLimits, PendingBatch } from "./append-queue.ts";
import { Bell } from "./bell.ts";
import { GroupCommit } from "./group-commit.ts";
import type { LogBatch, LogBounds, MessageLog } from "./message-log.ts";
import { AppendError, NOT_ENCODED } from "./message-log.ts";
import { readBatches } from "./read-batches.ts";

/**
 * What becomes of one commit.
 * - `durable`: it is kept, and its senders hear so.
 * - `not_sent`: it is lost, and its senders hear so.
 * - `unknown_kept`, `unknown_lost`: its senders hear `unknown`.
 */
export type Outcome = "durable" | "not_sent" | "unknown_kept" | "unknown_lost";

/** The fate of one commit, told by the test when it is about to begin. */
export interface Fate {
  /** How long the disk takes, in milliseconds of the clock; 0 = within the turn. */
  readonly delayMs: number;
  readonly outcome: Outcome;
}

/** The fate of a log that does as it should. */
export const ALWAYS_DURABLE = (): Fate => ({ delayMs: 0, outcome: "durable" });

/** What a memory log is made of. */
export interface MemoryLogOptions {
  /** What outlives the log: give the same to the next one after a crash, or to several nodes at once. */
  readonly disk: MemoryDisk;
  readonly limits: LogLimits;
  readonly clock: Clock;
  /** Asked once for each commit. */
  readonly fate: (partition: number, records: readonly LogRecord[]) => Fate;
}

interface MemoryPartition {
  begin: number;
  readonly records: LogRecord[];
}

/** The durable records of a memory log. */
export class MemoryDisk {
  readonly partitions: readonly MemoryPartition[];
  /** Rings with every commit, whichever log made it. */
  readonly bell = new Bell();

  constructor(partitions: number) {
    this.partitions = Array.from({ length: partitions }, () => ({ begin: 0, records: [] }));
  }

  /** A partition by its number. Throws a `RangeError` where there is none. */
  partition(partition: number): MemoryPartition {
    const found = this.partitions[partition];
    if (found === undefined) throw new RangeError(`there is no partition ${partition}`);
    return found;
  }
}

/** Records that one batch of a read holds at the most. */
const BATCH_RECORDS_MAX = 1000;

/** The log in memory. */
export class MemoryLog implements MessageLog {
  readonly #disk: MemoryDisk;
  readonly #clock: Clock;
  readonly #fate: MemoryLogOptions["fate"];
  readonly #appends: readonly GroupCommit[];
  #held: (() => void)[] | undefined;
  #state: "open" | "closed" | "crashed" = "open";

  constructor({ disk, limits, clock, fate }: MemoryLogOptions) {
    this.#disk = disk;
    this.#clock = clock;
    this.#fate = fate;
    this.#appends = disk.partitions.map(
      (_, partition) =>
        new GroupCommit(
          limits,
          clock,
          { commit: (batch) => this.#commit(partition, batch), fault: () => undefined },
          undefined,
        ),
    );
  }

  get partitions(): number {
    return this.#disk.partitions.length;
  }

  /** From now on commits wait until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  /** Lets the commits go on that were held. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  /** Ends as a killed process does: nothing that is under way is ever answered or kept, and reads end. */
  crash(): void {
    this.#state = "crashed";
    this.#disk.bell.ring();
  }

  async append(partition: number, records: readonly LogRecord[], isAwaited = false): Promise<number> {
    const appends = this.#appends[partition];
    if (appends === undefined) throw new AppendError("not_sent", `there is no partition ${partition}`);
    return records.length === 0 ? this.#bounds(partition).end : appends.append(records, isAwaited);
  }

  read(partition: number, from: number, signal: AbortSignal): AsyncIterable<LogBatch> {
    const { records } = this.#disk.partition(partition);
    const isClosed = (): boolean => this.#state !== "open";
    return readBatches(from, signal, this.#clock, {
      isClosed,
      bounds: () => this.#bounds(partition),
      next: (at) => {
        const batch = records.slice(at, at + BATCH_RECORDS_MAX);
        return { from: at, to: at + batch.length, records: batch, encoded: NOT_ENCODED };
      },
      more: (at) => (isClosed() || records.length > at ? Promise.resolve() : this.#disk.bell.wait(signal)),
      close: () => Promise.resolve(),
    });
  }

  async bounds(partition: number): Promise<LogBounds> {
    return this.#bounds(partition);
  }

  hears(): boolean {
    return true;
  }

  async trim(partition: number, before: number): Promise<void> {
    const { begin, end } = this.#bounds(partition);
    this.#disk.partition(partition).begin = Math.max(begin, Math.min(before, end));
  }

  async close(): Promise<void> {
    await Promise.all(this.#appends.map((appends) => appends.close()));
    if (this.#state === "open") this.#state = "closed";
    this.#disk.bell.ring();
  }

  #bounds(partition: number): LogBounds {
    const { begin, records } = this.#disk.partition(partition);
    return { begin, end: records.length };
  }

  async #commit(partition: number, batch: PendingBatch): Promise<number> {
    const { delayMs, outcome } = this.#fate(partition, batch.records);
    if (delayMs > 0) await pause(this.#clock, delayMs);
    const held = this.#held;
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve));
    // A killed process answers nobody.
    if (this.#state === "crashed") return new Promise(() => undefined);
    const { records } = this.#disk.partition(partition);
    const from = records.length;
    if (outcome === "durable" || outcome === "unknown_kept") {
      for (const record of batch.records) records.push(record);
      this.#disk.bell.ring();
    }
    if (outcome === "durable") return from;
    throw new AppendError(outcome === "not_sent" ? "not_sent" : "unknown", `the test says ${outcome}`);
  }
}
