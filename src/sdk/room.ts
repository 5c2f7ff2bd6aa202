/**
 * The SDK: a room as its users hold it. The work is done by its feed.
 */
import { ChatError } from "./errors.ts";
import type { RoomFeed } from "./room-feed.ts";
import type { HistoryPage, Outgoing, Presence, RoomEvents, RoomState } from "./types.ts";

/** A room that is followed, over all connections, until it is left. `ChatClient.open` makes one. */
export class Room {
  readonly #feed: RoomFeed;

  constructor(feed: RoomFeed) {
    this.#feed = feed;
  }

  /** What commands and events call it. */
  get name(): string {
    return this.#feed.name;
  }

  get state(): RoomState {
    return this.#feed.state;
  }

  /** The seq of the last record that was told; 0 before the first. */
  get cursor(): number {
    return this.#feed.cursor;
  }

  /** Who is here, as far as it was last heard. */
  get presence(): Presence {
    return this.#feed.presence;
  }

  /** One's own messages that have not come back, those that failed among them; oldest first. */
  get outgoing(): readonly Outgoing[] {
    return this.#feed.queue.all;
  }

  /**
   * Says something. Nothing needs to be waited for: it goes out as soon as it can, once, in the order of the calls.
   * In a room that is gone it fails at once, and is not kept.
   */
  send(text: string): Outgoing {
    const { name, queue, state } = this.#feed;
    if (state.type !== "gone") {
      const outgoing = queue.add(text);
      this.#feed.said();
      return outgoing;
    }
    return { room: name, key: "", text, state: { type: "failed", code: "not_joined", text: "you left this room" } };
  }

  /** Sends a message again that had failed. */
  retry(key: string): void {
    this.#feed.queue.retry(key);
    this.#feed.said();
  }

  /** Lets go of a message that has not come back. If it is on its way it may still appear. */
  discard(key: string): void {
    this.#feed.queue.discard(key);
  }

  /**
   * A page of what happened, oldest first; the newest without `before` and `after`. Rejects with a `ChatError`: with
   * `unavailable` where there is no connection.
   */
  history(ask: { before?: number; after?: number; limit?: number } = {}): Promise<HistoryPage> {
    const { connection, name } = this.#feed;
    return new Promise((resolve, reject) => {
      if (connection === undefined) reject(new ChatError("unavailable", "there is no connection"));
      else {
        connection.history(name, ask, (answer) => {
          if (answer.error === undefined) resolve({ records: answer.value.records, more: answer.value.more });
          else reject(answer.error);
        });
      }
    });
  }

  /** Tells the others that one is writing: to be called with each key, told once in 3 s. */
  typing(): void {
    this.#feed.typing();
  }

  /** Follows it no longer. What is unsent stays with the client and is sent when the room is opened again. */
  leave(): void {
    this.#feed.leave();
  }

  /** Listens. Returns what ends that. */
  on<K extends keyof RoomEvents>(type: K, listener: (event: RoomEvents[K]) => void): () => void {
    return this.#feed.listeners.on(type, listener);
  }
}
