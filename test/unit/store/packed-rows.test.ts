/** Rows on their way to the store: they come back as they went in, as rows and as blocks. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodedBytes, encodeRecord, RECORD_HEADER_BYTES } from "../../../src/server/log/record-codec.ts";
import { UuidTexts } from "../../../src/server/log/uuid-bytes.ts";
import type { StoredRecord } from "../../../src/server/record.ts";
import { BlockBuffers } from "../../../src/server/store/block-buffers.ts";
import { BLOCK_BYTES_MAX, Block } from "../../../src/server/store/blocks.ts";
import { PackedRows } from "../../../src/server/store/packed-rows.ts";
import { anyRecord, message, uuidOf } from "../../support/log-records.ts";

const texts = new UuidTexts(64);
const SEQ_MAX = Number.MAX_SAFE_INTEGER;

/** The rows of a room as its blocks hold them. */
const inBlocks = (packed: PackedRows, room: string): StoredRecord[] =>
  [...packed.rooms()]
    .filter((rows) => rows.room === room)
    .flatMap((rows) => rows.blocks())
    .flatMap(({ first, value }) => new Block(value, first, texts).rows(0, SEQ_MAX));

const rows = (from: number, to: number, bodyLength: number): StoredRecord[] =>
  Array.from({ length: to - from }, (_, index) => ({
    record: message(from + index, { body: "x".repeat(bodyLength) }),
    seq: from + index,
    n: index + 1,
    position: 10 * (from + index),
  }));

/** Packs rows out of one piece of memory in which they stand encoded, something else before and between them. */
function packEncoded(list: readonly StoredRecord[], buffers: BlockBuffers | undefined): PackedRows {
  const packed = new PackedRows(buffers);
  for (const row of list) {
    const bytes = encodedBytes(row.record);
    const source = Buffer.alloc(bytes + 20, 0xee);
    encodeRecord(row.record, source, 7);
    packed.add(row, source.subarray(0, bytes + 7), 7, bytes);
  }
  return packed;
}

describe("packed rows", () => {
  it("PROJ-3 what is packed is read back, whatever the records are, encoded before or not", () => {
    const list = fc.array(fc.tuple(anyRecord, fc.nat(2), fc.nat(2), fc.nat(2 ** 40)), { maxLength: 60 });
    const buffers = new BlockBuffers();
    fc.assert(
      fc.property(list, fc.nat(2 ** 48), (records, start) => {
        const seqs = [start, start, start];
        const all = records.map(([record, room, gap, n], index): StoredRecord => {
          const seq = (seqs[room] ?? 0) + 1 + (gap === 2 ? 1 : 0);
          seqs[room] = seq;
          return { record: { ...record, room: uuidOf(room) }, seq, n, position: index * 3 };
        });
        for (const packed of [PackedRows.of(all), packEncoded(all, buffers)]) {
          expect(packed).toHaveLength(all.length);
          expect([packed.firstPosition, packed.lastPosition]).toEqual([all[0]?.position, all.at(-1)?.position]);
          for (const room of [uuidOf(0), uuidOf(1), uuidOf(2)]) {
            const expected = all.filter(({ record }) => record.room === room);
            expect(packed.of(room, 0, SEQ_MAX)).toEqual(expected);
            expect(packed.of(room, start + 3, start + 9)).toEqual(
              expected.filter(({ seq }) => seq >= start + 3 && seq <= start + 9),
            );
            expect(inBlocks(packed, room)).toEqual(expected);
          }
          packed.release();
        }
      }),
    );
  });

  it("a block holds what fits, and the next begins with what did not", () => {
    for (const bodyLength of [0, 1, 50, 1000, 8000, 16_000, 32_500, 32_570, 32_571, 40_000]) {
      const all = rows(1, 40, bodyLength);
      const [room] = [...PackedRows.of(all).rooms()];
      const blocks = room?.blocks() ?? [];
      expect(blocks.flatMap(({ first, value }) => new Block(value, first, texts).rows(0, SEQ_MAX))).toEqual(all);
      const rowBytes = RECORD_HEADER_BYTES + "alice".length + bodyLength + 16;
      const perBlock = Math.max(1, Math.floor((BLOCK_BYTES_MAX - 17) / rowBytes));
      expect(blocks).toHaveLength(Math.ceil(39 / perBlock));
      for (const { value } of blocks) expect(value.length <= BLOCK_BYTES_MAX || perBlock === 1).toBe(true);
    }
  });

  it("a block ends where a seq is missing", () => {
    const all = [...rows(1, 4, 10), ...rows(5, 9, 10), ...rows(20, 21, 10)];
    const [room] = [...PackedRows.of(all).rooms()];
    expect(room?.blocks().map(({ first }) => first)).toEqual([1, 5, 20]);
  });

  it("memory that was given back is used again, and counted while it is held", () => {
    const buffers = new BlockBuffers();
    const held = packEncoded(rows(1, 400, 500), buffers);
    expect(held.bytes).toBeGreaterThan(400 * 500);
    expect(held.bytes).toBeLessThan(400 * 700 + 2 * BLOCK_BYTES_MAX);
    const [piece] = [...held.rooms()].flatMap((room) => room.blocks().map(({ value }) => value.buffer));
    held.release();
    const again = packEncoded(rows(400, 800, 500), buffers);
    expect([...again.rooms()].flatMap((room) => room.blocks().map(({ value }) => value.buffer))).toContain(piece);
    expect(again.of(uuidOf(1), 0, SEQ_MAX)).toEqual(rows(400, 800, 500));
  });
});
