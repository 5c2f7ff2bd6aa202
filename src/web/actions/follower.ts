/**
 * The web client's actions: follows the rooms of the list through the SDK and brings what happens in them into the
 * state, many records at once: the list is drawn ten times a second at most, however much is said.
 */
import type { ChatClient, Room } from "../../sdk/index.ts";
import type { Message, RoomRecord } from "../../sdk/types.ts";
import { type Entry, isWorthTelling, withRecord, worthFollowing } from "../model/entry.ts";
import type { Store } from "../store.ts";

/** Rooms that are followed at once; the server allows 200. */
const FOLLOWED_MAX = 190;

/** Between two drawings of the list, in milliseconds. */
const DRAW_EVERY_MS = 100;

/** What the follower tells beside the state. */
export interface FollowerEvents {
  /** Whether a room is being looked at right now. */
  isSeen(room: string): boolean;
  /** Somebody else said something that nobody looked at, and that is worth telling. */
  unseen(entry: Entry, message: Message): void;
  /** Somebody was added or removed. */
  membersChanged(room: string): void;
}

/** One record that waits to be drawn, and whether it is news: what comes with the first joining is not. */
interface Told {
  readonly record: RoomRecord;
  readonly isNews: boolean;
}

/** Follows rooms until it is stopped. */
export class Follower {
  readonly #client: ChatClient;
  readonly #store: Store;
  readonly #on: FollowerEvents;
  readonly #stops = new Map<string, () => void>();
  #told = new Map<string, Told[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawnAt = 0;

  constructor(client: ChatClient, store: Store, on: FollowerEvents) {
    this.#client = client;
    this.#store = store;
    this.#on = on;
  }

  /** Follows of these as many as may be followed, and nothing else. Says whether that is all of them. */
  followBest(entries: readonly Entry[]): boolean {
    const best = worthFollowing(entries, this.#store.open.value?.room, FOLLOWED_MAX);
    const rooms = new Set(best.map(({ room }) => room));
    for (const room of [...this.#stops.keys()]) if (!rooms.has(room)) this.release(room);
    for (const entry of best) this.follow(entry);
    return best.length === entries.length;
  }

  /** Follows an entry's room, from what is known of it; where that is nothing, from its last record. */
  follow(entry: Entry): void {
    const { room, lastSeq } = entry;
    if (this.#stops.has(room)) return;
    if (this.#stops.size >= FOLLOWED_MAX) this.#makeRoom(room);
    const isKnown = entry.kind !== "public";
    const opened = this.#client.open(room, isKnown ? { after: lastSeq } : { last: 1 });
    let isNews = isKnown || opened.state.type === "live";
    const stops = [
      opened.on("record", (record) => this.#take(room, { record, isNews })),
      opened.on("state", (state) => {
        if (state.type === "live") isNews = true;
        if (state.type === "gone") this.#store.change(room, lose);
        this.#lookAt(opened);
      }),
      opened.on("presence", () => this.#lookAt(opened)),
    ];
    this.#stops.set(room, () => {
      for (const stop of stops) stop();
    });
    this.#lookAt(opened);
  }

  /** Follows it no longer. */
  release(room: string): void {
    this.#stops.get(room)?.();
    this.#stops.delete(room);
    this.#client.room(room)?.leave();
  }

  /** Shows who is there, if it is the open room's. */
  lookAt(room: string): void {
    const opened = this.#client.room(room);
    if (opened !== undefined) this.#lookAt(opened);
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const stop of this.#stops.values()) stop();
    this.#stops.clear();
    this.#told.clear();
  }

  /** Lets go of the room in which nothing has happened for longest, for one that is wanted more. */
  #makeRoom(wanted: string): void {
    const open = this.#store.open.value?.room;
    const last = this.#store.sorted.value.findLast(
      ({ room }) => this.#stops.has(room) && room !== open && room !== wanted,
    );
    if (last !== undefined) this.release(last.room);
  }

  #lookAt(room: Room): void {
    if (this.#store.open.value?.room === room.name) this.#store.present.value = new Set(room.presence.users);
  }

  #take(room: string, told: Told): void {
    const waiting = this.#told.get(room);
    if (waiting === undefined) this.#told.set(room, [told]);
    else waiting.push(told);
    const { record } = told;
    if (record.type === "change" && record.kind.startsWith("member_")) this.#on.membersChanged(room);
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#drawnAt + DRAW_EVERY_MS - performance.now());
    this.#timer = setTimeout(() => this.#draw(), wait);
  }

  #draw(): void {
    this.#timer = undefined;
    this.#drawnAt = performance.now();
    const all = this.#told;
    this.#told = new Map();
    const me = this.#store.me.value?.name ?? "";
    const changed: Entry[] = [];
    const unseen: (readonly [Entry, Message])[] = [];
    for (const [room, told] of all) {
      const before = this.#store.entries.value.get(room);
      if (before === undefined) continue;
      const isSeen = this.#on.isSeen(room);
      let entry = before;
      let newest: Message | undefined;
      for (const { record, isNews } of told) {
        const { unread } = entry;
        entry = withRecord(entry, record, me, isSeen || !isNews);
        if (!isNews) entry = { ...entry, unread };
        else if (record.type === "message" && entry.unread > unread && isWorthTelling(entry, record.text, me)) {
          newest = record;
        }
      }
      changed.push(entry);
      if (newest !== undefined) unseen.push([entry, newest]);
    }
    this.#store.put(changed);
    for (const [entry, message] of unseen) this.#on.unseen(entry, message);
  }
}

/** What is said where a room was open and is not any more. */
const lose = (entry: Entry): Entry => ({ ...entry, lost: "You are not in this chat any more." });
