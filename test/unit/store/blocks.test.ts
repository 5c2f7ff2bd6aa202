/** Blocks of the embedded store: packing, reading, and what damage does. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RECORD_HEADER_BYTES } from "../../../src/server/log/record-codec.ts";
import { UuidTexts } from "../../../src/server/log/uuid-bytes.ts";
import type { StoredRecord } from "../../../src/server/record.ts";
import { SealError } from "../../../src/server/sealed-value.ts";
import type { PackedBlock } from "../../../src/server/store/blocks.ts";
import { BLOCK_BYTES_MAX, Block, BlockPacker } from "../../../src/server/store/blocks.ts";
import { anyRecord, message, uuidOf } from "../../support/log-records.ts";

const texts = new UuidTexts(64);

const rowsOf = (blocks: readonly PackedBlock[]): StoredRecord[] =>
  blocks.flatMap(({ first, value }) => new Block(value, first, texts).rows(0, Number.MAX_SAFE_INTEGER));

const rows = (from: number, to: number, bodyLength: number): StoredRecord[] =>
  Array.from({ length: to - from }, (_, index) => ({
    record: message(from + index, { body: "x".repeat(bodyLength) }),
    seq: from + index,
    n: index + 1,
    position: 10 * (from + index),
  }));

describe("blocks", () => {
  it("what is packed is read back, whatever the records are", () => {
    const list = fc.array(fc.tuple(anyRecord, fc.nat(2), fc.nat(2 ** 40)), { maxLength: 60 });
    fc.assert(
      fc.property(list, fc.nat(2 ** 48), (records, start) => {
        const packer = new BlockPacker();
        let seq = start;
        const room = uuidOf(1);
        const packed = records.map(([record, gap, number]) => {
          seq += 1 + (gap === 2 ? 1 : 0);
          return { record: { ...record, room }, seq, n: number, position: number * 3 };
        });
        expect(rowsOf(packer.pack([packed]))).toEqual(packed);
        // The same again in the buffer that was used before.
        expect(rowsOf(packer.pack([packed, packed]))).toEqual([...packed, ...packed]);
      }),
    );
  });

  it("a block holds what fits, and the next begins with what did not", () => {
    const packer = new BlockPacker();
    for (const bodyLength of [0, 1, 50, 1000, 8000, 16_000, 32_500, 32_570, 32_571, 40_000]) {
      const all = rows(1, 40, bodyLength);
      const blocks = packer.pack([all]);
      expect(rowsOf(blocks)).toEqual(all);
      const rowBytes = RECORD_HEADER_BYTES + "alice".length + bodyLength + 16;
      const perBlock = Math.max(1, Math.floor((BLOCK_BYTES_MAX - 17) / rowBytes));
      expect(blocks).toHaveLength(Math.ceil(39 / perBlock));
      for (const { value } of blocks) expect(value.length <= BLOCK_BYTES_MAX || perBlock === 1).toBe(true);
    }
  });

  it("a block ends where a seq is missing", () => {
    const all = [...rows(1, 4, 10), ...rows(5, 9, 10), ...rows(20, 21, 10)];
    const blocks = new BlockPacker().pack([all, [], rows(2, 3, 10)]);
    expect(blocks.map(({ first }) => first)).toEqual([1, 5, 20, 2]);
    expect(rowsOf(blocks)).toEqual([...all, ...rows(2, 3, 10)]);
  });

  it("LOG-6 a block that is cut anywhere is found", () => {
    const [block] = new BlockPacker().pack([rows(7, 12, 30)]);
    if (block === undefined) throw new Error("nothing was packed");
    for (let length = 0; length < block.value.length; length++) {
      expect(() => new Block(block.value.subarray(0, length), 7, texts)).toThrow(SealError);
    }
    expect(() => new Block(Buffer.concat([block.value, Buffer.alloc(1)]), 7, texts)).toThrow(SealError);
  });

  it("LOG-6 any bit of a block that is flipped is found", () => {
    const [block] = new BlockPacker().pack([rows(7, 9, 30)]);
    if (block === undefined) throw new Error("nothing was packed");
    for (let bit = 0; bit < block.value.length * 8; bit++) {
      const value = Buffer.from(block.value);
      value[bit >> 3] = (value[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => new Block(value, 7, texts)).toThrow(SealError);
    }
  });

  it("LOG-6 a whole block under the wrong key is found", () => {
    const [block] = new BlockPacker().pack([rows(7, 9, 30)]);
    expect(() => new Block(block?.value ?? Buffer.alloc(0), 8, texts)).toThrow(/not the block/);
  });

  it("gives the rows that were asked for, and none beyond", () => {
    const [packed] = new BlockPacker().pack([rows(7, 12, 30)]);
    const block = new Block(packed?.value ?? Buffer.alloc(0), 7, texts);
    expect([block.first, block.last]).toEqual([7, 11]);
    expect(block.rows(9, 10)).toEqual(rows(7, 12, 30).slice(2, 4));
    expect(block.rows(12, 20)).toEqual([]);
    expect(block.rows(1, 6)).toEqual([]);
    expect(() => block.row(12)).toThrow(RangeError);
  });
});
