/**
 * The SDK: a client of one server. Keeps a connection, and comes back after each that was lost; keeps the rooms that are
 * open, and what is unsent in them.
 */
import { backoffMs } from "./backoff.ts";
import { type SdkClock, systemClock } from "./clock.ts";
import { Connection, type Loss } from "./connection.ts";
import { ChatError } from "./errors.ts";
import { Listeners } from "./listeners.ts";
import { Room } from "./room.ts";
import { type From, RoomFeed } from "./room-feed.ts";
import type { Connect } from "./transport.ts";
import type { ClientEvents, ConnectionState, EndReason, KeptOutgoing, OutgoingKeeper, RoomListing } from "./types.ts";
import type { ServerEvent } from "./wire.ts";

/** A connection that lasted so long, in milliseconds, was a good one: the next is tried soon. */
const GOOD_AFTER_MS = 5_000;

/** How long what is sent may stay written down, in milliseconds: it is not worth a write for each message. */
const SAVE_WITHIN_MS = 300;

/** What a client is made of. */
export interface ChatClientOptions {
  /** Makes the transport of each attempt: `webSocketTransport(…)` or `tcpTransport(…)`. */
  readonly connect: Connect;
  /** What one signs in with. In a browser the cookie does that. */
  readonly token?: string | undefined;
  /** The session of a guest who comes back: keep it as you would a password. */
  readonly session?: string | undefined;
  /** Where unsent messages are written down; in memory only unless given. */
  readonly keeper?: OutgoingKeeper | undefined;
  /**
   * Asked after each attempt that failed before the connection was open, for a browser does not say why: a reason ends
   * all attempts, `undefined` goes on. `HttpApi.whyNot` is one.
   */
  readonly whyNot?: (() => Promise<EndReason | undefined>) | undefined;
  readonly clock?: SdkClock | undefined;
  /** 0 ≤ x < 1; for pauses and keys. */
  readonly random?: (() => number) | undefined;
}

/** A client of one server. */
export class ChatClient {
  readonly #options: ChatClientOptions;
  readonly #clock: SdkClock;
  readonly #random: () => number;
  readonly #listeners = new Listeners<ClientEvents>();
  readonly #open = new Map<string, { readonly feed: RoomFeed; readonly room: Room }>();
  /** What is unsent in rooms that are not open. */
  #kept: readonly KeptOutgoing[];
  #state: ConnectionState = { type: "idle" };
  #user: string | undefined;
  #session: string | undefined;
  #rooms: readonly RoomListing[] = [];
  #connection: Connection | undefined;
  #attempts = 0;
  #failures = 0;
  #cancelRetry: () => void = () => undefined;
  #isSaving = false;
  #cancelSave: (() => void) | undefined;

