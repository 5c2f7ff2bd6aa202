/**
 * Stage 3: reading a topic. Whoever has reached the end waits there together: one request to each broker, for all its
 * partitions, that the broker answers when something comes. Whoever is behind catches up over a connection of its own, so
 * that reading old records delays nobody (LOG-3). Touches timers; `FetchWire` reaches the brokers.
 */
import { setMaxListeners } from "node:events";
import type { Clock } from "../clock.ts";
import type { FetchAnswer, FetchAsk, Fetched, FetchSize } from "../kafka/fetch.ts";
import { Trouble } from "../kafka/trouble.ts";
import type { LogRecord } from "../record.ts";
import { Bell } from "./bell.ts";
import { KafkaCursor } from "./kafka-cursor.ts";
import { type LogBatch, type LogBounds, LogError } from "./message-log.ts";
import { BATCH_WEIGHT, TURN_WEIGHT_MAX, trimmed } from "./read-batches.ts";

/** For what a broker is asked: what is new, or what is old. Each has connections of its own. */
export type Lane = "live" | "behind";

/** How the brokers are reached. */
export interface FetchWire {
  /** The broker that leads a partition, by its number, as far as is known. */
  leader(partition: number): number | undefined;
  /** Finds out who leads. Never rejects. */
  refresh(): Promise<void>;
  fetch(lane: Lane, leader: number, asks: readonly FetchAsk[], size: FetchSize): Promise<FetchAnswer>;
  /** Where a partition begins and ends. */
  bounds(partition: number): Promise<LogBounds>;
  /** What stands in the bytes of an answer from a position on. Throws where they were damaged on their way. */
  decode(bytes: Buffer, from: number): readonly (LogRecord | undefined)[];
  /** Why nothing can be read any more, or `undefined`. */
  fault(): LogError | undefined;
}

/** A request at the end of the log comes back after so long without anything new, in milliseconds: see `HEARD_WITHIN_MS`. */
const LIVE_WAIT_MS = 750;
/** One that is at the end but does not wait with the others yet. */
const BEHIND_WAIT_MS = 100;
const SIZES: Readonly<Record<Lane, Omit<FetchSize, "waitMs">>> = {
  live: { bytesMax: 2 * 1024 * 1024, partitionBytesMax: 512 * 1024 },
  behind: { bytesMax: 2 * 1024 * 1024, partitionBytesMax: 1024 * 1024 },
};
/** CMD-4: how old the last word from the log may be. */
const HEARD_WITHIN_MS = 2_000;
const PAUSE_MS = 100;
const PAUSE_MS_MAX = 1_000;

const OUT_OF_RANGE = 1;

/** The readers of one topic. */
export class KafkaTail {
  readonly #wire: FetchWire;
  readonly #clock: Clock;
  readonly #cursors = new Set<KafkaCursor>();
  /** The loops that run, one for each lane and broker. */
  readonly #loops = new Set<string>();
  readonly #bell = new Bell();
  readonly #closing = new AbortController();
  readonly #heardAt: number[] = [];
  readonly #failed: (error: unknown) => void;
  #asked = 0;

