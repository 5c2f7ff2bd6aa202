/**
 * Stage 4: who is in which chat, as a pure function of the log (PROJ-6). A chat begins with its `room_created`; members
 * come and go by records of their own. What a record says holds only once: a second creation, a member who is there
 * already, one who is not, change nothing. Public rooms come from the rooms file and have no roster.
 *
 * Folded beside the sequencer, never by it: no seq depends on a roster. Each one knows the seq up to which it is folded,
 * so folding a record again changes nothing.
 */
import type { LogRecord, StoredRecord, Uuid } from "../record.ts";

/** Somebody in a chat. Names are the directory's: ten thousand of them would not fit into one record. */
export interface Member {
  readonly id: Uuid;
  /** The count of messages in the chat when they came: unread begins there. */
  readonly n: number;
}

/** One chat. */
export interface Roster {
  readonly id: Uuid;
  readonly name: string;
  /** Whether it is the one chat of two people. */
  readonly isDirect: boolean;
  /** The id of the record that made it. */
  readonly createdBy: Uuid;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** `undefined` once everybody has left. */
  readonly owner: Uuid | undefined;
  /** In the order of coming. */
  readonly members: ReadonlyMap<Uuid, Member>;
}

/** What a record changed. */
export type RosterChange =
  | { readonly type: "created"; readonly roster: Roster; readonly seq: number }
  | { readonly type: "added"; readonly roster: Roster; readonly seq: number; readonly member: Member }
  | { readonly type: "removed"; readonly roster: Roster; readonly seq: number; readonly member: Member };

interface MutableRoster extends Roster {
  owner: Uuid | undefined;
  readonly members: Map<Uuid, Member>;
  seq: number;
}

/** The body of `room_created`. */
export interface RoomCreated {
  readonly name: string;
  readonly direct: boolean;
  readonly owner: Uuid;
  readonly members: readonly Uuid[];
}

/** The body of `member_added` and `member_removed`: who, and the name that they had then. */
export interface MemberNamed {
  readonly id: Uuid;
  readonly name: string;
}

const NONE: ReadonlySet<Roster> = new Set();

/** Chats, of one partition or of all. */
export interface RosterView {
  /** How many chats there are. */
  readonly size: number;
  /** The chat of a room; `undefined` where it is none. */
  of(room: Uuid): Roster | undefined;
  /** The chats that somebody is in. */
  ofUser(user: Uuid): ReadonlySet<Roster>;
}

/** All chats of a partition. */
export class Rosters implements RosterView {
  readonly #byRoom = new Map<Uuid, MutableRoster>();
  readonly #byUser = new Map<Uuid, Set<Roster>>();

  /** Folds one record; `undefined` where it changes nothing. Ascending by seq within a room; a repeat changes nothing. */
  apply({ record, seq, n }: StoredRecord): RosterChange | undefined {
    const roster = this.#byRoom.get(record.room);
    if (roster === undefined) return record.kind === "room_created" ? this.#create(record, seq, n) : undefined;
    if (seq <= roster.seq) return undefined;
    if (record.kind === "member_added") return this.#add(roster, record, seq, n);
    if (record.kind === "member_removed") return this.#remove(roster, record, seq);
    return undefined;
  }

  /** The chat of a room; `undefined` where it is none. */
  of(room: Uuid): Roster | undefined {
    return this.#byRoom.get(room);
  }

  /** The chats that somebody is in. */
  ofUser(user: Uuid): ReadonlySet<Roster> {
    return this.#byUser.get(user) ?? NONE;
  }

  /** How many chats there are. */
  get size(): number {
    return this.#byRoom.size;
  }

  /** All chats, in the order of their making. */
  all(): Iterable<Roster> {
    return this.#byRoom.values();
  }

  /** All of it as JSON text, for a snapshot. */
  toJson(): string {
    return JSON.stringify(
      Array.from(this.#byRoom.values(), (roster) => ({ ...roster, members: [...roster.members.values()] })),
    );
  }

  /** What `toJson` wrote. */
  static fromJson(text: string): Rosters {
    const rosters = new Rosters();
    type Written = Omit<MutableRoster, "members"> & { readonly members: readonly Member[] };
    for (const written of JSON.parse(text) as readonly Written[]) {
      const members = new Map(written.members.map((member) => [member.id, member]));
      rosters.#enter({ ...written, members });
    }
    return rosters;
  }

  #create(record: LogRecord, seq: number, n: number): RosterChange | undefined {
    const body = parse<RoomCreated>(record.body);
    if (typeof body?.name !== "string" || !Array.isArray(body.members)) return undefined;
    const members = new Map<Uuid, Member>();
    for (const id of body.members) members.set(id, { id, n });
    const roster: MutableRoster = {
      id: record.room,
      name: body.name,
      isDirect: body.direct === true,
      createdBy: record.id,
      createdAt: record.time,
      owner: members.has(String(body.owner)) ? body.owner : members.keys().next().value,
      members,
      seq,
    };
    this.#enter(roster);
    return { type: "created", roster, seq };
  }

  #add(roster: MutableRoster, record: LogRecord, seq: number, n: number): RosterChange | undefined {
    roster.seq = seq;
    const body = parse<MemberNamed>(record.body);
    if (typeof body?.id !== "string" || roster.members.has(body.id)) return undefined;
    const member = { id: body.id, n };
    roster.members.set(member.id, member);
    roster.owner ??= member.id;
    this.#index(member.id, roster);
    return { type: "added", roster, seq, member };
  }

  #remove(roster: MutableRoster, record: LogRecord, seq: number): RosterChange | undefined {
    roster.seq = seq;
    const member = roster.members.get(String(parse<MemberNamed>(record.body)?.id));
    if (member === undefined) return undefined;
    roster.members.delete(member.id);
    // When an owner leaves, the member who is there longest follows.
    if (roster.owner === member.id) roster.owner = roster.members.keys().next().value;
    const chats = this.#byUser.get(member.id);
    chats?.delete(roster);
    if (chats?.size === 0) this.#byUser.delete(member.id);
    return { type: "removed", roster, seq, member };
  }

  #enter(roster: MutableRoster): void {
    this.#byRoom.set(roster.id, roster);
    for (const user of roster.members.keys()) this.#index(user, roster);
  }

  #index(user: Uuid, roster: Roster): void {
    const chats = this.#byUser.get(user) ?? new Set();
    this.#byUser.set(user, chats.add(roster));
  }
}

/** Whatever a record carries, whoever wrote it, must not stop the fold. */
function parse<T>(body: string): Partial<T> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Partial<T>) : undefined;
  } catch {
    return undefined;
  }
}
