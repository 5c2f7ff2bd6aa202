/**
 * Stage 5: a queue that is cheap to shift from however long it is; an array's own `shift` moves all that is left.
 */

/** First in, first out, with access by index. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  /** The item at `index`, 0 being the oldest. */
  at(index: number): T | undefined {
    return this.#items[this.#start + index];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.#start === this.#items.length) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start] = undefined;
    this.#start += 1;
    // Half of it is dead: move the rest to the front. Each item is moved once on average.
    if (this.#start * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }
}
