/**
 * Stage 4: the log read once more, with a fold of its own, up to where the tail is: for what was let go while the store
 * was down, and for what the store has lost.
 */
import type { MessageLog } from "../log/message-log.ts";
import { LaterRemovals } from "./removals.ts";
import type { FoldStart } from "./snapshot.ts";
import { foldBatch, type ProjectedBatch } from "./tail.ts";

/** Reads one partition again. */
export class FoldAgain {
  readonly #partition: number;
  readonly #log: MessageLog;
  readonly #start: (atOrBefore: number) => Promise<FoldStart>;
  readonly #end: () => number;
  readonly #stopping: AbortSignal;

  /** `start` gives the newest state at or before a position, or else the oldest there is; `end` is where the tail is. */
  constructor(options: {
    partition: number;
    log: MessageLog;
    start: (atOrBefore: number) => Promise<FoldStart>;
    end: () => number;
    stopping: AbortSignal;
  }) {
    this.#partition = options.partition;
    this.#log = options.log;
    this.#start = options.start;
    this.#end = options.end;
    this.#stopping = options.stopping;
  }

  /** The batches from the one with `wanted` on, until the tail is met; nothing where it is met already. */
  async *from(wanted: number): AsyncGenerator<ProjectedBatch, void, undefined> {
    const start = await this.#start(wanted);
    // Nothing is left to read: to read on would be to wait for what comes next.
    if (Math.max(wanted, start.position) >= this.#end()) return;
    const reading = new AbortController();
    const stop = (): void => reading.abort();
    this.#stopping.addEventListener("abort", stop, { once: true });
    try {
      for await (const batch of this.#log.read(this.#partition, start.position, reading.signal)) {
        const projected = foldBatch(this.#partition, batch, start, undefined);
        if (batch.to > wanted) yield projected;
        if (batch.to >= this.#end()) return;
      }
    } finally {
      this.#stopping.removeEventListener("abort", stop);
    }
  }

  /** What the log takes away from `wanted` on. */
  async removals(wanted: number): Promise<LaterRemovals> {
    const later = new LaterRemovals();
    for await (const { removals } of this.from(wanted)) later.add(removals);
    return later;
  }
}
