/** Several who write the store on CQL, one who was held up, and writes that fail or whose answer is lost. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { StoredRecord } from "../../src/server/record.ts";
import { type CqlStore, openCqlStore } from "../../src/server/store/cql.ts";
import { CQL_STORE_MIGRATIONS } from "../../src/server/store/cql-schema.ts";
import type { Snapshot } from "../../src/server/store/message-store.ts";
import { type TestKeyspace, testKeyspace } from "../support/cql-keyspace.ts";
import { engines } from "../support/engines.ts";
import { faultySession, type WriteFate } from "../support/faulty-session.ts";
import { batchOf, expectedRows, history, NO_LIMIT, removing, roomOf, withoutTexts } from "../support/store-history.ts";

const LOG = history({ length: 900, rooms: 3, dropEvery: 9, bodyLength: (position) => position % 400 });
const ROOM = roomOf(0);
const ROOM_ROWS = expectedRows(LOG, ROOM, 1, 900);

const snapshotOf = (position: number, byte: number, length = 600_000): Snapshot => ({
  position,
  bytes: new Uint8Array(length).fill(byte),
});

let keyspace: TestKeyspace;

beforeAll(async () => {
  keyspace = await testKeyspace(engines().cql, CQL_STORE_MIGRATIONS);
});
afterEach(() => keyspace.empty());
afterAll(() => keyspace.drop());

const damages: Error[] = [];
const openOn = (session = keyspace.session): Promise<CqlStore> =>
  openCqlStore({ session, damaged: (error) => damages.push(error) });

const positionsIn = async (table: string): Promise<number[]> =>
  (await keyspace.session.rows(`SELECT position FROM ${table}`, [])).map((row) => Number(row["position"]));

async function expectWhole(store: CqlStore): Promise<void> {
  for (const index of [0, 1, 2]) {
    expect(await store.range(roomOf(index), 1, 10_000, NO_LIMIT)).toEqual(expectedRows(LOG, roomOf(index), 1, 900));
  }
  expect(await store.checkpoint(0)).toBe(900);
}

describe("two writers of one partition", () => {
  it("PROJ-3 write the same whatever their boundaries, and the checkpoint is that of who is further", async () => {
    const one = await openOn();
    const other = await openOn(await keyspace.connect());
    const write = async (store: CqlStore, step: number): Promise<void> => {
      for (let from = 0; from < 900; from += step) await store.write(batchOf(LOG, from, Math.min(900, from + step)));
    };
    await Promise.all([write(one, 70), write(other, 110)]);
    await expectWhole(one);
    await expectWhole(other);
    // Each may begin where the other is, further on than it has come itself.
    await other.write(batchOf(LOG, 900, 910));
    await one.write(batchOf(LOG, 910, 920));
    expect(await other.checkpoint(0)).toBe(920);
  });

  it("PROJ-3 never mix the pieces of a snapshot, though both make one of the same position", async () => {
    const one = await openOn();
    const other = await openOn(await keyspace.connect());
    await one.write(batchOf(LOG, 0, 900));
    for (let round = 0; round < 4; round++) {
      const position = 500 + round;
      await Promise.all([
        one.write(batchOf(LOG, 900, 900, snapshotOf(position, 1))),
        other.write(batchOf(LOG, 900, 900, snapshotOf(position, 2))),
      ]);
      const found = await one.snapshot(0, 1000);
      expect(found?.position).toBe(position);
      expect(new Set(found?.bytes).size).toBe(1);
      expect(found?.bytes.length).toBe(600_000);
    }
    expect(damages).toEqual([]);
    expect(await other.snapshots(0)).toEqual([502, 503]);
  });
});

describe("a writer who was held up", () => {
  /** A store whose writes wait from the first of them on, until they are let go. */
  async function heldStore(isHeld: (query: string) => boolean) {
    const faulty = faultySession(await keyspace.connect());
    let release: () => void = () => undefined;
    const released = new Promise<WriteFate>((resolve) => {
      release = () => resolve("done");
    });
    let began: () => void = () => undefined;
    const isHolding = new Promise<void>((resolve) => {
      began = resolve;
    });
    faulty.decide = (query) => {
      if (!isHeld(query)) return "done";
      began();
      return released;
    };
    return { store: await openOn(faulty.session), release, isHolding };
  }

  it("PROJ-3 changes nothing that was written, removed, retained or moved on meanwhile", async () => {
    const held = await heldStore(() => true);
    const late = held.store.write({ ...batchOf(LOG, 0, 300, snapshotOf(290, 9)) });
    await held.isHolding;

    const store = await openOn();
    await store.write(batchOf(LOG, 0, 900, snapshotOf(880, 1)));
    await store.write(batchOf(LOG, 900, 900, snapshotOf(890, 2)));
    const removed = [12, 30, 31, 60];
    // The record that says so is the last of its room.
    const position = ROOM_ROWS.at(-1)?.position ?? 0;
    const removals = removing(ROOM, removed).map((removal) => ({ ...removal, position }));
    await store.write({ ...batchOf(LOG, 900, 900), removals });
    await store.retain(ROOM, 20);

    held.release();
    await late;
    for (const reader of [store, held.store, await openOn()]) {
      expect(await reader.range(ROOM, 1, 10_000, NO_LIMIT)).toEqual(withoutTexts(ROOM_ROWS.slice(19), removed));
      expect(await reader.checkpoint(0)).toBe(900);
      expect(await reader.snapshots(0)).toEqual([880, 890]);
      expect(new Set((await reader.snapshot(0, 885))?.bytes)).toEqual(new Set([1]));
    }
    // Not merely hidden: what retention removed and what is older than two snapshots did not come back.
    const query = "SELECT seq FROM messages WHERE room = ? AND bucket = 0 AND seq < 20";
    expect(await keyspace.session.rows(query, [ROOM])).toEqual([]);
    expect(new Set(await positionsIn("snapshots"))).toEqual(new Set([880, 890]));
    expect(new Set(await positionsIn("snapshot_pieces"))).toEqual(new Set([880, 890]));
  });

  it("PROJ-3 does not bring a floor down", async () => {
    const store = await openOn();
    await store.write(batchOf(LOG, 0, 900));
    const held = await heldStore((query) => query.includes("floor"));
    const late = held.store.retain(ROOM, 10);
    await held.isHolding;
    await store.retain(ROOM, 40);
    held.release();
    await late;
    expect(await store.floor(ROOM)).toBe(40);
    expect(await store.range(ROOM, 1, 10_000, NO_LIMIT)).toEqual(ROOM_ROWS.slice(39));
  });
});

