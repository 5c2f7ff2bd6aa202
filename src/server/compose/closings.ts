/**
 * What was opened, in order, so that it can be closed the other way round: whoever was opened on top of something goes
 * before it. Touches nothing itself.
 */
import { type Clock, within } from "../clock.ts";

/** Lets go of one thing. */
export type Closing = () => Promise<void>;

/** What has been opened so far. */
export class Closings {
  readonly #failed: (error: unknown) => void;
  readonly #closings: Closing[] = [];

  /** `failed` hears of each closing that fails; the others go on. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Something more was opened. */
  push(closing: Closing): void {
    this.#closings.push(closing);
  }

  /** Closes all, the last first. Never rejects; closes each once, however often it is called. */
  async close(): Promise<void> {
    for (const closing of this.#closings.splice(0).reverse()) {
      // One that fails must not keep the others, the data folder's lock last, from being let go.
      await closing().catch(this.#failed);
    }
  }

  /** The same, but waits for `withinMs` at most: `false` where something hangs, which then goes with the process. */
  closeWithin(clock: Clock, withinMs: number): Promise<boolean> {
    return within(clock, withinMs, this.close());
  }
}
