/**
 * Stage 2: how far this node has heard from the log, for `access.ts`. Whoever asks waits a moment where that helps, but not
 * for a server that stops. Touches timers.
 */
import { READ_WITHIN_MS } from "../../protocol/limits.ts";
import type { Clock } from "../clock.ts";
import type { Uuid } from "../record.ts";
import type { LogView } from "./access.ts";

/** What reads the log; `undefined` = in all rooms. */
export interface LogReader {
  /** Whether what happens in a room is heard. */
  hears(room: Uuid): boolean;
  /** Resolves with `true` once it is, with `false` where that takes too long. */
  heard(room: Uuid | undefined): Promise<boolean>;
  /** Resolves once what is in the log now has been handed on. */
  reachedEnd(room: Uuid | undefined): Promise<void>;
}

/** The log as it was heard. */
export class HeardLog implements LogView {
  readonly #reader: LogReader;
  readonly #clock: Clock;
  /** Ends each wait that is under way. */
  readonly #waits = new Set<() => void>();
  #isStopped = false;

  constructor(reader: LogReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  isLive(room: Uuid): boolean {
    return this.#reader.hears(room);
  }

  reachEnd(room: Uuid | undefined): Promise<boolean> {
    if (this.#isStopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (hasReached: boolean): void => {
        timer.cancel();
        this.#waits.delete(giveUp);
        resolve(hasReached);
      };
      const giveUp = (): void => end(false);
      const timer = this.#clock.after(READ_WITHIN_MS, giveUp);
      this.#waits.add(giveUp);
      // A log that can't be asked where it ends is one whose end was not reached.
      this.#reach(room).then(end, giveUp);
    });
  }

  /** Nobody is to wait any more: the server stops, and those who wait are to have their answer before their doors close. */
  stop(): void {
    this.#isStopped = true;
    for (const giveUp of [...this.#waits]) giveUp();
  }

  async #reach(room: Uuid | undefined): Promise<boolean> {
    // Brokers in trouble are not asked for everyone who has had their answer.
    if (!(await this.#reader.heard(room))) return false;
    await this.#reader.reachedEnd(room);
    return true;
  }
}
