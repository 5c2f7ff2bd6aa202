/**
 * Stage 3: the appends to a topic. All that waits for the partitions of one broker goes to it in one request, one at a time
 * (LOG-4): what comes meanwhile makes the next, and a busy log paces itself. A batch that may have arrived is sent again as
 * it was, under the same number, until the broker says what became of it, so that nothing comes twice and nothing overtakes;
 * its senders hear `unknown` when their time is up (LOG-5). Touches memory and timers; `ProduceWire` reaches the brokers.
 */
import { ANSWER_WITHIN_MS } from "../../protocol/limits.ts";
import { type Clock, type Timer, within } from "../clock.ts";
import { UnreachableError } from "../kafka/connection.ts";
import type { ProducedBatch, ProduceResult, ProducerIdentity } from "../kafka/produce.ts";
import { RECORD_OVERHEAD_BYTES } from "../kafka/record-batch.ts";
import { Trouble } from "../kafka/trouble.ts";
import type { LogRecord } from "../record.ts";
import type { LogLimits } from "./append-queue.ts";
import { encodeKafkaRecord } from "./kafka-encode.ts";
import { KafkaLane } from "./kafka-lane.ts";
import { outcomeOf } from "./kafka-outcome.ts";
import { type Append, PartitionQueue } from "./kafka-queue.ts";
import { AppendError } from "./message-log.ts";
import { encodedBytes } from "./record-codec.ts";

/** How the brokers are reached. */
export interface ProduceWire {
  /** The broker that leads a partition, by its number, as far as is known. */
  leader(partition: number): number | undefined;
  /** Finds out who leads. Never rejects. */
  refresh(): Promise<void>;
  /** An identity to write with. */
  newProducer(): Promise<ProducerIdentity>;
  /** Writes batches, one a partition. Rejects with an `UnreachableError` where nothing was sent. */
  produce(leader: number, batches: readonly ProducedBatch[]): Promise<readonly ProduceResult[]>;
  /** Cuts the connection to a broker that does not answer. */
  cut(leader: number): void;
  /** Why nothing can be written any more, or `undefined`. */
  fault(): string | undefined;
}

/** What the appends are made of. */
export interface KafkaAppendsOptions {
  readonly wire: ProduceWire;
  readonly partitions: number;
  readonly limits: LogLimits;
  /** The largest batch that the topic takes, in bytes. */
  readonly batchBytesMax: number;
  readonly clock: Clock;
  /** Hears why nothing gets through, when that begins and now and then while it lasts. */
  readonly failed: (error: unknown) => void;
}

/** How often it is looked whether somebody has waited too long; they hear so a period or two before their time is up. */
const EXPIRE_EVERY_MS = 500;
/** A broker that has not answered a request by then is taken for dead: the request is sent again over a new connection. */
const SEND_WITHIN_MS = 15_000;
/** The pause after the first send that came to nothing; it doubles up to the longest. */
const PAUSE_MS = 50;
const PAUSE_MS_MAX = 1_000;

/** The appends to all partitions of one topic. */
export class KafkaAppends {
  readonly #options: KafkaAppendsOptions;
  readonly #clock: Clock;
  readonly #wire: ProduceWire;
  readonly #queues: readonly PartitionQueue[];
  /** By broker. */
  readonly #lanes = new Map<number, KafkaLane>();
  /** Whether somebody waits who says nothing more before they are answered: to hold them up for more brings none. */
  #isUrgent = false;
  #bytes = 0;
  #identity: Promise<ProducerIdentity> | undefined;
  #isPumpDue = false;
  #expiry: Timer | undefined;
  #pause: Timer | undefined;
  /** That nobody leads a partition. */
  readonly #leaderless: Trouble;
  #state: "open" | "closing" | "closed" = "open";
  #onQuiet: (() => void) | undefined;

