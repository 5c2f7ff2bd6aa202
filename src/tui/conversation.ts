/**
 * The terminal client: what is kept of a conversation, and what becomes of it when something is told, loaded or noted.
 * Pure. However much a room says, only so much is kept: what was let go comes back from the server when one scrolls
 * there.
 */
import type { RoomRecord } from "../sdk/types.ts";
import type { Item, RoomView, Tone } from "./state.ts";
import { sanitize, sanitizeLine } from "./text/sanitize.ts";

/** Items kept while one looks at the newest, and to how many they are cut back. */
export const ITEMS_MAX = 3000;
const ITEMS_KEPT = 2000;

/** Items kept while one has scrolled up; then the newest are kept apart. */
export const READING_ITEMS_MAX = 8000;
const TAIL_ITEMS = 500;

/** People whose names stand in one notice. */
const NAMES_IN_NOTICE = 4;

/** For how long who comes joins the notice of the one before, in milliseconds. */
const SAME_NOTICE_MS = 60_000;

/** A conversation after records were told, in the order of their seqs. `counts`: whether they are news to the reader. */
export function tell(view: RoomView, records: readonly RoomRecord[], user: string | undefined, now: number): RoomView {
  const fresh = records.filter(({ seq }) => seq > view.cursor);
  const last = fresh.at(-1);
  if (last === undefined) return view;
  const items = fresh.map((record) => itemOf(record, user));
  const messages = items.filter((item) => item.type === "message" && !item.isOwn).length;
  const speakers = new Set(fresh.flatMap((record) => (record.type === "message" ? [sanitizeLine(record.user)] : [])));
  const isNews = view.wasLive;
  const told: RoomView = {
    ...view,
    cursor: last.seq,
    unread: view.unread + (isNews ? messages : 0),
    below: view.below + (view.anchor === undefined ? 0 : messages),
    missed: view.missed === undefined ? undefined : { ...view.missed, messages: view.missed.messages + messages },
    typing: view.typing.filter((one) => one.until > now && !speakers.has(one.user)),
  };
  const removed = fresh.flatMap((record) => (record.type === "change" ? (record.removedSeq ?? []) : []));
  return blank(append(told, items), removed);
}

/** A conversation with a notice at its end. */
export function note(view: RoomView, text: string, tone: Tone, now: number): RoomView {
  const notice: Item = {
    ...{ type: "notice", seq: undefined, people: undefined },
    ...noticeParts(view, text, tone, now),
  };
  return append({ ...view, notices: view.notices + 1 }, [notice]);
}

/** A conversation after somebody came or went; where many do, they share a notice. */
export function noteComing(view: RoomView, name: string, status: "joined" | "left", now: number): RoomView {
  const end = view.tail ?? view.items;
  const last = end.at(-1);
  const isShared =
    last?.type === "notice" && last.people?.status === status && now - last.time < SAME_NOTICE_MS ? last : undefined;
  if (isShared?.people === undefined) {
    const people = { status, users: [name] };
    const parts = noticeParts(view, comingText(people), "plain", now);
    return append({ ...view, notices: view.notices + 1 }, [{ type: "notice", seq: undefined, people, ...parts }]);
  }
  const others = isShared.people.users.filter((other) => other !== name);
  const people = { status, users: [...others, name] };
  const shared: Item = { ...isShared, people, text: comingText(people) };
  const replaced = [...end.slice(0, -1), shared];
  return view.tail === undefined ? { ...view, items: replaced } : { ...view, tail: replaced };
}

