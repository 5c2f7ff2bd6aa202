/** What waits for the store is packed from the log's own bytes: each record must get its own, whatever stands between. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOT_ENCODED } from "../../../src/server/log/message-log.ts";
import { encodedBytes, encodeRecord } from "../../../src/server/log/record-codec.ts";
import { emptyProjection } from "../../../src/server/projector/snapshot.ts";
import { StoreQueue } from "../../../src/server/projector/store-queue.ts";
import { foldBatch } from "../../../src/server/projector/tail.ts";
import type { LogRecord, StoredRecord } from "../../../src/server/record.ts";
import { BlockBuffers } from "../../../src/server/store/block-buffers.ts";
import { message, uuidOf } from "../../support/log-records.ts";

const ROOMS = [uuidOf(1), uuidOf(2)];

/** Records one behind the other, as a log has them. */
function encodeAll(records: readonly LogRecord[]): Buffer {
  const parts = records.map((record) => {
    const bytes = Buffer.alloc(encodedBytes(record));
    encodeRecord(record, bytes, 0);
    return bytes;
  });
  return Buffer.concat(parts);
}

/** A log in which some records are repeats and some have no whole envelope. */
function logOf(kinds: readonly number[]): { records: LogRecord[]; isWhole: boolean[] } {
  const records = kinds.map((kind, index) => {
    const isRepeat = kind === 1 && index > 0;
    const room = ROOMS[index % 2] as string;
    return message(index, {
      room,
      sender: uuidOf(5),
      key: isRepeat ? "again" : undefined,
      body: `"${"x".repeat(index)}"`,
    });
  });
  return { records, isWhole: kinds.map((kind) => kind !== 2) };
}

const sorted = (rows: readonly StoredRecord[]) => [...rows].sort((a, b) => a.position - b.position);

describe("the store queue", () => {
  it("PROJ-3 keeps for each record its own bytes, between repeats and records that were set aside", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2), { minLength: 1, maxLength: 40 }),
        fc.nat(30),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (kinds, from, rowsMax, isEncoded) => {
          const { records, isWhole } = logOf(kinds);
          const all = encodeAll(records);
          const given = records.map((record, index) => (isWhole[index] ? record : undefined));
          const encoded = isEncoded ? () => all : NOT_ENCODED;
          const batch = { from: 100, to: 100 + records.length, records: given, encoded };
          const projected = foldBatch(0, batch, emptyProjection(), undefined);
          const start = Math.min(100 + from, batch.to);
          const queue = new StoreQueue(start, rowsMax, new BlockBuffers());
          queue.push(projected, start, 5);
          const expected = projected.records.filter(({ position }) => position >= start);
          expect(queue).toHaveLength(expected.length);
          expect(sorted(ROOMS.flatMap((room) => queue.of(room, 1, 1000)))).toEqual(expected);
          const taken: StoredRecord[] = [];
          let at = start;
          while (at < batch.to) {
            const stretch = queue.take();
            expect(stretch.from).toBe(at);
            expect(stretch.rows.length).toBeLessThanOrEqual(rowsMax);
            taken.push(...sorted(stretch.rows.all()));
            at = stretch.to;
          }
          expect(at).toBe(batch.to);
          expect(taken).toEqual(expected);
          expect(queue).toHaveLength(0);
        },
      ),
    );
  });

  it("PROJ-3 hands a removal over with the record that says it, wherever the stretches end", () => {
    const removed = (number: number, seq: number): LogRecord =>
      message(number, { room: uuidOf(1), kind: "message_removed", body: JSON.stringify({ id: "", seq }) });
    for (let rowsMax = 1; rowsMax <= 9; rowsMax++) {
      const queue = new StoreQueue(102, rowsMax, new BlockBuffers());
      const projection = emptyProjection();
      // Seqs 1 to 8; the removals stand at positions 101, 104, 106 and 107, the first of them before what is wanted.
      const of = [0, removed(1, 1), 2, 3, removed(4, 3), 5, removed(6, 1), removed(7, 9)];
      const records = of.map((one) => (typeof one === "number" ? message(one, { room: uuidOf(1) }) : one));
      const batch = { from: 100, to: 108, records, encoded: () => encodeAll(records) };
      queue.push(foldBatch(0, batch, projection, undefined), 102, 0);
      const more = [removed(8, 6), message(9, { room: uuidOf(1) })];
      queue.push(
        foldBatch(0, { from: 108, to: 110, records: more, encoded: NOT_ENCODED }, projection, undefined),
        108,
        0,
      );
      const taken: { seq: number; position: number }[] = [];
      for (let at = 102; at < 110; ) {
        const { from, to, removals } = queue.take();
        for (const removal of removals) {
          const { position } = removal as { position?: number };
          expect(position).toBeGreaterThanOrEqual(from);
          expect(position).toBeLessThan(to);
          taken.push({ seq: removal.seq, position: position ?? 0 });
        }
        at = to;
      }
      expect(taken).toEqual([
        { seq: 3, position: 104 },
        { seq: 1, position: 106 },
        { seq: 6, position: 108 },
      ]);
    }
  });

  it("PROJ-3 what was put back comes first again, and can be added to", () => {
    const queue = new StoreQueue(0, 100, new BlockBuffers());
    const projection = emptyProjection();
    const push = (from: number, to: number): void => {
      const records = Array.from({ length: to - from }, (_, index) => message(from + index, { room: uuidOf(1) }));
      const batch = { from, to, records, encoded: () => encodeAll(records) };
      queue.push(foldBatch(0, batch, projection, undefined), from, from);
    };
    push(0, 5);
    const first = queue.take();
    queue.putBack(first);
    push(5, 9);
    const again = queue.take();
    expect([again.from, again.to, again.since]).toEqual([0, 9, 0]);
    expect(again.rows.all().map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(queue.take()).toMatchObject({ from: 9, to: 9 });
  });
});
