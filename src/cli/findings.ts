/** The command line: what a check found wrong, as lines for a person; the first hundred and how many there were. */

/** So many are told one by one: a store that lost a million rows is told in one screen. */
const LINES_MAX = 100;

/** Collects findings. */
export class Findings {
  readonly #lines: string[] = [];
  #count = 0;

  /** Adds one finding: one line. */
  add(line: string): void {
    this.#count += 1;
    if (this.#lines.length < LINES_MAX) this.#lines.push(line.replace(/\s*\n\s*/g, " "));
  }

  /** Adds those of another check. */
  addAll(other: Findings): void {
    for (const line of other.#lines) this.add(line);
    this.#count += other.#count - other.#lines.length;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** The first of them and, where there were more, how many. */
  lines(): readonly string[] {
    const more = this.#count - this.#lines.length;
    return more === 0 ? this.#lines : [...this.#lines, `… and ${more} more`];
  }
}
