/**
 * Stages 3 and 5: one record as bytes, for the embedded log and store. Pure: touches bytes and nothing else.
 *
 * Layout, little-endian; the header never changes, so that every version reads every other's envelope (PROJ-5):
 *
 * | at | bytes | |
 * |---|---|---|
 * | 0 | 1 | version of the envelope, from 1 |
 * | 1 | 1 | kind: 1 `message`, 2 `room_created`, …; 0 = its name stands in the text |
 * | 2 | 1 | flags: bits 0–1 how the text is written (0 latin1, 1 UTF-8, 2 UTF-16LE), bit 2 there is a key |
 * | 3 | 1 | length of the kind's name, 0 where the code says it |
 * | 4 | 4 | length of the whole record in bytes |
 * | 8 | 6 | time, ms since the Unix epoch |
 * | 14 | 2 | length of the key |
 * | 16 | 2 | length of the sender's name |
 * | 18 | 2 | 0 |
 * | 20 | 4 | length of the body |
 * | 24 | 48 | room, id, sender: 16 bytes each |
 * | 72 | | the text: kind's name, key, sender's name, body |
 *
 * Lengths of texts count UTF-16 code units, whatever the encoding: one call into the runtime decodes the whole text,
 * and what it made is cut into its parts. That call is most of the cost of a record.
 */
import type { LogRecord, Uuid } from "../record.ts";
import { KINDS } from "../record.ts";
import type { UuidTexts } from "./uuid-bytes.ts";
import { parseUuid, uuidText } from "./uuid-bytes.ts";

/** Bytes of a record before its text. */
export const RECORD_HEADER_BYTES = 72;

const LATIN1 = 0;
const UTF8 = 1;
const UTF16 = 2;
const ENCODING_BITS = 0b011;
const HAS_KEY = 0b100;
const KNOWN_FLAGS = ENCODING_BITS | HAS_KEY;
const TIME_MAX = 2 ** 48 - 1;
/** From here on a call into the runtime copies text faster than a loop. Measured on Node 20. */
const LOOP_UNITS_MAX = 32;

