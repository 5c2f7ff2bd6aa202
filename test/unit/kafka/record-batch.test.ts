/** Batches as brokers keep them: ours are what the library reads, and the library's are what we read. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { ByteReader, varintBytes, writeVarint } from "../../../src/server/kafka/bytes.ts";
import { type KafkaLibrary, loadKafka } from "../../../src/server/kafka/library.ts";
import { batchBytesMax, collect, type KafkaRecord, writeBatch } from "../../../src/server/kafka/record-batch.ts";

let library: KafkaLibrary;
beforeAll(async () => {
  library = await loadKafka();
});

const record = (key: string, value: string): KafkaRecord => ({
  ...{ key, value },
  keyBytes: Buffer.byteLength(key),
  valueBytes: Buffer.byteLength(value),
});

/** A batch whose first record stands at `position`, as the broker hands it out. */
function batch(position: number, values: readonly string[], sequence = 0): Buffer {
  const records = values.map((value) => record("k", value));
  const bytes = Buffer.allocUnsafe(batchBytesMax(records));
  const end = writeBatch(bytes, 0, records, { producerId: 7n, epoch: 1, sequence }, 1_800_000_000_000);
  bytes.writeBigInt64BE(BigInt(position), 0);
  return bytes.subarray(0, end);
}

const text = (bytes: Buffer, start: number, end: number): string => bytes.toString("utf8", start, end);
const plainOnly = (): Buffer => {
  throw new Error("not compressed");
};
const read = (from: number, ...batches: readonly Buffer[]) => collect(Buffer.concat(batches), from, plainOnly, text);

describe("batches of records", () => {
  it("writes what the library reads", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ maxLength: 80 }), fc.string({ unit: "grapheme", maxLength: 300 })), {
          minLength: 1,
          maxLength: 200,
        }),
        fc.nat(2 ** 31 - 1),
        (pairs, sequence) => {
          const records = pairs.map(([key, value]) => record(key, value));
          const bytes = Buffer.alloc(batchBytesMax(records) + 5);
          const identity = { producerId: 2n ** 40n, epoch: 3, sequence };
          const end = writeBatch(bytes, 5, records, identity, 1_800_000_000_123);
          expect(end).toBeLessThanOrEqual(bytes.length);
          const found = library.readRecordsBatch(library.Reader.from(bytes.subarray(5, end)));
          expect(found).toMatchObject({
            ...{ firstOffset: 0n, magic: 2, attributes: 0, lastOffsetDelta: records.length - 1 },
            ...{ producerId: 2n ** 40n, producerEpoch: 3, firstSequence: sequence, firstTimestamp: 1_800_000_000_123n },
          });
          expect(found.records.map(({ key, value }) => [key?.toString(), value?.toString()])).toEqual(
            pairs.map(([key, value]) => [Buffer.from(key).toString(), Buffer.from(value).toString()]),
          );
          expect(found.records.map(({ offsetDelta }) => offsetDelta)).toEqual(records.map((_, index) => index));
          expect(collect(bytes.subarray(5, end), 0, plainOnly, text).items).toHaveLength(records.length);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("reads what the library writes, compressed or not, headers and all", () => {
    for (const compression of ["none", "gzip", "snappy", "lz4"] as const) {
      const messages = ["a", "", "ü"].map((value, index) => ({
        ...{
          topic: "t",
          key: Buffer.from("key"),
          value: Buffer.from(value),
          headers: new Map([[Buffer.from("h"), Buffer.from("v")]]),
        },
        timestamp: 1_800_000_000_000n + BigInt(index) * 10_000_000_000n,
      }));
      const written = library.createRecordsBatch(messages, { compression });
      const decompress = (algorithm: number, bytes: Buffer): Buffer =>
        (
          library.compressionsAlgorithmsByBitmask[algorithm] as { decompressSync: (data: Buffer) => Buffer }
        ).decompressSync(bytes);
      expect(collect(written.buffer, 0, decompress, text)).toEqual({ items: ["a", "", "ü"], to: 3 });
    }
  });

  it("LOG-3 begins at exactly the position asked for, within a batch too, and leaves what is cut off", () => {
    const [first, second] = [batch(10, ["a", "b", "c"]), batch(13, ["d"])];
    expect(read(10, first, second)).toEqual({ items: ["a", "b", "c", "d"], to: 14 });
    expect(read(12, first, second)).toEqual({ items: ["c", "d"], to: 14 });
    expect(read(13, first, second)).toEqual({ items: ["d"], to: 14 });
    expect(read(14, first, second)).toEqual({ items: [], to: 14 });
    for (let bytes = 0; bytes < second.length; bytes += 1) {
      expect(read(11, first, second.subarray(0, bytes))).toEqual({ items: ["b", "c"], to: 13 });
    }
  });

  it("PROJ-5 positions without a record are set aside: between batches, where one was taken out, marks of transactions", () => {
    const [first, later, mark] = [batch(5, ["a"]), batch(8, ["b"]), batch(9, ["x"])];
    mark.writeInt16BE(0b11_0000, 21);
    seal(mark);
    expect(read(3, first, later, mark)).toEqual({
      items: [undefined, undefined, "a", undefined, undefined, "b", undefined],
      to: 10,
    });
    // The last two of four records were taken out, the number of the last one stays.
    const thinned = batch(0, ["a", "b"]);
    thinned.writeInt32BE(3, 23);
    seal(thinned);
    expect(read(0, thinned)).toEqual({ items: ["a", "b", undefined, undefined], to: 4 });
    const hole = batch(25_000, ["z"]);
    expect(read(0, hole)).toEqual({ items: new Array(10_000).fill(undefined), to: 10_000 });
  });

  it("PROJ-5 a compression that we lack, or noise in place of records, is set aside", () => {
    const compressed = batch(0, ["a", "b"]);
    compressed.writeInt16BE(4, 21);
    seal(compressed);
    const noise = batch(2, ["a", "b", "c"]);
    noise.fill(0xff, 61);
    seal(noise);
    expect(read(0, compressed, noise, batch(5, ["d"]))).toEqual({
      items: [...new Array(5).fill(undefined), "d"],
      to: 6,
    });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        const records = batch(0, ["aaaaaaaa", "bbbbbbbbbbbbbbbbbbbb", "c".repeat(60)]);
        records.set(bytes.subarray(0, records.length - 61), 61);
        seal(records);
        expect(read(0, records).to).toBe(3);
      }),
    );
  });

  it("says so where a batch was damaged on its way", () => {
    const damaged = batch(4, ["a", "b"]);
    damaged[70] = (damaged[70] as number) ^ 1;
    expect(() => read(4, damaged)).toThrow(/damaged/);
  });

  it("numbers of variable length come back", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (value) => {
        const bytes = Buffer.alloc(8);
        const end = writeVarint(bytes, value, 1);
        expect(end - 1).toBe(varintBytes(value));
        const reader = new ByteReader(bytes, 1);
        expect([reader.varint(), reader.at]).toEqual([value, end]);
        const signed = new ByteReader(bytes, 1).zigzag();
        expect(signed).toBe(value % 2 === 0 ? value / 2 : -(value + 1) / 2);
      }),
    );
    expect(() => new ByteReader(Buffer.from([0x80, 0x80])).varint()).toThrow(RangeError);
  });
});

/** Makes the checksum right again after a change. */
function seal(bytes: Buffer): void {
  bytes.writeUInt32BE(library.crc32c(bytes.subarray(21)), 17);
}
