/**
 * Stage 3: a record as it stands in the topic, plain JSON that others can tap:
 *
 *     {"v":1,"kind":"message","chat_id":ROOM,"message_id":ID,"sender_id":ID,"sender_name":TEXT,"key":TEXT,"time":MS,"content":TEXT}
 *
 * Kinds other than `message` have `"body":{…}` in place of `"content"`. Pure. Written by concatenation, always in this
 * order, for `kafka-decode.ts` reads this layout without looking for it.
 */
import type { KafkaRecord } from "../kafka/record-batch.ts";
import type { LogRecord } from "../record.ts";
import { isKind, isText, isTime, isUuid, isVersion } from "./kafka-envelope.ts";

/** What JSON needs no escape for, in ASCII. */
const PLAIN = /^[ !#-[\]-~]*$/;

const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/**
 * A record as the topic has it. Every record there has a key, the sender's or its own id, so that a batch that a broker got
 * twice counts once. Throws a `RangeError` where nobody would take it for a record.
 */
export function encodeKafkaRecord(record: LogRecord): KafkaRecord {
  const { version, kind, room, id, sender, senderName, time, body } = record;
  const key = record.key ?? id;
  if (!isVersion(version)) throw new RangeError("version is not 1–255");
  if (!isKind(kind)) throw new RangeError("kind is not 1–64 characters of ASCII");
  if (!isUuid(room) || !isUuid(id) || !isUuid(sender)) throw new RangeError("room, id or sender is not a UUID");
  if (!isText(senderName) || !isText(key)) throw new RangeError("the sender's name or the key is not 1–256 characters");
  if (!isTime(time)) throw new RangeError("time is not 0–2^48-1 ms");
  if (body === "") throw new RangeError("the body is empty");
  const content = kind === "message" ? "content" : "body";
  const value = `{"v":${version},"kind":"${kind}","chat_id":"${room}","message_id":"${id}","sender_id":"${sender}","sender_name":${quoted(senderName)},"key":${quoted(key)},"time":${time},"${content}":${body}}`;
  return { key, value, keyBytes: Buffer.byteLength(key), valueBytes: Buffer.byteLength(value) };
}
