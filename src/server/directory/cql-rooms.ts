/** What the directory in CQL knows of somebody in a room: bans and read markers. Touches the tables that it is handed. */

import { numberIn, textIn, whole } from "../cql/rows.ts";
import type { CqlStatement } from "../cql/session.ts";
import type { Uuid } from "../record.ts";
import { type ConditionalTable, leave, put, remove } from "./cql-conditional.ts";
import type { DirectorySession } from "./cql-requests.ts";
import type { Ban, MarkerMove, ReadMarker } from "./directory.ts";

/** A ban, beside its key: the shelf of all of them, room, type and subject. */
export interface StoredBan {
  readonly until: number;
  readonly by: Uuid;
}

/** Bans stand together, for all are read at once: few, and now and then. */
const SHELF = "all";
/** Markers that are written together. */
const BATCH_MAX = 200;
/** Markers that are read at once. */
const PAGE_ROWS = 1000;

// The seq is the time of the write: of two markers the further one stands, whichever came first and without a look. So no
// marker may ever be removed at the time of a clock, which lies after all of them.
const MOVE = "INSERT INTO read_markers (user, room, seq, n) VALUES (?, ?, ?, ?) USING TIMESTAMP ?";
const MARKERS = "SELECT room, seq, n FROM read_markers WHERE user = ?";

/** Bans and read markers. */
export class CqlRooms {
  readonly #session: DirectorySession;
  readonly #bans: ConditionalTable<StoredBan>;

  constructor(session: DirectorySession, bans: ConditionalTable<StoredBan>) {
    this.#session = session;
    this.#bans = bans;
  }

  /** Keeps a ban, replacing one of the same room, type and subject. */
  async saveBan({ room, type, subject, until, by }: Ban): Promise<void> {
    await this.#bans.change([SHELF, room, type, subject], true, () => put({ until, by }, undefined));
  }

  /** Lifts a ban. */
  removeBan(room: Uuid, type: Ban["type"], subject: string): Promise<boolean> {
    return this.#bans.change([SHELF, room, type, subject], false, (ban, unsure) =>
      ban === undefined ? leave(unsure) : remove(true),
    );
  }

  /** All bans that have not expired. */
  async bans(now: number): Promise<readonly Ban[]> {
    const found: Ban[] = [];
    for await (const page of this.#bans.pages()) {
      for (const { key, value } of page) {
        const [, room = "", type, subject = ""] = key;
        if (value.until <= now) continue;
        found.push({ room, type: type === "user" ? "user" : "address", subject, until: value.until, by: value.by });
      }
    }
    return found;
  }

  /** Forgets bans that expired, and resolves with how many those were. */
  async removeExpired(now: number): Promise<number> {
    return await this.#bans.removeOver(
      ({ until }) => until <= now,
      async () => undefined,
    );
  }

  /** Moves markers forward. Where it rejects some may have moved; moving them again is harmless. */
  async moveMarkers(moves: readonly MarkerMove[]): Promise<void> {
    const furthest = new Map<Uuid, Map<Uuid, MarkerMove>>();
    for (const move of moves) {
      const own = furthest.get(move.user) ?? new Map<Uuid, MarkerMove>();
      furthest.set(move.user, own);
      if (move.seq > (own.get(move.room)?.seq ?? -1)) own.set(move.room, move);
    }
    const batches: CqlStatement[][] = [];
    for (const own of furthest.values()) {
      const statements = [...own.values()].map(moveStatement);
      for (let at = 0; at < statements.length; at += BATCH_MAX) batches.push(statements.slice(at, at + BATCH_MAX));
    }
    await Promise.all(batches.map((batch) => this.#session.batch(batch)));
  }

  /** A user's markers, by room. */
  async markers(user: Uuid): Promise<ReadonlyMap<Uuid, ReadMarker>> {
    const found = new Map<Uuid, ReadMarker>();
    if (user === "") return found;
    for await (const rows of this.#session.pages(MARKERS, [user], PAGE_ROWS)) {
      for (const row of rows) {
        const seq = whole(numberIn(row, "seq"), "seq");
        found.set(whole(textIn(row, "room"), "room"), { seq, n: whole(numberIn(row, "n"), "n") });
      }
    }
    return found;
  }
}

const moveStatement = ({ user, room, seq, n }: MarkerMove): CqlStatement => ({
  query: MOVE,
  params: [user, room, BigInt(seq), BigInt(n), BigInt(seq)],
});