  constructor(options: ChatClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? randomOfMachine;
    this.#session = options.session;
    this.#kept = options.keeper?.load() ?? [];
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The name by which others see one; `undefined` before the first sign-in. */
  get user(): string | undefined {
    return this.#user;
  }

  /** What a guest shows to be the same again. */
  get session(): string | undefined {
    return this.#session;
  }

  /** The rooms that there are, as of the last sign-in and what was told since. */
  get rooms(): readonly RoomListing[] {
    return this.#rooms;
  }

  get openRooms(): readonly Room[] {
    return Array.from(this.#open.values(), ({ room }) => room);
  }

  /** Begins, and goes on until it ends for good or `close` is called. No effect where it has begun. */
  connect(): void {
    const { type } = this.#state;
    if (type !== "idle" && type !== "ended") return;
    this.#attempts = 0;
    this.#failures = 0;
    this.#attempt();
  }

  /** Ends the connection, and tries no more. Rooms stay open for the next `connect`; what is unsent stays unsent. */
  close(): void {
    this.#end({ code: "closed", text: "closed" });
  }

  /** Something has changed: the network came back, the laptop woke. Tries at once, or looks whether it still holds. */
  retryNow(): void {
    if (this.#state.type === "waiting") this.#attempt();
    else this.#connection?.probe();
  }

  /** A room that is open. */
  room(name: string): Room | undefined {
    return this.#open.get(name)?.room;
  }

  /**
   * Follows a room, from its last records on or from what follows a seq that one has dealt with. Gives the same `Room`
   * as long as it is open. Listen to it before you give way to anything else, and you miss nothing.
   */
  open(name: string, from: From = { last: 50 }): Room {
    const open = this.#open.get(name);
    if (open !== undefined) return open.room;
    const client = this;
    const feed = new RoomFeed(
      {
        clock: this.#clock,
        random: this.#random,
        get user() {
          return client.#user;
        },
        newKey: () => this.#newKey(),
        save: () => this.#saveSoon(),
        saveLater: () => {
          if (this.#options.keeper !== undefined) {
            this.#cancelSave ??= this.#clock.after(SAVE_WITHIN_MS, () => this.#save());
          }
        },
        left: (gone) => this.#left(gone),
      },
      name,
      from,
    );
    const room = new Room(feed);
    this.#open.set(name, { feed, room });
    const isHere = (kept: KeptOutgoing): boolean => kept.room === name;
    for (const kept of this.#kept.filter(isHere)) feed.queue.keep(kept);
    this.#kept = this.#kept.filter((kept) => !isHere(kept));
    if (this.#state.type === "online" && this.#connection !== undefined) feed.online(this.#connection);
    return room;
  }

  /** Asks the server for a sign of life; resolves with the milliseconds that took. Rejects while not online. */
  roundTrip(): Promise<number> {
    return new Promise((resolve, reject) => {
      const connection = this.#connection;
      const begin = this.#clock.now();
      if (connection === undefined || this.#state.type !== "online") {
        reject(new ChatError("unavailable", "there is no connection"));
      } else {
        connection.ping(({ error }) => {
          if (error === undefined) resolve(this.#clock.now() - begin);
          else reject(error);
        });
      }
    });
  }

  /** Listens. Returns what ends that. */
  on<K extends keyof ClientEvents>(type: K, listener: (event: ClientEvents[K]) => void): () => void {
    return this.#listeners.on(type, listener);
  }

  #attempt(): void {
    this.#cancelRetry();
    this.#attempts += 1;
    const connection: Connection = new Connection(
      this.#options.connect(),
      { token: this.#options.token, session: this.#session, clock: this.#clock },
      {
        signedIn: (greeting) => this.#signedIn(connection, greeting),
        event: (event) => this.#take(event),
        lost: (loss) => this.#lost(connection, loss),
        waitsSince: () => this.#waitsSince(),
      },
    );
    this.#connection = connection;
    this.#become({ type: "connecting", attempt: this.#attempts });
    if (this.#connection === connection) connection.open();
  }

  #signedIn(connection: Connection, { user, session, rooms }: Extract<ServerEvent, { type: "greeting" }>): void {
    this.#attempts = 0;
    this.#user = user;
    this.#session = session;
    this.#rooms = rooms;
    this.#become({ type: "online", since: this.#clock.now() });
    this.#listeners.tell("signedIn", { user, rooms });
    for (const { feed } of [...this.#open.values()]) {
      // A listener may have opened it, and then it is on its way; or closed everything.
      if (this.#connection === connection && feed.connection !== connection) feed.online(connection);
    }
  }

  #take(event: ServerEvent): void {
    switch (event.type) {
      case "greeting":
        return;
      case "ack":
        for (const { feed } of this.#open.values()) feed.queue.acked(event.key, event, feed.cursor);
        return;
      case "error":
        this.#refused(event);
        return;
      case "added":
        this.#rooms = [...this.#rooms.filter(({ room }) => room !== event.room), event];
        this.#listeners.tell("roomAdded", { room: event.room, description: event.description });
        return;
      case "removed":
        this.#removed(event.room);
        break;
      default:
    }
    this.#open.get(event.room)?.feed.take(event);
  }

  #refused({ code, text, room, key }: Extract<ServerEvent, { type: "error" }>): void {
    const error = new ChatError(code, text);
    const feed = room === undefined ? undefined : this.#open.get(room)?.feed;
    if (key !== undefined) feed?.refusedMessage(key, error);
    else if (room === undefined) this.#listeners.tell("refused", { code, text });
    else if (code === "banned") feed?.refused(error);
  }

  #removed(name: string): void {
    // A public room from which one is banned is still there.
    if (this.#open.get(name)?.feed.state.type === "refused") return;
    this.#rooms = this.#rooms.filter(({ room }) => room !== name);
    this.#listeners.tell("roomRemoved", { room: name });
  }

  #waitsSince(): number | undefined {
    const feeds = Array.from(this.#open.values(), ({ feed }) => feed);
    // One room after another is told what it missed.
    const catchingUp = feeds.flatMap(({ catchingUpAt }) => catchingUpAt ?? []);
    const sending = feeds.flatMap(({ queue }) => queue.waitsSince ?? []);
    const since = [...sending, ...(catchingUp.length > 0 ? [Math.max(...catchingUp)] : [])];
    return since.length > 0 ? Math.min(...since) : undefined;
  }

  #lost(connection: Connection, { code, text, error }: Loss): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    const { wasOpen } = connection;
    const wasGood = this.#state.type === "online" && this.#clock.now() - this.#state.since >= GOOD_AFTER_MS;
    this.#failures = wasGood ? 1 : this.#failures + 1;
    const feeds = Array.from(this.#open.values(), ({ feed }) => feed);
    const longest = Math.max(0, ...feeds.map(({ queue }) => queue.longest));
    const isTooLong = error?.code === "line_too_long" && longest > 0;
    if (isTooLong) for (const { queue } of feeds) queue.failLongest(longest, error);
    for (const feed of feeds) feed.offline();
    const said = error?.message ?? text;
    const reason = said === "" ? "the connection was lost" : said;
    if (error !== undefined && !error.retry && !isTooLong) this.#end({ code: error.code, text: reason });
    else if (!wasOpen && code !== undefined && code >= 300 && code < 400) this.#end({ code: "redirected", text });
    else if (!wasOpen && (code === 401 || code === 403)) {
      this.#end({ code: code === 401 ? "unauthorized" : "forbidden", text });
    } else {
      this.#wait(reason);
      if (!wasOpen) this.#askWhyNot();
    }
  }

  #wait(reason: string): void {
    const delay = backoffMs(this.#failures, this.#random);
    this.#cancelRetry = this.#clock.after(delay, () => this.#attempt());
    this.#become({ type: "waiting", attempt: this.#attempts, retryAt: this.#clock.now() + delay, reason });
  }

  #askWhyNot(): void {
    this.#options.whyNot?.().then(
      (reason) => {
        if (reason !== undefined && this.#state.type !== "online") this.#end(reason);
      },
      () => undefined,
    );
  }

  #end(reason: EndReason): void {
    if (this.#state.type === "ended") return;
    this.#cancelRetry();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
    for (const { feed } of this.#open.values()) feed.offline();
    if (this.#cancelSave !== undefined) this.#save();
    this.#become({ type: "ended", reason });
  }

  #left(feed: RoomFeed): void {
    this.#open.delete(feed.name);
    this.#kept = [...this.#kept, ...feed.queue.kept];
    this.#saveSoon();
  }

  #saveSoon(): void {
    if (this.#isSaving || this.#options.keeper === undefined) return;
    this.#isSaving = true;
    queueMicrotask(() => {
      this.#isSaving = false;
      this.#save();
    });
  }

  #save(): void {
    this.#cancelSave?.();
    this.#cancelSave = undefined;
    const open = Array.from(this.#open.values(), ({ feed }) => feed.queue.kept).flat();
    this.#options.keeper?.save([...this.#kept, ...open]);
  }

  #newKey(): string {
    const part = (): string => this.#random().toString(36).slice(2, 12).padEnd(10, "0");
    return part() + part();
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.#listeners.tell("state", state);
  }
}

/** As the machine has it: keys must not be guessed, for whoever knows one could say that it is sent. */
const randomOfMachine = (): number => {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high * 2 ** 20 + (low >>> 12)) / 2 ** 52;
};
