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
  /** Resolves once it is, or that takes too long. */
  heard(room: Uuid | undefined): Promise<void>;
  /** Resolves once what is in the log now has been handed on. */
  reachedEnd(room: Uuid | undefined): Promise<void>;
}

/** The log as it was heard. */
export class HeardLog implements LogView {
  readonly #reader: LogReader;
  readonly #clock: Clock;
  /** Ends each wait that is under way. */
  readonly #waits = new Set<() => void>();

  constructor(reader: LogReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  isLive(room: Uuid): boolean {
    return this.#reader.hears(room);
  }

  reachEnd(room: Uuid | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (hasReached: boolean): void => {
        timer.cancel();
        this.#waits.delete(giveUp);
        resolve(hasReached);
      };
      const giveUp = (): void => end(false);
      const timer = this.#clock.after(READ_WITHIN_MS, giveUp);
      this.#waits.add(giveUp);
      const reached = this.#reader.heard(room).then(() => this.#reader.reachedEnd(room));
      // A log that can't be asked where it ends is one whose end was not reached.
      reached.then(() => end(true), giveUp);
    });
  }

  /** Nobody is to wait any more: the server stops, and those who wait are to have their answer before their doors close. */
  stop(): void {
    for (const giveUp of [...this.#waits]) giveUp();
  }
}
