/**
 * The SDK: one's own messages of one room that have not come back yet. Sends them in order, so many at a time, and again
 * with the same key whenever it is not certain that they arrived. Touches nothing but what it is handed.
 */
import { backoffMs } from "./backoff.ts";
import type { SdkClock } from "./clock.ts";
import { type ChatError, mayRetry } from "./errors.ts";
import type { KeptOutgoing, Outgoing, RoomRecord, SendState } from "./types.ts";

/** Messages of one room that are on their way at once. */
const WINDOW = 32;
const SENDING: SendState = { type: "sending" };

/** What a queue needs. */
export interface QueueOptions {
  readonly room: string;
  readonly clock: SdkClock;
  readonly random: () => number;
  /** Makes a key that nobody else has and nobody can guess. */
  readonly newKey: () => string;
  /** Who one is right now, where that is known. */
  readonly user: () => string | undefined;
  /** Puts a message on its way. */
  readonly post: (key: string, text: string) => void;
  /** A message changed its state. */
  readonly changed: (outgoing: Outgoing) => void;
  /** There is something new to be written down. */
  readonly save: () => void;
  /** There is less than before. That has time: what is sent twice is one message by its key. */
  readonly saveLater: () => void;
}

interface Item {
  outgoing: Outgoing;
  /** Who said it; `undefined` where that was not known then. */
  user: string | undefined;
  /** Since when it is on its way. */
  sentAt: number | undefined;
  /** Where the server put it: it is told next. */
  place: { readonly id: string; readonly seq: number } | undefined;
}

