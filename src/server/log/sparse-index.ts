/**
 * Stage 3: where some positions stand in the segments, so that a reader need not walk a whole segment to find its
 * place. In memory only, for what this process wrote or looked through. Touches nothing.
 */

/** One entry for so many bytes of a segment: 256 for a segment of 64 MiB. */
const EVERY_BYTES = 256 * 1024;

/** A batch: the position of its first record, and where it begins in the file. */
export interface Place {
  readonly position: number;
  readonly offset: number;
}

/** Places by segment, ascending. */
export class SparseIndex {
  readonly #places = new Map<number, Place[]>();

  /** Notes where a batch begins, if the last entry lies far enough back. */
  add(segment: number, position: number, offset: number): void {
    const places = this.#places.get(segment);
    if (places === undefined) this.#places.set(segment, [{ position, offset }]);
    else if (offset - (places.at(-1)?.offset ?? 0) >= EVERY_BYTES) places.push({ position, offset });
  }

  /** The last known batch of a segment that begins at or before a position. */
  find(segment: number, position: number): Place | undefined {
    return this.#places.get(segment)?.findLast((place) => place.position <= position);
  }

  /** Forgets a segment. */
  drop(segment: number): void {
    this.#places.delete(segment);
  }
}
