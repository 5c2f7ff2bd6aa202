/**
 * Beside stage 3: the batch of records as Kafka's brokers keep it (format 2): writing ours, reading anybody's. Pure.
 *
 * By hand because a batch is written and read for every message: the library takes several objects and a dozen small
 * buffers for each record, and throws where it meets a compression that it lacks.
 */
import { crc32c } from "@node-rs/crc32";
import { ByteReader, readInt64, varintBytes, writeInt64, writeVarint } from "./bytes.ts";

/** One record to be written. */
export interface KafkaRecord {
  readonly key: string;
  readonly value: string;
  /** Bytes of `key` and `value` as UTF-8. */
  readonly keyBytes: number;
  readonly valueBytes: number;
}

/** Who writes, and the number of the batch's first record, by which the broker knows a batch that comes twice. */
export interface BatchIdentity {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly sequence: number;
}

/** Bytes before the first record. */
export const BATCH_HEADER_BYTES = 61;
/** The most that a record takes beside its key and value. */
export const RECORD_OVERHEAD_BYTES = 24;

const LENGTH_AT = 8;
const MAGIC_AT = 16;
const CRC_AT = 17;
const CHECKED_FROM = 21;
const MAGIC = 2;
/** Of a batch's length: what lies before the place where it begins to count. */
const UNCOUNTED_BYTES = 12;
const COMPRESSION_BITS = 0b111;
const CONTROL_BIT = 0b10_0000;
/** So many positions without a record are passed on at once; what is beyond is asked for again. */
const HOLE_MAX = 10_000;

/** At least the bytes that a batch of these records takes. */
export function batchBytesMax(records: readonly KafkaRecord[]): number {
  let bytes = BATCH_HEADER_BYTES;
  for (const { keyBytes, valueBytes } of records) bytes += keyBytes + valueBytes + RECORD_OVERHEAD_BYTES;
  return bytes;
}

/** Writes a batch at `at`, where there is room for `batchBytesMax`, and returns the offset after it. `time` in ms. */
export function writeBatch(
  target: Buffer,
  at: number,
  records: readonly KafkaRecord[],
  { producerId, epoch, sequence }: BatchIdentity,
  time: number,
): number {
  let end = at + BATCH_HEADER_BYTES;
  for (let index = 0; index < records.length; index += 1)
    end = writeRecord(target, end, records[index] as KafkaRecord, index);
  target.fill(0, at, at + BATCH_HEADER_BYTES);
  target.writeInt32BE(end - at - UNCOUNTED_BYTES, at + LENGTH_AT);
  target.writeInt32BE(-1, at + 12);
  target[at + MAGIC_AT] = MAGIC;
  target.writeInt32BE(records.length - 1, at + 23);
  writeInt64(target, time, at + 27);
  writeInt64(target, time, at + 35);
  target.writeBigInt64BE(producerId, at + 43);
  target.writeInt16BE(epoch, at + 51);
  target.writeInt32BE(sequence, at + 53);
  target.writeInt32BE(records.length, at + 57);
  target.writeUInt32BE(crc32c(target.subarray(at + CHECKED_FROM, end)), at + CRC_AT);
  return end;
}

// Signed numbers of the format stand doubled; ours are never negative.
function writeRecord(target: Buffer, at: number, record: KafkaRecord, index: number): number {
  const { key, value, keyBytes, valueBytes } = record;
  const bytes =
    4 + varintBytes(index * 2) - 1 + varintBytes(keyBytes * 2) + keyBytes + varintBytes(valueBytes * 2) + valueBytes;
  let end = writeVarint(target, bytes * 2, at);
  target[end] = 0;
  target[end + 1] = 0;
  end = writeVarint(target, index * 2, end + 2);
  end = writeVarint(target, keyBytes * 2, end);
  end += target.write(key, end, "utf8");
  end = writeVarint(target, valueBytes * 2, end);
  end += target.write(value, end, "utf8");
  target[end] = 0;
  return end + 1;
}

/** Takes a batch's records out of their compression, by the number of the algorithm; throws where it can't. */
export type Decompress = (algorithm: number, bytes: Buffer) => Buffer;

/** What stands from one position on: one item a position. */
export interface Collected<Item> {
  /** `undefined` where a position holds nothing that `decode` could make something of, or nothing at all. */
  readonly items: (Item | undefined)[];
  /** The position after the last item. */
  readonly to: number;
}

/**
 * Reads batches, one behind the other, from position `from` on; the first may begin before it. `decode` gets the value of
 * each record: bytes, where it begins and where it ends. What is cut off at the end is left for the next time. Throws where a
 * batch was damaged on its way.
 */
export function collect<Item>(
  bytes: Buffer,
  from: number,
  decompress: Decompress,
  decode: (bytes: Buffer, start: number, end: number) => Item | undefined,
): Collected<Item> {
  const items: (Item | undefined)[] = [];
  /** Makes the items reach up to a position; where that is too far at once, says so. */
  const fillTo = (position: number): boolean => {
    const missing = position - from - items.length;
    for (let count = Math.min(missing, HOLE_MAX); count > 0; count -= 1) items.push(undefined);
    return missing <= HOLE_MAX;
  };
  for (let at = 0; at + CHECKED_FROM <= bytes.length; ) {
    const first = readInt64(bytes, at);
    const end = at + UNCOUNTED_BYTES + bytes.readInt32BE(at + LENGTH_AT);
    if (end > bytes.length) break;
    const isCurrent = bytes[at + MAGIC_AT] === MAGIC && end - at >= BATCH_HEADER_BYTES;
    const last = isCurrent ? first + bytes.readInt32BE(at + 23) : first;
    if (last >= from) {
      if (isCurrent) {
        if (bytes.readUInt32BE(at + CRC_AT) !== crc32c(bytes.subarray(at + CHECKED_FROM, end))) {
          throw new Error(`the batch at position ${first} was damaged on its way`);
        }
        if (!fillTo(first)) break;
        readRecords(bytes.subarray(at, end), first, last, decompress, (position, source, start, stop) => {
          if (position < from + items.length || position > last || !fillTo(position)) return;
          items.push(decode(source, start, stop));
        });
      }
      if (!fillTo(last + 1)) break;
    }
    at = end;
  }
  return { items, to: from + items.length };
}

function readRecords(
  batch: Buffer,
  first: number,
  last: number,
  decompress: Decompress,
  visit: (position: number, bytes: Buffer, start: number, end: number) => void,
): void {
  const attributes = batch.readInt16BE(CHECKED_FROM);
  if ((attributes & CONTROL_BIT) !== 0) return;
  try {
    const algorithm = attributes & COMPRESSION_BITS;
    const body = batch.subarray(BATCH_HEADER_BYTES);
    const reader = new ByteReader(algorithm === 0 ? body : decompress(algorithm, body));
    for (let count = batch.readInt32BE(57); count > 0; count -= 1) {
      const length = reader.zigzag();
      const end = reader.at + length;
      reader.at += 1;
      reader.zigzag();
      const position = first + reader.zigzag();
      const keyBytes = reader.zigzag();
      if (keyBytes > 0) reader.at += keyBytes;
      const valueBytes = reader.zigzag();
      if (valueBytes >= 0 && reader.at + valueBytes <= end && end <= reader.bytes.length && position <= last) {
        visit(position, reader.bytes, reader.at, reader.at + valueBytes);
      }
      reader.at = end;
    }
  } catch {
    // A compression that this program lacks, or records that no client of ours wrote: what is left of the batch is set
    // aside, for one foreign batch must not stop the partition (PROJ-5).
  }
}
