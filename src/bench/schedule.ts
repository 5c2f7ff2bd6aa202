/**
 * Load tool, the open loop: who has to send when. A binary heap over flat arrays, for thousands of users at rates of
 * their own. Touches no clock.
 */

/** Due times in µs, earliest first. */
export class Schedule {
  readonly #due: Float64Array;
  readonly #who: Int32Array;
  #size = 0;

  /** For at most `capacity` entries at once. */
  constructor(capacity: number) {
    this.#due = new Float64Array(capacity);
    this.#who = new Int32Array(capacity);
  }

  /** When the earliest is due; infinite when there is none. */
  get nextDue(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#due[0] as number);
  }

  /** Who the earliest is. Only while there is one. */
  get nextWho(): number {
    return this.#who[0] as number;
  }

  /** Adds an entry. */
  add(due: number, who: number): void {
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentDue = this.#due[parent] as number;
      if (parentDue <= due) break;
      this.#due[at] = parentDue;
      this.#who[at] = this.#who[parent] as number;
      at = parent;
    }
    this.#due[at] = due;
    this.#who[at] = who;
  }

  /** Gives the earliest entry a new, later due time. */
  postpone(due: number): void {
    this.#sink(due, this.#who[0] as number);
  }

  /** Removes the earliest entry. */
  drop(): void {
    this.#size--;
    if (this.#size > 0) this.#sink(this.#due[this.#size] as number, this.#who[this.#size] as number);
  }

  #sink(due: number, who: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && (this.#due[child + 1] as number) < (this.#due[child] as number)) child++;
      const childDue = this.#due[child] as number;
      if (childDue >= due) break;
      this.#due[at] = childDue;
      this.#who[at] = this.#who[child] as number;
      at = child;
    }
    this.#due[at] = due;
    this.#who[at] = who;
  }
}
