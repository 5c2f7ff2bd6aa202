/**
 * The web client's model: a chat or public room as its list shows it, and what becomes of it as records come in. Pure.
 * Times are milliseconds since the epoch.
 */
import type { RoomRecord } from "../../sdk/types.ts";

/** What was said last. */
export interface LastWords {
  readonly seq: number;
  readonly user: string;
  readonly text: string;
  readonly time: number;
  readonly isRemoved: boolean;
}

/** A chat or room in the list. */
export interface Entry {
  /** What commands and events call it. */
  readonly room: string;
  /** What an address calls it; the id does as well. */
  readonly place: string;
  readonly id: string;
  readonly kind: "chat" | "direct" | "public";
  readonly title: string;
  readonly description: string;
  /** Ids, where they are known; a public room has none. */
  readonly members: readonly string[];
  readonly owner: string | undefined;
  readonly last: LastWords | undefined;
  /** The newest record that is known of. */
  readonly lastSeq: number;
  readonly unread: number;
  /** When something was last said, or it was made. */
  readonly activeAt: number;
  /** Whether it is followed: every chat is, and the public rooms that one has looked into. */
  readonly isFollowed: boolean;
  /** Why it can't be read any more. */
  readonly lost: string | undefined;
}

/** A chat as the server lists it, in the client's words. */
export interface Listed
  extends Pick<Entry, "room" | "kind" | "title" | "members" | "owner" | "last" | "lastSeq" | "unread"> {
  readonly createdAt: number;
}

/** An entry as the server lists it, with what is known already: a list may be older than what was told meanwhile. */
export function fromListed(listed: Listed, known: Entry | undefined): Entry {
  const { createdAt, ...fields } = listed;
  const fresh: Entry = {
    ...fields,
    ...{
      place: listed.room,
      id: listed.room,
      description: "",
      activeAt: listed.last?.time ?? createdAt,
      isFollowed: true,
      lost: undefined,
    },
  };
  if (known === undefined || known.lastSeq <= listed.lastSeq) return fresh;
  const { last, lastSeq, unread, activeAt } = known;
  return { ...fresh, last, lastSeq, unread, activeAt };
}

/** Words for the record's change to an entry. `me` = one's own name; `isSeen` = whether it is being looked at. */
export function withRecord(entry: Entry, record: RoomRecord, me: string, isSeen: boolean): Entry {
  if (record.seq <= entry.lastSeq) return entry;
  if (record.type === "change") return withChange({ ...entry, lastSeq: record.seq }, record);
  const { seq, user, text, time, isRemoved } = record;
  const isRead = isSeen || user === me;
  return {
    ...entry,
    ...{
      lastSeq: seq,
      last: { seq, user, text, time, isRemoved },
      activeAt: time,
      unread: isRead ? 0 : entry.unread + 1,
    },
  };
}

function withChange(entry: Entry, change: Extract<RoomRecord, { type: "change" }>): Entry {
  const { last, kind } = entry;
  if (change.kind === "message_removed" && last !== undefined && change.removedSeq === last.seq) {
    return { ...entry, last: { ...last, text: "", isRemoved: true } };
  }
  const isNamed = change.kind === "room_created" && change.name !== undefined && kind === "chat";
  return isNamed ? { ...entry, title: change.name ?? entry.title } : entry;
}

/** The newest first; what nothing was ever said in last, as it stands. */
export function byActivity(entries: readonly Entry[]): readonly Entry[] {
  return [...entries].sort((a, b) => b.activeAt - a.activeAt);
}

/** What may not follow a name for it to be that name. */
const NAME_GOES_ON = /^[\p{L}\p{M}\p{N}_]/u;

/** Whether a text calls somebody by `@name`. */
export function mentions(text: string, name: string): boolean {
  const said = text.normalize().toLocaleLowerCase();
  const called = `@${name.normalize().toLocaleLowerCase()}`;
  for (let at = said.indexOf(called); at >= 0; at = said.indexOf(called, at + 1)) {
    if (!NAME_GOES_ON.test(said.slice(at + called.length, at + called.length + 2))) return true;
  }
  return false;
}

/** Whether somebody wants to be told of a message that they have not seen: in public only of one that calls them. */
export const isWorthTelling = ({ kind }: Entry, text: string, me: string): boolean =>
  kind !== "public" || mentions(text, me);

/** In an order that was given; those that it does not know first, as they stand. */
export function inOrder(entries: readonly Entry[], order: ReadonlyMap<string, number> | undefined): readonly Entry[] {
  if (order === undefined) return entries;
  const place = ({ room }: Entry): number => order.get(room) ?? -1;
  return [...entries].sort((a, b) => place(a) - place(b));
}

/**
 * Those that are worth following, where one can follow `max`: the open one, public rooms, of which one is told in no
 * other way, and then those in which something happened last.
 */
export function worthFollowing(entries: readonly Entry[], open: string | undefined, max: number): readonly Entry[] {
  const rank = ({ room, kind }: Entry): number => (room === open ? 0 : kind === "public" ? 1 : 2);
  return [...byActivity(entries)].sort((a, b) => rank(a) - rank(b)).slice(0, max);
}

/** All that waits. */
export const totalUnread = (entries: readonly Entry[]): number => entries.reduce((sum, { unread }) => sum + unread, 0);

/** What a direct chat is called by one of its two: the other's name. The server calls it `Alice, Bob`. */
export function directTitle(name: string, me: string): string {
  if (name.startsWith(`${me}, `)) return name.slice(me.length + 2);
  return name.endsWith(`, ${me}`) ? name.slice(0, -me.length - 2) : name;
}

/** Those whose title has what was typed, best first: at its beginning, at that of a word, anywhere. */
export function matching(entries: readonly Entry[], typed: string): readonly Entry[] {
  const wanted = typed.trim().toLocaleLowerCase();
  if (wanted === "") return entries;
  const rank = ({ title }: Entry): number => {
    const text = title.toLocaleLowerCase();
    const at = text.indexOf(wanted);
    if (at <= 0) return at === 0 ? 0 : Number.POSITIVE_INFINITY;
    return /[\s\p{P}]/u.test(text.charAt(at - 1)) ? 1 : 2;
  };
  return entries
    .map((entry) => ({ entry, rank: rank(entry) }))
    .filter((each) => Number.isFinite(each.rank))
    .sort((a, b) => a.rank - b.rank)
    .map((each) => each.entry);
}

/** The one before (`-1`) or after (`1`) another in a list, around its ends; the first where that is not in it. */
export function neighbour(entries: readonly Entry[], room: string | undefined, step: 1 | -1): Entry | undefined {
  const at = entries.findIndex((entry) => entry.room === room);
  if (at < 0) return entries[step === 1 ? 0 : entries.length - 1];
  return entries[(at + step + entries.length) % entries.length];
}
