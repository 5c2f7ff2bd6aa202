/**
 * Stage 3, the port of the log: a durable, ordered sequence of records for each partition. Adapters stand beside this
 * file and pass `test/contract/message-log.ts`.
 */
import type { LogRecord } from "../record.ts";

/** Consecutive records of one partition, as a reader gets them. */
export interface LogBatch {
  /** Position of the first record. */
  readonly from: number;
  /** Position after the last record: `from + records.length`. */
  readonly to: number;
  /** The records, one a position; `undefined` where one has no whole envelope and is to be set aside (PROJ-5). */
  readonly records: readonly (LogRecord | undefined)[];
  /**
   * The same records as `record-codec.ts` writes them, one behind the other, so that whoever keeps bytes need not encode
   * them again; `undefined` where the log does not have them at hand, or not any more. Good until the caller's next `await`.
   */
  readonly encoded: () => Buffer | undefined;
}

/** The `encoded` of a batch that is at hand as objects only. */
export const NOT_ENCODED = (): undefined => undefined;

/** The positions that a partition holds: `begin` ≤ position < `end`. An empty partition has both equal. */
export interface LogBounds {
  readonly begin: number;
  readonly end: number;
}

/**
 * Why an append failed.
 * - `not_sent`: taken back; the records will never appear.
 * - `unknown`: they were on their way and may still appear; a retry with the same key is safe.
 * - `overloaded`: refused at once, too much is waiting; the records will never appear; retry later.
 */
export type AppendFailure = "not_sent" | "unknown" | "overloaded";

/** The rejection of `append`. */
export class AppendError extends Error {
  override readonly name = "AppendError";
  readonly failure: AppendFailure;
  constructor(failure: AppendFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

/**
 * Why a log can't be opened or read.
 * - `damaged`: a batch that had been durable does not check out; the message names segment and position.
 * - `trimmed`: what was asked for was removed by `trim`.
 * - `beyond_end`: `read` from a position after the end.
 * - `format`: written by a newer format.
 * - `replaced`: this is not the log any more that was opened: it was removed, or another was made in its place.
 */
export type LogFault = "damaged" | "trimmed" | "beyond_end" | "format" | "replaced";

/** A log that can't be opened or read as asked. */
export class LogError extends Error {
  override readonly name = "LogError";
  readonly fault: LogFault;
  /** The position concerned. */
  readonly position: number;
  constructor(fault: LogFault, position: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
    this.position = position;
  }
}

/** The log. Positions and partitions are whole numbers from 0. */
export interface MessageLog {
  /** How many partitions there are; MUST never change for a log. */
  readonly partitions: number;

  /**
   * Appends records in their order, contiguous in the partition (LOG-2), and resolves with the position of the first.
   * MUST resolve only when they are durable (LOG-1), within 10 s or reject with `unknown` or `not_sent` (LOG-5).
   * MUST reject with an `AppendError`, nothing else. May be called while earlier appends wait; those MUST stay in
   * the order of the calls, and what waits together MUST be committed together (LOG-4): without delay where the log was
   * idle, or where `isAwaited` says that a sender does nothing more before the answer. A busy log may make others wait
   * for a few milliseconds. MUST accept up to `appendBytesMax` of encoded records a call and MUST NOT keep the array,
   * though it may keep the records.
   */
  append(partition: number, records: readonly LogRecord[], isAwaited?: boolean): Promise<number>;

  /**
   * Reads from position `from` to the end, then waits for more, until `signal` aborts; then it ends without an error.
   * Whoever keeps the log elsewhere and can't reach it waits too, however long that takes.
   * MUST give each record once, in order, and MUST NOT give one that is not durable yet (LOG-1). A batch begins at
   * exactly the position that is next. MUST throw a `LogError` for what was trimmed, is damaged or lies beyond the end;
   * any other error is the machine's (too many open files, a disk that can't be read), and the read may be tried again.
   * Ends as well when the log is closed. MUST NOT keep the event loop to itself, however much there is to read.
   * Any number of readers may run at once, each at its own place (LOG-3).
   */
  read(partition: number, from: number, signal: AbortSignal): AsyncIterable<LogBatch>;

  /**
   * The positions that can be read now, asked of whoever holds the log: what was durable before the call is within them.
   * Rejects where nobody answers for some seconds.
   */
  bounds(partition: number): Promise<LogBounds>;

  /**
   * Whether the log itself was heard from within the last 2 s, by a read of this partition (CMD-4): otherwise what a
   * reader knows may be old. Always so where the log is within the process.
   */
  hears(partition: number): boolean;

  /**
   * Removes what lies before `before`, or less where records go only in larger pieces; never more. Positions of the
   * rest stay. MUST be harmless when repeated, and while readers are beyond `before`.
   */
  trim(partition: number, before: number): Promise<void>;

  /** Finishes the appends that were accepted, then lets go of everything. Appends after it reject with `not_sent`. */
  close(): Promise<void>;
}
