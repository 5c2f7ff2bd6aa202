/**
 * Stage 3, the embedded adapter of the log: our own segment files, one partition, one owning process. Appends are
 * grouped by `group-commit.ts`, written by `segment-tail.ts`, and read by `segment-cursor.ts` or, at the end of the
 * log, from `recent-commits.ts`. May touch: the log's folder, through `LogFiles`.
 */
import type { Clock } from "../clock.ts";
import type { LogRecord } from "../record.ts";
import type { LogLimits, PendingBatch } from "./append-queue.ts";
import { Bell } from "./bell.ts";
import { CommitPace } from "./commit-pace.ts";
import { DurableMark } from "./durable-mark.ts";
import { GroupCommit } from "./group-commit.ts";
import type { LogFiles } from "./log-files.ts";
import type { LogBatch, LogBounds, MessageLog } from "./message-log.ts";
import { AppendError } from "./message-log.ts";
import { readBatches } from "./read-batches.ts";
import { RECENT_COMMITS_BYTES_MAX, RecentCommits } from "./recent-commits.ts";
import type { CutTail, Recovered } from "./recover.ts";
import { recover } from "./recover.ts";
import { SegmentCursor } from "./segment-cursor.ts";
import { segmentPath } from "./segment-format.ts";
import { SegmentTail } from "./segment-tail.ts";
import { SparseIndex } from "./sparse-index.ts";

/** Where and how a segment log lives. */
export interface SegmentLogOptions {
  /** The log's own folder; it is made where missing. One process at a time may open it: the caller holds the lock. */
  readonly dir: string;
  readonly limits: LogLimits;
  readonly clock: Clock;
  readonly files: LogFiles;
  /** Length in bytes from which on a new segment is begun; `SEGMENT_BYTES_MAX` but for tests. */
  readonly segmentBytesMax: number;
}

/**
 * Opens the log of a folder. `cut` tells of a torn tail that was cut off. Rejects with a `LogError`: `damaged`, naming
 * file, byte and position, or `format`; then nothing was changed.
 */
export async function openSegmentLog(
  options: SegmentLogOptions,
): Promise<{ readonly log: SegmentLog; readonly cut: CutTail | undefined }> {
  const { dir, files, segmentBytesMax } = options;
  await files.makeFolder(dir);
  const mark = await DurableMark.open(files, dir);
  try {
    const index = new SparseIndex();
    const recovered = await recover(files, dir, await mark.read(), index);
    const { end, file, cut } = recovered;
    mark.advance(end);
    await mark.sync();
    const tail = new SegmentTail(files, dir, segmentBytesMax, file, end);
    return { log: new SegmentLog(options, recovered, tail, mark, index), cut };
  } catch (error) {
    await mark.close();
    throw error;
  }
}

