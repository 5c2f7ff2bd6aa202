/**
 * Stage 3: the last commits, as the records that were appended. Readers at the end of the log get those instead of
 * reading back and decoding what this process wrote a moment ago. Touches nothing.
 */
import type { LogBatch } from "./message-log.ts";

/**
 * Bytes of encoded records that stay at hand, the newest commit apart: a little more than readers fall behind who are
 * woken by each commit. Not more, for what stays a second grows old on the heap, and collecting that costs more than
 * decoding it would.
 */
export const RECENT_COMMITS_BYTES_MAX = 128 * 1024;

interface Commit {
  readonly batch: LogBatch;
  readonly bytes: number;
}

/** A bounded queue of commits, each following the one before. */
export class RecentCommits {
  readonly #bytesMax: number;
  /** Those before `#first` have left; their places are cut off now and then, not one by one. */
  #commits: (Commit | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Adds the commit that follows the last one. The newest stays whatever its size. */
  push(batch: LogBatch, bytes: number): void {
    this.#commits.push({ batch, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax && this.#first < this.#commits.length - 1) {
      this.#bytes -= this.#commits[this.#first]?.bytes ?? 0;
      this.#commits[this.#first] = undefined;
      this.#first += 1;
    }
    if (this.#first > 64 && this.#first * 2 > this.#commits.length) {
      this.#commits = this.#commits.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The rest of the commit that holds a position, from there on; `undefined` where it has left or is not yet there. */
  find(position: number): LogBatch | undefined {
    let low = this.#first;
    let high = this.#commits.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const batch = this.#commits[middle]?.batch as LogBatch;
      if (position < batch.from) high = middle - 1;
      else if (position >= batch.to) low = middle + 1;
      else if (position === batch.from) return batch;
      else return { from: position, to: batch.to, records: batch.records.slice(position - batch.from) };
    }
    return undefined;
  }
}
