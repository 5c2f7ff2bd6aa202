/**
 * Stage 3: the appends of one partition that wait for a broker, and the one batch of them that is on its way. Touches
 * memory only; `kafka-appends.ts` sends.
 */
import type { ProducerIdentity } from "../kafka/produce.ts";
import { BATCH_HEADER_BYTES, type KafkaRecord } from "../kafka/record-batch.ts";
import { AppendError, type AppendFailure } from "./message-log.ts";

/** One call of `append`. */
export interface Append {
  readonly records: readonly KafkaRecord[];
  /** What its records take in a batch, at the most. */
  readonly bytes: number;
  /** When it was called, in milliseconds of the monotonic clock. */
  readonly since: number;
  readonly resolve: (position: number) => void;
  readonly reject: (error: AppendError) => void;
  /** Whether its caller has an answer. */
  isAnswered: boolean;
}

/** Appends that are sent together, always the same under the same number: so the broker knows them when they come twice. */
export interface Batch {
  readonly appends: readonly Append[];
  readonly records: readonly KafkaRecord[];
  readonly bytes: number;
  /** Whether it may have reached a broker. */
  mayExist: boolean;
}

/** The queue of one partition. */
export class PartitionQueue {
  readonly partition: number;
  /** Who writes this partition, as the brokers number it; `undefined` until there is one. */
  identity: ProducerIdentity | undefined;
  /** The one before, which must not be used again: its numbers are taken. */
  lost: ProducerIdentity | undefined;
  /** The number of the next record that a broker has not answered for. */
  sequence = 0;
  /** What is on its way, or was and is to be sent again. */
  batch: Batch | undefined;
  /** Whether a send is under way. */
  isBusy = false;
  /** How often in a row a send came to nothing, and until when none is tried. */
  failures = 0;
  pausedUntil = 0;
  readonly #waiting: Append[] = [];
  #waitingRecords = 0;
  #waitingBytes = 0;
  #bytesMax: number;
  readonly #freed: (bytes: number) => void;

  /** `bytesMax` is a batch's limit; `freed` hears of the bytes of appends that are gone. */
  constructor(partition: number, bytesMax: number, freed: (bytes: number) => void) {
    this.partition = partition;
    this.#bytesMax = bytesMax;
    this.#freed = freed;
  }

  add(append: Append): void {
    this.#waiting.push(append);
    this.#count(append, 1);
  }

  /** What waits, not counting the batch on its way. */
  get waitingRecords(): number {
    return this.#waitingRecords;
  }

  /** The same in bytes. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether there is something to send. */
  get hasWork(): boolean {
    return this.batch !== undefined || this.#waiting.length > 0;
  }

  /** Whether somebody waits for an answer. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0 || this.batch?.appends.some(({ isAnswered }) => !isAnswered) === true;
  }

  /** The batch to send now: the one that has to be sent again, or the next; `undefined` where nothing waits. */
  seal(): Batch | undefined {
    if (this.batch !== undefined || this.#waiting.length === 0) return this.batch;
    let bytes = BATCH_HEADER_BYTES;
    let count = 0;
    for (const append of this.#waiting) {
      if (count > 0 && bytes + append.bytes > this.#bytesMax) break;
      bytes += append.bytes;
      count += 1;
    }
    const appends = this.#waiting.splice(0, count);
    for (const append of appends) this.#count(append, -1);
    this.batch = { appends, records: appends.flatMap(({ records }) => records), bytes, mayExist: false };
    return this.batch;
  }

  /** The batch is durable, its first record at `position`, or durable somewhere. */
  settle(position: number | undefined): void {
    const { batch } = this;
    if (batch === undefined) return;
    // The brokers count in 31 bits and begin again.
    this.sequence = (this.sequence + batch.records.length) % 2 ** 31;
    this.failures = 0;
    let at = position ?? 0;
    for (const append of batch.appends) {
      if (position === undefined) answer(append, "unknown", "the message is durable, but nobody knows where");
      else if (!append.isAnswered) append.resolve(at);
      append.isAnswered = true;
      at += append.records.length;
    }
    this.#release(batch);
  }

  /** The batch will not be sent again. What may have reached a broker is `unknown`, the rest `not_sent`. */
  giveUp(why: string): void {
    const { batch } = this;
    if (batch === undefined) return;
    // A number that may have been used can't be used again for something else.
    if (batch.mayExist) this.forgetIdentity();
    for (const append of batch.appends) answer(append, batch.mayExist ? "unknown" : "not_sent", why);
    this.#release(batch);
  }

  /** The batch did not reach a broker: what was in it waits again, before what came later. */
  unseal(): void {
    if (this.batch === undefined || this.batch.mayExist) return;
    this.#waiting.unshift(...this.batch.appends);
    for (const append of this.batch.appends) this.#count(append, 1);
    this.batch = undefined;
  }

  /** The batch is too large for the broker: it is cut in two. `false` where that can't be. */
  halve(): boolean {
    if (this.batch === undefined || this.batch.mayExist || this.batch.appends.length < 2) return false;
    this.#bytesMax = Math.floor(this.batch.bytes / 2);
    this.unseal();
    return true;
  }

  /** From now on this partition is written as somebody else. */
  forgetIdentity(): void {
    this.lost = this.identity;
    this.identity = undefined;
    this.sequence = 0;
  }

  /** Answers those who have waited since `before` or longer: what only waits is taken back, what is on its way is `unknown`. */
  expire(before: number): void {
    if (!this.isBusy) this.unseal();
    for (const append of this.batch?.appends ?? []) {
      if (append.since <= before) answer(append, "unknown", "the broker has not answered in time");
    }
    let count = 0;
    for (const append of this.#waiting) {
      if (append.since > before) break;
      count += 1;
    }
    for (const append of this.#waiting.splice(0, count)) {
      answer(append, "not_sent", "no broker took the message in time; it was taken back");
      this.#count(append, -1);
      this.#freed(append.bytes);
    }
  }

  /** Answers everybody: nothing is sent any more. */
  rejectAll(why: string): void {
    this.giveUp(why);
    for (const append of this.#waiting.splice(0)) {
      answer(append, "not_sent", why);
      this.#count(append, -1);
      this.#freed(append.bytes);
    }
  }

  #count(append: Append, by: 1 | -1): void {
    this.#waitingRecords += by * append.records.length;
    this.#waitingBytes += by * append.bytes;
  }

  #release(batch: Batch): void {
    this.batch = undefined;
    for (const { bytes } of batch.appends) this.#freed(bytes);
  }
}

function answer(append: Append, failure: AppendFailure, why: string): void {
  if (append.isAnswered) return;
  append.isAnswered = true;
  append.reject(new AppendError(failure, why));
}