  constructor(options: KafkaAppendsOptions) {
    const { partitions, limits, clock, wire } = options;
    this.#options = options;
    this.#clock = clock;
    this.#wire = wire;
    this.#leaderless = new Trouble(clock, (error) => this.#tell(error));
    const freed = (bytes: number): void => {
      this.#bytes -= bytes;
    };
    this.#queues = Array.from(
      { length: partitions },
      (_, partition) => new PartitionQueue(partition, limits.appendBytesMax, freed),
    );
  }

  /** Appends at least one record; resolves and rejects as `MessageLog.append` says. */
  append(partition: number, records: readonly LogRecord[], isAwaited: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      const queue = this.#queues[partition];
      if (queue === undefined) return reject(new AppendError("not_sent", `there is no partition ${partition}`));
      const refusal = this.#state === "open" ? this.#wire.fault() : "the log is closed";
      if (refusal !== undefined) return reject(new AppendError("not_sent", refusal));
      try {
        queue.add(this.#encode(records, resolve, reject));
      } catch (error) {
        if (error instanceof AppendError) return reject(error);
        return reject(
          new AppendError("not_sent", `the append can't be written: ${(error as Error).message}`, { cause: error }),
        );
      }
      this.#isUrgent ||= isAwaited;
      this.#expiry ??= this.#clock.after(EXPIRE_EVERY_MS, () => this.#expire());
      this.#pumpSoon();
    });
  }

  /** Leaders have moved, or the topic is of no use any more: nobody waits for the end of a pause. */
  changed(): void {
    this.#leaderless.over();
    for (const queue of this.#queues) queue.pausedUntil = 0;
    this.#pump();
  }

  /** Sends what waits, where it can be sent `now`, by the monotonic clock. */
  #pump(now = this.#clock.monotonic()): void {
    if (this.#state === "closed") return;
    const fault = this.#wire.fault();
    if (fault !== undefined) {
      for (const queue of this.#queues) if (!queue.isBusy) queue.rejectAll(fault);
    }
    const ready = new Map<number, PartitionQueue[]>();
    let isLeaderless = false;
    for (const queue of this.#queues) {
      if (queue.isBusy || queue.pausedUntil > now || !queue.hasWork) continue;
      const leader = this.#wire.leader(queue.partition);
      if (leader === undefined) {
        isLeaderless = true;
        this.#rest(queue);
      } else if (this.#lanes.get(leader)?.isBusy !== true) {
        const others = ready.get(leader);
        if (others === undefined) ready.set(leader, [queue]);
        else others.push(queue);
      }
    }
    for (const [leader, queues] of ready) this.#begin(leader, queues);
    if (isLeaderless) {
      this.#leaderless.met(new Error("no broker leads the partition at the moment"));
      void this.#wire.refresh();
    }
  }

  /** Finishes what was accepted, within the time that its senders are promised; what comes later is refused. */
  async close(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "closing";
      this.#pump();
    }
    if (this.#isAwaited)
      await new Promise<void>((resolve) => {
        const before = this.#onQuiet;
        this.#onQuiet = () => {
          before?.();
          resolve();
        };
      });
    this.#state = "closed";
    this.#expiry?.cancel();
    this.#pause?.cancel();
    for (const lane of this.#lanes.values()) lane.stop();
  }

  get #isAwaited(): boolean {
    return this.#queues.some((queue) => queue.isAwaited);
  }

  #encode(
    records: readonly LogRecord[],
    resolve: (position: number) => void,
    reject: (error: AppendError) => void,
  ): Append {
    const { appendBytesMax, appendQueueBytesMax } = this.#options.limits;
    if (this.#bytes >= appendQueueBytesMax) throw overloaded();
    const encoded = records.map(encodeKafkaRecord);
    let bytes = 0;
    for (const { keyBytes, valueBytes } of encoded) bytes += keyBytes + valueBytes + RECORD_OVERHEAD_BYTES;
    // The limit speaks of our own encoding, which is shorter than JSON and costs more to measure.
    if (bytes > appendBytesMax && records.reduce((sum, record) => sum + encodedBytes(record), 0) > appendBytesMax) {
      throw new RangeError("it is longer than appendBytesMax");
    }
    if (bytes > this.#options.batchBytesMax) throw new RangeError("it is longer than the topic takes");
    if (this.#bytes + bytes > appendQueueBytesMax) throw overloaded();
    this.#bytes += bytes;
    return { records: encoded, bytes, since: this.#clock.monotonic(), resolve, reject, isAnswered: false };
  }

  /** Whatever is appended in the same breath belongs into the same request. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  /** Sends what waits for one broker, unless more is worth a moment. */
  #begin(leader: number, queues: readonly PartitionQueue[]): void {
    const lane = this.#lanes.get(leader) ?? new KafkaLane(this.#clock, (error) => this.#tell(error));
    this.#lanes.set(leader, lane);
    let records = 0;
    let bytes = 0;
    let isUrgent = this.#isUrgent || this.#state !== "open";
    for (const queue of queues) {
      records += queue.waitingRecords;
      bytes += queue.waitingBytes;
      isUrgent ||= queue.batch !== undefined;
    }
    if (!lane.mayBegin({ records, bytes }, isUrgent, () => this.#pump())) return;
    this.#isUrgent = false;
    lane.begin(records);
    void this.#send(leader, lane, queues);
  }

  /** One request to one broker, with a batch for each of some partitions. */
  async #send(leader: number, lane: KafkaLane, queues: readonly PartitionQueue[]): Promise<void> {
    for (const queue of queues) queue.isBusy = true;
    const sent: PartitionQueue[] = [];
    try {
      if (queues.some(({ identity }) => identity === undefined)) await this.#identify(queues);
      const batches: ProducedBatch[] = [];
      for (const queue of queues) {
        const batch = queue.seal();
        if (batch === undefined || queue.identity === undefined) continue;
        sent.push(queue);
        const identity = { ...queue.identity, sequence: queue.sequence };
        batches.push({ partition: queue.partition, records: batch.records, identity });
      }
      if (batches.length > 0) this.#settle(lane, sent, await this.#answer(leader, batches));
    } catch (error) {
      // Where no connection could be made, what was never sent before is not on its way either.
      if (!(error instanceof UnreachableError))
        for (const { batch } of sent) if (batch !== undefined) batch.mayExist = true;
      for (const queue of queues) this.#rest(queue);
      lane.trouble.met(error);
      void this.#wire.refresh();
    } finally {
      lane.end();
      for (const queue of queues) queue.isBusy = false;
      this.#pump();
      this.#quiet();
    }
  }

  async #answer(leader: number, batches: readonly ProducedBatch[]): Promise<readonly ProduceResult[]> {
    const producing = this.#wire.produce(leader, batches);
    if (await within(this.#clock, SEND_WITHIN_MS, producing)) return producing;
    this.#wire.cut(leader);
    throw new Error(`the broker did not answer within ${SEND_WITHIN_MS / 1000} s`);
  }

  /** Gives an identity to those that have none; never again the one that a partition has lost. */
  async #identify(queues: readonly PartitionQueue[]): Promise<void> {
    this.#identity ??= this.#wire.newProducer();
    try {
      let identity = await this.#identity;
      if (queues.some((queue) => queue.identity === undefined && queue.lost === identity)) {
        this.#identity = this.#wire.newProducer();
        identity = await this.#identity;
      }
      for (const queue of queues) queue.identity ??= identity;
    } catch (error) {
      this.#identity = undefined;
      // Nothing of a batch was sent.
      throw new UnreachableError(`no identity to write with: ${(error as Error).message}`, { cause: error });
    }
  }

  #settle(lane: KafkaLane, queues: readonly PartitionQueue[], results: readonly ProduceResult[]): void {
    let trouble: number | undefined;
    for (const queue of queues) {
      const result = results.find(({ partition }) => partition === queue.partition);
      const errorCode = result?.errorCode ?? -1;
      if (errorCode !== 0) trouble = errorCode;
      const outcome = outcomeOf(errorCode);
      if (outcome === "durable") queue.settle(result?.position);
      else if (outcome === "repeated") queue.settle(undefined);
      else if (outcome === "refused" || (outcome === "too_large" && !queue.halve())) {
        queue.giveUp(`the broker refuses it (${errorCode})`);
      } else if (outcome !== "too_large") {
        if (outcome !== "later" && queue.batch !== undefined) queue.batch.mayExist = true;
        if (outcome === "anew") queue.forgetIdentity();
        this.#rest(queue);
      }
    }
    if (trouble === undefined) {
      lane.trouble.over();
      return;
    }
    lane.trouble.met(new Error(`the broker answers ${trouble}`));
    void this.#wire.refresh();
  }

  /** Lets a partition wait for a moment before the next try. */
  #rest(queue: PartitionQueue): void {
    queue.unseal();
    const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** queue.failures);
    queue.failures += 1;
    const now = this.#clock.monotonic();
    queue.pausedUntil = now + pauseMs;
    this.#wakeAfterPause(now);
  }

  /** Sets the one timer of all pauses to the end of the next after `now`; each partition looks at its own time then. */
  #wakeAfterPause(now: number): void {
    this.#pause?.cancel();
    this.#pause = undefined;
    if (this.#state === "closed") return;
    // Also of one with nothing to send: what comes during its pause has no timer of its own.
    const ends = this.#queues.map(({ pausedUntil }) => pausedUntil).filter((end) => end > now);
    if (ends.length === 0) return;
    this.#pause = this.#clock.after(Math.min(...ends) - now, () => {
      // One time for both: a timer may come a little early, and a pause that ends between two looks would end nobody's.
      const wokenAt = this.#clock.monotonic();
      this.#pump(wokenAt);
      this.#wakeAfterPause(wokenAt);
    });
  }

  #expire(): void {
    this.#expiry = undefined;
    const before = this.#clock.monotonic() - ANSWER_WITHIN_MS + 2 * EXPIRE_EVERY_MS;
    for (const queue of this.#queues) queue.expire(before);
    if (this.#isAwaited) this.#expiry = this.#clock.after(EXPIRE_EVERY_MS, () => this.#expire());
    this.#quiet();
  }

  #quiet(): void {
    if (this.#onQuiet === undefined || this.#isAwaited) return;
    this.#onQuiet();
    this.#onQuiet = undefined;
  }

  #tell(error: unknown): void {
    if (this.#state !== "closed") this.#options.failed(error);
  }
}

function overloaded(): AppendError {
  return new AppendError("overloaded", "too much waits to be written; try again in a second");
}
