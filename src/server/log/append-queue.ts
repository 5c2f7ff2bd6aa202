/**
 * Stage 3: what waits to be appended, encoded already, cut into the batches that will be committed (LOG-4). Touches
 * memory only.
 */
import type { Limits } from "../../protocol/limits.ts";
import type { LogRecord } from "../record.ts";
import { BATCH_HEADER_BYTES, BATCH_TRAILER_BYTES, sealBatch } from "./batch-format.ts";
import { AppendError } from "./message-log.ts";
import { encodedBytesMax, encodeRecord } from "./record-codec.ts";

/** The limits of one log. */
export type LogLimits = Pick<Limits, "appendBytesMax" | "appendQueueBytesMax">;

/** Room in a buffer beyond the largest batch, so that the last record of one seldom makes it grow. */
const SLACK_BYTES = 128 * 1024;
/** Buffers kept for the next batches: one in flight, one filling, one to spare. */
const SPARE_BUFFERS_MAX = 3;

/** One call of `append` that waits for its answer. */
interface Waiting {
  readonly resolve: (position: number) => void;
  readonly reject: (error: AppendError) => void;
  /** When it was called, in milliseconds of the monotonic clock. */
  readonly since: number;
  /** Its first record's index in the batch. */
  readonly index: number;
  /** Where its records begin in the batch's buffer. */
  readonly start: number;
}

/** Appends that are committed together. */
export class PendingBatch {
  buffer: Buffer;
  /** Where the encoded records end in `buffer`. */
  end = BATCH_HEADER_BYTES;
  records: LogRecord[] = [];
  waiting: Waiting[] = [];
  /** Whether everyone has been told that the batch takes too long. */
  isGivenUp = false;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  /** Bytes of encoded records. */
  get bytes(): number {
    return this.end - BATCH_HEADER_BYTES;
  }

  /** The encoded records, one behind the other; good until the batch is released. */
  get encoded(): Buffer {
    return this.buffer.subarray(BATCH_HEADER_BYTES, this.end);
  }

  /** Its length as it will stand in the file. */
  get sealedBytes(): number {
    return this.end + BATCH_TRAILER_BYTES;
  }

  /** Makes the batch ready to be written at a position, and returns its length in bytes. */
  seal(from: number): number {
    return sealBatch(this.buffer, this.end, from, this.records.length);
  }

  /** Answers everyone: the records are durable and the first stands at `from`. */
  resolve(from: number): void {
    for (const { resolve, index } of this.waiting) resolve(from + index);
  }

  /** Answers everyone with the same error. */
  reject(error: AppendError): void {
    for (const { reject } of this.waiting) reject(error);
  }

  /** Answers those who have waited since `before` or longer, while the batch is in flight. */
  giveUp(before: number, error: AppendError): void {
    // Whoever was answered once stays answered: a promise settles but once.
    for (const { reject, since } of this.waiting) if (since <= before) reject(error);
    this.isGivenUp = (this.waiting.at(-1)?.since ?? 0) <= before;
  }

  /** When the one who waits longest began to, in milliseconds. */
  get since(): number {
    return this.waiting[0]?.since ?? Number.POSITIVE_INFINITY;
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.end + bytes + BATCH_TRAILER_BYTES;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.end);
    this.buffer = larger;
  }
}

