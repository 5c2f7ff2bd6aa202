/** Test support: what a log would hand to the store, and what the store must then give back. */
import type { StoredRecord } from "../../src/server/record.ts";
import type { PageLimit, PlacedRemoval, StoreBatch } from "../../src/server/store/message-store.ts";
import { message, uuidOf } from "./log-records.ts";

/** A limit that no test reaches. */
export const NO_LIMIT: PageLimit = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };

/** The rooms of a history. */
export const roomOf = (index: number): string => uuidOf(0x1000 + index);

/** How a history is made. */
export interface HistoryShape {
  /** Positions of the log. */
  readonly length: number;
  readonly rooms: number;
  /** One position in so many holds nothing that is kept, as a repeat would. */
  readonly dropEvery: number;
  /** Characters of the body at a position. */
  readonly bodyLength: (position: number) => number;
}

/** The records that a fold keeps of a made-up log: ascending by position, rooms mixed, each with its seq and n. */
export function history({ length, rooms, dropEvery, bodyLength }: HistoryShape): StoredRecord[] {
  const heads = Array.from({ length: rooms }, () => ({ seq: 0, n: 0 }));
  const records: StoredRecord[] = [];
  for (let position = 0; position < length; position++) {
    if (position % dropEvery === dropEvery - 1) continue;
    // Not in turn: rooms that are busy and rooms that are not.
    const index = (position * 7 + (position >> 2)) % rooms;
    const head = heads[index];
    if (head === undefined) throw new Error("no such room");
    const isMessage = position % 5 !== 4;
    head.seq += 1;
    if (isMessage) head.n += 1;
    records.push({
      record: message(position, {
        room: roomOf(index),
        sender: uuidOf(2 + (position % 7)),
        kind: isMessage ? "message" : "member_added",
        key: position % 3 === 0 ? `key ${position}` : undefined,
        body: JSON.stringify(`${position} ${"ü".repeat(position % 2)}${"x".repeat(bodyLength(position))}`),
      }),
      seq: head.seq,
      n: head.n,
      position,
    });
  }
  return records;
}

/** The batch of a history from one position to another. */
export function batchOf(
  records: readonly StoredRecord[],
  from: number,
  to: number,
  snapshot: StoreBatch["snapshot"] = undefined,
): StoreBatch {
  const covered = records.filter(({ position }) => position >= from && position < to);
  return { partition: 0, from, to, records: covered, removals: [], snapshot };
}

/** The removals of some messages of a room, said by a record after all of a history's. */
export function removing(room: string, seqs: readonly number[]): PlacedRemoval[] {
  return seqs.map((seq) => ({ room, seq, position: 1000 }));
}

/** What is left of rows where the texts of the messages `seqs` are taken away. */
export function withoutTexts(rows: readonly StoredRecord[], seqs: readonly number[]): StoredRecord[] {
  return rows.map((row) =>
    row.record.kind === "message" && seqs.includes(row.seq) ? { ...row, record: { ...row.record, body: "" } } : row,
  );
}

/** What the store must have of a room: from its floor on, up to the checkpoint. */
export function expectedRows(
  records: readonly StoredRecord[],
  room: string,
  floor: number,
  checkpoint: number,
): StoredRecord[] {
  return records.filter((row) => row.record.room === room && row.seq >= floor && row.position < checkpoint);
}

/** The first of `rows` that fit into a limit: at least one, as `PageLimit` says. */
export function limited(rows: readonly StoredRecord[], limit: PageLimit): StoredRecord[] {
  let bytes = 0;
  return rows.filter((row, index) => {
    bytes += row.record.body.length + 128;
    return index === 0 || (index < limit.records && bytes <= limit.bytes);
  });
}
