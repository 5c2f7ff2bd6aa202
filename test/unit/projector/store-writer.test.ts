/** Tests of the way to the store: what fails, hangs or is slow there costs time, and never a record. */
import { describe, expect, it } from "vitest";
import { NOT_ENCODED } from "../../../src/server/log/message-log.ts";
import { decodeSnapshot } from "../../../src/server/projector/snapshot.ts";
import { foldBatch } from "../../../src/server/projector/tail.ts";
import type { LogRecord } from "../../../src/server/record.ts";
import { MemoryStore } from "../../../src/server/store/memory.ts";
import { message, messages, uuidOf } from "../../support/log-records.ts";
import { foldAll, Projector, storedRows } from "../../support/simulation-projector.ts";

/** More than these tests let wait. */
const ROOMY = 64 * 1024 * 1024;
const ROOMS = [uuidOf(1), uuidOf(3), uuidOf(4)];

/** Records of three rooms; every third has a key, and every ninth is a repeat. */
function mixed(from: number, to: number): LogRecord[] {
  return messages(from, to).map((record, index) => {
    const number = from + index;
    const room = ROOMS[number % 3] as string;
    if (number % 9 === 8 && number > 9)
      return { ...message(number - 9, { room, key: `k${number - 9}` }), id: record.id };
    return { ...record, room, key: `k${number}` };
  });
}

/** A store that has what the fold gives, in order, with a checkpoint that was never set back. */
async function expectWhole(projector: Projector): Promise<void> {
  expect(await storedRows(projector.store, ROOMS)).toEqual(projector.expected);
  expect(await projector.store.checkpoint(0)).toBe(projector.disk.partition(0).records.length);
}

/** What takes the text of seq `seq` of room 1 away. */
const removal = (number: number, seq: number): LogRecord =>
  message(number, { kind: "message_removed", body: JSON.stringify({ id: uuidOf(9), seq }) });

/** The seqs of room 1 that have no text in a store. */
async function blanks(store: MemoryStore): Promise<number[]> {
  return (await storedRows(store, [uuidOf(1)])).filter(({ record }) => record.body === "").map(({ seq }) => seq);
}

/** Those of `seqs` that are messages of room 1. */
const withMessages = (seqs: readonly number[], { expected }: Projector): number[] =>
  seqs.filter((seq) => expected[seq - 1]?.record.kind === "message");

