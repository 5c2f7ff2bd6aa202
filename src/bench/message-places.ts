/**
 * Load tool and tests, part of the check: where in their room's order one sender's messages stand, for those messages
 * that not every receiver has seen yet. A ring of numbers, so that it costs nothing per message and stays small.
 */

/** Messages of one sender that are remembered at first; a power of two. */
const PLACES_MIN = 16;

/**
 * Messages of one sender that are remembered at most: 8 MiB. Further back than that the order of a receiver is not
 * compared any more; loss and duplicates still are.
 */
const PLACES_MAX = 1 << 20;

/** The places of one sender's latest messages. Place 0: not seen by anybody. Place -1: forgotten. */
export class MessagePlaces {
  #ring = new Float64Array(PLACES_MIN);
  /** The lowest number that is remembered. */
  #base = 1;

  /** Whether the number has a slot, or is too old for one. */
  covers(number: number): boolean {
    return number - this.#base < this.#ring.length;
  }

  /** The place of a number that `covers` allows. */
  get(number: number): number {
    return number < this.#base ? -1 : (this.#ring[number & (this.#ring.length - 1)] as number);
  }

  /** Sets the place of a number that `covers` allows. */
  set(number: number, place: number): void {
    if (number >= this.#base) this.#ring[number & (this.#ring.length - 1)] = place;
  }

  /** Makes room for a number: forgets what all receivers have seen, or grows. `seenByAll` gives the lowest needed. */
  advance(number: number, seenByAll: () => number): void {
    const size = this.#ring.length;
    // Half of the ring has to come free, or the walk over the receivers would be paid again at the next message.
    const base = Math.min(seenByAll(), number);
    if (base - this.#base >= size / 2 && number - base < size) {
      this.#forget(base);
      return;
    }
    let grown = size;
    while (grown < PLACES_MAX && number - this.#base >= grown) grown *= 2;
    if (grown > size) {
      const ring = new Float64Array(grown);
      for (let known = this.#base; known < this.#base + size; known++) ring[known & (grown - 1)] = this.get(known);
      this.#ring = ring;
    }
    if (!this.covers(number)) this.#forget(number - grown / 2);
  }

  #forget(base: number): void {
    const size = this.#ring.length;
    if (base - this.#base >= size) this.#ring.fill(0);
    else for (let known = this.#base; known < base; known++) this.#ring[known & (size - 1)] = 0;
    this.#base = base;
  }
}
