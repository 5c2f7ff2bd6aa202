/**
 * Stage 3: where the partitions of a topic begin and end, asked of their leaders afresh for everyone who wants to know;
 * all who ask while an answer is awaited are answered together by the next. Touches timers; `BoundsWire` reaches the brokers.
 */
import { type Clock, pause } from "../clock.ts";
import type { ListedOffset } from "../kafka/offsets.ts";
import type { LogBounds } from "./message-log.ts";

/** How the brokers are reached. */
export interface BoundsWire {
  /** The broker that leads a partition, by its number, as far as is known. */
  leader(partition: number): number | undefined;
  /** Finds out who leads. Never rejects. */
  refresh(): Promise<void>;
  /** Where partitions that one broker leads begin, or end. */
  list(leader: number, partitions: readonly number[], which: "begin" | "end"): Promise<readonly ListedOffset[]>;
}

/** Whoever waits for the bounds of one partition. */
interface Asking {
  readonly partition: number;
  /** In milliseconds of the monotonic clock. */
  readonly since: number;
  readonly resolve: (bounds: LogBounds) => void;
  readonly reject: (error: Error) => void;
}

/** How long it is tried to get an answer, in milliseconds. */
const ANSWER_WITHIN_MS = 5_000;
const PAUSE_MS = 100;

/** Asks for bounds. */
export class KafkaBounds {
  readonly #wire: BoundsWire;
  readonly #clock: Clock;
  #asking: Asking[] = [];
  #isRunning = false;
  #isClosed = false;

  constructor(wire: BoundsWire, clock: Clock) {
    this.#wire = wire;
    this.#clock = clock;
  }

  /** The bounds of a partition, not older than this call. Rejects where no leader answers within some seconds. */
  ask(partition: number): Promise<LogBounds> {
    return new Promise((resolve, reject) => {
      this.#asking.push({ partition, since: this.#clock.monotonic(), resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  close(): void {
    this.#isClosed = true;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Whoever asks in the same breath is answered by the first answer.
    await Promise.resolve();
    while (this.#asking.length > 0) {
      const asking = this.#asking;
      this.#asking = [];
      const left = await this.#round(asking);
      if (left.length === 0) continue;
      const before = this.#clock.monotonic() - ANSWER_WITHIN_MS;
      for (const { reject, since, partition } of left) {
        if (since <= before || this.#isClosed) reject(new Error(`nobody says where partition ${partition} ends`));
      }
      this.#asking.push(...left.filter(({ since }) => since > before && !this.#isClosed));
      await this.#wire.refresh();
      if (this.#asking.length > 0) await pause(this.#clock, PAUSE_MS);
    }
    this.#isRunning = false;
  }

  /** Answers whom it can, and gives back the others. */
  async #round(asking: readonly Asking[]): Promise<readonly Asking[]> {
    const byLeader = new Map<number, number[]>();
    for (const partition of new Set(asking.map((one) => one.partition))) {
      const leader = this.#wire.leader(partition);
      if (leader !== undefined) byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
    }
    const found = new Map<number, LogBounds>();
    await Promise.all([...byLeader].map(([leader, partitions]) => this.#askLeader(leader, partitions, found)));
    return asking.filter(({ partition, resolve }) => {
      const bounds = found.get(partition);
      if (bounds !== undefined) resolve(bounds);
      return bounds === undefined;
    });
  }

  async #askLeader(leader: number, partitions: readonly number[], found: Map<number, LogBounds>): Promise<void> {
    try {
      const [begins, ends] = await Promise.all([
        this.#wire.list(leader, partitions, "begin"),
        this.#wire.list(leader, partitions, "end"),
      ]);
      for (const partition of partitions) {
        const begin = begins.find((one) => one.partition === partition && one.errorCode === 0);
        const end = ends.find((one) => one.partition === partition && one.errorCode === 0);
        if (begin !== undefined && end !== undefined)
          found.set(partition, { begin: begin.position, end: end.position });
      }
    } catch {
      // Asked again until the time is up.
    }
  }
}
