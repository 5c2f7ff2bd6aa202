/**
 * The SDK: the work behind a `Room`: joins it on each connection, from where it stands, hands records through their
 * order, heals holes, and says when what is unsent may be sent again.
 */
import { backoffMs } from "./backoff.ts";
import type { SdkClock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ChatError } from "./errors.ts";
import { Listeners } from "./listeners.ts";
import { OutgoingQueue } from "./outgoing-queue.ts";
import { afterParticipation, NOBODY } from "./people.ts";
import { RecordOrder } from "./record-order.ts";
import type { Outgoing, Presence, RoomEvents, RoomRecord, RoomState } from "./types.ts";
import type { RoomEvent } from "./wire.ts";

/** Where a room begins for who has no cursor. */
export type From = { readonly last: number } | { readonly after: number };

/** What a room needs of its client. */
export interface RoomHost {
  readonly clock: SdkClock;
  readonly random: () => number;
  readonly user: string | undefined;
  newKey(): string;
  /** What is unsent is to be written down. */
  save(): void;
  saveLater(): void;
  /** The room is left. */
  left(feed: RoomFeed): void;
}

const NAME_LENGTH_MAX = 64;
const PAGE = 1000;
const TYPING_EVERY_MS = 3_000;

/** One room that is open. */
export class RoomFeed {
  readonly name: string;
  readonly queue: OutgoingQueue;
  readonly listeners = new Listeners<RoomEvents>();
  state: RoomState = { type: "joining" };
  presence: Presence = NOBODY;
  readonly #host: RoomHost;
  readonly #order: RecordOrder;
  readonly #last: number;
  #connection: Connection | undefined;
  #isCaughtUp = false;
  #isHealing = false;
  #heardAt = 0;
  #typedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #endPause: (() => void) | undefined;

