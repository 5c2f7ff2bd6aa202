/**
 * Stage 4, all partitions: one projector each, and what is asked of all of them together or of the one in which a room
 * lives.
 */
import { partitionOf } from "../partition.ts";
import type { Uuid } from "../record.ts";
import { Projector, type ProjectorOptions, type ProjectorOutput } from "./projector.ts";
import type { Roster, RosterView } from "./roster.ts";
import type { Head } from "./sequencer.ts";
import type { StoreWriter } from "./store-writer.ts";

/** The least that may wait for the store in one partition, in bytes: a busy room must not use it up in a moment. */
const QUEUE_BYTES_MIN = 16 * 1024 * 1024;

const NEVER = new Promise<never>(() => {
  // A tail that ends because it was told to is no failure.
});

/** The projectors of a node. */
export class Projectors implements RosterView {
  readonly #all: readonly Projector[];
  #running: Promise<void> = Promise.resolve();

  private constructor(all: readonly Projector[]) {
    this.#all = all;
  }

  /** Finds how each partition goes on; `queueBytesMax` is shared out among them. Throws a `StartError` where log and store don't fit together. */
  static async recover(options: ProjectorOptions): Promise<Projectors> {
    const { partitions } = options.log;
    const share = Math.max(options.queueBytesMax / partitions, Math.min(QUEUE_BYTES_MIN, options.queueBytesMax));
    const each = { ...options, queueBytesMax: share };
    const all = Array.from({ length: partitions }, (_, partition) => Projector.recover(partition, each));
    return new Projectors(await Promise.all(all));
  }

  /** Reads all partitions until `signal` aborts; resolves once what was in the log at the start has been handed on. */
  async run(output: ProjectorOutput, signal: AbortSignal): Promise<void> {
    const running = this.#all.map((projector) => projector.run(output, signal));
    this.#running = Promise.all(running).then(() => undefined);
    // Whoever waits for a partition only needs to know that it came so far; `failed` tells why it did not.
    this.#running.catch(() => undefined);
    await Promise.race([Promise.all(this.#all.map((projector) => projector.caughtUp())), this.#running]);
  }

  /** Rejects where a partition can't be read on. */
  get failed(): Promise<never> {
    return this.#running.then(() => NEVER);
  }

  /** Resolves once nothing is read any more. */
  async ended(): Promise<void> {
    await this.#running.catch(() => undefined);
  }

  /** Who writes what may have changed. */
  writersChanged(): void {
    for (const { writer } of this.#all) writer.writerChanged();
  }

  /** How far a room has come. */
  head(room: Uuid): Head {
    return this.#of(room).head(room);
  }

  /** How far the store has come in a room's partition. */
  progress(room: Uuid): StoreWriter {
    return this.#of(room).writer;
  }

  /** Whether what happens in a room is heard. */
  hears(room: Uuid): boolean {
    return this.#of(room).hears;
  }

  /** Whether a room's partition is heard of, or all are, as soon as that is so: `Projector.heard`. */
  async heard(room: Uuid | undefined): Promise<boolean> {
    const heard = await Promise.all(this.#concerned(room).map((projector) => projector.heard()));
    return heard.every((isHeard) => isHeard);
  }

  /** Resolves once what is in the log now has been handed on: of a room's partition, or of all. */
  async reachedEnd(room: Uuid | undefined): Promise<void> {
    await Promise.all(this.#concerned(room).map((projector) => projector.reachedEnd()));
  }

  get size(): number {
    return this.#all.reduce((sum, { rosters }) => sum + rosters.size, 0);
  }

  of(room: Uuid): Roster | undefined {
    return this.#of(room).rosters.of(room);
  }

  ofUser(user: Uuid): ReadonlySet<Roster> {
    const [first] = this.#all;
    if (this.#all.length === 1 && first !== undefined) return first.rosters.ofUser(user);
    return new Set(this.#all.flatMap(({ rosters }) => [...rosters.ofUser(user)]));
  }

  /** All chats. */
  *chats(): Iterable<Roster> {
    for (const { rosters } of this.#all) yield* rosters.all();
  }

  /** Why the log can't be read, where that is so for a partition. */
  get readFault(): string | undefined {
    return this.#all.find(({ fault }) => fault !== undefined)?.fault;
  }

  /** Why the store can't be written or asked, where that is so for a partition. */
  get storeFault(): string | undefined {
    return this.#all.find(({ writer }) => writer.failing !== undefined)?.writer.failing;
  }

  /** How many records of the log the store does not have yet. */
  get lag(): number {
    return this.#all.reduce((sum, { lag }) => sum + lag, 0);
  }

  /** Writes what waits, once reading has ended. `false` where that did not succeed `withinMs`. */
  async finish(withinMs: number): Promise<boolean> {
    const finished = await Promise.all(this.#all.map((projector) => projector.finish(withinMs)));
    return finished.every((isWritten) => isWritten);
  }

  #concerned(room: Uuid | undefined): readonly Projector[] {
    return room === undefined ? this.#all : [this.#of(room)];
  }

  #of(room: Uuid): Projector {
    const projector = this.#all[partitionOf(room, this.#all.length)];
    if (projector === undefined) throw new RangeError(`room ${room} is in no partition`);
    return projector;
  }
}