// A string that the engine keeps as one byte a character fails this without being looked at: it costs 20 ns.
const BEYOND_LATIN1 = /[\u0100-\uffff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const UNKNOWN_KIND = /^unknown_([1-9][0-9]{0,2})$/;

const CODE_OF_KIND = new Map<string, number>(KINDS.map((kind, index) => [kind, index + 1]));

/** The code of a kind, or 0 where its name has to be written out. */
function kindCode(kind: string): number {
  const known = CODE_OF_KIND.get(kind);
  if (known !== undefined) return known;
  const code = Number(UNKNOWN_KIND.exec(kind)?.[1] ?? 0);
  return code > KINDS.length && code <= 255 ? code : 0;
}

function textEncoding(kindName: string, record: LogRecord): number {
  const { key, senderName, body } = record;
  const latin1 =
    !BEYOND_LATIN1.test(body) &&
    !BEYOND_LATIN1.test(senderName) &&
    (key === undefined || !BEYOND_LATIN1.test(key)) &&
    !BEYOND_LATIN1.test(kindName);
  if (latin1) return LATIN1;
  // UTF-8 has no room for half a surrogate pair, and a key that came back as another would be another key. Each part
  // is looked at by itself: two halves that meet at a seam would pass for a pair.
  return [kindName, key ?? "", senderName, body].some((part) => LONE_SURROGATE.test(part)) ? UTF16 : UTF8;
}

function textBytes(text: string, encoding: number): number {
  if (encoding === LATIN1) return text.length;
  return encoding === UTF8 ? Buffer.byteLength(text) : text.length * 2;
}

/** The bytes that `encodeRecord` will write for a record, exactly. */
export function encodedBytes(record: LogRecord): number {
  const kindName = kindCode(record.kind) === 0 ? record.kind : "";
  const encoding = textEncoding(kindName, record);
  return (
    RECORD_HEADER_BYTES +
    textBytes(kindName, encoding) +
    textBytes(record.key ?? "", encoding) +
    textBytes(record.senderName, encoding) +
    textBytes(record.body, encoding)
  );
}

/** At least `encodedBytes`, at most three times that, and free: for whoever only has to make room. */
export function encodedBytesMax(record: LogRecord): number {
  const units = record.kind.length + (record.key?.length ?? 0) + record.senderName.length + record.body.length;
  return RECORD_HEADER_BYTES + units * 3;
}

/** Writes text and returns the offset after it; there is room (`encodedBytesMax`). */
function writeText(target: Buffer, offset: number, text: string, encoding: number): number {
  const units = text.length;
  if (encoding === LATIN1) {
    if (units > LOOP_UNITS_MAX) return offset + target.write(text, offset, "latin1");
    for (let index = 0; index < units; index += 1) target[offset + index] = text.charCodeAt(index);
    return offset + units;
  }
  return offset + target.write(text, offset, encoding === UTF8 ? "utf8" : "utf16le");
}

function checkEncodable(record: LogRecord, kindName: string): void {
  const { version, time, key, senderName } = record;
  if (!(Number.isInteger(version) && version >= 1 && version <= 255)) throw new RangeError("version is not 1–255");
  if (!(Number.isInteger(time) && time >= 0 && time <= TIME_MAX)) throw new RangeError("time is not 0–2^48-1 ms");
  if (record.kind === "" || kindName.length > 255) throw new RangeError("kind is empty or over 255 characters");
  if (senderName.length > 0xffff) throw new RangeError("senderName is over 65,535 characters");
  if (key !== undefined && key.length > 0xffff) throw new RangeError("key is over 65,535 characters");
}

/**
 * Writes a record at `offset` and returns the offset after it. Throws a `RangeError` where the record can't be
 * expressed or `target` has less than `encodedBytes` left; `target` may then hold a part of it.
 */
export function encodeRecord(record: LogRecord, target: Buffer, offset: number): number {
  const { key, senderName, body, time } = record;
  const code = kindCode(record.kind);
  const kindName = code === 0 ? record.kind : "";
  checkEncodable(record, kindName);
  // Past the end of a buffer the runtime drops what doesn't fit without a word.
  if (offset + encodedBytesMax(record) > target.length && offset + encodedBytes(record) > target.length) {
    throw new RangeError("the record does not fit");
  }
  const encoding = textEncoding(kindName, record);
  target[offset] = record.version;
  target[offset + 1] = code;
  target[offset + 2] = key === undefined ? encoding : encoding | HAS_KEY;
  target[offset + 3] = kindName.length;
  target.writeUIntLE(time, offset + 8, 6);
  target.writeUInt16LE(key === undefined ? 0 : key.length, offset + 14);
  target.writeUInt16LE(senderName.length, offset + 16);
  target.writeUInt16LE(0, offset + 18);
  target.writeUInt32LE(body.length, offset + 20);
  parseUuid(record.room, target, offset + 24);
  parseUuid(record.id, target, offset + 40);
  parseUuid(record.sender, target, offset + 56);
  let end = writeText(target, offset + RECORD_HEADER_BYTES, kindName, encoding);
  if (key !== undefined) end = writeText(target, end, key, encoding);
  end = writeText(target, end, senderName, encoding);
  end = writeText(target, end, body, encoding);
  target.writeUInt32LE(end - offset, offset + 4);
  return end;
}

/**
 * The length of the record at `offset` in bytes as its header says it, or `undefined` where none can end by `end`.
 * It is there for records without a whole envelope too, so that those after one can be found.
 */
export function recordBytes(buffer: Buffer, offset: number, end = buffer.length): number | undefined {
  if (offset + RECORD_HEADER_BYTES > end) return undefined;
  const bytes = buffer.readUInt32LE(offset + 4);
  return bytes < RECORD_HEADER_BYTES || offset + bytes > end ? undefined : bytes;
}

/**
 * What is left of encoded records, one behind the other, without the first `count`. Behind one that doesn't say where it
 * ends none can be found.
 */
export function withoutFirst(encoded: Buffer, count: number): Buffer {
  let offset = 0;
  for (let index = 0; index < count; index += 1) offset += recordBytes(encoded, offset) ?? encoded.length - offset;
  return encoded.subarray(offset);
}

/**
 * Reads the record at `offset`, or `undefined` where it has no whole envelope (PROJ-5). Never throws. Reads nothing at
 * or after `end`. `texts` spares the making of rooms' and senders' ids that came by a moment ago.
 */
export function decodeRecord(
  buffer: Buffer,
  offset: number,
  end: number = buffer.length,
  texts: UuidTexts | undefined = undefined,
): LogRecord | undefined {
  const bytes = recordBytes(buffer, offset, end);
  if (bytes === undefined) return undefined;
  const version = buffer[offset] as number;
  const code = buffer[offset + 1] as number;
  const flags = buffer[offset + 2] as number;
  const kindUnits = buffer[offset + 3] as number;
  if (version === 0 || (flags & ~KNOWN_FLAGS) !== 0 || (code === 0) !== kindUnits > 0) return undefined;
  const keyUnits = buffer.readUInt16LE(offset + 14);
  if ((flags & HAS_KEY) === 0 && keyUnits > 0) return undefined;
  const text = readText(buffer, offset + RECORD_HEADER_BYTES, offset + bytes, flags & ENCODING_BITS);
  if (text === undefined) return undefined;
  const nameAt = kindUnits + keyUnits;
  const bodyAt = nameAt + buffer.readUInt16LE(offset + 16);
  if (text.length !== bodyAt + buffer.readUInt32LE(offset + 20)) return undefined;
  return {
    version,
    kind: code === 0 ? text.slice(0, kindUnits) : (KINDS[code - 1] ?? `unknown_${code}`),
    room: sharedText(buffer, offset + 24, texts),
    id: uuidText(buffer, offset + 40),
    sender: sharedText(buffer, offset + 56, texts),
    senderName: text.slice(nameAt, bodyAt),
    key: (flags & HAS_KEY) === 0 ? undefined : text.slice(kindUnits, nameAt),
    time: buffer.readUIntLE(offset + 8, 6),
    body: text.slice(bodyAt),
  };
}

function sharedText(buffer: Buffer, offset: number, texts: UuidTexts | undefined): Uuid {
  return texts === undefined ? uuidText(buffer, offset) : texts.at(buffer, offset);
}

function readText(buffer: Buffer, from: number, to: number, encoding: number): string | undefined {
  if (encoding === LATIN1) return buffer.toString("latin1", from, to);
  if (encoding === UTF8) return buffer.toString("utf8", from, to);
  return encoding === UTF16 ? buffer.toString("utf16le", from, to) : undefined;
}
