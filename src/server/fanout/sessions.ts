/**
 * Stage 5: the sessions of a node: how many there may be, when their outboxes are written, and what happens when one
 * ends or takes nothing any more.
 */
import type { ErrorName } from "../../protocol/error-codes.ts";
import { type Limits, SLOW_AFTER_MS } from "../../protocol/limits.ts";
import type { Credential } from "../auth/credential.ts";
import type { Guests } from "../auth/guests.ts";
import type { User } from "../auth/user.ts";
import { type Clock, within } from "../clock.ts";
import type { Uuid } from "../record.ts";
import type { CloseReason } from "../telemetry/counts.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { CatchUp } from "./catch-up.ts";
import type { Outbox } from "./outbox.ts";
import type { Presence } from "./presence.ts";
import { Session, type SessionHost, type SessionOptions } from "./session.ts";

/**
 * So many outboxes are written in one turn of the event loop, in about a millisecond; the others in the next ones. In
 * between it reads, and lets in one newcomer: what is told to thousands must not keep everybody else waiting.
 */
const WRITTEN_PER_TURN_MAX = 64;

/** A place for one session, taken before it is known who it is. */
export interface Place {
  /** Gives the place back. Harmless when repeated. */
  release(): void;
}

/** Every session of a node. */
export class Sessions implements SessionHost {
  readonly outboxBytesMax: number;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #presence: Presence;
  readonly #catchUp: CatchUp;
  readonly #guests: Guests;
  readonly #all = new Set<Session>();
  readonly #byUser = new Map<Uuid, Set<Session>>();
  /** User → how many sessions over WebSocket they have. */
  readonly #webSockets = new Map<Uuid, number>();
  readonly #places = new Map<string, number>();
  #placesTaken = 0;
  readonly #dirty: Outbox[] = [];
  #isFlushDue = false;

  constructor(options: {
    limits: Limits;
    clock: Clock;
    telemetry: Telemetry;
    presence: Presence;
    catchUp: CatchUp;
    guests: Guests;
  }) {
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#telemetry = options.telemetry;
    this.#presence = options.presence;
    this.#catchUp = options.catchUp;
    this.#guests = options.guests;
    this.outboxBytesMax = options.limits.outboxBytesMax;
  }

  /** Takes a place for a connection from an address; `undefined` where there is none left. */
  takePlace(address: string): Place | undefined {
    const { sessionsMax, sessionsPerAddressMax } = this.#limits;
    const here = this.#places.get(address) ?? 0;
    if (this.#placesTaken >= sessionsMax) return undefined;
    if (sessionsPerAddressMax > 0 && here >= sessionsPerAddressMax) return undefined;
    this.#placesTaken += 1;
    this.#places.set(address, here + 1);
    let taken = true;
    return {
      release: () => {
        if (!taken) return;
        taken = false;
        this.#placesTaken -= 1;
        const left = (this.#places.get(address) ?? 1) - 1;
        if (left === 0) this.#places.delete(address);
        else this.#places.set(address, left);
      },
    };
  }

  /** Opens a session on a connection. */
  open(options: SessionOptions): Session {
    const session = new Session(this, options);
    this.#all.add(session);
    this.#enter(session);
    this.#telemetry.sessionOpened(session.door);
    return session;
  }

  /** A session turned out to be somebody else's: by `hello` with a token, or as a guest who came back. */
  become(session: Session, user: User, token: string, credential: Credential): void {
    this.#exit(session);
    session.user = user;
    session.token = token;
    session.credential = credential;
    this.#enter(session);
  }

  /** All sessions, in the order of opening. */
  all(): Iterable<Session> {
    return this.#all;
  }

  /** The sessions of a user. */
  ofUser(user: Uuid): Iterable<Session> {
    return this.#byUser.get(user) ?? [];
  }

  /** Ends a session for a reason that the client is told. */
  close(session: Session, code: ErrorName, text: string): void {
    session.refuse(code, text, undefined, undefined);
    session.end(code);
  }

  /** Closes those that have taken nothing for 30 s. Called once a second. */
  closeSlow(): void {
    const since = this.#clock.monotonic() - SLOW_AFTER_MS;
    for (const session of this.#all) {
      const stalledSince = session.outbox.stalledSince;
      if (stalledSince !== undefined && stalledSince < since) this.close(session, "slow", "you took nothing for 30 s");
    }
  }

  /** Tells everybody that the server stops, lets their outboxes empty for `withinMs`, and closes them. */
  async closeAll(withinMs: number): Promise<void> {
    const all = [...this.#all];
    for (const session of all)
      session.refuse("going_away", "the server is stopping; come back and resume", undefined, undefined);
    await within(this.#clock, withinMs, Promise.all(all.map((session) => session.outbox.whenDrained())));
    for (const session of all) session.end("going_away");
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  flushLater(outbox: Outbox): void {
    if (outbox.isScheduled) return;
    outbox.isScheduled = true;
    this.#dirty.push(outbox);
    if (!this.#isFlushDue) this.#dueFlush();
  }

  fellBehind(session: Session): void {
    this.#catchUp.fellBehind(session);
  }

  ended(session: Session, reason: CloseReason): void {
    this.#all.delete(session);
    this.#exit(session);
    for (const [room, following] of session.followings) {
      room.followers.delete(following);
      if (following.isPresent) this.#presence.leave(following, false);
    }
    this.#guests.leave(session.token).catch((error: unknown) => this.#telemetry.internalError("guest leaves", error));
    this.#telemetry.sessionClosed(session.door, reason);
  }

  #enter(session: Session): void {
    const { id } = session.user;
    const sessions = this.#byUser.get(id) ?? new Set();
    this.#byUser.set(id, sessions.add(session));
    if (session.door === "websocket") this.#countWebSockets(id, 1);
  }

  #exit(session: Session): void {
    const sessions = this.#byUser.get(session.user.id);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byUser.delete(session.user.id);
    if (session.door === "websocket") this.#countWebSockets(session.user.id, -1);
  }

  #countWebSockets(user: Uuid, change: 1 | -1): void {
    const count = (this.#webSockets.get(user) ?? 0) + change;
    if (count > 0) this.#webSockets.set(user, count);
    else this.#webSockets.delete(user);
    this.#telemetry.webSocketUsers(this.#webSockets.size);
  }

  #dueFlush(): void {
    this.#isFlushDue = true;
    this.#clock.endOfTurn(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushDue = false;
    for (const outbox of this.#dirty.splice(0, WRITTEN_PER_TURN_MAX)) {
      outbox.isScheduled = false;
      outbox.flush();
    }
    if (this.#dirty.length > 0 && !this.#isFlushDue) this.#dueFlush();
  }
}
