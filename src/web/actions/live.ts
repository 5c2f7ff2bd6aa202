/**
 * The web client's actions: what runs while somebody is signed in: the connection, the list and what is followed.
 */
import { ApiError, ChatClient, type HttpApi, webSocketTransport } from "../../sdk/index.ts";
import type { ConnectionState, Message } from "../../sdk/types.ts";
import type { Entry } from "../model/entry.ts";
import { entryOfChat, entryOfPublic } from "../model/listed.ts";
import { errorWords } from "../model/words.ts";
import type { Me, Store } from "../store.ts";
import { Follower } from "./follower.ts";
import type { TabKeeper } from "./keeper.ts";
import { readNames, writeSetting } from "./settings.ts";

/** Public rooms that are remembered as looked into. */
const VISITED_MAX = 50;

/** How often the list is asked for where somebody is in more chats than can be followed, in milliseconds. */
const LOAD_EVERY_MS = 20_000;

/** What it tells of. */
export interface LiveEvents {
  /** The sign-in has ended; `text` says why. */
  ended(text: string): void;
  unseen(entry: Entry, message: Message): void;
  membersChanged(room: string): void;
}

/** What it needs. */
export interface LiveOptions {
  readonly api: HttpApi;
  readonly store: Store;
  readonly me: Me;
  readonly keeper: TabKeeper;
  /** Where the WebSocket is: `ws://localhost:8000/ws`. */
  readonly url: string;
  readonly on: LiveEvents;
}

/** Codes that say that one is not signed in any more. */
const SIGNED_OUT: readonly string[] = ["signed_out", "unauthorized", "forbidden"];

/** Runs from a sign-in to its end. */
export class Live {
  readonly client: ChatClient;
  readonly #api: HttpApi;
  readonly #store: Store;
  readonly #me: Me;
  readonly #on: LiveEvents;
  readonly #follower: Follower;
  /** Public rooms whose unread messages were counted on this connection. */
  readonly #counted = new Set<string>();
  /** A change of the password that is on its way. */
  #changing: Promise<void> = Promise.resolve();
  #nextLoad: ReturnType<typeof setTimeout> | undefined;
  #loading: Promise<void> | undefined;
  /** The load after the one that runs, for all who asked meanwhile. */
  #nextLoading: Promise<void> | undefined;
  #isOver = false;

