/**
 * The web client, conversation: what stands in the list, made of records. Pure: records, unsent messages and a reader
 * in, rows out. A row that did not change is the same object again, so that the screen leaves it alone.
 */
import type { Message, Outgoing, RoomChange, RoomRecord } from "../../sdk/types.ts";

/** Messages of one author that follow each other within this time stand together, in milliseconds. */
const GROUP_WITHIN_MS = 5 * 60_000;

/** What every row has. */
interface RowBase {
  /** Its own in the list, the same for a message of one's own before and after it was sent. */
  readonly key: string;
  /** Midnight of its day, in milliseconds since the epoch, where another day begins with it. */
  readonly newDay: number | undefined;
  /** What is new to the reader begins here. */
  readonly isFirstUnread: boolean;
}

/** Something that was said. */
export interface MessageRow extends RowBase {
  readonly type: "message";
  readonly message: Message;
  readonly isOwn: boolean;
  /** Whether the author's name stands above it. */
  readonly startsGroup: boolean;
}

/** Something else that happened. */
export interface ChangeRow extends RowBase {
  readonly type: "change";
  readonly change: RoomChange;
}

/** A message of one's own that is on its way, or was refused. */
export interface OutgoingRow extends RowBase {
  readonly type: "outgoing";
  readonly outgoing: Outgoing;
  readonly startsGroup: boolean;
}

/** There is nothing older. */
export interface StartRow extends RowBase {
  readonly type: "start";
  /** Whether there was something once. */
  readonly isTrimmed: boolean;
}

export type Row = MessageRow | ChangeRow | OutgoingRow | StartRow;

/** What rows are made of. */
export interface RowSource {
  readonly records: readonly RoomRecord[];
  readonly isAtStart: boolean;
  readonly outgoing: readonly Outgoing[];
  /** One's own name. */
  readonly me: string;
  /** What is new to the reader lies after this seq; `undefined`: nothing is marked. */
  readonly unreadAfter: number | undefined;
  /** The keys of messages that this page sent: their rows keep their identity. */
  readonly sentHere: ReadonlySet<string>;
}

/** Makes rows, again and again. */
export class RowMaker {
  readonly #made = new WeakMap<RoomRecord | Outgoing, Row>();
  #start: StartRow | undefined;
  /** The day that was met last, so that not each message asks the calendar. */
  #day = { from: 0, to: 0 };

  /** All rows, oldest first. */
  make(source: RowSource): readonly Row[] {
    const { records, outgoing, me, unreadAfter, sentHere } = source;
    const rows: Row[] = [];
    if (source.isAtStart) rows.push(this.#startRow((records[0]?.seq ?? 1) > 1));
    let day: number | undefined;
    let above: Message | undefined;
    // Not above the very first of the window: there one can't tell what came before it.
    let isMarked = unreadAfter === undefined || unreadAfter === 0;
    for (const record of records) {
      // It says itself at the message that it is about.
      if (record.type === "change" && record.kind === "message_removed") continue;
      const midnight = this.#midnight(record.time);
      const newDay = midnight === day ? undefined : midnight;
      day = midnight;
      const isUnread = !isMarked && record.type === "message" && record.seq > (unreadAfter ?? 0) && record.user !== me;
      const isFirstUnread = isUnread && rows.length > 0;
      if (isUnread) isMarked = true;
      if (record.type === "change") {
        above = undefined;
        rows.push(this.#changeRow(record, newDay));
        continue;
      }
      const startsGroup =
        newDay !== undefined ||
        isFirstUnread ||
        above?.user !== record.user ||
        record.time - above.time > GROUP_WITHIN_MS;
      const isKeyed = record.key !== undefined && record.user === me && sentHere.has(record.key);
      rows.push(
        this.#keep(record, {
          type: "message",
          key: isKeyed ? `k${record.key}` : `s${record.seq}`,
          ...{ newDay, isFirstUnread, message: record, isOwn: record.user === me, startsGroup },
        }),
      );
      above = record;
    }
    for (const one of outgoing) {
      rows.push(this.#outgoingRow(one, above?.user !== me));
      above = above?.user === me ? above : { ...EMPTY, user: me };
    }
    return rows;
  }

  #startRow(isTrimmed: boolean): StartRow {
    if (this.#start?.isTrimmed !== isTrimmed)
      this.#start = { type: "start", key: "start", newDay: undefined, isFirstUnread: false, isTrimmed };
    return this.#start;
  }

  #changeRow(change: RoomChange, newDay: number | undefined): Row {
    return this.#keep(change, { type: "change", key: `s${change.seq}`, newDay, isFirstUnread: false, change });
  }

  #outgoingRow(outgoing: Outgoing, startsGroup: boolean): Row {
    const key = `k${outgoing.key}`;
    return this.#keep(outgoing, {
      type: "outgoing",
      key,
      newDay: undefined,
      isFirstUnread: false,
      outgoing,
      startsGroup,
    });
  }

  /** The row that was made of this before, where it says the same. */
  #keep(source: RoomRecord | Outgoing, row: Row): Row {
    const before = this.#made.get(source);
    if (before !== undefined && isSame(before, row)) return before;
    this.#made.set(source, row);
    return row;
  }

  #midnight(time: number): number {
    if (time < this.#day.from || time >= this.#day.to) {
      const date = new Date(time);
      const from = new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
      const to = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
      this.#day = { from, to };
    }
    return this.#day.from;
  }
}

const EMPTY: Message = {
  ...{ type: "message", room: "", seq: 0, id: "", user: "", text: "", time: 0, key: undefined, isRemoved: false },
};

function isSame(one: Row, other: Row): boolean {
  if (one.key !== other.key || one.newDay !== other.newDay || one.isFirstUnread !== other.isFirstUnread) return false;
  if (one.type === "message") return other.type === "message" && one.startsGroup === other.startsGroup;
  if (one.type === "outgoing") return other.type === "outgoing" && one.startsGroup === other.startsGroup;
  return one.type === other.type;
}
