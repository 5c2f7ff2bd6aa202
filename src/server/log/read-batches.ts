/**
 * Stage 3: the loop behind every `read` of a log: checks the place, gives batches, waits for more, and lets others have
 * their turn. Touches nothing itself.
 */
import type { Clock } from "../clock.ts";
import type { LogBatch, LogBounds } from "./message-log.ts";
import { LogError } from "./message-log.ts";

/** Weight that a reader may take without giving up its turn of the event loop: about as many records. */
export const TURN_WEIGHT_MAX = 2000;
/** What a batch weighs beside its records: eight large ones make a turn too. */
export const BATCH_WEIGHT = 250;

/** Where the batches come from. */
export interface BatchSource {
  /** Whether the log was closed; then the read ends. */
  isClosed(): boolean;
  /** What can be read now. */
  bounds(): LogBounds | Promise<LogBounds>;
  /** The records from a position on, which lies within the bounds. */
  next(position: number): LogBatch | Promise<LogBatch>;
  /** Resolves when there is more than up to a position, or the signal aborts, or the log was closed; at once if so. */
  more(position: number): Promise<void>;
  /** Lets go of what this read holds. */
  close(): Promise<void>;
}

/** Reads from a position on until the signal aborts or the log is closed. Throws as `MessageLog.read` says. */
export async function* readBatches(
  from: number,
  signal: AbortSignal,
  clock: Clock,
  source: BatchSource,
): AsyncGenerator<LogBatch, void, undefined> {
  let position = from;
  let weight = 0;
  try {
    while (!signal.aborted && !source.isClosed()) {
      const { begin, end } = await source.bounds();
      if (position < begin) throw trimmed(position, begin);
      if (position > end) {
        throw new LogError("beyond_end", position, `position ${position} lies beyond the log's end at ${end}`);
      }
      if (position === end) {
        weight = 0;
        await source.more(position);
        continue;
      }
      const batch = await source.next(position);
      position = batch.to;
      yield batch;
      weight += batch.records.length + BATCH_WEIGHT;
      if (weight > TURN_WEIGHT_MAX) {
        weight = 0;
        await new Promise<void>((resolve) => clock.endOfTurn(resolve));
      }
    }
  } finally {
    await source.close();
  }
}

/** The error for a position that `trim` removed. */
export function trimmed(position: number, begin: number | undefined): LogError {
  const rest = begin === undefined ? "" : `; the log begins at ${begin}`;
  return new LogError("trimmed", position, `position ${position} was trimmed${rest}`);
}
