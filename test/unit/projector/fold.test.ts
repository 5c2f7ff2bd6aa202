/** Property tests of the fold: seqs are a pure function of the log, and a snapshot at any position changes nothing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOT_ENCODED } from "../../../src/server/log/message-log.ts";
import { KEY_WINDOW } from "../../../src/server/projector/key-window.ts";
import {
  decodeSnapshot,
  emptyProjection,
  encodeSnapshot,
  type Projection,
} from "../../../src/server/projector/snapshot.ts";
import { foldBatch } from "../../../src/server/projector/tail.ts";
import type { LogRecord, StoredRecord } from "../../../src/server/record.ts";
import { SeededRandom } from "../../support/fake-clock.ts";
import { anyRecord, message, uuidOf } from "../../support/log-records.ts";
import { Truth } from "../../support/simulation-truth.ts";

/** Few rooms, senders, keys and texts, so that repeats are common; and kinds that this program does not know. */
const anyLog: fc.Arbitrary<LogRecord[]> = fc
  .array(
    fc.record({
      room: fc.nat(2).map((n) => uuidOf(10 + n)),
      sender: fc.nat(1).map((n) => uuidOf(20 + n)),
      key: fc.option(fc.constantFrom("a", "b", "c", "d", "", "a".repeat(64), "é", "\ud800"), { nil: undefined }),
      kind: fc.constantFrom("message", "message", "member_added", "poll_opened"),
      body: fc.constantFrom('"x"', '"y"', "{}"),
    }),
    { maxLength: 60 },
  )
  .map((changes) => changes.map((change, index) => message(index, change)));

const fold = (projection: Projection, records: readonly LogRecord[], from: number) =>
  foldBatch(0, { from, to: from + records.length, records, encoded: NOT_ENCODED }, projection, undefined);

describe("the fold", () => {
  it("PROJ-1 goes on from a snapshot at any position as if there had been none, byte for byte", () => {
    fc.assert(
      fc.property(anyLog, fc.nat(), (log, number) => {
        const cut = number % (log.length + 1);
        const whole = emptyProjection();
        const all = fold(whole, log, 0);
        const first = emptyProjection();
        const before = fold(first, log.slice(0, cut), 0);
        // As a store gives it: a Buffer that lies somewhere in a larger piece of memory.
        const bytes = Buffer.concat([Buffer.alloc(4), encodeSnapshot(first), Buffer.alloc(8)]).subarray(4, -8);
        const second = decodeSnapshot(bytes);
        const after = fold(second, log.slice(cut), cut);
        expect([...before.records, ...after.records]).toEqual(all.records);
        expect([...before.dropped, ...after.dropped]).toEqual(all.dropped);
        expect(second.sequencer.heads()).toEqual(whole.sequencer.heads());
        expect(Buffer.compare(encodeSnapshot(second), encodeSnapshot(whole))).toBe(0);
      }),
    );
  });

  it("PROJ-1 PROJ-2 gives what a plain reckoning gives, however the log is cut into batches", () => {
    fc.assert(
      fc.property(anyLog, fc.integer({ min: 1, max: 7 }), (log, size) => {
        const projection = emptyProjection();
        const kept: StoredRecord[] = [];
        for (let at = 0; at < log.length; at += size)
          kept.push(...fold(projection, log.slice(at, at + size), at).records);
        const truth = new Truth(log);
        const rooms = [...new Set(log.map(({ room }) => room))];
        const expected = rooms.flatMap((room) => truth.rows(room)).sort((a, b) => a.position - b.position);
        expect(kept).toEqual(expected);
      }),
    );
  });

  it("PROJ-2 tells of what it drops: the first one's id and seq, and whether the content is the same", () => {
    const log = [
      message(0, { key: "k", body: '"one"' }),
      message(1, { key: "k", body: '"one"' }),
      message(2, { key: "k", body: '"two"' }),
      message(3, { key: "k", body: '"one"', kind: "poll_opened" }),
      message(4, { key: "k", body: '"one"', sender: uuidOf(9) }),
      message(5, { key: "k", body: '"one"', room: uuidOf(9) }),
      message(6, { key: "K", body: '"one"' }),
    ];
    const { records, dropped } = fold(emptyProjection(), log, 0);
    expect(records.map(({ position, seq }) => [position, seq])).toEqual([
      [0, 1],
      [4, 2],
      [5, 1],
      [6, 3],
    ]);
    const id = log[0]?.id;
    expect(dropped.map(({ first }) => first)).toEqual([
      { id, seq: 1, sameContent: true },
      { id, seq: 1, sameContent: false },
      { id, seq: 1, sameContent: false },
    ]);
  });

  it("PROJ-5 numbers whatever has a whole envelope, and sets aside what has none", () => {
    fc.assert(
      fc.property(fc.array(fc.option(anyRecord, { nil: undefined, freq: 3 }), { maxLength: 40 }), (log) => {
        const setAside: number[] = [];
        let repeats = 0;
        const telemetry = {
          recordSetAside: (_: number, position: number) => setAside.push(position),
          duplicateDropped: () => {
            repeats += 1;
          },
        };
        const projection = emptyProjection();
        const { records, dropped } = foldBatch(
          0,
          { from: 100, to: 100 + log.length, records: log, encoded: NOT_ENCODED },
          projection,
          telemetry,
        );
        expect(setAside).toEqual(log.flatMap((record, index) => (record === undefined ? [100 + index] : [])));
        expect(records.length + dropped.length + setAside.length).toBe(log.length);
        expect(repeats).toBe(dropped.length);
        for (const { record, position } of records) expect(record).toBe(log[position - 100]);
        for (const [room, head] of projection.sequencer.heads()) {
          const own = records.filter(({ record }) => record.room === room);
          expect(own.map(({ seq }) => seq)).toEqual(own.map((_, index) => index + 1));
          expect(head).toEqual({ seq: own.length, n: own.filter(({ record }) => record.kind === "message").length });
        }
      }),
    );
  });

  it("refuses bytes that are no snapshot", () => {
    const projection = emptyProjection();
    fold(projection, [message(1, { key: "k" })], 0);
    const bytes = encodeSnapshot(projection);
    expect(() => decodeSnapshot(new Uint8Array())).toThrow("format none");
    expect(() => decodeSnapshot(bytes.subarray(0, 40))).toThrow("bytes should have");
    expect(() => decodeSnapshot(Uint8Array.from(bytes, (byte, at) => (at === 0 ? 3 : byte)))).toThrow("format 3");
    expect(() => decodeSnapshot(bytes.subarray(0, -1))).toThrow("JSON");
    expect(() => decodeSnapshot(Buffer.concat([bytes, Buffer.alloc(4)]))).toThrow("JSON");
  });
});