describe("the store writer", () => {
  it("PROJ-3 gathers small writes for a quarter of a second, then writes them as one", async () => {
    const projector = new Projector();
    await projector.start(ROOMY);
    for (let number = 0; number < 10; number++) await projector.append(mixed(number, number + 1));
    expect(projector.asked).toEqual([]);
    await projector.clock.advance(250);
    expect(projector.asked.map(({ from, to }) => [from, to])).toEqual([[0, 10]]);
    await expectWhole(projector);
  });

  it("PROJ-3 does not wait where there is much to write, and writes no more than 32,768 at once", async () => {
    const projector = new Projector();
    const release = projector.store.holdWrites();
    await projector.start(ROOMY);
    await projector.append(messages(0, 70_000));
    release();
    await projector.clock.advance(1000);
    expect(Math.max(...projector.asked.map(({ records }) => records.length))).toBeLessThanOrEqual(32_768);
    expect(projector.writer.checkpoint).toBe(70_000);
    const rows = await storedRows(projector.store, ROOMS);
    expect(rows.map(({ seq }) => seq)).toEqual(projector.expected.map(({ seq }) => seq));
  });

  it("PROJ-4 tries again when a write fails, and delivery does not notice", async () => {
    const projector = new Projector();
    await projector.start(ROOMY);
    projector.store.hooks.beforeWrite = () => Promise.reject(new Error("disk full"));
    await projector.append(mixed(0, 50));
    await projector.clock.advance(5000);
    expect(projector.delivered.flatMap(({ records }) => records)).toHaveLength(projector.expected.length);
    expect(projector.writer.failing).toBe("disk full");
    expect(projector.writer.checkpoint).toBe(0);
    projector.store.hooks.beforeWrite = undefined;
    await projector.append(mixed(50, 60));
    await projector.clock.advance(1500);
    expect(projector.writer.failing).toBeUndefined();
    await expectWhole(projector);
  });

  it("PROJ-4 waits between tries however much waits, so that a store that refuses at once takes nobody's time", async () => {
    const projector = new Projector();
    let tries = 0;
    projector.store.hooks.beforeWrite = () => {
      tries += 1;
      // Enough is enough: without a pause between tries nothing else would ever run again.
      return tries > 100 ? new Promise(() => undefined) : Promise.reject(new Error("refused"));
    };
    await projector.start(ROOMY);
    await projector.append(messages(0, 40_000));
    await projector.clock.advance(3000);
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThan(20);
  });

  it("PROJ-4 lets go of what outgrows its limit, and reads the log again once the store is back", async () => {
    const projector = new Projector();
    const release = projector.store.holdWrites();
    await projector.start(20_000);
    await projector.append(mixed(0, 20));
    await projector.clock.advance(300);
    // The write that hangs holds these; what follows outgrows the limit and is let go.
    for (let number = 20; number < 400; number += 20) await projector.append(mixed(number, number + 20));
    expect(projector.delivered.flatMap(({ records }) => records)).toHaveLength(projector.expected.length);
    release();
    await projector.clock.advance(2000);
    await expectWhole(projector);
    await projector.append(mixed(400, 410));
    await projector.clock.advance(300);
    await expectWhole(projector);
  });

  it("PROJ-3 misses nothing and never sets the checkpoint back, however often the store fails while it reads again", async () => {
    const projector = new Projector();
    let calls = 0;
    await projector.start(5000);
    const checkpoints: number[] = [];
    projector.store.hooks.beforeWrite = () => {
      calls += 1;
      return calls % 3 === 0 ? Promise.resolve() : Promise.reject(new Error("again"));
    };
    for (let number = 0; number < 3000; number += 60) {
      await projector.append(mixed(number, number + 60));
      await projector.clock.advance(400);
      checkpoints.push(await projector.store.checkpoint(0));
    }
    projector.store.hooks.beforeWrite = undefined;
    await projector.clock.advance(5000);
    await expectWhole(projector);
    expect(checkpoints).toEqual([...checkpoints].sort((a, b) => a - b));
  });

  it("FAN-1 writes everything once more when the store turned out to have a hole", async () => {
    const projector = new Projector();
    await projector.start(ROOMY);
    await projector.append(mixed(0, 100));
    await projector.clock.advance(300);
    const lossy = new MemoryStore();
    // The same store without one row: what it gives is written to another, and the writer told.
    const rows = await storedRows(projector.store, ROOMS);
    await lossy.write({
      partition: 0,
      from: 0,
      to: 100,
      records: rows.filter((_, i) => i !== 40),
      removals: [],
      snapshot: undefined,
    });
    const holed = new Projector(lossy);
    for (const record of projector.disk.partition(0).records) holed.disk.partition(0).records.push(record);
    await holed.start(ROOMY);
    expect(await storedRows(lossy, ROOMS)).toHaveLength(rows.length - 1);
    holed.writer.projectAgain();
    await holed.append(mixed(100, 105));
    await holed.clock.advance(1000);
    await expectWhole(holed);
  });

  it("PROJ-3 takes texts away with the record that says so, and shows none of them in between", async () => {
    const projector = new Projector();
    await projector.start(ROOMY);
    await projector.append(messages(0, 40));
    await projector.clock.advance(300);
    const release = projector.store.holdWrites();
    await projector.append([removal(40, 7), ...messages(41, 50), removal(50, 45), removal(51, 60)]);
    await projector.clock.advance(300);
    expect(projector.writer.removing(uuidOf(1))).toEqual(new Set([7, 45]));
    expect(projector.writer.removing(uuidOf(3))).toEqual(new Set());
    release();
    await projector.clock.advance(300);
    expect(projector.writer.removing(uuidOf(1))).toEqual(new Set());
    expect(await blanks(projector.store)).toEqual([7, 45]);
  });

  it("PROJ-3 takes texts away also where it let go of what waits, or the store refuses", async () => {
    const projector = new Projector();
    let calls = 0;
    await projector.start(5000);
    projector.store.hooks.beforeWrite = () => {
      calls += 1;
      return calls % 3 === 0 ? Promise.resolve() : Promise.reject(new Error("again"));
    };
    const removed: number[] = [];
    for (let number = 0; number < 1200; number += 60) {
      await projector.append([...messages(number, number + 59), removal(number + 59, number / 2 + 1)]);
      removed.push(number / 2 + 1);
      // What is in the store with its text is known to be on its way out.
      const unwritten = projector.writer.removing(uuidOf(1)) ?? new Set();
      const gone = await blanks(projector.store);
      expect(removed.filter((seq) => !unwritten.has(seq) && !gone.includes(seq))).toEqual([]);
      await projector.clock.advance(400);
    }
    projector.store.hooks.beforeWrite = undefined;
    await projector.clock.advance(5000);
    expect(await blanks(projector.store)).toEqual(withMessages(removed, projector));
    expect(projector.writer.removing(uuidOf(1))).toEqual(new Set());
  });

  it("PROJ-3 brings back no text that is gone where it writes again what the store has lost, at no moment", async () => {
    const first = new Projector();
    await first.start(ROOMY);
    const log = [...messages(0, 3000), removal(3000, 7), ...messages(3001, 6000), removal(6000, 8)];
    await first.append(log);
    expect(await first.stop(3000)).toBe(true);
    // The same without the two rows, and without many others.
    const lossy = new MemoryStore();
    const records = (await storedRows(first.store, [uuidOf(1)])).filter(({ seq }) => seq > 50);
    await lossy.write({ partition: 0, from: 0, to: log.length, records, removals: [], snapshot: undefined });
    const healing = new Projector(lossy);
    for (const record of log) healing.disk.partition(0).records.push(record);
    await healing.start(ROOMY);
    const seen: (readonly number[])[] = [];
    lossy.hooks.beforeWrite = async () => {
      const rows = await storedRows(lossy, [uuidOf(1)]);
      seen.push(rows.filter(({ seq, record }) => (seq === 7 || seq === 8) && record.body !== "").map(({ seq }) => seq));
    };
    healing.writer.projectAgain();
    await healing.clock.advance(1000);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.flat()).toEqual([]);
    lossy.hooks.beforeWrite = undefined;
    expect(await blanks(lossy)).toEqual([7, 8]);
    expect(await storedRows(lossy, [uuidOf(1)])).toHaveLength(log.length);
  });

  it("FAN-1 PROJ-3 goes on with what is new where what is missing can't be numbered any more", async () => {
    for (const end of [100, 105]) {
      const before = new Projector();
      await before.start(ROOMY);
      await before.append(mixed(0, 100));
      expect(await before.stop(3000)).toBe(true);
      const after = new Projector(before.store.reopen());
      for (const record of before.disk.partition(0).records) after.disk.partition(0).records.push(record);
      // The log's beginning is gone, and nothing beside it says how its records were numbered.
      await after.log.trim(0, 50);
      await after.start(ROOMY);
      after.writer.projectAgain();
      if (end > 100) await after.append(mixed(100, end));
      await after.clock.advance(3000);
      expect(after.writer.checkpoint).toBe(end);
      expect(await after.stop(3000)).toBe(true);
      expect(after.writer.failing).toBeUndefined();
    }
  });

  it("PROJ-3 tells when it has come to a position, or that it has not in time", async () => {
    const projector = new Projector();
    const release = projector.store.holdWrites();
    await projector.start(ROOMY);
    await projector.append(mixed(0, 10));
    const late = projector.writer.reached(10, 2000);
    expect(await projector.clock.drive(late, "the time to pass", 3000)).toBe(false);
    const soon = projector.writer.reached(10, 2000);
    release();
    expect(await projector.clock.drive(soon, "the write", 3000)).toBe(true);
    expect(await projector.writer.reached(10, 0)).toBe(true);
  });

  it("CMD-2 shows what the store does not have yet, while it waits and while it is written, and says where it can't", async () => {
    const projector = new Projector();
    const room = ROOMS[1] as string;
    const pendingSeqs = () => projector.writer.pending(room, 1, 1000)?.map(({ seq }) => seq);
    const expected = () => projector.expected.filter(({ record }) => record.room === room);
    await projector.start(20_000);
    const release = projector.store.holdWrites();
    await projector.append(mixed(0, 20));
    expect(projector.writer.pending(room, 1, 1000)).toEqual(expected());
    // Now these are being written, and others come behind them.
    await projector.clock.advance(300);
    await projector.append(mixed(20, 30));
    expect(projector.writer.pending(room, 1, 1000)).toEqual(expected());
    expect(projector.writer.pending(room, 3, 8)).toEqual(expected().slice(2, 8));
    expect(projector.writer.pending(uuidOf(9), 1, 1000)).toEqual([]);
    // More than the limit: it is let go of, and the log read again.
    for (let number = 30; number < 400; number += 10) await projector.append(mixed(number, number + 10));
    expect(pendingSeqs()).toBeUndefined();
    release();
    await projector.clock.advance(2000);
    expect(pendingSeqs()).toEqual([]);
    await expectWhole(projector);
  });

  it("CMD-2 still shows what a failed write puts back", async () => {
    const projector = new Projector();
    await projector.start(ROOMY);
    projector.store.hooks.beforeWrite = () => Promise.reject(new Error("disk full"));
    await projector.append(mixed(0, 20));
    await projector.clock.advance(300);
    await projector.append(mixed(20, 30));
    const room = ROOMS[0] as string;
    expect(projector.writer.pending(room, 1, 1000)).toEqual(
      projector.expected.filter(({ record }) => record.room === room),
    );
  });

  it("STOP-1 PROJ-3 writes all that waits at a stop, with a snapshot from which a fold goes on", async () => {
    const projector = new Projector();
    await projector.start(ROOMY);
    await projector.append(mixed(0, 100));
    expect(await projector.stop(3000)).toBe(true);
    await expectWhole(projector);
    const [snapshot] = projector.snapshots;
    expect(snapshot?.position).toBe(100);
    const more = mixed(100, 120);
    const projection = decodeSnapshot((await projector.store.snapshot(0, 100))?.bytes ?? new Uint8Array());
    const onwards = foldBatch(
      0,
      { from: 100, to: 120, records: more, encoded: NOT_ENCODED },
      projection,
      undefined,
    ).records;
    const fromTheStart = foldAll([...projector.disk.partition(0).records, ...more]).filter(
      ({ position }) => position >= 100,
    );
    expect(onwards).toEqual(fromTheStart);
  });

  it("STOP-1 tries again at a stop while there is time, and says when it could not", async () => {
    const flaky = new Projector();
    await flaky.start(ROOMY);
    await flaky.append(mixed(0, 20));
    flaky.store.failNextWrite(new Error("once"));
    expect(await flaky.stop(3000)).toBe(true);
    await expectWhole(flaky);

    const dead = new Projector();
    await dead.start(ROOMY);
    await dead.append(mixed(0, 20));
    dead.store.holdWrites();
    expect(await dead.stop(3000)).toBe(false);
    expect(await dead.store.checkpoint(0)).toBe(0);
  });

  it("STOP-1 writes all at a stop also where it was reading the log again", async () => {
    const projector = new Projector();
    await projector.start(3000);
    projector.store.hooks.beforeWrite = () => Promise.reject(new Error("not now"));
    await projector.append(mixed(0, 200));
    await projector.clock.advance(700);
    projector.store.hooks.beforeWrite = undefined;
    expect(await projector.stop(3000)).toBe(true);
    await expectWhole(projector);
  });
});
