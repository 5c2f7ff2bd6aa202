/**
 * Where a room lives, for ever: murmur2 as Kafka's own clients compute it.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { murmur2, partitionOf } from "../../src/server/partition.ts";

describe("murmur2", () => {
  // The values of UtilsTest.testMurmur2 of Apache Kafka's Java client.
  it.each([
    ["21", -973_932_308],
    ["foobar", -790_332_482],
    ["a-little-bit-long-string", -985_981_536],
    ["a-little-bit-longer-string", -1_486_304_829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971],
    ["abc", 479_470_107],
    ["", 275_646_681],
  ])("of %j is what Kafka says", (text, hash) => {
    expect(murmur2(text)).toBe(hash);
  });
});

describe("partitionOf", () => {
  it("is a partition, where Kafka's default partitioner would look for the key", () => {
    expect(partitionOf("foobar", 6)).toBe((-790_332_482 & 0x7fffffff) % 6);
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 1000 }), (room, partitions) => {
        const partition = partitionOf(room, partitions);
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
        expect(partitionOf(room, partitions)).toBe(partition);
      }),
    );
    expect(partitionOf("any", 1)).toBe(0);
  });
});