  /** `failed` hears why a broker can't be read, when that begins and now and then while it lasts. */
  constructor(wire: FetchWire, clock: Clock, failed: (error: unknown) => void) {
    this.#wire = wire;
    this.#clock = clock;
    this.#failed = failed;
    setMaxListeners(0, this.#closing.signal);
  }

  /** As `MessageLog.read`. */
  async *read(partition: number, from: number, signal: AbortSignal): AsyncGenerator<LogBatch, void, undefined> {
    if (this.#closing.signal.aborted || signal.aborted) return;
    const fault = this.#wire.fault();
    if (fault !== undefined) throw fault;
    const cursor = new KafkaCursor(partition, from, () => this.#stir());
    const end = (): void => cursor.end();
    // The reads of all partitions may end by one signal, which is no leak.
    setMaxListeners(0, signal);
    signal.addEventListener("abort", end);
    this.#cursors.add(cursor);
    this.#stir();
    try {
      let weight = 0;
      for (let batch = await cursor.next(); batch !== undefined; batch = await cursor.next()) {
        yield batch;
        weight += batch.records.length + BATCH_WEIGHT;
        if (weight <= TURN_WEIGHT_MAX) continue;
        weight = 0;
        await new Promise<void>((resolve) => this.#clock.endOfTurn(resolve));
      }
    } finally {
      signal.removeEventListener("abort", end);
      this.#cursors.delete(cursor);
      this.#bell.ring();
    }
  }

  /** As `MessageLog.hears`. */
  hears(partition: number): boolean {
    return this.#clock.monotonic() - (this.#heardAt[partition] ?? Number.NEGATIVE_INFINITY) <= HEARD_WITHIN_MS;
  }

  /** Leaders have moved, or the topic is of no use any more. */
  changed(): void {
    const fault = this.#wire.fault();
    if (fault !== undefined) for (const cursor of this.#cursors) cursor.fail(fault);
    this.#stir();
  }

  /** Ends all reads. */
  close(): void {
    this.#closing.abort();
    for (const cursor of this.#cursors) cursor.end();
    this.#bell.ring();
  }

  /** Sees to it that a loop runs for everyone, and wakes those that wait for work. */
  #stir(): void {
    for (const cursor of this.#cursors) {
      const leader = this.#wire.leader(cursor.partition);
      const lane = cursor.isLive ? "live" : "behind";
      const name = leader === undefined ? "leaderless" : `${lane} ${leader}`;
      if (this.#loops.has(name)) continue;
      this.#loops.add(name);
      void (leader === undefined ? this.#seek() : this.#loop(lane, leader)).finally(() => {
        this.#loops.delete(name);
        // Somebody may have come when the loop had made up its mind to end.
        if (!this.#closing.signal.aborted && this.#mine(lane, leader).length > 0) this.#stir();
      });
    }
    this.#bell.ring();
  }

  #mine(lane: Lane, leader: number | undefined): KafkaCursor[] {
    return [...this.#cursors].filter(
      (cursor) =>
        this.#wire.leader(cursor.partition) === leader && (leader === undefined || cursor.isLive === (lane === "live")),
    );
  }

  /** Finds leaders for those who have none. */
  async #seek(): Promise<void> {
    let pauseMs = PAUSE_MS;
    const trouble = new Trouble(this.#clock, (error) => this.#tell(error));
    while (!this.#closing.signal.aborted && this.#mine("behind", undefined).length > 0) {
      await this.#wire.refresh();
      if (this.#mine("behind", undefined).length === 0) break;
      trouble.met(new Error("no broker that leads a partition can be found"));
      await this.#sleep(pauseMs);
      pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2);
    }
    this.#stir();
  }

  /** Fetches from one broker for as long as somebody reads what it leads. */
  async #loop(lane: Lane, leader: number): Promise<void> {
    let failures = 0;
    let isAfresh = true;
    const trouble = new Trouble(this.#clock, (error) => this.#tell(error));
    while (!this.#closing.signal.aborted) {
      if (lane === "live") this.#takeOver(leader);
      const cursors = this.#mine(lane, leader);
      if (cursors.length === 0) return;
      const asked = this.#choose(lane, cursors);
      if (asked.length === 0) {
        await this.#bell.wait(this.#closing.signal);
        continue;
      }
      try {
        await this.#ask(lane, leader, asked, isAfresh);
        isAfresh = false;
        failures = 0;
        trouble.over();
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        isAfresh = true;
        trouble.met(error);
        await this.#wire.refresh();
        await this.#sleep(Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** failures));
        failures += 1;
      }
    }
  }

  /**
   * One request. Throws where any of it comes to nothing; the rest is handed out first. The first to a broker, and the
   * first after trouble (`isAfresh`), is answered at once, news or none: people may wait for this node to hear from the
   * log again (CMD-4).
   */
  async #ask(lane: Lane, leader: number, asked: readonly KafkaCursor[], isAfresh: boolean): Promise<void> {
    const behindWaitMs = asked.every(({ isAtEnd }) => isAtEnd) ? BEHIND_WAIT_MS : 0;
    const usualWaitMs = lane === "live" ? LIVE_WAIT_MS : behindWaitMs;
    const waitMs = isAfresh ? 0 : usualWaitMs;
    const asks = asked.map(({ partition, position }) => ({ partition, from: position }));
    const answer = await this.#wire.fetch(lane, leader, asks, { waitMs, ...SIZES[lane] });
    if (answer.errorCode !== 0) throw new Error(`the broker answers ${answer.errorCode}`);
    let trouble: Error | undefined;
    for (const fetched of answer.partitions) trouble = (await this.#deliver(asks, fetched)) ?? trouble;
    // Whoever has caught up wakes the loop of those who wait at the end, or starts it.
    if (lane === "behind" && asked.some(({ isAtEnd }) => isAtEnd)) this.#welcome(leader);
    if (trouble !== undefined) throw trouble;
  }

  /**
   * Those that this request is for, each partition once: of those at the end the one that is furthest behind, for the others
   * get what it gets; of those that catch up each in turn.
   */
  #choose(lane: Lane, cursors: readonly KafkaCursor[]): KafkaCursor[] {
    const chosen = new Map<number, KafkaCursor>();
    const by = lane === "live" ? "position" : "askedAt";
    for (const cursor of cursors) {
      if (!cursor.isHungry) {
        // Whoever takes too slowly goes on by itself, so that nobody has to go back for it.
        if (lane === "live") {
          cursor.isLive = false;
          cursor.isAtEnd = false;
          this.#stir();
        }
        continue;
      }
      const other = chosen.get(cursor.partition);
      const isFirst = other === undefined || cursor[by] < other[by];
      if (isFirst) chosen.set(cursor.partition, cursor);
    }
    this.#asked += 1;
    for (const cursor of chosen.values()) cursor.askedAt = this.#asked;
    return [...chosen.values()];
  }

  /** Takes those that have caught up among those that wait at the end; a request for them that is under way does no harm. */
  #takeOver(leader: number): void {
    for (const cursor of this.#mine("behind", leader)) if (cursor.isAtEnd && cursor.isHungry) cursor.isLive = true;
  }

  /** Starts the loop of those that wait at the end where none runs; one that runs takes over those that came by itself. */
  #welcome(leader: number): void {
    if (this.#loops.has(`live ${leader}`)) return;
    this.#takeOver(leader);
    this.#stir();
  }

  /** Hands out what came of one partition; gives back what is wrong with it, for the others are not to suffer. */
  async #deliver(asks: readonly FetchAsk[], { partition, errorCode, end, bytes }: Fetched): Promise<Error | undefined> {
    const ask = asks.find((one) => one.partition === partition);
    if (ask === undefined) return undefined;
    if (errorCode === OUT_OF_RANGE) return await this.#outOfRange(partition, ask.from);
    if (errorCode !== 0) return new Error(`the broker answers ${errorCode} for partition ${partition}`);
    this.#heardAt[partition] = this.#clock.monotonic();
    const records = bytes.length === 0 ? [] : this.#wire.decode(bytes, ask.from);
    for (const cursor of this.#cursors) {
      if (cursor.partition !== partition) continue;
      if (records.length > 0) cursor.offer(ask.from, records, bytes.length);
      if (cursor.position >= end) cursor.isAtEnd = true;
    }
    return undefined;
  }

  /** Tells those who stand outside of what there is; gives back what is wrong where they do not. */
  async #outOfRange(partition: number, position: number): Promise<Error | undefined> {
    const { begin, end } = await this.#wire.bounds(partition);
    if (position >= begin && position <= end) return new Error(`the broker denies position ${position}`);
    const beyond = `position ${position} lies beyond the log's end at ${end}`;
    const fault = position < begin ? trimmed(position, begin) : new LogError("beyond_end", position, beyond);
    for (const cursor of this.#cursors) {
      if (cursor.partition === partition && cursor.position === position) cursor.fail(fault);
    }
    return undefined;
  }

  /** Waits, but not beyond a close. */
  async #sleep(ms: number): Promise<void> {
    const { signal } = this.#closing;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(ms, done);
      function done(): void {
        timer.cancel();
        signal.removeEventListener("abort", done);
        resolve();
      }
      signal.addEventListener("abort", done);
    });
  }

  #tell(error: unknown): void {
    if (!this.#closing.signal.aborted) this.#failed(error);
  }
}
