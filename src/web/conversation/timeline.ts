/**
 * The web client, conversation: the part of a room's records that this page holds. Pure: it is told what came, and
 * knows nothing of the screen, the network or the time.
 *
 * A room may have millions of records; the page holds a *window* of them, always without holes. It grows where its
 * reader looks, and what is far from there is let go, for the server has it. What happens meanwhile beyond the window is
 * only counted (`head`) and fetched when its reader comes there.
 */
import type { HistoryPage, Message, RoomRecord } from "../../sdk/types.ts";

/** Records that the window holds at most; a page that was just fetched may stand beyond it for a moment. */
const WINDOW_RECORDS_MAX = 800;

/** By how much it may be longer before it is cut, so that a busy room is not cut with each message. */
const WINDOW_SLACK_RECORDS = 100;

/** Removals remembered for pages that were on their way when they happened. */
const REMOVALS_MAX = 10_000;

/** Where a page was asked for: before the window, after it, or the newest there is. */
export type PageSide = "older" | "newer" | "newest";

/** The window of one room. */
export class Timeline {
  readonly #recordsMax: number;
  #records: readonly RoomRecord[] = [];
  #head = 0;
  /** No record older than this can be had; `undefined` while that is not known. */
  #oldest: number | undefined;
  /** The messages that were taken away while this page looked. */
  readonly #removals = new Set<number>();

  constructor(recordsMax: number = WINDOW_RECORDS_MAX) {
    this.#recordsMax = recordsMax;
  }

  /** The window, by ascending seq, without holes. A new array whenever something changed. */
  get records(): readonly RoomRecord[] {
    return this.#records;
  }

  /** The seq of the newest record that is known of; 0 where there is none. */
  get head(): number {
    return this.#head;
  }

  /** The seq of the first record of the window; 0 where it is empty. */
  get first(): number {
    return this.#records[0]?.seq ?? 0;
  }

  /** The seq of the last record of the window; 0 where it is empty. */
  get last(): number {
    return this.#records[this.#records.length - 1]?.seq ?? 0;
  }

  /** Whether nothing older can be had. */
  get isAtStart(): boolean {
    return this.#oldest !== undefined && (this.#records.length === 0 || this.first <= this.#oldest);
  }

  /** Whether the window reaches the newest record. */
  get isAtEnd(): boolean {
    return this.last === this.#head;
  }

  /**
   * Records were told live, in order. `isFollowed`: the reader is at the newest, so the window moves on with them; else
   * it grows until it is full, and then stays where its reader is.
   */
  told(records: readonly RoomRecord[], isFollowed: boolean): void {
    if (records.length === 0) return;
    const fresh: RoomRecord[] = [];
    let last = this.last;
    let isEmpty = this.#records.length === 0;
    const room = isFollowed ? Number.POSITIVE_INFINITY : this.#recordsMax - this.#records.length;
    for (const record of records) {
      this.#head = Math.max(this.#head, record.seq);
      if ((isEmpty || record.seq === last + 1) && fresh.length < room) {
        fresh.push(this.#asItIs(record));
        last = record.seq;
        isEmpty = false;
      }
    }
    if (fresh.length > 0) {
      const all = [...this.#records, ...fresh];
      const tooLong = all.length > this.#recordsMax + WINDOW_SLACK_RECORDS;
      this.#records = isFollowed && tooLong ? all.slice(-this.#recordsMax) : all;
    }
    for (const record of records) this.#noteRemoval(record);
  }

  /**
   * A page of history came that had been asked for at `side`; `asked` is the seq that it was asked to end before or
   * begin after, 0 for the newest. A page that does not touch the window any more changes nothing, but for one: the
   * newest page takes the window's place.
   */
  page(side: PageSide, asked: number, page: HistoryPage): void {
    const records = page.records.map((record) => this.#asItIs(record));
    const last = records[records.length - 1]?.seq ?? 0;
    const first = records[0]?.seq ?? 0;
    this.#head = Math.max(this.#head, last);
    if (side !== "newer" && !page.more)
      this.#oldest = records.length > 0 ? first : side === "older" ? asked : this.#head + 1;
    if (records.length > 0) this.#place(side, asked, records);
    for (const record of records) this.#noteRemoval(record);
  }

  /** Retention removed everything before `oldest`, more than the window knew: what is left begins there. */
  reset(oldest: number): void {
    this.#oldest = oldest;
    this.#head = Math.max(this.#head, oldest - 1);
    if (this.last < oldest - 1) this.#records = [];
  }

  #place(side: PageSide, asked: number, records: readonly RoomRecord[]): void {
    const window = this.#records;
    const first = records[0]?.seq ?? 0;
    const last = records[records.length - 1]?.seq ?? 0;
    const touches = window.length > 0 && first <= this.last + 1 && last >= this.first - 1;
    if (touches) {
      const before = records.filter(({ seq }) => seq < this.first);
      const after = records.filter(({ seq }) => seq > this.last);
      if (before.length + after.length > 0) this.#records = [...before, ...window, ...after];
      this.#cut(side);
      return;
    }
    // A page after the window that begins later: what lay between is not kept any more, nor is the window itself.
    const wasTrimmed = side === "newer" && asked === this.last;
    if (window.length === 0 || side === "newest" || wasTrimmed) this.#records = records;
    if (wasTrimmed) this.#oldest = first;
  }

  /** Cuts a window that is too long, at the end away from where its reader looks. */
  #cut(side: PageSide): void {
    if (this.#records.length <= this.#recordsMax) return;
    this.#records =
      side === "older" ? this.#records.slice(0, this.#recordsMax) : this.#records.slice(-this.#recordsMax);
  }

  /** The record, or without its text where that was taken away since the server made the page. */
  #asItIs(record: RoomRecord): RoomRecord {
    return record.type === "message" && this.#removals.has(record.seq) ? blank(record) : record;
  }

  #noteRemoval(record: RoomRecord): void {
    if (record.type !== "change" || record.removedSeq === undefined) return;
    const seq = record.removedSeq;
    if (this.#removals.size >= REMOVALS_MAX) {
      for (const eldest of this.#removals) {
        this.#removals.delete(eldest);
        break;
      }
    }
    this.#removals.add(seq);
    const index = seq - this.first;
    const removed = this.#records[index];
    if (removed?.type !== "message" || removed.isRemoved) return;
    this.#records = this.#records.with(index, blank(removed));
  }
}

function blank(message: Message): Message {
  return message.isRemoved ? message : { ...message, text: "", isRemoved: true };
}
