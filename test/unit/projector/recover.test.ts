/** Tests of the start: where a fold goes on, what does not fit together, and what a lost store becomes. */
import { describe, expect, it } from "vitest";
import { NOT_ENCODED } from "../../../src/server/log/message-log.ts";
import { emptyProjection, encodeSnapshot } from "../../../src/server/projector/snapshot.ts";
import { foldBatch } from "../../../src/server/projector/tail.ts";
import { Trimming } from "../../../src/server/projector/trimming.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { MemoryStore } from "../../../src/server/store/memory.ts";
import type { Snapshot } from "../../../src/server/store/message-store.ts";
import { silentTelemetry } from "../../../src/server/telemetry/create-telemetry.ts";
import { message, messages, uuidOf } from "../../support/log-records.ts";
import { Projector, storedRows } from "../../support/simulation-projector.ts";

const ROOM = uuidOf(1);
const QUEUE_BYTES_MAX = 1024 * 1024;
const records = messages(0, 100).map((record, index) => ({
  ...record,
  key: `key ${index % 90}`,
  body: `"${index % 90}"`,
}));

/** The fold's state at a position. */
function snapshotAt(position: number): Snapshot {
  const projection = emptyProjection();
  foldBatch(
    0,
    { from: 0, to: position, records: records.slice(0, position), encoded: NOT_ENCODED },
    projection,
    undefined,
  );
  return { position, bytes: encodeSnapshot(projection) };
}

/** A log of 100 records that begins at `begin`, over a store. */
function projectorWith(begin: number, store: MemoryStore = new MemoryStore()): Projector {
  const projector = new Projector(store);
  const partition = projector.disk.partition(0);
  for (const record of records) partition.records.push(record);
  partition.begin = begin;
  return projector;
}

