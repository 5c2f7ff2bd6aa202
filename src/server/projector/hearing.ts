/**
 * Stage 4, one partition: whether it is heard of, and waiting until it is again (CMD-4). A silence is waited out once: for
 * `READ_WITHIN_MS` from the first who asks, whoever else asks meanwhile. After that all are answered at once until the
 * partition is heard of, or somebody with a hundred commands would wait for each of them. Touches timers.
 */
import { READ_WITHIN_MS } from "../../protocol/limits.ts";
import { type Clock, type Timer, within } from "../clock.ts";

/** How often it is looked whether the partition is heard of again, in milliseconds. */
const LOOK_EVERY_MS = 50;

/** A time in which the partition is not heard of, since somebody asked for the first time. */
interface Silence {
  /** On the monotonic clock, in milliseconds. */
  readonly waitUntil: number;
  readonly over: Promise<void>;
  readonly look: Timer;
}

/** What is heard of one partition. */
export class Hearing {
  readonly #hears: () => boolean;
  readonly #clock: Clock;
  #silence: Silence | undefined;

  /** `hears`: whether the partition is heard of at the moment. */
  constructor(hears: () => boolean, clock: Clock) {
    this.#hears = hears;
    this.#clock = clock;
  }

  /** Resolves with `true` once the partition is heard of, with `false` where this silence has been waited out. */
  async heard(): Promise<boolean> {
    if (this.#hears()) return true;
    this.#silence ??= this.#begin();
    const { waitUntil, over } = this.#silence;
    const leftMs = waitUntil - this.#clock.monotonic();
    return leftMs > 0 && (await within(this.#clock, leftMs, over));
  }

  /** Looks no more. Whoever waits still hears when their time is up. */
  close(): void {
    this.#silence?.look.cancel();
  }

  #begin(): Silence {
    let end: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const look = this.#clock.every(LOOK_EVERY_MS, () => {
      if (!this.#hears()) return;
      look.cancel();
      this.#silence = undefined;
      end();
    });
    return { waitUntil: this.#clock.monotonic() + READ_WITHIN_MS, over, look };
  }
}
