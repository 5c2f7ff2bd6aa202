/**
 * Telemetry, beside all stages: the way of a message in time, for one in so many: when it was taken, durable, delivered
 * and stored. Kept by the message's id while it is on its way, for the stages know nothing of each other. Touches nothing.
 */
import type { LogRecord, StoredRecord, Uuid } from "../record.ts";

/** One message's way, in milliseconds since the epoch with fractions. */
export interface MessageTrace {
  /** When a command made it a record. */
  readonly taken: number;
  /** When the log had it durably. */
  readonly durable: number;
  /** When the fan-out had handed it to whoever hears it here. */
  readonly delivered: number;
  /** When the store was known to have it; `undefined` where that took too long. */
  readonly stored: number | undefined;
  readonly partition: number;
  readonly position: number;
}

interface Underway {
  readonly taken: number;
  durable: number | undefined;
  delivered: number | undefined;
  partition: number;
  position: number;
}

/** Messages that are followed at once, at the most. */
const UNDERWAY_MAX = 1000;
/** After so long one that the store does not have is told without, in milliseconds. */
const GIVEN_UP_MS = 30_000;

/** Follows messages. */
export class MessageTraces {
  readonly #every: number;
  readonly #now: () => number;
  readonly #ended: (trace: MessageTrace) => void;
  readonly #underway = new Map<Uuid, Underway>();
  #count = 0;

  /** Follows one message in `every`. `now` is milliseconds since the epoch; `ended` hears of each that came to its end. */
  constructor(options: { every: number; now: () => number; ended: (trace: MessageTrace) => void }) {
    this.#every = options.every;
    this.#now = options.now;
    this.#ended = options.ended;
  }

  /** A command made a message a record. Hot path: one addition for nearly all. */
  taken(id: Uuid): void {
    this.#count += 1;
    if (this.#count < this.#every) return;
    this.#count = 0;
    const now = this.#now();
    this.#giveUp(now);
    if (this.#underway.size >= UNDERWAY_MAX) return;
    this.#underway.set(id, { taken: now, durable: undefined, delivered: undefined, partition: 0, position: 0 });
  }

  /** The log has records, or they are not to come. */
  appended(records: readonly LogRecord[], isDurable: boolean): void {
    if (this.#underway.size === 0) return;
    const now = this.#now();
    for (const { id } of records) {
      const trace = this.#underway.get(id);
      if (trace === undefined) continue;
      if (isDurable) trace.durable = now;
      else this.#underway.delete(id);
    }
  }

  /** Records were handed to whoever hears them. */
  delivered(partition: number, records: readonly StoredRecord[]): void {
    if (this.#underway.size === 0) return;
    const now = this.#now();
    for (const { record, position } of records) {
      const trace = this.#underway.get(record.id);
      if (trace === undefined) continue;
      trace.delivered = now;
      trace.partition = partition;
      trace.position = position;
    }
  }

  /** The store has everything of a partition before `checkpoint`. */
  stored(partition: number, checkpoint: number): void {
    if (this.#underway.size === 0) return;
    const now = this.#now();
    for (const [id, trace] of this.#underway) {
      if (trace.delivered === undefined || trace.partition !== partition || trace.position >= checkpoint) continue;
      this.#end(id, trace, now);
    }
  }

  #giveUp(now: number): void {
    for (const [id, trace] of this.#underway) {
      // In the order in which they were taken.
      if (now - trace.taken <= GIVEN_UP_MS) return;
      this.#end(id, trace, undefined);
    }
  }

  #end(id: Uuid, { taken, durable, delivered, partition, position }: Underway, stored: number | undefined): void {
    this.#underway.delete(id);
    if (delivered === undefined) return;
    // A tail may pass a record before its append is answered: it was durable by then.
    this.#ended({ taken, durable: Math.min(durable ?? delivered, delivered), delivered, stored, partition, position });
  }
}
