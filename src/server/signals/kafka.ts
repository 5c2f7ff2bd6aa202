/**
 * Signals between the nodes of a cluster, on a topic with one partition that forgets after some minutes. Those of the node
 * itself hear a signal at once, as if there were no topic; the others hear it within milliseconds or never. May touch: the
 * network, through `server/kafka/`.
 *
 * A record of the topic is `{"from":INSTANCE,"signals":[…]}`: what one node had to say at a moment.
 */
import { type Chance, type Clock, pause, systemChance } from "../clock.ts";
import { type KafkaClient, type KafkaOptions, openKafkaClient } from "../kafka/connection.ts";
import { fetchRecords } from "../kafka/fetch.ts";
import { END, listOffsets } from "../kafka/offsets.ts";
import { produce } from "../kafka/produce.ts";
import { collect } from "../kafka/record-batch.ts";
import { askTopic, type BrokerNode } from "../kafka/topic-metadata.ts";
import { Trouble } from "../kafka/trouble.ts";
import { SignalQueue } from "./kafka-queue.ts";
import { MemorySignals } from "./memory.ts";
import type { Signal, Signals } from "./signals.ts";

/** What signals over a topic are made of. */
export interface KafkaSignalsOptions {
  readonly connection: KafkaOptions;
  readonly topic: string;
  readonly clock: Clock;
  /** Hears what a listener threw; it must not throw itself. */
  readonly listenerFailed: (error: unknown) => void;
  /** Hears why the brokers can't be reached, when that begins and now and then while it lasts. */
  readonly failed: (error: unknown) => void;
}

/** The place that signals are read at. */
interface Place {
  readonly leader: BrokerNode;
  readonly topicId: string;
  position: number;
}

const PARTITION = 0;
const SIZE = { waitMs: 1_000, bytesMax: 1024 * 1024, partitionBytesMax: 1024 * 1024 } as const;
const REQUEST_MS_MAX = 5_000;
/** Nothing says whose a batch is: what the broker gets twice is heard twice, which hurts nobody. */
const ANYBODY = { producerId: -1n, epoch: -1, sequence: -1 } as const;
/** A node that heard nothing for so long, in milliseconds, begins anew at the end: what was said meanwhile is old. */
const OLD_MS = 10_000;
const PAUSE_MS = 100;
const PAUSE_MS_MAX = 1_000;
const INSTANCE_BYTES = 8;
/** How long a close waits for what was published last, in milliseconds. */
const GOODBYE_MS_MAX = 1_000;

/** Opens signals; what others publish from then on is heard, once a broker answers. */
export async function openKafkaSignals(
  options: KafkaSignalsOptions,
  chance: Chance = systemChance,
): Promise<KafkaSignals> {
  const listening = await openKafkaClient(options.connection, "signals", REQUEST_MS_MAX);
  const talking = await openKafkaClient(options.connection, "signals-out", REQUEST_MS_MAX);
  const instance = Buffer.alloc(INSTANCE_BYTES);
  chance(instance);
  const signals = new KafkaSignals(options, listening, talking, instance.toString("hex"));
  await signals.start();
  return signals;
}

/** Signals over a topic. */
export class KafkaSignals implements Signals {
  readonly #topic: string;
  readonly #clock: Clock;
  readonly #listening: KafkaClient;
  readonly #talking: KafkaClient;
  readonly #instance: string;
  readonly #own: MemorySignals;
  readonly #queue = new SignalQueue();
  #place: Place | undefined;
  #heardAt: number;
  #isSending = false;
  #isClosed = false;
  readonly #trouble: Trouble;

  constructor(options: KafkaSignalsOptions, listening: KafkaClient, talking: KafkaClient, instance: string) {
    this.#topic = options.topic;
    this.#clock = options.clock;
    this.#trouble = new Trouble(options.clock, options.failed);
    this.#listening = listening;
    this.#talking = talking;
    this.#instance = instance;
    this.#own = new MemorySignals(options.listenerFailed);
    this.#heardAt = options.clock.monotonic();
  }

  /** Begins to listen, at the end of the topic where a broker says where that is. */
  async start(): Promise<void> {
    try {
      this.#place = await this.#locate();
    } catch (error) {
      this.#tell(error);
    }
    void this.#listen();
  }

