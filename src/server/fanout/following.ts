/**
 * Stage 5: one session that follows one room: a cursor on its log.
 */
import { type EventRun, runUpTo } from "./event-run.ts";
import type { Room } from "./room.ts";
import type { Session } from "./session.ts";

/** A session's place in a room. `live → behind → catching up → live`; every seq after the cursor is told once. */
export class Following {
  readonly session: Session;
  readonly room: Room;
  /** The last seq that was put into the outbox (and not taken out again). */
  cursor: number;
  /** Whether new events go straight into the outbox; otherwise the session catches up from the cursor. */
  live: boolean;
  /** Whether the client waits for `caught_up`. */
  owesCaughtUp: boolean;
  /**
   * Whether the client counts on what follows its cursor, and so is told `reset` where retention took it: it named a
   * record to resume after, or knows seqs since its `hello`. With `last` it counts on nothing before the first one told.
   */
  mayReset: boolean;
  /** The number of the first notice of the room, of who came and went, that it has not been told. */
  notice: number;
  /** Whether presence may have been missed: the session fell behind, and needs the names anew when it is live. */
  missedPresence = false;
  /** Whether it came by `join_room`: then it counts as present, and hears of presence. */
  readonly isPresent: boolean;
  /** The last seq that it may be told, once its user has been removed from the chat. */
  lastSeq = Number.POSITIVE_INFINITY;
  /** When the session last said that it is typing here, in milliseconds. */
  typedAt = Number.NEGATIVE_INFINITY;

  constructor(session: Session, room: Room, cursor: number, from: "live" | "after" | "last", isPresent: boolean) {
    this.session = session;
    this.room = room;
    this.cursor = cursor;
    this.isPresent = isPresent;
    this.notice = room.notices.end;
    this.live = from === "live";
    this.owesCaughtUp = from !== "live" && isPresent;
    this.mayReset = from === "after" || (from === "live" && session.extended);
  }

  /** Its user is removed from the chat by the record with this seq. */
  endAfter(seq: number | undefined): void {
    if (seq !== undefined && seq < this.lastSeq) this.lastSeq = seq;
  }

  /** The part of a run that the session may be told; `undefined` where it is none of it. */
  mayHear(run: EventRun): EventRun | undefined {
    if (run.last <= this.lastSeq) return run;
    return run.first > this.lastSeq ? undefined : runUpTo(run, this.lastSeq);
  }

  /** Whether the session has been told all that it may be. */
  get isOver(): boolean {
    return this.cursor >= this.lastSeq;
  }

  /** Whether the session still follows the room by this. */
  get isCurrent(): boolean {
    return this.session.followings.get(this.room) === this;
  }
}