describe("a write that fails", () => {
  const isCheckpoint = (query: string): boolean => query.includes("INTO checkpoints");
  const isHead = (query: string): boolean => query.includes("INTO snapshots ");

  for (const fate of ["failed", "lost"] as const) {
    it(`PROJ-3 in between, ${fate}: the checkpoint stays at or before what is written, and it may be tried again`, async () => {
      const faulty = faultySession(keyspace.session);
      const store = await openOn(faulty.session);
      for (let broken = 0; broken < 12; broken++) {
        const from = broken * 70;
        const batch = batchOf(LOG, from, from + 70, snapshotOf(from + 70, broken, 1000));
        let passed = 0;
        faulty.decide = () => (passed++ === broken ? fate : "done");
        const isDone = await store.write(batch).then(
          () => true,
          (error: unknown) => {
            expect(error).toHaveProperty("name", "CqlError");
            return false;
          },
        );
        expect(isDone).toBe(passed <= broken);
        faulty.decide = () => "done";
        const checkpoint = await store.checkpoint(0);
        expect(await store.range(ROOM, 1, 10_000, NO_LIMIT)).toEqual(
          expect.arrayContaining(expectedRows(LOG, ROOM, 1, checkpoint)),
        );
        await store.write(batch);
      }
      await store.write(batchOf(LOG, 840, 900));
      await expectWhole(store);
    });
  }

  it("PROJ-3 at a row leaves the checkpoint where it was, however many rows went through", async () => {
    const faulty = faultySession(keyspace.session);
    const store = await openOn(faulty.session);
    await store.write(batchOf(LOG, 0, 100));
    faulty.decide = (query) => (query.includes("INTO messages") ? "lost" : "done");
    await expect(store.write(batchOf(LOG, 100, 900))).rejects.toThrow(/lost an answer/);
    expect(await (await openOn()).checkpoint(0)).toBe(100);
  });

  it("PROJ-3 at the checkpoint leaves that where it was", async () => {
    const faulty = faultySession(keyspace.session);
    const store = await openOn(faulty.session);
    faulty.decide = (query) => (isCheckpoint(query) ? "failed" : "done");
    await expect(store.write(batchOf(LOG, 0, 900, snapshotOf(900, 1)))).rejects.toThrow(/failed a write/);
    expect(await store.checkpoint(0)).toBe(0);
    expect(await store.snapshots(0)).toEqual([]);
  });

  it("PROJ-3 within a snapshot leaves none that anybody reads, and the next two take away what is left of it", async () => {
    const faulty = faultySession(keyspace.session);
    const store = await openOn(faulty.session);
    faulty.decide = (query) => (isHead(query) ? "failed" : "done");
    await expect(store.write(batchOf(LOG, 0, 900, snapshotOf(700, 1)))).rejects.toThrow(/failed a write/);
    expect(await store.checkpoint(0)).toBe(900);
    expect(await store.snapshots(0)).toEqual([]);
    expect(await store.snapshot(0, 1000)).toBeUndefined();
    expect(await positionsIn("snapshot_pieces")).toEqual([700, 700, 700]);
    faulty.decide = () => "done";
    for (const position of [800, 850]) await store.write(batchOf(LOG, 900, 900, snapshotOf(position, 1)));
    expect(new Set(await positionsIn("snapshot_pieces"))).toEqual(new Set([800, 850]));
  });

  it("PROJ-3 while old messages are removed leaves none of them to be seen, and the next time removes the rest", async () => {
    const faulty = faultySession(keyspace.session);
    const store = await openOn(faulty.session);
    await store.write(batchOf(LOG, 0, 900));
    faulty.decide = (query) => (query.startsWith("DELETE") ? "failed" : "done");
    await expect(store.retain(ROOM, 30)).rejects.toThrow(/failed a write/);
    expect((await store.range(ROOM, 1, 10_000, NO_LIMIT))[0]?.seq).toBe(30);
    faulty.decide = () => "done";
    await store.retain(ROOM, 31);
    const query = "SELECT seq FROM messages WHERE room = ? AND bucket = 0 AND seq < 31";
    expect(await keyspace.session.rows(query, [ROOM])).toEqual([]);
    expect((await store.range(ROOM, 1, 10_000, NO_LIMIT)).map(({ seq }: StoredRecord) => seq)[0]).toBe(31);
  });
});