/** The log in segment files. Made by `openSegmentLog`. */
export class SegmentLog implements MessageLog {
  readonly partitions = 1;
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #files: LogFiles;
  readonly #tail: SegmentTail;
  readonly #mark: DurableMark;
  readonly #index: SparseIndex;
  readonly #appends: GroupCommit;
  readonly #recent = new RecentCommits(RECENT_COMMITS_BYTES_MAX);
  readonly #bell = new Bell();
  /** Lengths of the segments before the newest, in bytes. */
  readonly #sizes: Map<number, number>;
  #bases: readonly number[];
  #trimming: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    options: SegmentLogOptions,
    { bases, sizes }: Pick<Recovered, "bases" | "sizes">,
    tail: SegmentTail,
    mark: DurableMark,
    index: SparseIndex,
  ) {
    this.#dir = options.dir;
    this.#clock = options.clock;
    this.#files = options.files;
    this.#bases = bases;
    this.#sizes = sizes;
    this.#tail = tail;
    this.#mark = mark;
    this.#index = index;
    this.#appends = new GroupCommit(
      options.limits,
      options.clock,
      { commit: (batch) => this.#commit(batch), fault: () => this.#tail.fault },
      new CommitPace(),
    );
  }

  /** Why nothing can be appended, for good or as long as the disk hangs, or `undefined`; for readiness. Reads go on. */
  get fault(): string | undefined {
    return this.#tail.fault ?? (this.#appends.isStuck ? "the disk has not answered a commit for 10 s" : undefined);
  }

  /** What does not stop the log but should be told: the mark that other processes read by can't be written. */
  get warning(): string | undefined {
    return this.#mark.fault;
  }

  append(partition: number, records: readonly LogRecord[], isAwaited = false): Promise<number> {
    if (partition !== 0) return Promise.reject(new AppendError("not_sent", `there is no partition ${partition}`));
    return records.length === 0 ? Promise.resolve(this.#tail.end.position) : this.#appends.append(records, isAwaited);
  }

  read(partition: number, from: number, signal: AbortSignal): AsyncIterable<LogBatch> {
    checkPartition(partition);
    const cursor = new SegmentCursor(this.#files, this.#dir, this.#index);
    return readBatches(from, signal, this.#clock, {
      isClosed: () => this.#isClosed,
      bounds: () => this.#bounds(),
      next: (at) => this.#recent.find(at) ?? cursor.next(at, { bases: this.#bases, end: this.#tail.end }),
      more: (at) => (this.#isClosed || this.#tail.end.position > at ? Promise.resolve() : this.#bell.wait(signal)),
      close: () => cursor.close(),
    });
  }

  async bounds(partition: number): Promise<LogBounds> {
    checkPartition(partition);
    return this.#bounds();
  }

  hears(): boolean {
    return true;
  }

  async trim(partition: number, before: number): Promise<void> {
    checkPartition(partition);
    const trimmed = this.#trimming.then(() => this.#trim(before));
    this.#trimming = trimmed.catch(() => undefined);
    return trimmed;
  }

  async close(): Promise<void> {
    const isQuiet = await this.#appends.close();
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#bell.ring();
    await this.#trimming;
    // Calls that hang keep their files: those go with the process.
    if (!isQuiet) return;
    await this.#mark.sync().catch(() => undefined);
    await this.#mark.close();
    await this.#tail.close();
  }

  /** The position before which everything may be trimmed while at least `keepBytes` of the log stay. */
  oldestToKeep(keepBytes: number): number {
    let bytes = this.#tail.end.bytes;
    let index = this.#bases.length - 1;
    while (index > 0 && bytes < keepBytes) {
      index -= 1;
      bytes += this.#sizes.get(this.#bases[index] as number) ?? 0;
    }
    return this.#bases[index] ?? 0;
  }

  #bounds(): LogBounds {
    const { position } = this.#tail.end;
    return { begin: this.#bases[0] ?? position, end: position };
  }

  async #commit(batch: PendingBatch): Promise<number> {
    if (this.#tail.isFullFor(batch.sealedBytes)) {
      const { segment, bytes } = this.#tail.end;
      await this.#tail.roll();
      this.#sizes.set(segment, bytes);
      this.#bases = [...this.#bases, this.#tail.end.segment];
    }
    const { position: from, segment, bytes: offset } = this.#tail.end;
    const { records } = batch;
    const bytes = batch.seal(from);
    await this.#tail.write(batch.buffer, bytes, records.length);
    this.#index.add(segment, from, offset);
    this.#recent.push(from, records, batch.encoded);
    this.#mark.advance(this.#tail.end);
    this.#bell.ring();
    return from;
  }

  /** Removes whole segments, the oldest first, never the newest. */
  async #trim(before: number): Promise<void> {
    const kept = this.#bases.findLastIndex((base) => base <= before);
    const old = this.#bases.slice(0, Math.max(kept, 0));
    for (const base of old) {
      // First no reader looks for it any more, then it goes.
      this.#bases = this.#bases.filter((other) => other !== base);
      try {
        await this.#files.remove(segmentPath(this.#dir, base));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
          this.#bases = [base, ...this.#bases];
          throw error;
        }
      }
      this.#index.drop(base);
      this.#sizes.delete(base);
    }
    if (old.length > 0) await this.#files.syncFolder(this.#dir);
  }
}

function checkPartition(partition: number): void {
  if (partition !== 0) throw new RangeError(`there is no partition ${partition}`);
}
