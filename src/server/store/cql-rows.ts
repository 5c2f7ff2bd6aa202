/** Stage 5, records as rows of CQL and back. Pure: touches bytes and nothing else. */
import {
  CqlColumnError,
  type CqlRow,
  type CqlValue,
  numberIn,
  textIn,
  timeIn,
  uuidBytesIn,
  whole,
} from "../cql/rows.ts";
import { writeNumber } from "../lmdb/sealed-value.ts";
import { parseUuid, type UuidTexts, uuidText } from "../log/uuid-bytes.ts";
import { REMOVED_BODY, type StoredRecord, type Uuid } from "../record.ts";
import { StoreDamaged } from "./message-store.ts";

/** Writes a row, whole; what stands for each `?` is made by `rowParams`. */
export const INSERT_ROW = `INSERT INTO messages (room, bucket, seq, n, position, kind, version, message_id, sender_id,
  sender_name, key, time, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`;

/** The columns that `recordIn` reads. */
export const ROW_COLUMNS = "seq, n, position, kind, version, message_id, sender_id, sender_name, key, time, body";

/** Bytes of the columns whose size is known: two UUIDs and five numbers. */
const FIXED_BYTES = 72;
/** What the database counts for a row beside its texts, in bytes; about. */
const ROW_OVERHEAD_BYTES = 250;

/** A row as it is written. */
export interface RowToWrite {
  readonly params: readonly CqlValue[];
  /** What it takes of a batch, in bytes; about. */
  readonly bytes: number;
}

/** The 16 bytes of a UUID, as the driver takes them. */
export function uuidBytes(id: Uuid): Buffer {
  const bytes = Buffer.allocUnsafe(16);
  parseUuid(id, bytes, 0);
  return bytes;
}

/**
 * What is written for a record of the room with the bytes `room`. The values are encoded here, several in one piece of
 * memory: the driver takes a microsecond for each that it has to encode itself.
 */
export function rowParams({ record, seq, n, position }: StoredRecord, room: Buffer, bucket: number): RowToWrite {
  const { version, kind, id, sender, senderName, key, time, body } = record;
  const fixed = Buffer.allocUnsafe(FIXED_BYTES);
  parseUuid(id, fixed, 0);
  parseUuid(sender, fixed, 16);
  writeNumber(seq, fixed, 32);
  writeNumber(n, fixed, 40);
  writeNumber(position, fixed, 48);
  writeNumber(time, fixed, 56);
  writeNumber(position + 1, fixed, 64);
  const text = Buffer.from(body);
  return {
    params: [
      room,
      bucket,
      fixed.subarray(32, 40),
      fixed.subarray(40, 48),
      fixed.subarray(48, 56),
      kind,
      version,
      fixed.subarray(0, 16),
      fixed.subarray(16, 32),
      senderName,
      key,
      fixed.subarray(56, 64),
      text,
      fixed.subarray(64, 72),
    ],
    bytes: text.length + senderName.length + (key?.length ?? 0) + ROW_OVERHEAD_BYTES,
  };
}

/** The seq of a row. Throws `StoreDamaged` where it has none. */
export function seqIn(row: CqlRow, room: Uuid): number {
  return checked(room, 0, () => whole(numberIn(row, "seq"), "seq"));
}

/**
 * The record of a row, or `undefined` where there is only the mark of a removal: its row was removed by retention, or has
 * not come yet. `texts` spares the making of senders' ids that came by a moment ago. Throws `StoreDamaged` where a column
 * lacks or holds what can't be.
 */
export function recordIn(row: CqlRow, room: Uuid, texts: UuidTexts): StoredRecord | undefined {
  const seq = seqIn(row, room);
  if (row["position"] === null && row["kind"] === null && row["body"] === REMOVED_BODY) return undefined;
  return checked(room, seq, () => ({
    record: {
      version: whole(numberIn(row, "version"), "version"),
      kind: whole(textIn(row, "kind"), "kind"),
      room,
      id: uuidText(whole(uuidBytesIn(row, "message_id"), "message_id"), 0),
      sender: texts.at(whole(uuidBytesIn(row, "sender_id"), "sender_id"), 0),
      senderName: whole(textIn(row, "sender_name"), "sender_name"),
      key: textIn(row, "key"),
      time: whole(timeIn(row, "time"), "time"),
      body: whole(textIn(row, "body"), "body"),
    },
    seq,
    n: whole(numberIn(row, "n"), "n"),
    position: whole(numberIn(row, "position"), "position"),
  }));
}

function checked<T>(room: Uuid, seq: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CqlColumnError)) throw error;
    const message = `the store is damaged in room ${room}: in the row of seq ${seq}, ${error.message}`;
    throw new StoreDamaged(room, seq, message, { cause: error });
  }
}
