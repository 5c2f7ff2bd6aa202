/**
 * Stage 5: brings the rooms of a session from their cursors to live (FAN-1): page by page, each when the last one has
 * drained, from recent events or the store. The step from the last page to live happens within one turn, so that there
 * is neither gap nor repeat.
 */
import { reset } from "../../protocol/events.ts";
import { READ_WITHIN_MS } from "../../protocol/limits.ts";
import { type Clock, pause } from "../clock.ts";
import type { PageLimit } from "../store/message-store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { EventRun } from "./event-run.ts";
import type { Following } from "./following.ts";
import type { Presence } from "./presence.ts";
import { type RoomReader, UnavailableError } from "./room-reader.ts";
import type { Session } from "./session.ts";

/** Records in one page of catching up. */
const PAGE_RECORDS = 1000;
/** Bytes in one page: small, so that a slow reader is seen to make progress. */
const PAGE_BYTES = 16 * 1024;
/** A page takes at most this part of an outbox: an event is longer than the text by which the store measures it. */
const OUTBOX_PART = 4;
/** How long to wait after the store could not be read, in milliseconds. */
const RETRY_DELAY_MS = 1000;

/** Brings sessions up to date. */
export class CatchUp {
  readonly #reader: RoomReader;
  readonly #presence: Presence;
  readonly #clock: Clock;
  readonly #telemetry: Pick<Telemetry, "sessionBehind" | "sessionLive" | "internalError">;
  readonly #page: PageLimit;
  readonly #ended: (following: Following) => void;

  constructor(options: {
    outboxBytesMax: number;
    reader: RoomReader;
    presence: Presence;
    clock: Clock;
    telemetry: Pick<Telemetry, "sessionBehind" | "sessionLive" | "internalError">;
    /** Hears of a session that has been told all that it may be of a chat which its user was removed from. */
    ended: (following: Following) => void;
  }) {
    this.#ended = options.ended;
    this.#page = {
      records: PAGE_RECORDS,
      bytes: Math.min(PAGE_BYTES, Math.floor(options.outboxBytesMax / OUTBOX_PART)),
    };
    this.#reader = options.reader;
    this.#presence = options.presence;
    this.#clock = options.clock;
    this.#telemetry = options.telemetry;
  }

  /** A session overran its outbox: as soon as it has drained, its commands are read again and its rooms brought up. */
  fellBehind(session: Session): void {
    this.#telemetry.sessionBehind();
    this.start(session);
  }

  /** Brings every room of a session that is not live up to date; harmless where that is going on already. */
  start(session: Session): void {
    if (session.catchingUp) return;
    session.catchingUp = true;
    this.#run(session).catch((error: unknown) => {
      this.#telemetry.internalError("catch-up", error);
      // A session that can't be brought up must not stay and go deaf: it comes back and resumes.
      session.end("unavailable");
    });
  }

  async #run(session: Session): Promise<void> {
    try {
      await this.#bringAll(session);
    } finally {
      // In the same turn in which nothing was left to bring: whoever falls behind from here on starts anew.
      session.catchingUp = false;
    }
  }

  async #bringAll(session: Session): Promise<void> {
    let wasBehind = false;
    while (!session.ended) {
      if (session.behind) {
        wasBehind = true;
        await session.outbox.whenDrained();
        if (session.ended) return;
        session.drained();
      }
      const following = nextToBring(session);
      if (following !== undefined) await this.#bring(following);
      // What was read just now may have been too much again, also for one who follows nothing.
      else if (!session.behind) break;
    }
    if (wasBehind && !session.ended) this.#telemetry.sessionLive();
  }

  /** Brings one room to live, or one page nearer to it. */
  async #bring(following: Following): Promise<void> {
    const { session } = following;
    if (session.behind || this.#goLive(following)) return;
    await session.outbox.whenDrained();
    if (!following.isCurrent || session.behind || session.ended) return;
    // Without waiting where the events are in memory; that way no new one can come in between.
    const recent = this.#reader.recent(following.room, following.cursor + 1, this.#page);
    if (recent !== undefined) {
      following.mayReset ||= session.extended;
      this.#tell(following, recent);
      this.#goLive(following);
    } else {
      await this.#fromStore(following);
    }
  }

  async #fromStore(following: Following): Promise<void> {
    const { room, session } = following;
    const from = following.cursor + 1;
    const { head } = room;
    if (from > head) return;
    try {
      const run = await this.#reader.after(room, from, this.#page, READ_WITHIN_MS);
      if (!following.isCurrent || session.behind || session.ended || following.cursor !== from - 1) return;
      // Nothing is left of what there was when it was asked; what has come since is told next.
      const next = run?.first ?? head + 1;
      if (next > from) {
        // Retention took what lies between; it is said where the client counts on it.
        if (following.mayReset) session.answer(reset(room.json, next));
        following.cursor = next - 1;
      }
      following.mayReset ||= session.extended;
      if (run !== undefined) this.#tell(following, run);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      await pause(this.#clock, RETRY_DELAY_MS);
    }
  }

  #tell(following: Following, run: EventRun): void {
    const part = following.mayHear(run);
    if (part !== undefined) following.session.tellRun(following, part);
    // What retention took may reach beyond what the session was allowed to hear.
    else following.cursor = following.lastSeq;
  }

  /** Makes a room live where its cursor has come to the head; `false` where it has not. */
  #goLive(following: Following): boolean {
    const { room, session } = following;
    if (session.behind) return false;
    if (following.isOver) {
      this.#ended(following);
      return true;
    }
    if (following.cursor < room.head) return false;
    // What does not fit waits until the outbox has drained: to fall behind would drop what was told a moment ago.
    if (following.owesCaughtUp) session.tellCaughtUp(following);
    if (following.owesCaughtUp) return false;
    if (following.missedPresence && !this.#presence.refresh(following)) return false;
    following.live = true;
    return true;
  }
}

/** The room to bring next: one that needs no store before one that does, for the store may be slow or dead. */
function nextToBring(session: Session): Following | undefined {
  let next: Following | undefined;
  for (const following of session.followings.values()) {
    if (following.live) continue;
    const { room, cursor } = following;
    if (cursor + 1 >= (room.recent.first ?? room.head + 1)) return following;
    next ??= following;
  }
  return next;
}
