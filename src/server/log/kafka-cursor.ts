/**
 * Stage 3: one reader of a partition of a topic: where it is, what was fetched for it and not taken yet. Touches nothing;
 * `kafka-tail.ts` fetches.
 */
import type { LogRecord } from "../record.ts";
import { type LogBatch, NOT_ENCODED } from "./message-log.ts";

/** What one cursor keeps that was not taken yet, in bytes of the topic; then nothing more is fetched for it. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

/** The place of one reader. */
export class KafkaCursor {
  readonly partition: number;
  /** The position that is to be fetched next. */
  position: number;
  /** When it was last asked for, as a number that grows: whoever waits longest is next. */
  askedAt = 0;
  /** Whether it has reached the end as it was when last fetched: then it may wait there together with others. */
  isAtEnd = false;
  /** Whether it waits at the end with the others, or still catches up by itself. */
  isLive = false;
  #fault: Error | undefined;
  #isOver = false;
  readonly #batches: { readonly batch: LogBatch; readonly bytes: number }[] = [];
  #keptBytes = 0;
  #wake: (() => void) | undefined;
  /** Called when there is room again. */
  readonly #hungry: () => void;

  constructor(partition: number, position: number, hungry: () => void) {
    this.partition = partition;
    this.position = position;
    this.#hungry = hungry;
  }

  /** Whether more should be fetched for it. */
  get isHungry(): boolean {
    return this.#keptBytes < KEPT_BYTES_MAX && this.#fault === undefined;
  }

  /** Takes over what stands from `from` on, as far as it does not have it; whoever reads the same partition gets the same. */
  offer(from: number, records: readonly (LogRecord | undefined)[], bytes: number): void {
    const to = from + records.length;
    if (this.position < from || this.position >= to || !this.isHungry) return;
    const rest = this.position === from ? records : records.slice(this.position - from);
    const batch = { from: this.position, to, records: rest, encoded: NOT_ENCODED };
    this.#batches.push({ batch, bytes });
    this.#keptBytes += bytes;
    this.position = to;
    this.#wake?.();
  }

  /** Ends the read with an error, once what was fetched is taken. */
  fail(fault: Error): void {
    this.#fault ??= fault;
    this.#wake?.();
  }

  /** Ends the read. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /** The next batch; `undefined` once the read is over. Throws what `fail` was given. */
  async next(): Promise<LogBatch | undefined> {
    while (!this.#isOver) {
      const first = this.#batches.shift();
      if (first !== undefined) {
        const wasFull = !this.isHungry;
        this.#keptBytes -= first.bytes;
        if (wasFull && this.isHungry) this.#hungry();
        return first.batch;
      }
      if (this.#fault !== undefined) throw this.#fault;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    return undefined;
  }
}
