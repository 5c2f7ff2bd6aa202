/**
 * Stage 3: a log that goes on where another one ended that is lost: its positions begin after those that were read from
 * the first, so that whatever was written with a position keeps its place. May touch: the log behind it.
 */
import type { LogRecord } from "../record.ts";
import { type LogBatch, type LogBounds, LogError, type MessageLog } from "./message-log.ts";

/** A log behind another one. */
export class ContinuedLog implements MessageLog {
  readonly #log: MessageLog;
  readonly #bases: readonly number[];

  /** `bases` is, for each partition, the position at which `log` begins. */
  constructor(log: MessageLog, bases: readonly number[]) {
    this.#log = log;
    this.#bases = bases;
  }

  get partitions(): number {
    return this.#log.partitions;
  }

  async append(partition: number, records: readonly LogRecord[], isAwaited = false): Promise<number> {
    return (await this.#log.append(partition, records, isAwaited)) + this.#base(partition);
  }

  async *read(partition: number, from: number, signal: AbortSignal): AsyncGenerator<LogBatch, void, undefined> {
    const base = this.#base(partition);
    if (from < base) throw new LogError("trimmed", from, `position ${from} was in a log that is lost`);
    try {
      for await (const batch of this.#log.read(partition, from - base, signal)) {
        yield { ...batch, from: batch.from + base, to: batch.to + base };
      }
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      throw new LogError(error.fault, error.position + base, error.message, { cause: error });
    }
  }

  async bounds(partition: number): Promise<LogBounds> {
    const base = this.#base(partition);
    const { begin, end } = await this.#log.bounds(partition);
    return { begin: begin + base, end: end + base };
  }

  hears(partition: number): boolean {
    return this.#log.hears(partition);
  }

  async trim(partition: number, before: number): Promise<void> {
    await this.#log.trim(partition, Math.max(0, before - this.#base(partition)));
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  #base(partition: number): number {
    return this.#bases[partition] ?? 0;
  }
}
