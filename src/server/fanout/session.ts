/**
 * Stage 5: one connection of somebody: who they are, the rooms they follow, and what they still have to be sent.
 * Doors make sessions and hand them to commands; commands answer through them.
 */
import type { ErrorName } from "../../protocol/error-codes.ts";
import { caughtUp, error } from "../../protocol/events.ts";
import type { Credential } from "../auth/credential.ts";
import type { Actor, User } from "../auth/user.ts";
import type { CloseReason, Door } from "../telemetry/counts.ts";
import type { EventRun } from "./event-run.ts";
import type { Following } from "./following.ts";
import type { Framing } from "./framing.ts";
import { CAUGHT_UP, Outbox, type Transport } from "./outbox.ts";
import type { Room } from "./room.ts";

/** What every session of a node shares. */
export interface SessionHost {
  readonly outboxBytesMax: number;
  /** Milliseconds on a clock that is never set back. */
  monotonic(): number;
  /** Writes the outbox at the end of this turn. */
  flushLater(outbox: Outbox): void;
  /** Told when a session fell behind: it catches up as soon as it has drained. */
  fellBehind(session: Session): void;
  /** Told once when a session is over; its rooms are still in `followings`. */
  ended(session: Session, reason: CloseReason): void;
}

/** Who a session is, and how it is spoken to. */
export interface SessionOptions {
  readonly door: Door;
  readonly transport: Transport;
  readonly framing: Framing;
  /** What the client shows to be the same guest again. */
  readonly token: string;
  readonly user: User;
  /** What the user was known by; `undefined` before anybody has signed in. */
  readonly credential: Credential | undefined;
  /** The client's network address. */
  readonly address: string;
}

/** A session, from its connection to its end. */
export class Session implements Actor {
  readonly door: Door;
  readonly address: string;
  readonly outbox: Outbox;
  /** The rooms that it follows, in the order of joining. */
  readonly followings = new Map<Room, Following>();
  /** What the client shows to be the same guest again. */
  token: string;
  user: User;
  /** What the user was known by; `undefined` before anybody has signed in: then only `hello` is carried out. */
  credential: Credential | undefined;
  /** Whether it hears every chat of its user without having joined any, until its first command. */
  isFeed = false;
  /** Whether the client said `hello`, and so hears more than the four events of the older clients. */
  extended = false;
  /** Whether it ever followed a room: others know it by its name since. */
  hasJoined = false;
  /** Whether it overran its outbox and has not drained since. */
  behind = false;
  /** Whether somebody brings its rooms up to date at the moment. */
  catchingUp = false;
  #ended = false;
  readonly #host: SessionHost;
  readonly #transport: Transport;
  readonly #framing: Framing;

  constructor(host: SessionHost, options: SessionOptions) {
    this.#host = host;
    this.#transport = options.transport;
    this.#framing = options.framing;
    this.door = options.door;
    this.address = options.address;
    this.token = options.token;
    this.user = options.user;
    this.credential = options.credential;
    this.outbox = new Outbox(options.transport, () => host.monotonic());
  }

  /** Whether the session is over: what is told to it goes nowhere. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Answers with one event. Answers are never dropped. Notices that wait go before it. */
  answer(event: string): void {
    for (const following of this.followings.values()) this.takeNotices(following);
    this.#push(this.#framing.event(event), undefined, 0);
  }

  /** Answers with an error. */
  refuse(code: ErrorName, text: string, room: string | undefined, key: string | undefined): void {
    this.answer(error(code, text, room, key));
  }

  /** Tells events of a room that it follows live, and moves the cursor. Where they don't fit, the session is behind. */
  tellRun(following: Following, run: EventRun): void {
    this.takeNotices(following);
    if (this.behind) return;
    const frames = this.#framing.run(run, this.extended);
    const fits = run.first === run.last ? this.hasRoomFor(frames.length) : this.#fits(frames.length);
    if (frames.length > 0 && !fits) {
      this.fallBehind();
      return;
    }
    following.cursor = run.last;
    if (frames.length > 0) this.#push(frames, following, run.first);
  }

  /** Tells that all that was asked for has been told. Dropped with the events before it, and then owed once more. */
  tellCaughtUp(following: Following): void {
    const frame = this.#framing.event(caughtUp(following.room.json, following.cursor));
    if (!this.hasRoomFor(frame.length)) return;
    following.owesCaughtUp = false;
    this.#push(frame, following, CAUGHT_UP);
  }

  /** Tells what has no seq, as presence: dropped when the session is behind, and made good when it is live again. */
  tell(following: Following, event: string): void {
    this.takeNotices(following);
    if (this.behind || following.missedPresence) following.missedPresence = true;
    else if (!this.tellIfRoom(following, event)) this.fallBehind();
  }

  /** Tells who came to a room and who left it since it was last told. Before anything else of that room. */
  takeNotices(following: Following): void {
    const { notices } = following.room;
    const from = following.notice;
    if (from === notices.end) return;
    following.notice = notices.end;
    if (!following.isPresent) return;
    if (this.behind || following.missedPresence) following.missedPresence = true;
    else if (!this.#tellFrames(following, notices.frames(this.#framing, from))) this.fallBehind();
  }

  /** Tells what has no seq, where it fits; `false` where it does not. */
  tellIfRoom(following: Following, event: string): boolean {
    return this.#tellFrames(following, this.#framing.event(event));
  }

  /** Whether one frame fits. One that is longer than the whole outbox goes alone, or it would be tried for ever. */
  hasRoomFor(frameBytes: number): boolean {
    return this.#fits(frameBytes) || this.outbox.bytes === 0;
  }

  /** Lets go of the room events that wait; no command is read until the rest has drained. */
  fallBehind(): void {
    if (this.behind || this.#ended) return;
    this.behind = true;
    this.outbox.dropEvents();
    for (const following of this.followings.values()) {
      following.live = false;
      following.missedPresence = true;
    }
    this.#transport.pauseReading();
    this.#host.fellBehind(this);
  }

  /** The outbox has drained: commands are read again. */
  drained(): void {
    this.behind = false;
    this.#transport.resumeReading();
  }

  /** Ends the session: what waits is still written, then the connection closes. */
  end(reason: CloseReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.outbox.finish();
    this.#host.ended(this, reason);
    this.followings.clear();
    this.#transport.close(reason);
  }

  #tellFrames(following: Following, frames: Uint8Array): boolean {
    if (!this.hasRoomFor(frames.length)) return false;
    this.#push(frames, following, 0);
    return true;
  }

  #fits(bytes: number): boolean {
    return this.outbox.bytes + bytes <= this.#host.outboxBytesMax;
  }

  #push(bytes: Uint8Array, following: Following | undefined, first: number): void {
    if (this.#ended) return;
    this.outbox.push(bytes, following, first);
    this.#host.flushLater(this.outbox);
    // Answers can't be dropped, so they may go over the limit; then nothing more is asked until they are gone.
    if (following === undefined && this.outbox.bytes > this.#host.outboxBytesMax) this.fallBehind();
  }
}
