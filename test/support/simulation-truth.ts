/**
 * Test support: what a log means, by a second and simpler reckoning than the server's: rows in arrays, keys in a map.
 * What clients hear, what the store holds and what was acknowledged is held against it.
 */
import type { LogRecord, StoredRecord, Uuid } from "../../src/server/record.ts";

/** A log of fewer keys than the key window holds. */
export class Truth {
  readonly #records: readonly LogRecord[];
  readonly #rows = new Map<Uuid, StoredRecord[]>();
  readonly #keys = new Map<string, StoredRecord>();
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
    if (text !== undefined) this.#keys.set(text, row);
  }
}

/** The line that a row is told as, without its line end. */
export function lineOf(roomName: string, { record, seq }: StoredRecord): string {
  const { kind, id, key, senderName, body } = record;
  const t = new Date(record.time).toISOString();
  if (kind !== "message") {
    return JSON.stringify({ _et: "room_change", r: roomName, q: seq, t, e: kind, by: senderName, d: JSON.parse(body) });
  }
  return JSON.stringify({
    _et: "user_message",
    r: roomName,
    u: senderName,
    c: JSON.parse(body),
    i: id,
    q: seq,
    t,
    k: key,
  });
}

const keyText = (sender: Uuid, room: Uuid, key: string): string => JSON.stringify([sender, room, key]);
