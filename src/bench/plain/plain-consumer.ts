/**
 * Load tool, the plain way behind the topic: each record by itself is stored, its chat's members are looked up, and it
 * is pushed to those of them who listen.
 */
import type { Consumer } from "@platformatic/kafka";
import type { WebSocket } from "ws";
import type { PlainMessage, PlainStore } from "./plain-store.ts";

/** What the consumer works with. */
export interface PlainConsumerContext {
  readonly topic: string;
  readonly store: PlainStore;
  /** Who listens, by user. */
  readonly listeners: ReadonlyMap<string, ReadonlySet<WebSocket>>;
  /** How many records are worked on at once: 1 keeps them in order, more is faster and does not. */
  readonly atOnce: number;
}

/** Reads the topic. */
export class PlainConsumer {
  /** Records that are done. */
  handled = 0;
  readonly #context: PlainConsumerContext;
  readonly #consumer: Consumer;
  #working = 0;
  #free: (() => void) | undefined = undefined;

  constructor(consumer: Consumer, context: PlainConsumerContext) {
    this.#consumer = consumer;
    this.#context = context;
  }

  /** Begins to read; `failed` hears what ends it. */
  async start(failed: (error: unknown) => void): Promise<void> {
    const stream = await this.#consumer.consume({
      topics: [this.#context.topic],
      mode: "earliest",
      autocommit: 1000,
      maxWaitTime: 100,
    });
    const read = async (): Promise<void> => {
      for await (const { value } of stream) {
        const message = JSON.parse(String(value)) as PlainMessage;
        if (this.#context.atOnce === 1) await this.#handle(message);
        else {
          if (this.#working === this.#context.atOnce) await new Promise<void>((free) => (this.#free = free));
          this.#working++;
          this.#handle(message).then(() => this.#done(), failed);
        }
      }
    };
    read().catch(failed);
  }

  async close(): Promise<void> {
    await this.#consumer.close(true);
  }

  async #handle(message: PlainMessage): Promise<void> {
    const { store, listeners } = this.#context;
    await store.addMessage(message);
    const members = await store.members(message.chat_id);
    const { chat_id, sender_id, content, message_id } = message;
    const event = JSON.stringify({ _et: "user_message", r: chat_id, u: sender_id, c: content, i: message_id });
    for (const member of members) {
      for (const socket of listeners.get(member) ?? []) socket.send(event);
    }
    this.handled++;
  }

  #done(): void {
    this.#working--;
    const free = this.#free;
    this.#free = undefined;
    free?.();
  }
}
