/**
 * Stage 4: where a fold can start: from the snapshots of the store and those kept beside the log, or from the log's
 * first record. A start is of use only where the log still holds all that comes after it.
 */
import type { MessageLog } from "../log/message-log.ts";
import type { MessageStore, Snapshot } from "../store/message-store.ts";
import type { FoldStart } from "./snapshot.ts";
import { decodeSnapshot, emptyProjection } from "./snapshot.ts";

/** Snapshots that are kept beside the log, so that a lost store can be rebuilt from a log whose beginning is gone. */
export interface KeptSnapshots {
  /** Keeps a snapshot, durably. */
  keep(position: number, bytes: Uint8Array): Promise<void>;
  /** The first sound one at or after a position. */
  oldest(atOrAfter: number): Promise<Snapshot | undefined>;
  /** The last sound one at or before a position. */
  newest(atOrBefore: number): Promise<Snapshot | undefined>;
  /** Removes those before a position. */
  drop(before: number): Promise<void>;
}

/** There is no state to fold on from: the beginning of the log is gone, and with it every snapshot of use. */
export class NoFoldStart extends Error {
  override readonly name = "NoFoldStart";
}

/** Finds where to start folding one partition. */
export class FoldStarts {
  readonly #partition: number;
  readonly #log: MessageLog;
  readonly #store: MessageStore;
  readonly #kept: KeptSnapshots;

  constructor(partition: number, log: MessageLog, store: MessageStore, kept: KeptSnapshots) {
    this.#partition = partition;
    this.#log = log;
    this.#store = store;
    this.#kept = kept;
  }

  /** The newest start at or before a position, or else the oldest that there is. Throws `NoFoldStart`. */
  async at(position: number): Promise<FoldStart> {
    const { begin } = await this.#log.bounds(this.#partition);
    const candidates = [await this.#store.snapshot(this.#partition, position), await this.#kept.newest(position)];
    let best: Snapshot | undefined;
    for (const snapshot of candidates) {
      if (snapshot !== undefined && snapshot.position >= begin && snapshot.position > (best?.position ?? -1))
        best = snapshot;
    }
    if (best === undefined && begin === 0) return { position: 0, ...emptyProjection() };
    best ??= await this.#kept.oldest(begin);
    if (best === undefined) {
      throw new NoFoldStart(
        `the log begins at ${begin}, and no snapshot from there on is left to number its records by`,
      );
    }
    return { position: best.position, ...decodeSnapshot(best.bytes) };
  }
}