  constructor(host: RoomHost, name: string, from: From) {
    this.#host = host;
    this.name = name;
    this.#last = "last" in from ? from.last : 50;
    this.#order = new RecordOrder("after" in from ? from.after : undefined, {
      tell: (record) => this.#told(record),
      reset: (oldest) => this.listeners.tell("reset", { oldest }),
    });
    this.queue = new OutgoingQueue({
      room: name,
      clock: host.clock,
      random: host.random,
      newKey: () => host.newKey(),
      user: () => host.user,
      post: (k, c) => this.#connection?.send({ _ct: "send_message", r: name, c, k }),
      changed: (outgoing: Outgoing) => this.listeners.tell("outgoing", outgoing),
      save: () => host.save(),
      saveLater: () => host.saveLater(),
    });
  }

  get cursor(): number {
    return this.#order.cursor ?? 0;
  }

  /** The connection on which the room is asked about; `undefined` where there is none. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** When the server was last heard of this room, where there is more to come. */
  get catchingUpAt(): number | undefined {
    return this.state.type === "catching-up" ? this.#heardAt : undefined;
  }

  /** There is a connection: follows the room on it. */
  online(connection: Connection): void {
    this.#connection = connection;
    this.#join();
  }

  /** There is none any more. */
  offline(): void {
    this.#connection = undefined;
    this.#failures = 0;
    this.#stop();
    if (this.state.type !== "refused") this.#become({ type: "joining" });
  }

  /** Follows the room no longer; the queue keeps what it has. */
  leave(): void {
    if (this.state.type === "gone") return;
    this.#connection?.hush({ _ct: "leave_room", r: this.name }, this.name, () => undefined);
    this.#end();
  }

  /** There is something to be said. Where the server had refused the room it is asked again: that may have passed. */
  said(): void {
    if (this.state.type === "refused") this.#join();
  }

  /** Tells the others that one is writing. */
  typing(): void {
    const now = this.#host.clock.now();
    if (this.state.type !== "live" || now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    this.#connection?.hush({ _ct: "typing", r: this.name }, this.name, ({ code }) => {
      if (code === "not_joined") this.#join();
    });
  }

  /** The server refused a message. */
  refusedMessage(key: string, error: ChatError): void {
    this.queue.refused(key, error);
    // The server thinks that one is not here: one would hear nothing any more.
    if (error.code === "not_joined" && this.state.type === "live") this.#join();
  }

  /** The server says no, without having been asked: one is banned. */
  refused(error: ChatError): void {
    this.#stop();
    this.queue.fail(error);
    this.#become({ type: "refused", code: error.code, text: error.message });
  }

  /** The server says something of this room. */
  take(event: RoomEvent): void {
    this.#heardAt = this.#host.clock.now();
    switch (event.type) {
      case "record":
        this.#order.take(event.record);
        break;
      case "caughtUp":
        // Of an earlier join, where one has been asked for anew.
        if (this.state.type === "joining") return;
        this.#order.upTo(event.seq);
        this.#isCaughtUp = true;
        break;
      case "reset":
        this.#order.from(event.oldest);
        break;
      case "present":
        this.#present({ users: event.users, count: event.users.length });
        return;
      case "count":
        this.#present({ users: this.presence.users, count: event.count });
        return;
      case "participation":
        this.#present(afterParticipation(this.presence, event));
        this.listeners.tell("participation", { user: event.user, status: event.status });
        return;
      case "typing":
        this.listeners.tell("typing", { user: event.user });
        return;
      case "removed":
        // One who is banned has been told why.
        if (this.state.type === "refused") return;
        this.queue.fail(new ChatError("unknown_room", "you are not in this room any more"));
        this.#end();
        return;
      default:
        // Pages go to whoever asked for them, and what was added is the client's.
        return;
    }
    this.#settle();
  }

  #told(record: RoomRecord): void {
    this.queue.told(record);
    this.listeners.tell("record", record);
  }

  #present(presence: Presence): void {
    this.presence = presence;
    this.listeners.tell("presence", presence);
  }

  #join(): void {
    const connection = this.#connection;
    if (connection === undefined || this.state.type === "gone") return;
    this.#stop();
    if (this.name.length < 1 || this.name.length > NAME_LENGTH_MAX) {
      this.refused(new ChatError("bad_field", `a room's name has 1 to ${NAME_LENGTH_MAX} characters`));
      return;
    }
    this.#become({ type: "joining" });
    const after = this.#order.cursor;
    connection.join(this.name, after === undefined ? { last: this.#last } : { after }, ({ error }) => {
      if (connection !== this.#connection || this.state.type !== "joining") return;
      if (error === undefined) {
        this.#heardAt = this.#host.clock.now();
        this.#become({ type: "catching-up" });
      } else if (error.code === "already_joined") {
        this.#joinAnew();
      } else if (error.code === "bad_field" && after !== undefined) {
        // A cursor of another server, or of one that has lost its data.
        this.#order.restart();
        this.#join();
      } else if (error.retry) {
        this.#pause(() => this.#join());
      } else {
        this.refused(error);
      }
    });
  }

  /** The server is to begin again from the cursor. */
  #joinAnew(): void {
    this.#connection?.hush({ _ct: "leave_room", r: this.name }, this.name, () => undefined);
    this.#join();
  }

  /** Where the room stands after what was told. */
  #settle(): void {
    if (this.state.type !== "catching-up" && this.state.type !== "live") return;
    if (this.#order.isMissing) {
      this.#heal();
    } else if (this.#isCaughtUp) {
      if (this.state.type === "live") return;
      this.#failures = 0;
      this.#become({ type: "live" });
      this.queue.ready(this.cursor);
      return;
    }
    this.#become({ type: "catching-up" });
  }

  /** Asks for what is missing. */
  #heal(): void {
    const connection = this.#connection;
    const after = this.#order.cursor;
    if (this.#isHealing || connection === undefined || after === undefined) return;
    this.#isHealing = true;
    connection.history(this.name, { after, limit: PAGE }, (answer) => {
      if (connection !== this.#connection || !this.#isHealing) return;
      this.#isHealing = false;
      if (answer.error !== undefined) {
        // Where it says no for good, so will joining, and better: that is its own answer.
        const { retry } = answer.error;
        this.#pause(() => (retry ? this.#settle() : this.#joinAnew()));
        return;
      }
      for (const record of answer.value.records) this.#order.take(record);
      // Either what is missing is not to be had any more, or this was no answer to that: joining tells.
      if (this.#order.cursor === after && this.#order.isMissing) this.#joinAnew();
      else this.#settle();
    });
  }

  #pause(goOn: () => void): void {
    const { clock, random } = this.#host;
    this.#failures += 1;
    this.#endPause?.();
    this.#endPause = clock.after(backoffMs(this.#failures, random), goOn);
  }

  #stop(): void {
    this.#endPause?.();
    this.#isCaughtUp = false;
    this.#isHealing = false;
    this.queue.offline();
  }

  #end(): void {
    this.#stop();
    this.#become({ type: "gone" });
    this.#host.left(this);
  }

  #become(state: RoomState): void {
    const { type } = this.state;
    this.state = state;
    if (type !== state.type || type === "refused") this.listeners.tell("state", state);
  }
}
