/**
 * Stage 4: messages whose text was taken away, on their way to the store: what a record removes, what the store has not
 * been told of yet, and what a part of the log that is written once more will lose again later on. Pure.
 */
import { removedSeq, type StoredRecord, type Uuid } from "../record.ts";
import type { PlacedRemoval } from "../store/message-store.ts";

export type { PlacedRemoval } from "../store/message-store.ts";

/** Removals that are remembered until the store has them; beyond that only their last position is. */
const REMOVALS_MAX = 100_000;

const NONE: ReadonlySet<number> = new Set();

/**
 * What a record takes away. Only what stands before it in its room: what is yet to be said can't be removed, or writing
 * the log again would remove more than writing it the first time did.
 */
export function removalOf({ record, seq, position }: StoredRecord): PlacedRemoval | undefined {
  if (record.kind !== "message_removed") return undefined;
  const { room, body } = record;
  const removed = removedSeq(body);
  return removed !== undefined && removed >= 1 && removed < seq ? { room, seq: removed, position } : undefined;
}

/** Removals that the tail has passed and the store does not have yet. */
export class UnwrittenRemovals {
  readonly #rooms = new Map<Uuid, PlacedRemoval[]>();
  #count = 0;
  /** There have been too many: what came up to this position is not known one by one. */
  #forgottenTo = 0;

  /** Takes one in; positions ascend. */
  add(removal: PlacedRemoval): void {
    const { room, position } = removal;
    if (this.#count === REMOVALS_MAX) {
      this.#rooms.clear();
      this.#count = 0;
      this.#forgottenTo = position;
    }
    const waiting = this.#rooms.get(room);
    if (waiting === undefined) this.#rooms.set(room, [removal]);
    else waiting.push(removal);
    this.#count += 1;
  }

  /** The store has everything before `checkpoint`. */
  written(checkpoint: number): void {
    if (this.#forgottenTo <= checkpoint) this.#forgottenTo = 0;
    if (this.#count === 0) return;
    for (const [room, waiting] of this.#rooms) {
      const left = waiting.filter(({ position }) => position >= checkpoint);
      this.#count -= waiting.length - left.length;
      if (left.length === 0) this.#rooms.delete(room);
      else this.#rooms.set(room, left);
    }
  }

  /** The seqs of a room whose texts a read of the store may still give; `undefined` where that is not known. */
  of(room: Uuid): ReadonlySet<number> | undefined {
    if (this.#forgottenTo > 0) return undefined;
    const waiting = this.#rooms.get(room);
    return waiting === undefined ? NONE : new Set(waiting.map(({ seq }) => seq));
  }
}

/** Everything that a part of the log takes away, to be looked up by the rows that are written before. */
export class LaterRemovals {
  readonly #rooms = new Map<Uuid, Map<number, PlacedRemoval>>();

  /** Takes in what a batch removes. */
  add(removals: readonly PlacedRemoval[]): void {
    for (const removal of removals) {
      const removed = this.#rooms.get(removal.room) ?? new Map<number, PlacedRemoval>();
      this.#rooms.set(removal.room, removed.set(removal.seq, removal));
    }
  }

  /** Those among `records` whose text is taken away. */
  among(records: readonly StoredRecord[]): PlacedRemoval[] {
    return records.flatMap(({ record: { room }, seq }) => this.#rooms.get(room)?.get(seq) ?? []);
  }
}
