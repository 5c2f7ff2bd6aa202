/**
 * Stage 3: when the next request to one broker may begin. One is under way at a time; a busy log lets others wait for a few
 * milliseconds, as the embedded one does, for a request costs both sides some hundred microseconds however little it brings.
 * Touches timers.
 */
import type { Clock, Timer } from "../clock.ts";
import { Trouble } from "../kafka/trouble.ts";
import type { Backlog } from "./commit-pace.ts";
import { CommitPace } from "./commit-pace.ts";

/** The way to one broker. */
export class KafkaLane {
  /** What goes wrong on this way. */
  readonly trouble: Trouble;
  readonly #clock: Clock;
  readonly #pace = new CommitPace();
  #isBusy = false;
  #timer: Timer | undefined;
  #waitsSince = 0;
  #waitsWith = 0;
  #isDue = false;

  /** `failed` hears of trouble that lasts. */
  constructor(clock: Clock, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.trouble = new Trouble(clock, failed);
  }

  /** Whether a request is under way. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether a request may begin now. Where it is to wait a little, `due` is called when it need not any more. */
  mayBegin(backlog: Backlog, isUrgent: boolean, due: () => void): boolean {
    const now = this.#clock.monotonic();
    const delayMs = isUrgent || this.#isDue ? 0 : this.#pace.delayMs(now, backlog);
    if (delayMs > 0) {
      if (this.#timer === undefined) {
        this.#waitsSince = now;
        this.#waitsWith = backlog.records;
        this.#timer = this.#clock.after(delayMs, () => {
          this.#timer = undefined;
          this.#isDue = true;
          due();
        });
      }
      return false;
    }
    if (this.#timer !== undefined || this.#isDue) {
      this.#pace.waited(now, now - this.#waitsSince, backlog.records - this.#waitsWith);
    }
    this.stop();
    return true;
  }

  /** A request of so many records begins. */
  begin(records: number): void {
    this.#isBusy = true;
    this.#pace.started(this.#clock.monotonic(), records);
  }

  end(): void {
    this.#isBusy = false;
  }

  /** Nothing waits for its time any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isDue = false;
  }
}
