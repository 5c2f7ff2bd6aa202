/**
 * Test support: what a log means, by a second and simpler reckoning than the server's: rows in arrays, keys in a map.
 * What clients hear, what the store holds and what was acknowledged is held against it.
 */
import {
  type LogRecord,
  REMOVED_BODY,
  removedSeq,
  type StoredRecord,
  type Uuid,
  withoutText,
} from "../../src/server/record.ts";

/** A log of fewer keys than the key window holds. */
export class Truth {
  readonly #records: readonly LogRecord[];
  readonly #rows = new Map<Uuid, StoredRecord[]>();
  readonly #keys = new Map<string, StoredRecord>();
  /** The messages that are removed. */
  readonly #removals = new Set<string>();
  /** Those whose removal anybody has heard of. */
  readonly #told = new Set<string>();
  #position = 0;

  /** `records` grows as the log does. */
  constructor(records: readonly LogRecord[]) {
    this.#records = records;
  }

  /** All rows of a room; the one with seq 1 is the first. */
  rows(room: Uuid): readonly StoredRecord[] {
    for (; this.#position < this.#records.length; this.#position++)
      this.#add(this.#records[this.#position] as LogRecord);
    return this.#rows.get(room) ?? [];
  }

  /** The row of a seq, or `undefined` where it is not durable. */
  row(room: Uuid, seq: number): StoredRecord | undefined {
    return this.rows(room)[seq - 1];
  }

  /** What the store must have of a room in the end: what was removed has no text any more. */
  kept(room: Uuid): readonly StoredRecord[] {
    return this.rows(room).map((row) => (this.#removals.has(rowText(room, row.seq)) ? withoutText(row) : row));
  }

  /** Whether a message may be shown without its text: its removal is durable. */
  isRemoved(room: Uuid, seq: number): boolean {
    this.rows(room);
    return this.#removals.has(rowText(room, seq));
  }

  /** Somebody has heard a record of a room: if it says that a message is removed, then whoever comes now knows. */
  told(room: Uuid, { record: { kind, body } }: StoredRecord): void {
    const text = rowText(room, kind === "message_removed" ? (removedSeq(body) ?? 0) : 0);
    if (this.#removals.has(text)) this.#told.add(text);
  }

  /** The messages of which somebody has heard that they are removed, by now. */
  toldRemovals(): ReadonlySet<string> {
    return new Set(this.#told);
  }

  /** The row that a key stands for. */
  rowOfKey(sender: Uuid, room: Uuid, key: string): StoredRecord | undefined {
    this.rows(room);
    return this.#keys.get(keyText(sender, room, key));
  }

  /** Whether any record says this. */
  says(room: Uuid, body: string): boolean {
    return this.rows(room).some(({ record }) => record.body === body);
  }

  #add(record: LogRecord): void {
    const { room, sender, key } = record;
    const rows = this.#rows.get(room) ?? [];
    this.#rows.set(room, rows);
    const text = key === undefined ? undefined : keyText(sender, room, key);
    if (text !== undefined && this.#keys.has(text)) return;
    const n = (rows.at(-1)?.n ?? 0) + (record.kind === "message" ? 1 : 0);
    const row = { record, seq: rows.length + 1, n, position: this.#position };
    rows.push(row);
    if (record.kind === "message_removed") this.#remove(room, removedSeq(record.body) ?? 0);
    if (text !== undefined) this.#keys.set(text, row);
  }

  /** What is no message, or not there yet, can't be removed. */
  #remove(room: Uuid, seq: number): void {
    if (this.#rows.get(room)?.[seq - 1]?.record.kind === "message") this.#removals.add(rowText(room, seq));
  }
}

/** The line that a row is told as, without its line end; for a message without its text see `withoutText`. */
export function lineOf(roomName: string, { record, seq }: StoredRecord): string {
  const { kind, id, key, senderName, body } = record;
  const t = new Date(record.time).toISOString();
  if (kind === "message_removed") {
    const said = JSON.parse(body) as { id: string; seq: number };
    const d = { i: said.id, q: said.seq };
    return JSON.stringify({ _et: "room_change", r: roomName, q: seq, t, e: kind, by: senderName, d });
  }
  if (kind !== "message") {
    return JSON.stringify({ _et: "room_change", r: roomName, q: seq, t, e: kind, by: senderName, d: JSON.parse(body) });
  }
  const isRemoved = body === REMOVED_BODY;
  return JSON.stringify({
    _et: "user_message",
    r: roomName,
    u: senderName,
    c: isRemoved ? "" : JSON.parse(body),
    i: id,
    q: seq,
    t,
    k: key,
    x: isRemoved ? true : undefined,
  });
}

/** What a message is called among those that are removed. */
export const rowText = (room: Uuid, seq: number): string => `${room} ${seq}`;

const keyText = (sender: Uuid, room: Uuid, key: string): string => JSON.stringify([sender, room, key]);
