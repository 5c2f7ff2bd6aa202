/**
 * Stage 3: the last commits, as the records that were appended. Readers at the end of the log get those instead of
 * reading back and decoding what this process wrote a moment ago. Touches nothing.
 */
import type { LogRecord } from "../record.ts";
import type { LogBatch } from "./message-log.ts";
import { withoutFirst } from "./record-codec.ts";

/**
 * Bytes of encoded records that stay at hand, the newest commit apart: a little more than readers fall behind who are
 * woken by each commit. Not more, for what stays a second grows old on the heap, and collecting that costs more than
 * decoding it would.
 */
export const RECENT_COMMITS_BYTES_MAX = 128 * 1024;

/** Bytes of the newest commits that stay at hand encoded: readers are a few commits behind at the most. */
const RING_BYTES = 1024 * 1024;

interface Commit {
  readonly from: number;
  readonly to: number;
  readonly records: readonly LogRecord[];
  readonly bytes: number;
  /** Where its bytes begin, counted from the first that ever came into the ring. */
  readonly start: number;
}

/** A bounded queue of commits, each following the one before. */
export class RecentCommits {
  readonly #bytesMax: number;
  /** Those before `#first` have left; their places are cut off now and then, not one by one. */
  #commits: (Commit | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  /** Used over and over, for memory that is made anew for each commit is the collector's work. */
  readonly #ring = Buffer.allocUnsafeSlow(RING_BYTES);
  #ringEnd = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Adds the commit that follows the last one; `encoded` is copied. The newest stays whatever its size. */
  push(from: number, records: readonly LogRecord[], encoded: Buffer): void {
    const bytes = encoded.length;
    this.#commits.push({ from, to: from + records.length, records, bytes, start: this.#copy(encoded) });
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
      const commit = this.#commits[middle] as Commit;
      if (position < commit.from) high = middle - 1;
      else if (position >= commit.to) low = middle + 1;
      else return this.#batch(commit, position - commit.from);
    }
    return undefined;
  }

  /** A commit without its first records. */
  #batch(commit: Commit, skipped: number): LogBatch {
    const { from, to, records } = commit;
    if (skipped === 0) return { from, to, records, encoded: () => this.#encoded(commit) };
    const encoded = (): Buffer | undefined => {
      const all = this.#encoded(commit);
      return all === undefined ? undefined : withoutFirst(all, skipped);
    };
    return { from: from + skipped, to, records: records.slice(skipped), encoded };
  }

  /** The bytes of a commit, unless newer ones have taken their place. */
  #encoded({ start, bytes }: Commit): Buffer | undefined {
    if (bytes > RING_BYTES || this.#ringEnd - start > RING_BYTES) return undefined;
    const at = start % RING_BYTES;
    return this.#ring.subarray(at, at + bytes);
  }

  /** Copies into the ring, in one piece, and returns where. One that is too long takes no place. */
  #copy(encoded: Buffer): number {
    const bytes = encoded.length;
    if (bytes > RING_BYTES) return this.#ringEnd;
    const left = RING_BYTES - (this.#ringEnd % RING_BYTES);
    const start = left < bytes ? this.#ringEnd + left : this.#ringEnd;
    encoded.copy(this.#ring, start % RING_BYTES);
    this.#ringEnd = start + bytes;
    return start;
  }
}
