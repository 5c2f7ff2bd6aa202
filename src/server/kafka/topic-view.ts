/**
 * Beside stage 3: who leads each partition of one topic, asked again whenever somebody finds it is not so any more, and
 * whether it is still the topic that was opened. Touches the network through `topic-metadata.ts`.
 */
import { type Clock, pause, type Timer } from "../clock.ts";
import type { KafkaClient } from "./connection.ts";
import { askTopic, type BrokerNode } from "./topic-metadata.ts";

/** However many find that a leader is gone, so often it is asked at the most, in milliseconds. */
const ASK_EVERY_MS = 100;
/** Leaders may move and topics go without anybody failing, so it is asked now and then anyway, in milliseconds. */
const LOOK_EVERY_MS = 30_000;
/** So many answers in a row that there is no such topic are believed: brokers that have just started say so too. */
const GONE_ANSWERS = 50;

/** What one topic looks like. */
export class TopicView {
  readonly name: string;
  readonly topicId: string;
  readonly #client: KafkaClient;
  readonly #clock: Clock;
  readonly #changed = new Set<() => void>();
  readonly #look: Timer;
  #leaders: readonly (BrokerNode | undefined)[] = [];
  #asking: Promise<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #goneAnswers = 0;
  #fault: string | undefined;
  #isClosed = false;

  constructor(client: KafkaClient, topic: { readonly name: string; readonly topicId: string }, clock: Clock) {
    this.name = topic.name;
    this.topicId = topic.topicId;
    this.#client = client;
    this.#clock = clock;
    this.#look = clock.every(LOOK_EVERY_MS, () => void this.refresh());
  }

  /** Why this topic is of no use any more, or `undefined`. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Who leads a partition, as far as is known. */
  leader(partition: number): BrokerNode | undefined {
    return this.#leaders[partition];
  }

  /** A broker that leads something, by its number. */
  broker(node: number): BrokerNode | undefined {
    return this.#leaders.find((leader) => leader?.node === node);
  }

  /** Calls `listener` after each change of leaders, and when the topic turns out to be of no use. */
  onChange(listener: () => void): void {
    this.#changed.add(listener);
  }

  /** Asks again, together with all who want to know at the moment. Never rejects: who finds no leader asks later. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  close(): void {
    this.#isClosed = true;
    this.#look.cancel();
  }

  async #ask(): Promise<void> {
    const wait = this.#askedAt + ASK_EVERY_MS - this.#clock.monotonic();
    if (wait > 0) await pause(this.#clock, wait);
    this.#askedAt = this.#clock.monotonic();
    if (this.#isClosed) return;
    try {
      const { topic } = await askTopic(this.#client, this.name);
      if (topic === undefined) {
        this.#goneAnswers += 1;
        if (this.#goneAnswers >= GONE_ANSWERS) this.#fail(`the topic ${this.name} does not exist any more`);
        return;
      }
      this.#goneAnswers = 0;
      if (topic.topicId !== this.topicId) {
        this.#fail(`the topic ${this.name} was made anew: its id was ${this.topicId} and is now ${topic.topicId}`);
        return;
      }
      if (isSame(this.#leaders, topic.leaders)) return;
      this.#leaders = topic.leaders;
      this.#tell();
    } catch {
      // Nobody answers: whoever needs a leader tries again.
    }
  }

  #fail(fault: string): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    this.#tell();
  }

  #tell(): void {
    if (this.#isClosed) return;
    for (const listener of this.#changed) listener();
  }
}

function isSame(left: readonly (BrokerNode | undefined)[], right: readonly (BrokerNode | undefined)[]): boolean {
  return (
    left.length === right.length &&
    left.every((one, index) => {
      const other = right[index];
      return one?.node === other?.node && one?.host === other?.host && one?.port === other?.port;
    })
  );
}
