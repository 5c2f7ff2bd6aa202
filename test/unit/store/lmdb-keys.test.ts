/** Keys of the embedded store: they sort as what they stand for. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNumber, sealNumber, unsealNumber, writeNumber } from "../../../src/server/lmdb/sealed-value.ts";
import { afterRoom, blockKey, blockKeySeq, floorKey, keyRoom } from "../../../src/server/store/lmdb-keys.ts";
import { anyRecord } from "../../support/log-records.ts";

const anyRoom = anyRecord.map(({ room }) => room);
const anyNumber = fc.oneof(fc.maxSafeNat(), fc.nat(1000), fc.constant(2 ** 32), fc.constant(2 ** 32 - 1));

describe("keys of the embedded store", () => {
  it("sort as rooms and seqs do", () => {
    fc.assert(
      fc.property(anyRoom, anyNumber, anyRoom, anyNumber, (roomA, seqA, roomB, seqB) => {
        const expected = roomA === roomB ? Math.sign(seqA - seqB) : roomA < roomB ? -1 : 1;
        expect(Buffer.compare(blockKey(roomA, seqA), blockKey(roomB, seqB))).toBe(expected);
        expect([keyRoom(blockKey(roomA, seqA)), blockKeySeq(blockKey(roomA, seqA))]).toEqual([roomA, seqA]);
      }),
    );
  });

  it("the key after a room is above all of it and not above the next room", () => {
    fc.assert(
      fc.property(anyRoom, anyRoom, (roomA, roomB) => {
        const after = afterRoom(blockKey(roomA, 1));
        expect(Buffer.compare(after, blockKey(roomA, Number.MAX_SAFE_INTEGER))).toBe(1);
        expect(Buffer.compare(after, blockKey(roomB, 0)) <= 0).toBe(roomB > roomA);
      }),
    );
    const last = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    expect(Buffer.compare(afterRoom(floorKey(last)), floorKey(last))).toBe(1);
  });

  it("numbers are read as they were written", () => {
    const bytes = Buffer.alloc(8);
    fc.assert(
      fc.property(anyNumber, (value) => {
        writeNumber(value, bytes, 0);
        expect(readNumber(bytes, 0)).toBe(value);
        expect(unsealNumber(sealNumber(value))).toBe(value);
      }),
    );
  });
});
