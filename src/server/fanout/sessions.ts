/**
 * Stage 5: the sessions of a node: how many there may be, when their outboxes are written, and what happens when one
 * ends or takes nothing any more.
 */
import type { ErrorName } from "../../protocol/error-codes.ts";
import { type Limits, SLOW_AFTER_MS } from "../../protocol/limits.ts";
import type { Guests } from "../auth/guests.ts";
import { type Clock, within } from "../clock.ts";
import type { CloseReason, Door } from "../telemetry/counts.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { CatchUp } from "./catch-up.ts";
import type { Outbox, Transport } from "./outbox.ts";
import type { Presence } from "./presence.ts";
import { Session, type SessionHost, type User } from "./session.ts";

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
  readonly #places = new Map<string, number>();
  #placesTaken = 0;
  #dirty: Outbox[] = [];

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
  open(door: Door, transport: Transport, token: string, user: User): Session {
    const session = new Session(this, door, transport, token, user);
    this.#all.add(session);
    this.#telemetry.sessionOpened(door);
    return session;
  }

  /** Closes those that have taken nothing for 30 s. Called once a second. */
  closeSlow(): void {
    const since = this.#clock.monotonic() - SLOW_AFTER_MS;
    for (const session of this.#all) {
      const stalledSince = session.outbox.stalledSince;
      if (stalledSince !== undefined && stalledSince < since) this.#close(session, "slow", "you took nothing for 30 s");
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
    if (this.#dirty.length === 1) this.#clock.endOfTurn(() => this.#flush());
  }

  fellBehind(session: Session): void {
    this.#catchUp.fellBehind(session);
  }

  ended(session: Session, reason: CloseReason): void {
    this.#all.delete(session);
    for (const [room, following] of session.followings) {
      room.followers.delete(following);
      this.#presence.leave(session, room, false);
    }
    this.#guests.leave(session.token).catch((error: unknown) => this.#telemetry.internalError("guest leaves", error));
    this.#telemetry.sessionClosed(session.door, reason);
  }

  #close(session: Session, code: ErrorName, text: string): void {
    session.refuse(code, text, undefined, undefined);
    session.end(code);
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const outbox of dirty) {
      outbox.isScheduled = false;
      outbox.flush();
    }
  }
}