  publish(signal: Signal): void {
    if (this.#isClosed) return;
    this.#queue.add(JSON.stringify(signal), this.#clock.monotonic());
    if (!this.#isSending) void this.#send();
    this.#own.publish(signal);
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    return this.#own.subscribe(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#own.close();
    // What was published last may be a goodbye, for which others wait less long than for silence.
    const deadline = this.#clock.monotonic() + GOODBYE_MS_MAX;
    while (this.#isSending && this.#place !== undefined && this.#clock.monotonic() < deadline) {
      await pause(this.#clock, 1);
    }
    await Promise.all([this.#listening.close(), this.#talking.close()]);
  }

  /** Sends what waits, one batch after the other; what can't be sent is lost. */
  async #send(): Promise<void> {
    this.#isSending = true;
    // Whatever is published in the same breath goes together.
    await Promise.resolve();
    while (!this.#queue.isEmpty) {
      const place = this.#place;
      if (place === undefined) {
        if (this.#isClosed) break;
        await pause(this.#clock, PAUSE_MS);
        continue;
      }
      const texts = this.#queue.take(this.#clock.monotonic());
      if (texts.length === 0) continue;
      try {
        await this.#write(place.leader, `{"from":"${this.#instance}","signals":[${texts.join(",")}]}`);
      } catch (error) {
        this.#tell(error);
        if (this.#isClosed) break;
        await pause(this.#clock, PAUSE_MS);
      }
    }
    this.#isSending = false;
  }

  async #write(leader: BrokerNode, value: string): Promise<void> {
    const record = {
      key: this.#instance,
      value,
      keyBytes: this.#instance.length,
      valueBytes: Buffer.byteLength(value),
    };
    const batch = { partition: PARTITION, records: [record], identity: ANYBODY };
    const at = { time: this.#clock.now(), timeoutMs: REQUEST_MS_MAX };
    const [result] = await produce(this.#talking, leader, this.#topic, [batch], at);
    if (result?.errorCode !== 0) throw new Error(`the broker answers ${result?.errorCode ?? -1} to signals`);
  }

  /** Hears what others say until closed. */
  async #listen(): Promise<void> {
    let pauseMs = PAUSE_MS;
    while (!this.#isClosed) {
      try {
        this.#place ??= await this.#locate();
        const place = this.#place;
        const asks = [{ partition: PARTITION, from: place.position }];
        const topic = { name: this.#topic, topicId: place.topicId };
        const { errorCode, partitions } = await fetchRecords(this.#listening, place.leader, topic, asks, SIZE);
        const [fetched] = partitions;
        const trouble = errorCode === 0 ? (fetched?.errorCode ?? -1) : errorCode;
        if (trouble !== 0) throw new Error(`the broker answers ${trouble} to who listens for signals`);
        const now = this.#clock.monotonic();
        const isOld = now - this.#heardAt > OLD_MS;
        this.#heardAt = now;
        pauseMs = PAUSE_MS;
        this.#trouble.over();
        if (isOld) this.#place = undefined;
        else if (fetched !== undefined) this.#hear(place, fetched.bytes);
      } catch (error) {
        if (this.#isClosed) return;
        // It is looked for anew: the leader may have moved, the topic may be another, or its beginning lies further on.
        this.#place = await this.#relocate(this.#place);
        this.#tell(error);
        await pause(this.#clock, pauseMs);
        pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2);
      }
    }
  }

  #hear(place: Place, bytes: Buffer): void {
    const { items, to } = collect(bytes, place.position, refuse, (source, start, end) =>
      source.toString("utf8", start, end),
    );
    place.position = to;
    for (const item of items) {
      for (const signal of item === undefined ? [] : signalsOf(item, this.#instance)) {
        if (!this.#isClosed) this.#own.publish(signal);
      }
    }
  }

  /** The end of the topic. */
  async #locate(): Promise<Place> {
    const { topic } = await askTopic(this.#listening, this.#topic);
    const leader = topic?.leaders[PARTITION];
    if (topic === undefined || leader === undefined) throw new Error(`the topic ${this.#topic} has no leader`);
    const [end] = await listOffsets(this.#listening, leader, this.#topic, [PARTITION], END);
    if (end?.errorCode !== 0) throw new Error(`the broker answers ${end?.errorCode ?? -1}`);
    return { leader, topicId: topic.topicId, position: end.position };
  }

  /** Where to go on after trouble: at the place where it was, if that is still there; `undefined` where nobody says. */
  async #relocate(before: Place | undefined): Promise<Place | undefined> {
    try {
      const found = await this.#locate();
      const isFresh = this.#clock.monotonic() - this.#heardAt <= OLD_MS;
      const isSame = before !== undefined && before.topicId === found.topicId && before.position <= found.position;
      return isFresh && isSame ? { ...found, position: before.position } : found;
    } catch {
      return undefined;
    }
  }

  #tell(error: unknown): void {
    if (!this.#isClosed) this.#trouble.met(error);
  }
}

/** Nobody compresses signals. */
function refuse(): never {
  throw new Error("signals are not compressed");
}

/** What a record says, unless this node said it itself. Kinds of a newer program are passed on: who does not know them ignores them. */
function signalsOf(text: string, instance: string): readonly Signal[] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("from" in value) || !("signals" in value)) return [];
    const { from, signals } = value;
    if (from === instance || !Array.isArray(signals)) return [];
    return signals.filter(isSignal);
  } catch {
    return [];
  }
}

function isSignal(value: unknown): value is Signal {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    typeof value.type === "string" &&
    "node" in value &&
    typeof value.node === "string"
  );
}
