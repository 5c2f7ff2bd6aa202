/**
 * Stage 4: shortens the log, only behind the older of the last two snapshots that the store has durably, so that a
 * node that starts always finds what it has to fold.
 */
import type { MessageLog } from "../log/message-log.ts";
import type { MessageStore, Snapshot } from "../store/message-store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { KeptSnapshots } from "./fold-starts.ts";

/** Trims one partition. */
export class Trimming {
  readonly #partition: number;
  readonly #log: MessageLog;
  readonly #store: MessageStore;
  readonly #kept: KeptSnapshots;
  readonly #oldestToKeep: ((partition: number) => Promise<number>) | undefined;
  readonly #telemetry: Telemetry;
  #running: Promise<void> = Promise.resolve();

  /**
   * `oldestToKeep` gives the position before which the log is longer than it has to be. Without it all is kept, and no
   * snapshot beside the log either: a lost store is rebuilt from the first record.
   */
  constructor(options: {
    partition: number;
    log: MessageLog;
    store: MessageStore;
    kept: KeptSnapshots;
    oldestToKeep: ((partition: number) => Promise<number>) | undefined;
    telemetry: Telemetry;
  }) {
    this.#partition = options.partition;
    this.#log = options.log;
    this.#store = options.store;
    this.#kept = options.kept;
    this.#oldestToKeep = options.oldestToKeep;
    this.#telemetry = options.telemetry;
  }

  /** A snapshot is durable in the store: keeps it beside the log as well, and trims what may go. Never rejects. */
  durable(snapshot: Snapshot): Promise<void> {
    this.#running = this.#running.then(() =>
      this.#trim(snapshot).catch((error: unknown) => this.#telemetry.internalError("trim", error)),
    );
    return this.#running;
  }

  /** Resolves once nothing is being trimmed any more. */
  settled(): Promise<void> {
    return this.#running;
  }

  async #trim(snapshot: Snapshot): Promise<void> {
    if (this.#oldestToKeep === undefined) return;
    const oldest = await this.#oldestToKeep(this.#partition);
    const { begin } = await this.#log.bounds(this.#partition);
    await this.#kept.keep(snapshot.position, snapshot.bytes);
    const [older, newer] = await this.#store.snapshots(this.#partition);
    if (older === undefined || newer === undefined) return;
    const before = Math.min(oldest, older);
    if (before <= begin) return;
    await this.#log.trim(this.#partition, before);
    const after = await this.#log.bounds(this.#partition);
    if (after.begin === begin) return;
    await this.#kept.drop(after.begin);
    this.#telemetry.logTrimmed(after.begin);
  }
}