  constructor({ api, store, me, keeper, url, on }: LiveOptions) {
    this.#api = api;
    this.#store = store;
    this.#me = me;
    this.#on = on;
    this.client = new ChatClient({ connect: webSocketTransport(url), keeper, whyNot: api.whyNot });
    this.#follower = new Follower(this.client, store, {
      isSeen: (room) => this.isSeen(room),
      unseen: (entry, message) => on.unseen(entry, message),
      membersChanged: (room) => on.membersChanged(room),
    });
    this.client.on("state", (state) => this.#became(state));
    // With each connection, for chats and markers may have changed meanwhile, on other devices too.
    this.client.on("signedIn", () => {
      this.#counted.clear();
      void this.load();
    });
    this.client.on("roomAdded", ({ room }) => {
      this.#follower.release(room);
      if (store.open.value?.room === room) store.entrances.value += 1;
      void this.load();
    });
    this.client.on("roomRemoved", ({ room }) => this.#lost(room));
  }

  /** Begins. */
  start(): void {
    this.client.connect();
    void this.load();
  }

  /** Ends it. Nothing of it touches the state any more. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#nextLoad);
    this.#follower.stop();
    this.client.close();
  }

  /** Whether a room is being looked at. */
  isSeen(room: string): boolean {
    return document.visibilityState === "visible" && document.hasFocus() && this.#store.open.value?.room === room;
  }

  /**
   * Asks for the list, and resolves once the page has it as it was then or later: asked while that runs, once more after it.
   * Fails only by what the page shows.
   */
  load(): Promise<void> {
    if (this.#loading === undefined) {
      this.#loading = this.#tryLoad().finally(() => {
        this.#loading = undefined;
      });
      return this.#loading;
    }
    this.#nextLoading ??= this.#loading.then(() => {
      this.#nextLoading = undefined;
      return this.load();
    });
    return this.#nextLoading;
  }

  async #tryLoad(): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#load();
      if (!this.#isOver) this.#store.list.value = { type: "ready" };
    } catch (error) {
      if (this.#isOver) return;
      if (error instanceof ApiError && error.code === "unauthorized") this.#on.ended(errorWords(error));
      else if (this.#store.list.value.type !== "ready") {
        this.#store.list.value = { type: "failed", text: errorWords(error) };
      }
    }
  }

  async #load(): Promise<void> {
    const [chats, rooms] = await Promise.all([this.#api.chats(), this.#api.rooms()]);
    if (this.#isOver) return;
    const known = this.#store.entries.value;
    const visited = new Set(this.#visited());
    const open = this.#store.route.value;
    const entries = new Map<string, Entry>();
    for (const room of rooms) {
      const entry = entryOfPublic(room, known.get(room.name), visited.has(room.name));
      const isOpen = open.type === "room" && (open.place === entry.place || open.place === room.id);
      entries.set(room.name, isOpen && !entry.isFollowed ? this.#visit(entry) : entry);
    }
    for (const chat of chats) {
      const entry = entryOfChat(chat, known.get(chat.id), this.#me.name);
      entries.set(chat.id, this.isSeen(chat.id) ? { ...entry, unread: 0 } : entry);
    }
    // What is open and was lost stays, so that its reader is told and keeps what they see.
    for (const [room, entry] of known) {
      if (!entries.has(room) && this.#store.open.value?.room === room) entries.set(room, withoutAccess(entry));
    }
    for (const room of known.keys()) if (!entries.has(room)) this.#follower.release(room);
    this.#store.entries.value = entries;
    const followed = [...entries.values()].filter(({ isFollowed, lost }) => isFollowed && lost === undefined);
    const isAll = this.#follower.followBest(followed);
    for (const { kind, room } of followed) {
      if (kind === "public" && !this.#counted.has(room)) void this.#countUnread(room);
    }
    clearTimeout(this.#nextLoad);
    if (!isAll) this.#nextLoad = setTimeout(() => void this.load(), LOAD_EVERY_MS);
  }

  /** A room is opened: it is followed from now on, and what is shown has been seen. */
  opened(entry: Entry): void {
    const visited = entry.isFollowed ? entry : this.#visit(entry);
    this.#store.put([{ ...visited, unread: 0 }]);
    if (visited.lost === undefined) this.#follower.follow(visited);
    this.#follower.lookAt(visited.room);
  }

  /** Opens a room anew that the server had refused: that may have passed. */
  enterAgain(entry: Entry): void {
    this.#follower.release(entry.room);
    this.#follower.follow(entry);
    this.#store.entrances.value += 1;
  }

  #visit(entry: Entry): Entry {
    const names = [entry.room, ...this.#visited().filter((name) => name !== entry.room)].slice(0, VISITED_MAX);
    writeSetting(`visited.${this.#me.id}`, JSON.stringify(names));
    return { ...entry, isFollowed: true };
  }

  #visited(): readonly string[] {
    return readNames(`visited.${this.#me.id}`);
  }

  /** The list of public rooms has no unread counts; a marker that is moved nowhere tells one. */
  async #countUnread(room: string): Promise<void> {
    this.#counted.add(room);
    try {
      const { unread } = await this.#api.markRead(room, 0);
      if (!this.#isOver) this.#store.change(room, (entry) => ({ ...entry, unread: this.isSeen(room) ? 0 : unread }));
    } catch {
      // The count that is shown stays.
    }
  }

  #became(state: ConnectionState): void {
    if (this.#isOver) return;
    this.#store.connection.value = state;
    if (state.type === "online") this.#store.wasOnline.value = true;
    if (state.type === "ended" && SIGNED_OUT.includes(state.reason.code)) void this.#signedOut();
  }

  /** Changes the password: the connection ends with the old sign-in, and comes back with the new one. */
  changePassword(current: string, next: string): Promise<void> {
    const change = this.#api.changePassword(current, next);
    this.#changing = change.catch(() => undefined);
    return change;
  }

  /** What the connection was signed in with has ended. After a change of the password the cookie is a new one. */
  async #signedOut(): Promise<void> {
    await this.#changing;
    try {
      const { id } = await this.#api.me();
      if (this.#isOver) return;
      if (id === this.#me.id) this.client.connect();
      else this.#on.ended("Somebody else has signed in here.");
    } catch (error) {
      const isOut = error instanceof ApiError && error.code === "unauthorized";
      if (!this.#isOver) this.#on.ended(isOut ? "Your sign-in has ended." : errorWords(error));
    }
  }

  /** Takes a room out of the list. */
  drop(room: string): void {
    const entries = new Map(this.#store.entries.value);
    entries.delete(room);
    this.#store.entries.value = entries;
    this.#follower.release(room);
  }

  /** What is open stays as it is, so that its reader is told; it goes when they leave it. */
  #lost(room: string): void {
    if (this.#store.open.value?.room === room) this.#store.change(room, withoutAccess);
    else this.drop(room);
  }
}

const withoutAccess = (entry: Entry): Entry => ({ ...entry, lost: "You are not in this chat any more." });