async function writtenUpTo(to: number, snapshots: readonly number[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  const projection = emptyProjection();
  const { records: rows } = foldBatch(
    0,
    { from: 0, to, records: records.slice(0, to), encoded: NOT_ENCODED },
    projection,
    undefined,
  );
  await store.write({ partition: 0, from: 0, to, records: rows, removals: [], snapshot: undefined });
  for (const at of snapshots) {
    await store.write({ partition: 0, from: to, to, records: [], removals: [], snapshot: snapshotAt(at) });
  }
  return store;
}

describe("a start", () => {
  it("PROJ-3 folds from the first record where there is nothing else", async () => {
    const { start, checkpoint, end } = await projectorWith(0).recover();
    expect([start.position, checkpoint, end]).toEqual([0, 0, 100]);
  });

  it("PROJ-3 takes the newest snapshot at or before the checkpoint, of the store or beside the log", async () => {
    const projector = projectorWith(0, await writtenUpTo(80, [20, 50]));
    expect((await projector.recover()).start.position).toBe(50);
    await projector.kept.keep(60, snapshotAt(60).bytes);
    await projector.kept.keep(90, snapshotAt(90).bytes);
    expect((await projector.recover()).start.position).toBe(60);
  });

  it("PROJ-3 writes only what lies after the checkpoint, and counts on as before", async () => {
    const projector = projectorWith(0, await writtenUpTo(80, [20, 50]));
    await projector.start(QUEUE_BYTES_MAX);
    await projector.clock.advance(1000);
    expect(Math.min(...projector.asked.map(({ from }) => from))).toBe(80);
    expect(projector.delivered[0]?.from).toBe(50);
    expect(await storedRows(projector.store, [ROOM])).toEqual(projector.expected);
  });

  it("STOP-1 refuses a checkpoint beyond the end of the log, with what to do", async () => {
    const store = new MemoryStore();
    await store.write({ partition: 0, from: 0, to: 101, records: [], removals: [], snapshot: undefined });
    const refused = projectorWith(0, store).recover();
    await expect(refused).rejects.toThrow(StartError);
    await expect(refused).rejects.toThrow(/up to position 101, but the log ends at 100: .*move the folder store away/);
  });

  it("STOP-1 refuses a log that begins after the checkpoint", async () => {
    const refused = projectorWith(90, await writtenUpTo(80, [50])).recover();
    await expect(refused).rejects.toThrow(StartError);
    await expect(refused).rejects.toThrow(/up to position 80, but the log begins at 90/);
  });

  it("STOP-1 refuses a log that can't be numbered: its beginning and every snapshot are gone", async () => {
    const lost = projectorWith(40).recover();
    await expect(lost).rejects.toThrow(StartError);
    await expect(lost).rejects.toThrow(/begins at 40, and no snapshot .*restore the data folder from a backup/);
    // A snapshot from before the beginning is of no use: what lies between is gone.
    const early = projectorWith(40);
    await early.kept.keep(30, snapshotAt(30).bytes);
    await expect(early.recover()).rejects.toThrow(StartError);
  });

  it("STOP-1 refuses a store that lies between what can be numbered", async () => {
    const projector = projectorWith(40, await writtenUpTo(50, []));
    await projector.kept.keep(60, snapshotAt(60).bytes);
    await expect(projector.recover()).rejects.toThrow(/stands at position 50, but .* numbered from 60 on/);
  });
});

describe("a lost store", () => {
  it("PROJ-1 PROJ-3 is rebuilt from the whole log with the same seqs and ids", async () => {
    const projector = projectorWith(0);
    await projector.start(QUEUE_BYTES_MAX);
    await projector.clock.advance(1000);
    expect(await storedRows(projector.store, [ROOM])).toEqual(projector.expected);
  });

  it("PROJ-1 PROJ-2 PROJ-3 is rebuilt from a trimmed log with the same seqs, ids and keys; what is gone lies below the floor", async () => {
    const projector = projectorWith(30);
    await projector.kept.keep(40, snapshotAt(40).bytes);
    await projector.kept.keep(70, snapshotAt(70).bytes);
    await projector.start(QUEUE_BYTES_MAX);
    // The window came with the snapshot: the keys of positions 0 to 9 came again at 90 to 99 and were dropped.
    await projector.append([message(100, { key: "key 5", body: '"5"' }), message(101, { key: "new" })]);
    await projector.clock.advance(1000);
    const expected = projector.expected.filter(({ position }) => position >= 40);
    expect(await storedRows(projector.store, [ROOM])).toEqual(expected);
    expect(expected.at(-1)).toMatchObject({ seq: 91, position: 101 });
    expect(await projector.store.floor(ROOM)).toBe(41);
    expect(await projector.store.checkpoint(0)).toBe(102);
    // It can be started again at once.
    expect(await projector.stop(1000)).toBe(true);
    expect((await projector.recover()).checkpoint).toBe(102);
  });
});

describe("trimming", () => {
  /** A log of 100 records, and what is trimmed with snapshots at some positions. */
  async function trim(oldestToKeep: number | undefined, positions: readonly number[]): Promise<Projector> {
    const projector = projectorWith(0, await writtenUpTo(100, []));
    const { log, store, kept } = projector;
    const keep = oldestToKeep === undefined ? undefined : async () => oldestToKeep;
    const trimming = new Trimming({ partition: 0, log, store, kept, oldestToKeep: keep, telemetry: silentTelemetry() });
    for (const position of positions) {
      const snapshot = snapshotAt(position);
      await store.write({ partition: 0, from: 100, to: 100, records: [], removals: [], snapshot });
      await trimming.durable(snapshot);
    }
    return projector;
  }

  it("PROJ-3 shortens the log only behind the older of the last two snapshots", async () => {
    expect((await trim(100, [50])).disk.partition(0).begin).toBe(0);
    expect((await trim(100, [50, 80])).disk.partition(0).begin).toBe(50);
    expect((await trim(100, [50, 80, 90])).disk.partition(0).begin).toBe(80);
  });

  it("PROJ-3 keeps what is to be kept, and snapshots beside the log from its beginning on", async () => {
    const some = await trim(20, [10, 50, 80]);
    expect(some.disk.partition(0).begin).toBe(20);
    expect(some.kept.positions).toEqual([50, 80]);
    const all = await trim(0, [50, 80]);
    expect(all.disk.partition(0).begin).toBe(0);
    const unlimited = await trim(undefined, [50, 80]);
    expect(unlimited.disk.partition(0).begin).toBe(0);
    expect(unlimited.kept.positions).toEqual([]);
  });

  it("PROJ-3 leaves a log from which a start with and without its store counts the same", async () => {
    const trimmed = await trim(100, [50, 80]);
    expect((await trimmed.recover()).start.position).toBe(80);
    const lost = projectorWith(trimmed.disk.partition(0).begin);
    for (const at of trimmed.kept.positions) await lost.kept.keep(at, snapshotAt(at).bytes);
    await lost.start(QUEUE_BYTES_MAX);
    await lost.clock.advance(1000);
    const expected = lost.expected.filter(({ position }) => position >= 50);
    expect(await storedRows(lost.store, [ROOM])).toEqual(expected);
  });
});