function comingText({ status, users }: { readonly status: string; readonly users: readonly string[] }): string {
  const [first = ""] = users;
  if (users.length === 1) return `${first} has ${status}`;
  const others = users.length - NAMES_IN_NOTICE;
  const names = others > 0 ? [...users.slice(0, NAMES_IN_NOTICE), `${others} others`] : users;
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)} have ${status}`;
}

const noticeParts = (view: RoomView, text: string, tone: Tone, time: number) => ({
  ...{ key: `n${view.notices}`, text: sanitizeLine(text), tone, time },
});

function append(view: RoomView, added: readonly Item[]): RoomView {
  if (view.tail !== undefined) return { ...view, tail: [...view.tail, ...added].slice(-TAIL_ITEMS) };
  const items = [...view.items, ...added];
  if (view.anchor === undefined) {
    if (items.length <= ITEMS_MAX) return { ...view, items };
    return { ...view, items: items.slice(-ITEMS_KEPT), hasOlder: true };
  }
  // Whoever reads further up keeps what they read; the newest go on apart from it.
  if (items.length <= READING_ITEMS_MAX) return { ...view, items };
  return { ...view, items: view.items, tail: items.slice(-TAIL_ITEMS) };
}

/** A conversation with a page of what was before it. */
export function prepend(
  view: RoomView,
  records: readonly RoomRecord[],
  more: boolean,
  user: string | undefined,
): RoomView {
  const first = firstSeq(view.items);
  const older = records.filter(({ seq }) => first === undefined || seq < first).map((record) => itemOf(record, user));
  const all = [...older, ...view.items];
  const loaded: RoomView = { ...view, hasOlder: more, loading: undefined };
  if (all.length <= READING_ITEMS_MAX) return { ...loaded, items: all };
  return { ...loaded, items: all.slice(0, READING_ITEMS_MAX), tail: view.tail ?? all.slice(-TAIL_ITEMS) };
}

/** A conversation that lacks its newest part, with a page of what comes after it. */
export function extend(view: RoomView, records: readonly RoomRecord[], user: string | undefined): RoomView {
  const { tail } = view;
  const loaded: RoomView = { ...view, loading: undefined };
  if (tail === undefined) return loaded;
  const last = lastSeq(view.items) ?? 0;
  const newer = records.filter(({ seq }) => seq > last).map((record) => itemOf(record, user));
  const all = [...view.items, ...newer];
  const reached = lastSeq(all) ?? 0;
  const rest = tail.findIndex(({ seq }) => seq !== undefined && seq > reached);
  const next = rest === -1 ? undefined : tail[rest]?.seq;
  // It meets the newest part where nothing is between the two.
  if (next !== undefined && next > reached + 1) {
    const isLong = all.length > READING_ITEMS_MAX;
    return { ...loaded, items: all.slice(-READING_ITEMS_MAX), hasOlder: view.hasOlder || isLong };
  }
  const whole = rest === -1 ? all : [...all, ...tail.slice(rest)];
  const isLong = whole.length > READING_ITEMS_MAX;
  return { ...loaded, items: whole.slice(-READING_ITEMS_MAX), tail: undefined, hasOlder: view.hasOlder || isLong };
}

/** A conversation that one looks at the end of again. */
export function toNewest(view: RoomView): RoomView {
  const seen: RoomView = { ...view, anchor: undefined, below: 0 };
  if (view.tail === undefined) return cutBack(seen);
  return { ...seen, items: view.tail, tail: undefined, hasOlder: true, loading: undefined };
}

/** What one may keep while reading is more than what is kept at the end. */
function cutBack(view: RoomView): RoomView {
  if (view.items.length <= ITEMS_MAX) return view;
  return { ...view, items: view.items.slice(-ITEMS_KEPT), hasOlder: true };
}

/** The seq of the first record that is kept. */
export function firstSeq(items: readonly Item[]): number | undefined {
  return items.find(({ seq }) => seq !== undefined)?.seq;
}

/** The seq of the last record that is kept. */
export function lastSeq(items: readonly Item[]): number | undefined {
  return items.findLast(({ seq }) => seq !== undefined)?.seq;
}

/** A conversation without the texts that were taken away. */
function blank(view: RoomView, seqs: readonly number[]): RoomView {
  if (seqs.length === 0) return view;
  const gone = new Set<number | undefined>(seqs);
  const blanked = (item: Item): Item =>
    item.type === "message" && gone.has(item.seq) ? { ...item, text: "", isRemoved: true } : item;
  return { ...view, items: view.items.map(blanked), tail: view.tail?.map(blanked) };
}

function itemOf(record: RoomRecord, user: string | undefined): Item {
  const { seq, time } = record;
  const key = `s${seq}`;
  if (record.type === "message") {
    const { text, isRemoved } = record;
    const isOwn = record.user === user;
    return { type: "message", key, seq, time, isOwn, isRemoved, user: sanitizeLine(record.user), text: sanitize(text) };
  }
  const text = sanitizeLine(changeText(record));
  return { type: "notice", key, seq, time, text, tone: "plain", people: undefined };
}

/** What a record that is no message says to a person. */
function changeText({ kind, by, user, name }: Extract<RoomRecord, { type: "change" }>): string {
  const who = user ?? "somebody";
  if (kind === "room_created") return name === undefined ? `${by} made this chat` : `${by} made this chat, “${name}”`;
  if (kind === "member_added") return `${by} added ${who}`;
  if (kind === "member_removed") return by === who ? `${who} left this chat for good` : `${by} removed ${who}`;
  if (kind === "message_removed") return `${by} removed a message`;
  return `${by}: ${kind.replaceAll("_", " ")}`;
}
