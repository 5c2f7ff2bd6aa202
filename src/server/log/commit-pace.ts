/**
 * Stage 3: how often a busy log commits. A flush costs 60 to 85 µs of processor time however little it flushes; where
 * thousands of records come in each second, a commit for every two or three of them spends more on flushing than on all
 * the rest. So from `BUSY_RECORDS_PER_MS` on the next commit waits until `INTERVAL_MS` after the last one began, or until
 * there is enough for a large batch. Below that rate, and when the log was idle, nobody waits for anything. Pure.
 */

/** The shortest time between the beginnings of two commits of a busy log, in milliseconds. */
const INTERVAL_MS = 2;
/** From so many records in a millisecond on a log is busy: less would save little and delay a lone sender. */
const BUSY_RECORDS_PER_MS = 4;
/** So much waiting makes a commit worth its flush, in bytes. */
const WORTH_BYTES = 16 * 1024;
/** The time over which the rate is smoothed, in milliseconds. */
const SMOOTHING_MS = 20;

/** The pace of one partition's commits. Times are milliseconds on the monotonic clock. */
export class CommitPace {
  #startedAt = Number.NEGATIVE_INFINITY;
  #recordsPerMs = 0;

  /** How long the next commit should still wait, with so many bytes waiting; 0 = it may begin. */
  delayMs(now: number, waitingBytes: number): number {
    if (this.#recordsPerMs < BUSY_RECORDS_PER_MS || waitingBytes >= WORTH_BYTES) return 0;
    return Math.max(0, this.#startedAt + INTERVAL_MS - now);
  }

  /** A commit of so many records begins. */
  started(now: number, records: number): void {
    const elapsed = now - this.#startedAt;
    this.#startedAt = now;
    if (elapsed <= 0) return;
    const weight = Math.min(1, elapsed / SMOOTHING_MS);
    this.#recordsPerMs += (records / elapsed - this.#recordsPerMs) * weight;
  }
}
