/**
 * Stage 2: how far everybody has read. What somebody marks is durable before it is answered. That one's own posts move
 * one's own marker follows from the log: such moves are gathered and written together, before each snapshot at the latest,
 * so that a start, which reads the log from a snapshot on, sees again all that may be missing. Among several nodes it is the
 * one that writes the room's partition; the others keep them for a while, should they follow it.
 */
import type { Clock } from "../clock.ts";
import type { Directory, MarkerMove, ReadMarker } from "../directory/directory.ts";
import type { RosterView } from "../projector/roster.ts";
import type { ProjectedBatch } from "../projector/tail.ts";
import type { Uuid } from "../record.ts";

/** How long a node keeps what another one writes, in milliseconds: longer than it takes to notice that that one is gone. */
const KEPT_MS = 60_000;

interface GatheredMove extends MarkerMove {
  /** When, in milliseconds on the monotonic clock. */
  readonly since: number;
}

/** The markers of all users. */
export class ReadMarkers {
  readonly #directory: Directory;
  readonly #rosters: RosterView;
  readonly #clock: Clock;
  readonly #isWriter: (room: Uuid) => boolean;
  #moves = new Moves();
  /** Those that are being written. */
  #writing = new Moves();
  #flushing: Promise<void> | undefined;

  /** `isWriter` says whether it is this node that writes a room's markers now. */
  constructor(options: {
    directory: Directory;
    rosters: RosterView;
    clock: Clock;
    isWriter: (room: Uuid) => boolean;
  }) {
    this.#directory = options.directory;
    this.#rosters = options.rosters;
    this.#clock = options.clock;
    this.#isWriter = options.isWriter;
  }

  /** A batch of the log passed: who posted in a chat has read it up to there. */
  delivered({ records }: Pick<ProjectedBatch, "records">): void {
    // Where there are no chats, messages pay nothing for this.
    if (this.#rosters.size === 0) return;
    const since = this.#clock.monotonic();
    for (const { record, seq, n } of records) {
      if (record.kind !== "message" || this.#rosters.of(record.room) === undefined) continue;
      this.#moves.set({ user: record.sender, room: record.room, seq, n, since });
    }
  }

  /** Marks a room as read up to a record. Resolves once that is durable. */
  async mark(move: MarkerMove): Promise<void> {
    await this.#directory.moveMarkers([move]);
  }

  /** A user's markers, by room. */
  async of(user: Uuid): Promise<ReadonlyMap<Uuid, ReadMarker>> {
    // Looked at before as well: what is written while the directory is asked may be in neither.
    const before = this.#gathered(user);
    const markers = new Map(await this.#directory.markers(user));
    for (const move of [...before, ...this.#gathered(user)]) {
      if (move.seq > (markers.get(move.room)?.seq ?? 0)) markers.set(move.room, move);
    }
    return markers;
  }

  /** A user's moves that are not known to be written. */
  #gathered(user: Uuid): readonly MarkerMove[] {
    return [...this.#rosters.ofUser(user)].flatMap(({ id }) => {
      return [this.#writing.get(user, id), this.#moves.get(user, id)].filter((move) => move !== undefined);
    });
  }

  /** Writes what was gathered. Rejects where the directory can't; then it is kept for the next time. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing.catch(() => undefined);
    if (this.#moves.isEmpty) return;
    this.#flushing = this.#write();
    try {
      await this.#flushing;
    } finally {
      this.#flushing = undefined;
    }
  }

  async #write(): Promise<void> {
    const moves = this.#moves;
    this.#moves = new Moves();
    this.#writing = new Moves();
    const oldest = this.#clock.monotonic() - KEPT_MS;
    for (const move of moves.all()) {
      if (this.#isWriter(move.room)) this.#writing.set(move);
      else if (move.since >= oldest) this.#moves.set(move);
    }
    if (this.#writing.isEmpty) return;
    try {
      await this.#directory.moveMarkers([...this.#writing.all()]);
    } catch (error) {
      const since = this.#moves;
      this.#moves = this.#writing;
      for (const move of since.all()) this.#moves.set(move);
      throw error;
    } finally {
      this.#writing = new Moves();
    }
  }
}

/** The last move of each user in each room. */
class Moves {
  readonly #byRoom = new Map<Uuid, Map<Uuid, GatheredMove>>();

  get isEmpty(): boolean {
    return this.#byRoom.size === 0;
  }

  get(user: Uuid, room: Uuid): GatheredMove | undefined {
    return this.#byRoom.get(room)?.get(user);
  }

  set(move: GatheredMove): void {
    let moves = this.#byRoom.get(move.room);
    if (moves === undefined) {
      moves = new Map();
      this.#byRoom.set(move.room, moves);
    }
    moves.set(move.user, move);
  }

  *all(): Iterable<GatheredMove> {
    for (const moves of this.#byRoom.values()) yield* moves.values();
  }
}
