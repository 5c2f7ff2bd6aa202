/** Blocks of the embedded store: reading, taking texts away, and what damage does. */
import { describe, expect, it } from "vitest";
import { SealError } from "../../../src/server/lmdb/sealed-value.ts";
import { UuidTexts } from "../../../src/server/log/uuid-bytes.ts";
import type { StoredRecord } from "../../../src/server/record.ts";
import { Block } from "../../../src/server/store/blocks.ts";
import { PackedRows } from "../../../src/server/store/packed-rows.ts";
import { message } from "../../support/log-records.ts";

const texts = new UuidTexts(64);

/** The first block of some rows of one room. */
function blockOf(list: readonly StoredRecord[]): Buffer {
  const [block] = [...PackedRows.of(list).rooms()].flatMap((room) => room.blocks());
  if (block === undefined) throw new Error("nothing was packed");
  return block.value;
}

const rows = (from: number, to: number, bodyLength: number): StoredRecord[] =>
  Array.from({ length: to - from }, (_, index) => ({
    record: message(from + index, { body: "x".repeat(bodyLength) }),
    seq: from + index,
    n: index + 1,
    position: 10 * (from + index),
  }));

describe("blocks", () => {
  it("LOG-6 a block that is cut anywhere is found", () => {
    const block = blockOf(rows(7, 12, 30));
    for (let length = 0; length < block.length; length++) {
      expect(() => new Block(block.subarray(0, length), 7, texts)).toThrow(SealError);
    }
    expect(() => new Block(Buffer.concat([block, Buffer.alloc(1)]), 7, texts)).toThrow(SealError);
  });

  it("LOG-6 any bit of a block that is flipped is found", () => {
    const block = blockOf(rows(7, 9, 30));
    for (let bit = 0; bit < block.length * 8; bit++) {
      const value = Buffer.from(block);
      value[bit >> 3] = (value[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => new Block(value, 7, texts)).toThrow(SealError);
    }
  });

  it("LOG-6 a whole block under the wrong key is found", () => {
    const block = blockOf(rows(7, 9, 30));
    expect(() => new Block(block, 8, texts)).toThrow(/not the block/);
  });

  it("PROJ-3 is made anew without the texts that are to go, and all else as it was", () => {
    const list = rows(7, 12, 30).map((row, index) =>
      index === 1 ? { ...row, record: { ...row.record, kind: "member_added", key: "käy" } } : row,
    );
    const block = new Block(blockOf(list), 7, texts);
    const blanked = (seqs: readonly number[]) =>
      list.map((row) => (seqs.includes(row.seq) ? { ...row, record: { ...row.record, body: "" } } : row));
    for (const seqs of [[7], [11], [9, 10], [7, 9, 10, 11]]) {
      const value = block.without(new Set([...seqs, 1, 6, 12]));
      if (value === undefined) throw new Error("nothing was taken away");
      const anew = new Block(value, 7, texts);
      expect(anew.rows(1, 20)).toEqual(blanked(seqs));
      expect(value.length).toBe(blockOf(list).length - 30 * seqs.length);
      expect(anew.without(new Set(seqs))).toBeUndefined();
    }
    // Seq 8 is no message, and the others stand elsewhere.
    expect(block.without(new Set([1, 6, 8, 12]))).toBeUndefined();
  });

  it("gives the rows that were asked for, and none beyond", () => {
    const block = new Block(blockOf(rows(7, 12, 30)), 7, texts);
    expect([block.first, block.last]).toEqual([7, 11]);
    expect(block.rows(9, 10)).toEqual(rows(7, 12, 30).slice(2, 4));
    expect(block.rows(12, 20)).toEqual([]);
    expect(block.rows(1, 6)).toEqual([]);
    expect(() => block.row(12)).toThrow(RangeError);
  });
});