/** The queue of one room. */
export class OutgoingQueue {
  readonly #options: QueueOptions;
  /** By key, oldest first. */
  readonly #items = new Map<string, Item>();
  /** Whether what was missed has been told, so that what has not come back has to be sent again. */
  #isReady = false;
  /** Refusals in a row after which the same again may help. */
  #refusals = 0;
  #endPause: (() => void) | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** All that have not come back, oldest first. */
  get all(): readonly Outgoing[] {
    return Array.from(this.#items.values(), ({ outgoing }) => outgoing);
  }

  /** The same as they are written down. */
  get kept(): readonly KeptOutgoing[] {
    return Array.from(this.#items.values(), ({ outgoing: { room, key, text }, user }) => ({ room, key, text, user }));
  }

  /** Since when the oldest of those on their way is, if any is. */
  get waitsSince(): number | undefined {
    for (const { sentAt } of this.#items.values()) if (sentAt !== undefined) return sentAt;
    return undefined;
  }

  /** Takes a new message. */
  add(text: string): Outgoing {
    const { room, user, newKey, save, changed } = this.#options;
    const item = this.keep({ room, key: newKey(), text, user: user() });
    save();
    changed(item.outgoing);
    this.#flush();
    return item.outgoing;
  }

  /** Takes one that was written down. */
  keep({ room, key, text, user }: KeptOutgoing): Item {
    const item: Item = { outgoing: { room, key, text, state: SENDING }, user, sentAt: undefined, place: undefined };
    this.#items.set(key, item);
    return item;
  }

  /** Sends one again that had failed. */
  retry(key: string): void {
    const item = this.#find(key);
    if (item?.outgoing.state.type !== "failed") return;
    item.user = this.#options.user();
    if (item.outgoing.state.code === "key_reused") {
      this.#items.delete(key);
      item.outgoing = { ...item.outgoing, key: this.#options.newKey() };
      this.#items.set(item.outgoing.key, item);
    }
    this.#change(item, SENDING);
    this.#options.save();
    this.#flush();
  }

  /** Lets go of one. If it is on its way it may still appear. */
  discard(key: string): void {
    this.#remove(this.#find(key));
  }

  /** The connection is gone: who knows what arrived. */
  offline(): void {
    this.#isReady = false;
    this.#resume();
    for (const item of this.#items.values()) item.sentAt = undefined;
  }

  /** All up to `cursor` has been told: what has not come back by now is sent again. */
  ready(cursor: number): void {
    const { user } = this.#options;
    for (const item of [...this.#items.values()]) {
      // Told before this client began to listen; or of another server, or one that has lost it.
      if (item.place !== undefined && item.place.seq <= cursor) this.#sent(item, item.place);
      if (!this.#isReady) item.place = undefined;
      item.user ??= user();
      if (item.outgoing.state.type === "sending" && item.user !== user()) {
        const text = `${item.user} said this, and you are ${user()} now`;
        this.#change(item, { type: "failed", code: "signed_out", text });
      }
    }
    this.#isReady = true;
    this.#flush();
  }

  /** The server has a message; it tells it next, unless it has. */
  acked(key: string, place: { readonly id: string; readonly seq: number }, cursor: number): void {
    const item = this.#find(key);
    if (item === undefined) return;
    this.#refusals = 0;
    if (place.seq <= cursor) this.#sent(item, place);
    else item.place = place;
    this.#flush();
  }

  /** A record is about to be told: where it is one of these, it has come back. */
  told(record: RoomRecord): void {
    if (record.type !== "message" || record.key === undefined) return;
    const item = this.#find(record.key);
    if (item === undefined) return;
    this.#sent(item, record);
    this.#flush();
  }

  /** The server did not take a message. */
  refused(key: string, { code, message }: ChatError): void {
    const item = this.#find(key);
    if (item === undefined || item.place !== undefined || item.sentAt === undefined) return;
    item.sentAt = undefined;
    if (code !== "not_joined" && !mayRetry(code)) {
      this.#change(item, { type: "failed", code, text: message });
      this.#flush();
      return;
    }
    if (this.#endPause !== undefined || !this.#isReady) return;
    const { clock, random } = this.#options;
    this.#refusals += 1;
    // None of these refuses for less than a second.
    this.#endPause = clock.after(500 + backoffMs(this.#refusals, random), () => {
      this.#endPause = undefined;
      this.#flush();
    });
  }

  /** Nothing can be sent here: says so of each. */
  fail({ code, message }: ChatError): void {
    for (const item of [...this.#items.values()]) {
      if (item.outgoing.state.type === "sending") this.#change(item, { type: "failed", code, text: message });
    }
  }

  /** The longest message on its way, in UTF-16 units; 0 where none is. */
  get longest(): number {
    let longest = 0;
    for (const { sentAt, outgoing } of this.#items.values()) {
      if (sentAt !== undefined) longest = Math.max(longest, outgoing.text.length);
    }
    return longest;
  }

  /** What is as long as that is too long for the server. */
  failLongest(length: number, error: ChatError): void {
    for (const item of [...this.#items.values()]) {
      const { key, text } = item.outgoing;
      if (item.sentAt !== undefined && text.length >= length) this.refused(key, error);
    }
  }

  #flush(): void {
    if (!this.#isReady || this.#endPause !== undefined) return;
    // After a refusal one at a time, or those behind it would overtake it.
    let room = this.#refusals > 0 ? 1 : WINDOW;
    for (const item of this.#items.values()) {
      if (item.outgoing.state.type !== "sending" || item.place !== undefined) continue;
      if (room-- <= 0) return;
      if (item.sentAt !== undefined) continue;
      item.sentAt = this.#options.clock.now();
      this.#options.post(item.outgoing.key, item.outgoing.text);
    }
  }

  #resume(): void {
    this.#endPause?.();
    this.#endPause = undefined;
    this.#refusals = 0;
  }

  #find(key: string): Item | undefined {
    return this.#items.get(key);
  }

  #sent(item: Item, { id, seq }: { readonly id: string; readonly seq: number }): void {
    this.#refusals = 0;
    this.#remove(item);
    this.#change(item, { type: "sent", id, seq });
  }

  #remove(item: Item | undefined): void {
    if (item !== undefined && this.#items.delete(item.outgoing.key)) this.#options.saveLater();
  }

  #change(item: Item, state: SendState): void {
    item.sentAt = undefined;
    item.outgoing = { ...item.outgoing, state };
    this.#options.changed(item.outgoing);
  }
}
