/**
 * A record: what happened, as it stands in the log. Everything but `body` is the envelope, which every reader of
 * every version must understand; what stands in `body` depends on the kind.
 */

/** A UUID in its canonical text form: 36 characters, lower case. */
export type Uuid = string;

/** The version of the envelope that this program writes. */
export const ENVELOPE_VERSION = 1;

/**
 * The kinds of record that this program knows. A reader meets others, written by a newer node: it numbers them and
 * passes them on as they stand (PROJ-5), so `LogRecord.kind` is any string.
 */
export const KINDS = ["message", "room_created", "member_added", "member_removed", "message_removed"] as const;

/** In the store, the body of a message whose text was taken away. In the log a body is never empty. */
export const REMOVED_BODY = "";

/** One record of the log: the envelope and, as JSON text, what its kind carries. */
export interface LogRecord {
  /** Version of the envelope. */
  readonly version: number;
  /** What happened: one of `KINDS`, or a name that only a newer program knows. 1–64 ASCII characters. */
  readonly kind: string;
  /** Where it happened. */
  readonly room: Uuid;
  /** This record's own id, a UUIDv7. Ids identify; order comes from seq alone. */
  readonly id: Uuid;
  /** Who did it. */
  readonly sender: Uuid;
  /** The name that the sender had then: 1–64 characters. */
  readonly senderName: string;
  /**
   * What tells a repeat: what the sender calls this record, 1–64 characters, or `undefined`. Where a log may take a record
   * twice it is the record's own id for those that their sender did not name (`senderKey`).
   */
  readonly key: string | undefined;
  /** When the node took it, in milliseconds since the Unix epoch. */
  readonly time: number;
  /** JSON text; for a `message` the JSON string of its content, quotes included, as `JSON.stringify` writes it. */
  readonly body: string;
}

/**
 * What the sender calls a record. In a log that may take a record twice every record has a key, its own id where the
 * sender gave none; that one is nobody's business.
 */
export function senderKey({ key, id }: Pick<LogRecord, "key" | "id">): string | undefined {
  return key === id ? undefined : key;
}

/** A record with the numbers that the fold gave it, as the store keeps it (PROJ-3). */
export interface StoredRecord {
  readonly record: LogRecord;
  /** The record's number within its room: 1, 2, 3, … without holes. */
  readonly seq: number;
  /** How many messages the room has had up to and with this record. */
  readonly n: number;
  /** The record's place in its partition of the log. */
  readonly position: number;
}

/** A row once its text was taken away; one that has none to take, or is no message, comes back as it is. */
export function withoutText(row: StoredRecord): StoredRecord {
  const { record } = row;
  if (record.kind !== "message" || record.body === REMOVED_BODY) return row;
  return { ...row, record: { ...record, body: REMOVED_BODY } };
}

/** The seq of the message that a `message_removed` takes the text of, by its body; `undefined` where it names none. */
export function removedSeq(body: string): number | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const seq = typeof value === "object" && value !== null && "seq" in value ? value.seq : undefined;
    return Number.isSafeInteger(seq) ? (seq as number) : undefined;
  } catch {
    return undefined;
  }
}
