/**
 * Telemetry, beside all stages: keeps an event that may come a million times from filling the log. Touches the clock
 * only.
 */
import type { Clock } from "../clock.ts";

/** How long one window lasts, in milliseconds. */
const WINDOW_MS = 1_000;

/** Lets `burst` lines of one kind through in each second, and then tells once how many more there were. */
export class Throttle {
  readonly #clock: Clock;
  readonly #burst: number;
  /** Writes one line; `more` = how many like it were held back since the line before. */
  #last: ((more: number) => void) | undefined = undefined;
  #written = 0;
  #heldBack = 0;
  #running = false;

  /** `burst` = lines a second. */
  constructor(clock: Clock, burst: number) {
    this.#clock = clock;
    this.#burst = burst;
  }

  /** Calls `write(0)` now, or, at the end of the second, only the last of those held back, with how many there were. */
  tell(write: (heldBack: number) => void): void {
    if (!this.#running) this.#openWindow();
    if (this.#written < this.#burst) {
      this.#written += 1;
      write(0);
    } else {
      this.#heldBack += 1;
      this.#last = write;
    }
  }

  #openWindow(): void {
    this.#running = true;
    this.#written = 0;
    this.#clock.after(WINDOW_MS, () => this.#closeWindow());
  }

  #closeWindow(): void {
    this.#running = false;
    const last = this.#last;
    const heldBack = this.#heldBack;
    this.#last = undefined;
    this.#heldBack = 0;
    if (last === undefined) return;
    // The summary opens the next window and counts as a line of it: so a flood gets `burst` lines a second, not more.
    this.#openWindow();
    this.#written = 1;
    last(heldBack);
  }
}
