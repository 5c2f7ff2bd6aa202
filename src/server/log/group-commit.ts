/**
 * Stage 3: group commit (LOG-4) and its deadlines (LOG-5), for every adapter that commits by itself. Whatever waits
 * while one commit is in flight, or while a busy log paces itself, becomes the next. Touches memory and timers only;
 * `commit` does the rest.
 */
import { ANSWER_WITHIN_MS } from "../../protocol/limits.ts";
import type { Clock, Timer } from "../clock.ts";
import type { LogRecord } from "../record.ts";
import type { LogLimits, PendingBatch } from "./append-queue.ts";
import { AppendQueue } from "./append-queue.ts";
import type { CommitPace } from "./commit-pace.ts";
import { AppendError } from "./message-log.ts";

/** How often it is looked whether somebody has waited too long; they hear so a period or two before their time is up. */
const EXPIRE_EVERY_MS = 500;

/** What the adapter does for one partition. */
export interface Committer {
  /** Makes a batch durable and resolves with the position of its first record, or rejects with an `AppendError`. */
  commit(batch: PendingBatch): Promise<number>;
  /** Why nothing can be written any more, or `undefined`. */
  fault(): string | undefined;
}

/** The appends of one partition. */
export class GroupCommit {
  readonly #clock: Clock;
  readonly #committer: Committer;
  readonly #queue: AppendQueue;
  readonly #pace: CommitPace | undefined;
  /** Ends the wait for the pace, while there is one. */
  #hurry: (() => void) | undefined;
  #inFlight: PendingBatch | undefined;
  #pumping: Promise<void> | undefined;
  #expiry: Timer | undefined;
  /** Whether somebody waits who says nothing more before they are answered: to hold them up for more brings none. */
  #isAwaited = false;
  #isClosed = false;
  /** Called when a commit that hangs was given up, so that `close` need not wait for it. */
  #onGivenUp: () => void = () => undefined;

  /** Without a `pace` the next commit begins as soon as the last one has ended. */
  constructor(limits: LogLimits, clock: Clock, committer: Committer, pace: CommitPace | undefined) {
    this.#queue = new AppendQueue(limits);
    this.#pace = pace;
    this.#clock = clock;
    this.#committer = committer;
  }

  /** Appends at least one record; resolves and rejects as `MessageLog.append` says. */
  append(records: readonly LogRecord[], isAwaited: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      const refusal = this.#isClosed ? "the log is closed" : this.#committer.fault();
      if (refusal !== undefined) return reject(new AppendError("not_sent", refusal));
      try {
        this.#queue.add(records, this.#clock.monotonic(), resolve, reject);
      } catch (error) {
        return reject(error as AppendError);
      }
      this.#isAwaited ||= isAwaited;
      this.#expiry ??= this.#clock.after(EXPIRE_EVERY_MS, () => this.#expire());
      this.#pumping ??= this.#pump();
      if (this.#hurry !== undefined && this.#delayMs() === 0) this.#hurry();
    });
  }

  /**
   * Finishes what was accepted; what comes later is refused. Resolves with whether nothing is under way any more: a
   * disk that hangs is not waited for beyond the point where its senders have had their `unknown`.
   */
  async close(): Promise<boolean> {
    this.#isClosed = true;
    this.#hurry?.();
    const givenUp = new Promise<void>((resolve) => {
      this.#onGivenUp = resolve;
    });
    if (this.#inFlight?.isGivenUp !== true) await Promise.race([this.#pumping, givenUp]);
    this.#queue.rejectAll(new AppendError("not_sent", "the log is closed"));
    this.#expiry?.cancel();
    return this.#pumping === undefined;
  }

  /** Whether a commit is under way that takes so long that its senders have been told `unknown`. */
  get isStuck(): boolean {
    return this.#inFlight?.isGivenUp === true;
  }

  /** Commits batch after batch until nothing waits. */
  async #pump(): Promise<void> {
    // Whatever is appended in the same breath belongs into the first batch.
    await Promise.resolve();
    for (;;) {
      await this.#keepPace();
      const batch = this.#queue.take();
      if (batch === undefined) break;
      this.#inFlight = batch;
      this.#isAwaited = false;
      this.#pace?.started(this.#clock.monotonic(), batch.records.length);
      try {
        batch.resolve(await this.#committer.commit(batch));
      } catch (error) {
        batch.reject(error as AppendError);
      }
      this.#inFlight = undefined;
      this.#queue.release(batch);
      const fault = this.#committer.fault();
      if (fault !== undefined) this.#queue.rejectAll(new AppendError("not_sent", fault));
    }
    this.#pumping = undefined;
  }

  #delayMs(): number {
    if (this.#isClosed || this.#isAwaited || this.#pace === undefined) return 0;
    return this.#pace.delayMs(this.#clock.monotonic(), this.#queue.backlog);
  }

  /** Waits until the next commit may begin. */
  async #keepPace(): Promise<void> {
    const delayMs = this.#delayMs();
    if (delayMs === 0) return;
    const since = this.#clock.monotonic();
    const { records } = this.#queue.backlog;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(delayMs, resolve);
      this.#hurry = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#hurry = undefined;
    const now = this.#clock.monotonic();
    this.#pace?.waited(now, now - since, this.#queue.backlog.records - records);
  }

  /** Answers those who have waited too long: what only waits is taken back, what is in flight is `unknown`. */
  #expire(): void {
    const before = this.#clock.monotonic() - ANSWER_WITHIN_MS + 2 * EXPIRE_EVERY_MS;
    this.#queue.expire(before, new AppendError("not_sent", "the disk did not keep up; the message was taken back"));
    this.#inFlight?.giveUp(before, new AppendError("unknown", "the disk has not answered in time"));
    if (this.#inFlight?.isGivenUp === true) this.#onGivenUp();
    const isWaiting = this.#queue.since !== Number.POSITIVE_INFINITY || this.#inFlight?.isGivenUp === false;
    this.#expiry = isWaiting ? this.#clock.after(EXPIRE_EVERY_MS, () => this.#expire()) : undefined;
  }
}
