/** Retention in the embedded store, as it lies on the disk. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open as openDatabase } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sealNumber } from "../../../src/server/lmdb/sealed-value.ts";
import { openLmdbStore } from "../../../src/server/store/lmdb.ts";
import { blockKey, blockKeySeq, floorKey } from "../../../src/server/store/lmdb-keys.ts";
import { batchOf, expectedRows, history, NO_LIMIT, roomOf } from "../../support/store-history.ts";

const LOG = history({ length: 900, rooms: 2, dropEvery: 50, bodyLength: () => 700 });
const ROOM = roomOf(0);
const ROWS = expectedRows(LOG, ROOM, 1, 900);

let dir: string;
const open = () =>
  openLmdbStore({
    dir: join(dir, "store"),
    readOnly: false,
    damaged: (error) => {
      throw error;
    },
  });

/** Looks at, or changes, what lies on the disk, behind the store's back. */
async function onDisk<T>(
  look: (database: ReturnType<typeof openDatabase<Buffer, Buffer>>) => T | Promise<T>,
): Promise<T> {
  const path = join(dir, "store");
  const database = openDatabase<Buffer, Buffer>({
    path,
    overlappingSync: false,
    encoding: "binary",
    keyEncoding: "binary",
  });
  try {
    return await look(database);
  } finally {
    await database.close();
  }
}

const blocksOnDisk = (room: string): Promise<number[]> =>
  onDisk((database) =>
    [...database.getKeys({ start: blockKey(room, 0), end: blockKey(room, Number.MAX_SAFE_INTEGER) })].map(blockKeySeq),
  );

describe("retention in the embedded store", () => {
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "verbatim-store-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("leaves nothing below the floor on the disk, and a repeat writes nothing there", async () => {
    const store = await open();
    await store.write(batchOf(LOG, 0, 900));
    await store.retain(ROOM, 100);
    await store.write(batchOf(LOG, 0, 900));
    await store.write(batchOf(LOG, 0, 100));
    await store.close();
    const blocks = await blocksOnDisk(ROOM);
    expect(blocks[0]).toBe(100);
    expect(blocks.length).toBeGreaterThan(1);
    expect(Math.min(...(await blocksOnDisk(roomOf(1))))).toBe(1);
  });

  it("hides what lies below the floor before it is removed, and removes it when it is asked for again", async () => {
    const before = await open();
    await before.write(batchOf(LOG, 0, 900));
    await before.close();
    // As after a crash between the first commit of a long removal and its last.
    await onDisk((database) => database.put(floorKey(ROOM), sealNumber(100)));
    const store = await open();
    expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROWS.slice(99));
    expect(await store.page(ROOM, 1000, NO_LIMIT)).toEqual(ROWS.slice(99));
    expect(await store.page(ROOM, 50, NO_LIMIT)).toEqual([]);
    await store.retain(ROOM, 100);
    await store.close();
    expect((await blocksOnDisk(ROOM))[0]).toBe(100);
  });

  it("removes thousands of blocks, in several commits", async () => {
    // Every other seq is missing, so that each record has a block of its own.
    const records = Array.from({ length: 5000 }, (_, index) => {
      const row = ROWS[0];
      if (row === undefined) throw new Error("no rows");
      return { ...row, seq: 2 * index + 1, position: index };
    });
    const store = await open();
    await store.write({ partition: 0, from: 0, to: 5000, records, removals: [], snapshot: undefined });
    await store.retain(ROOM, 9000);
    expect(await store.range(ROOM, 1, 20_000, NO_LIMIT)).toEqual(records.slice(4500));
    await store.close();
    const blocks = await blocksOnDisk(ROOM);
    expect([blocks[0], blocks.length]).toEqual([9001, 500]);
  });
});
