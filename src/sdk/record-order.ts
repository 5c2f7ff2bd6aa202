/**
 * The SDK: the one order of a room's records. Takes them as they come, tells each once, by ascending seq and without
 * holes, and knows when something is missing. Touches nothing else.
 */
import type { RoomRecord } from "./types.ts";

/** Records beyond a hole that are kept until it is filled; what comes after those is asked for again. */
const AHEAD_MAX = 1000;

/** The order of one room. */
export class RecordOrder {
  readonly #tell: (record: RoomRecord) => void;
  readonly #reset: (oldest: number) => void;
  /** The seq of the last record told; `undefined` where it begins with whatever comes first. */
  #cursor: number | undefined;
  /** The highest seq that is known to exist. */
  #newest = 0;
  readonly #ahead = new Map<number, RoomRecord>();
  /** What was told before belongs to another order. */
  #isAnew = false;

  /** `reset` is told where what follows begins at another seq than the one after the cursor. */
  constructor(
    cursor: number | undefined,
    on: { readonly tell: (record: RoomRecord) => void; readonly reset: (oldest: number) => void },
  ) {
    this.#cursor = cursor;
    this.#tell = on.tell;
    this.#reset = on.reset;
  }

  get cursor(): number | undefined {
    return this.#cursor;
  }

  /** Whether there are records that should have been told and have not come. */
  get isMissing(): boolean {
    return this.#cursor !== undefined && this.#newest > this.#cursor;
  }

  /** Takes a record. */
  take(record: RoomRecord): void {
    const { seq } = record;
    const cursor = this.#begin(seq - 1);
    this.#newest = Math.max(this.#newest, seq);
    if (seq <= cursor) return;
    if (seq === cursor + 1 || this.#ahead.size < AHEAD_MAX) this.#ahead.set(seq, record);
    this.#drain();
  }

  /** Everything up to `seq` has been told by the server. */
  upTo(seq: number): void {
    this.#begin(seq);
    this.#newest = Math.max(this.#newest, seq);
  }

  /** What lies before `oldest` is not to be had any more. */
  from(oldest: number): void {
    if (this.#cursor === undefined || oldest <= this.#cursor + 1) return;
    this.#cursor = oldest - 1;
    for (const seq of this.#ahead.keys()) if (seq < oldest) this.#ahead.delete(seq);
    this.#reset(oldest);
    this.#drain();
  }

  /** The server's order is another than it was: begins with whatever comes first, and says so. */
  restart(): void {
    this.#cursor = undefined;
    this.#newest = 0;
    this.#ahead.clear();
    this.#isAnew = true;
  }

  #begin(cursor: number): number {
    if (this.#cursor === undefined) {
      this.#cursor = cursor;
      if (this.#isAnew) this.#reset(cursor + 1);
      this.#isAnew = false;
    }
    return this.#cursor;
  }

  #drain(): void {
    while (this.#cursor !== undefined) {
      const next = this.#ahead.get(this.#cursor + 1);
      if (next === undefined) return;
      this.#ahead.delete(next.seq);
      this.#cursor = next.seq;
      this.#tell(next);
    }
  }
}