describe("the key window", () => {
  const keyed = (number: number): LogRecord => message(number, { key: `key ${number}` });
  const COUNT = KEY_WINDOW + 60_000;

  it("PROJ-2 knows the last 131,072 keys and not the one before them, with or without a snapshot", () => {
    const whole = emptyProjection();
    let cut = emptyProjection();
    const cuts = new Set([1, KEY_WINDOW - 1, KEY_WINDOW, KEY_WINDOW + 1, COUNT - 1]);
    for (let number = 0; number < COUNT; number++) {
      if (cuts.has(number)) cut = decodeSnapshot(Buffer.from(encodeSnapshot(cut)));
      whole.sequencer.fold(keyed(number), number);
      cut.sequencer.fold(keyed(number), number);
    }
    expect(Buffer.compare(encodeSnapshot(cut), encodeSnapshot(whole))).toBe(0);
    for (const { sequencer } of [whole, cut, decodeSnapshot(encodeSnapshot(whole))]) {
      const oldest = COUNT - KEY_WINDOW;
      // What is dropped changes nothing, so the oldest known stays where it is.
      expect(sequencer.fold(keyed(COUNT - 1), COUNT)).toMatchObject({ first: { seq: COUNT } });
      expect(sequencer.fold(keyed(oldest), COUNT)).toMatchObject({ first: { seq: oldest + 1, sameContent: true } });
      expect(sequencer.fold(keyed(oldest - 1), COUNT)).toMatchObject({ seq: COUNT + 1 });
      // That one took the place of the oldest.
      expect(sequencer.fold(keyed(oldest), COUNT + 1)).toMatchObject({ seq: COUNT + 2 });
      expect(sequencer.fold(keyed(oldest + 2), COUNT + 2)).toMatchObject({ first: { seq: oldest + 3 } });
    }
  });

  it("PROJ-2 decides as a list of the last keys would, when keys come again before and after it is full", () => {
    const { sequencer } = emptyProjection();
    const known = new Map<string, number>();
    const wrong: number[] = [];
    let seq = 0;
    const random = new SeededRandom(1);
    for (let number = 0; number < 170_000; number++) {
      // Near the end of the window, on both sides of it, some come once more.
      const isAgain = number > KEY_WINDOW + 100 && number % 3 === 0;
      const key = `key ${isAgain ? number - KEY_WINDOW + random.below(20_000) - 3000 : number}`;
      const folded = sequencer.fold(message(number, { key, body: '"x"' }), number);
      const first = known.get(key);
      if (first !== undefined) {
        if (!("first" in folded) || folded.first.seq !== first) wrong.push(number);
        continue;
      }
      seq += 1;
      known.set(key, seq);
      if ("first" in folded || folded.seq !== seq) wrong.push(number);
      // A map keeps the order in which keys came: the first is the oldest.
      if (known.size > KEY_WINDOW) known.delete(known.keys().next().value ?? "");
    }
    expect(seq).toBeGreaterThan(KEY_WINDOW + 10_000);
    expect(seq).toBeLessThan(165_000);
    expect(wrong).toEqual([]);
  });
});
