/**
 * Stage 3: how often a busy log commits. A flush costs 60 to 85 µs of processor time however little it flushes; where
 * thousands of records come in each second, a commit for every two or three of them spends more on flushing than on all
 * the rest. So from `BUSY_RECORDS_PER_MS` on the next commit waits until `INTERVAL_MS` after the last one began, or until
 * enough waits. Below that rate, when the log was idle, and where waiting brought nothing because every sender was
 * waiting too, nobody is held up. What is committed together is also told together: half as many writes to sockets. Pure.
 */

/** The shortest time between the beginnings of two commits of a busy log, in milliseconds. */
const INTERVAL_MS = 6;
/** From so many records in a millisecond on a log is busy: less would save little and delay a lone sender. */
const BUSY_RECORDS_PER_MS = 4;
/** So many records waiting, or so many bytes, make a commit worth its flush. */
const WORTH_RECORDS = 64;
const WORTH_BYTES = 16 * 1024;
/** The time over which the rate is smoothed, in milliseconds. */
const SMOOTHING_MS = 20;
/** So much waiting, in milliseconds, is looked at together: records come in bursts, one wait alone says little. */
const TRIAL_MS = 24;
/** How long nobody is held up after it brought nothing, in milliseconds. */
const REST_MS = 200;

/** What waits for a commit. */
export interface Backlog {
  readonly records: number;
  readonly bytes: number;
}

/** The pace of one partition's commits. Times are milliseconds on the monotonic clock. */
export class CommitPace {
  #startedAt = Number.NEGATIVE_INFINITY;
  #recordsPerMs = 0;
  #restUntil = Number.NEGATIVE_INFINITY;
  #trialMs = 0;
  #trialRecords = 0;

  /** How long the next commit should still wait; 0 = it may begin. */
  delayMs(now: number, { records, bytes }: Backlog): number {
    if (this.#recordsPerMs < BUSY_RECORDS_PER_MS || records === 0 || now < this.#restUntil) return 0;
    if (records >= WORTH_RECORDS || bytes >= WORTH_BYTES) return 0;
    return Math.max(0, this.#startedAt + INTERVAL_MS - now);
  }

  /** A wait of so many milliseconds is over, in which so many records came. */
  waited(now: number, elapsedMs: number, records: number): void {
    this.#trialMs += elapsedMs;
    this.#trialRecords += records;
    if (this.#trialMs < TRIAL_MS) return;
    if (this.#trialRecords < (this.#trialMs * BUSY_RECORDS_PER_MS) / 2) this.#restUntil = now + REST_MS;
    this.#trialMs = 0;
    this.#trialRecords = 0;
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
