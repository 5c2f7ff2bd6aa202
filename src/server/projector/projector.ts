/**
 * Stage 4, one partition: reads it in order, folds it, feeds the fan-out and writes the store, or follows the node that
 * does. Puts the parts together and says how far they are; sees ports only.
 */
import type { Clock } from "../clock.ts";
import type { MessageLog } from "../log/message-log.ts";
import type { Uuid } from "../record.ts";
import type { MessageStore } from "../store/message-store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { FoldStarts, type KeptSnapshots } from "./fold-starts.ts";
import { Hearing } from "./hearing.ts";
import { type Recovered, recoverPartition } from "./recover.ts";
import type { Rosters } from "./roster.ts";
import type { Head } from "./sequencer.ts";
import { StoreWriter } from "./store-writer.ts";
import { type ProjectedBatch, Tail } from "./tail.ts";
import { Trimming } from "./trimming.ts";

/** What a projector works with. */
export interface ProjectorOptions {
  readonly log: MessageLog;
  readonly store: MessageStore;
  readonly kept: KeptSnapshots;
  /** The position before which a partition is longer than it has to be; `undefined` where all of the log is kept. */
  readonly oldestToKeep: ((partition: number) => Promise<number>) | undefined;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** What may wait for the store, in bytes of memory. */
  readonly queueBytesMax: number;
  /** Whether it is this node that writes the partition to the store now. */
  readonly isWriter: (partition: number) => boolean;
}

/** Whom a projector hands batches to. */
export interface ProjectorOutput {
  /** Tells a batch to whoever it concerns. May not throw. */
  readonly deliver: (batch: ProjectedBatch) => void;
  /** The same for one that the store has already, at the start. */
  readonly passOver: (batch: ProjectedBatch) => void;
  /** Called before a snapshot is kept: what follows from the log before it must stand elsewhere by then, or `false`. */
  readonly beforeSnapshot: () => Promise<boolean>;
}

/** The projector of one partition. */
export class Projector {
  readonly #partition: number;
  readonly #options: ProjectorOptions;
  readonly #recovered: Recovered;
  readonly #trimming: Trimming;
  readonly #hearing: Hearing;
  readonly writer: StoreWriter;
  #tail: Tail | undefined;

  private constructor(partition: number, options: ProjectorOptions, recovered: Recovered, starts: FoldStarts) {
    this.#partition = partition;
    this.#options = options;
    this.#recovered = recovered;
    this.#trimming = new Trimming({ ...options, partition });
    this.#hearing = new Hearing(() => this.hears, options.clock);
    this.writer = new StoreWriter({
      ...options,
      partition,
      checkpoint: recovered.checkpoint,
      onSnapshot: (snapshot) => void this.#trimming.durable(snapshot),
      foldStart: (position) => starts.at(position),
      isWriter: () => options.isWriter(partition),
    });
  }

  /** Finds how a partition goes on. Throws a `StartError` where log and store don't fit together. */
  static async recover(partition: number, options: ProjectorOptions): Promise<Projector> {
    const { log, store, kept } = options;
    const starts = new FoldStarts(partition, log, store, kept);
    return new Projector(partition, options, await recoverPartition(partition, log, store, starts), starts);
  }

  /** The chats of the partition. */
  get rosters(): Rosters {
    return this.#recovered.start.rosters;
  }

  /** How far a room has come. */
  head(room: Uuid): Head {
    return this.#recovered.start.sequencer.head(room);
  }

  /** Why nothing is read, where that is so. */
  get fault(): string | undefined {
    return this.#tail?.fault;
  }

  /** Whether the partition is read, and was heard of lately (CMD-4). */
  get hears(): boolean {
    return this.fault === undefined && this.#options.log.hears(this.#partition);
  }

  /** Resolves with `true` once it is, with `false` where that takes too long: `Hearing`. */
  heard(): Promise<boolean> {
    return this.#hearing.heard();
  }

  /** How many records the store does not have yet. */
  get lag(): number {
    return (this.#tail?.position ?? 0) - this.writer.checkpoint;
  }

  /** Reads until `signal` aborts. Rejects where the log can't be read on. */
  run({ deliver, passOver, beforeSnapshot }: ProjectorOutput, signal: AbortSignal): Promise<void> {
    const { start, checkpoint } = this.#recovered;
    const { writer } = this;
    this.#tail = new Tail({
      ...{ partition: this.#partition, position: start.position, projection: start },
      ...{ log: this.#options.log, telemetry: this.#options.telemetry, clock: this.#options.clock },
      output: {
        deliver: (batch) => (batch.to <= checkpoint ? passOver(batch) : deliver(batch)),
        store: (batch) => writer.push(batch),
        snapshot: (position, encode) => {
          if (!writer.isWriter) return;
          const bytes = encode();
          void beforeSnapshot().then((isReady) => {
            if (isReady) writer.keepSnapshot({ position, bytes });
          });
        },
      },
    });
    return this.#tail.run(signal).finally(() => this.#hearing.close());
  }

  /** Resolves once what was in the log at the start has been handed on. */
  async caughtUp(): Promise<void> {
    await this.#tail?.reached(this.#recovered.end);
  }

  /** Resolves once what is in the log now has been handed on. */
  async reachedEnd(): Promise<void> {
    const { end } = await this.#options.log.bounds(this.#partition);
    await this.#tail?.reached(end);
  }

  /** Writes what waits with a last snapshot, once reading has ended. `false` where that did not succeed `withinMs`. */
  async finish(withinMs: number): Promise<boolean> {
    const tail = this.#tail;
    if (tail === undefined) return true;
    const isWritten = await this.writer.finish(() => ({ position: tail.position, bytes: tail.snapshot() }), withinMs);
    await this.#trimming.settled();
    return isWritten;
  }
}