/** The queue of batches that are not in flight yet; the last one is still being filled. */
export class AppendQueue {
  readonly #limits: LogLimits;
  readonly #batches: PendingBatch[] = [];
  readonly #spare: Buffer[] = [];
  #bytes = 0;

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  /** Encodes records into the last batch, or a new one where that is full. Throws an `AppendError` and changes nothing. */
  add(
    records: readonly LogRecord[],
    since: number,
    resolve: (position: number) => void,
    reject: (error: AppendError) => void,
  ): void {
    if (this.#bytes >= this.#limits.appendQueueBytesMax) throw overloaded();
    const last = this.#batches.at(-1);
    const batch = last ?? this.#open();
    const start = batch.end;
    try {
      for (const record of records) {
        batch.reserve(encodedBytesMax(record));
        batch.end = encodeRecord(record, batch.buffer, batch.end);
        if (batch.end - start > this.#limits.appendBytesMax) throw new RangeError("it is longer than appendBytesMax");
      }
    } catch (error) {
      this.#undo(batch, start);
      throw new AppendError("not_sent", `the append can't be written: ${(error as Error).message}`, { cause: error });
    }
    const bytes = batch.end - start;
    if (this.#bytes + bytes > this.#limits.appendQueueBytesMax) {
      this.#undo(batch, start);
      throw overloaded();
    }
    const target = batch.bytes > this.#limits.appendBytesMax ? this.#moved(batch, start) : batch;
    const index = target.records.length;
    for (const record of records) target.records.push(record);
    target.waiting.push({ resolve, reject, since, index, start: target.end - bytes });
    this.#bytes += bytes;
  }

  /** Takes the next batch to commit; `release` it when it has been answered. */
  take(): PendingBatch | undefined {
    return this.#batches.shift();
  }

  /** Lets go of a batch that was taken. */
  release(batch: PendingBatch): void {
    this.#bytes -= batch.bytes;
    this.#keep(batch);
  }

  /** Takes back every append that has waited since `before` or longer, and answers it with `error`. */
  expire(before: number, error: AppendError): void {
    while (this.#batches.length > 0) {
      const batch = this.#batches[0] as PendingBatch;
      const rest = batch.waiting.findIndex(({ since }) => since > before);
      if (rest === 0) return;
      if (rest === -1) {
        batch.reject(error);
        this.#batches.shift();
        this.release(batch);
        continue;
      }
      this.#cutFirst(batch, rest, error);
      return;
    }
  }

  /** Answers everything that waits with one error. */
  rejectAll(error: AppendError): void {
    this.expire(Number.POSITIVE_INFINITY, error);
  }

  /** What waits, not counting what was taken. */
  get backlog(): { readonly records: number; readonly bytes: number } {
    let records = 0;
    let bytes = 0;
    for (const batch of this.#batches) {
      records += batch.records.length;
      bytes += batch.bytes;
    }
    return { records, bytes };
  }

  /** When the append that waits longest was called; infinity where none waits. */
  get since(): number {
    return this.#batches[0]?.since ?? Number.POSITIVE_INFINITY;
  }

  #open(): PendingBatch {
    const room = BATCH_HEADER_BYTES + this.#limits.appendBytesMax + SLACK_BYTES + BATCH_TRAILER_BYTES;
    const batch = new PendingBatch(this.#spare.pop() ?? Buffer.allocUnsafeSlow(room));
    this.#batches.push(batch);
    return batch;
  }

  #undo(batch: PendingBatch, start: number): void {
    batch.end = start;
    // A batch of nothing must not be committed.
    if (batch.waiting.length > 0) return;
    this.#batches.pop();
    this.#keep(batch);
  }

  /** Moves what was encoded last, which made the batch too long, into a batch of its own. */
  #moved(batch: PendingBatch, start: number): PendingBatch {
    const next = this.#open();
    next.reserve(batch.end - start);
    next.end += batch.buffer.copy(next.buffer, next.end, start, batch.end);
    batch.end = start;
    return next;
  }

  #cutFirst(batch: PendingBatch, count: number, error: AppendError): void {
    const gone = batch.waiting.slice(0, count);
    const first = batch.waiting[count] as Waiting;
    const cutBytes = first.start - BATCH_HEADER_BYTES;
    batch.buffer.copyWithin(BATCH_HEADER_BYTES, first.start, batch.end);
    batch.end -= cutBytes;
    batch.records = batch.records.slice(first.index);
    batch.waiting = batch.waiting.slice(count).map((waiting) => ({
      ...waiting,
      index: waiting.index - first.index,
      start: waiting.start - cutBytes,
    }));
    this.#bytes -= cutBytes;
    for (const { reject } of gone) reject(error);
  }

  #keep(batch: PendingBatch): void {
    // One that had to grow is let go, or the largest append ever would stay in memory.
    const room = BATCH_HEADER_BYTES + this.#limits.appendBytesMax + SLACK_BYTES + BATCH_TRAILER_BYTES;
    if (this.#spare.length < SPARE_BUFFERS_MAX && batch.buffer.length === room) this.#spare.push(batch.buffer);
  }
}

function overloaded(): AppendError {
  return new AppendError("overloaded", "too much waits to be written; try again in a second");
}
