/** The embedded store with values that were changed behind its back, and with files that are none of its own. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open as openLmdb } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StartError } from "../../../src/server/start-error.ts";
import { openLmdbStore } from "../../../src/server/store/lmdb.ts";
import { blockKey, checkpointKey, floorKey, snapshotKey } from "../../../src/server/store/lmdb-keys.ts";
import { StoreDamaged } from "../../../src/server/store/message-store.ts";
import { batchOf, expectedRows, history, NO_LIMIT, roomOf } from "../../support/store-history.ts";

const LOG = history({ length: 600, rooms: 2, dropEvery: 50, bodyLength: () => 500 });
const ROOM = roomOf(0);
const ROWS = expectedRows(LOG, ROOM, 1, 600);

let dir: string;
const reported: StoreDamaged[] = [];
const open = (readOnly = false) =>
  openLmdbStore({ dir: join(dir, "store"), readOnly, damaged: (error) => reported.push(error) });

/** The keys of a room's blocks, and what stands there. */
function blocks(): Promise<{ key: Buffer; value: Buffer }[]> {
  return withDatabase(async (database) => [
    ...database.getRange({ start: blockKey(ROOM, 0), end: blockKey(ROOM, 1e9) }),
  ]);
}

async function withDatabase<T>(
  body: (database: ReturnType<typeof openLmdb<Buffer, Buffer>>) => Promise<T>,
): Promise<T> {
  const database = openLmdb<Buffer, Buffer>({
    path: join(dir, "store"),
    overlappingSync: false,
    encoding: "binary",
    keyEncoding: "binary",
  });
  try {
    return await body(database);
  } finally {
    await database.close();
  }
}

/** Flips one bit in the middle of the value at a key. */
async function damage(key: Buffer): Promise<void> {
  await withDatabase(async (database) => {
    const value = Buffer.from(database.get(key) ?? "");
    expect(value.length).toBeGreaterThan(0);
    const middle = value.length >> 1;
    value[middle] = (value[middle] ?? 0) ^ 4;
    await database.put(key, value);
  });
}

const rejection = async (promise: Promise<unknown>): Promise<StoreDamaged> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreDamaged);
  return error as StoreDamaged;
};

describe("a damaged embedded store", () => {
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "verbatim-store-"));
    reported.length = 0;
    const store = await open();
    await store.write(batchOf(LOG, 0, 300, { position: 100, bytes: Buffer.alloc(100_000, 1) }));
    await store.write(batchOf(LOG, 300, 600, { position: 600, bytes: Buffer.alloc(100_000, 2) }));
    await store.close();
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("LOG-6 names the room and the seq of a block that can't be read, and reads what stands beside it", async () => {
    const second = (await blocks())[1];
    if (second === undefined) throw new Error("one block only");
    const seq = Number(second.key.readBigUInt64BE(17));
    await damage(second.key);
    const store = await open(true);
    const error = await rejection(store.range(ROOM, 1, 1000, NO_LIMIT));
    expect([error.room, error.at]).toEqual([ROOM, seq]);
    expect(error.message).toContain(`room ${ROOM}`);
    expect(error.message).toContain(`seq ${seq}`);
    expect((await rejection(store.page(ROOM, 1000, NO_LIMIT))).at).toBe(seq);
    expect(await store.range(ROOM, 1, seq - 1, NO_LIMIT)).toEqual(ROWS.slice(0, seq - 1));
    expect(await store.range(roomOf(1), 1, 1000, NO_LIMIT)).toEqual(expectedRows(LOG, roomOf(1), 1, 600));
    await store.close();
  });

  it("PROJ-3 what is damaged is healed by writing it again from the log", async () => {
    for (const { key } of await blocks()) await damage(key);
    const store = await open();
    // In pieces that begin and end within blocks.
    for (let from = 0; from < 600; from += 70) await store.write(batchOf(LOG, from, Math.min(600, from + 70)));
    expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROWS);
    expect(await store.page(ROOM, 1000, NO_LIMIT)).toEqual(ROWS);
    expect(reported.length).toBeGreaterThan(0);
    await store.close();
  });

  it("FAN-1 a hole is filled by writing that part again", async () => {
    const second = (await blocks())[1];
    if (second === undefined) throw new Error("one block only");
    await withDatabase((database) => database.remove(second.key));
    const store = await open();
    const missing = ROWS.filter(({ seq }) => seq >= Number(second.key.readBigUInt64BE(17)));
    expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).not.toEqual(ROWS);
    await store.write(batchOf(LOG, missing[0]?.position ?? 0, 500));
    expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROWS);
    await store.close();
  });

  it("passes over a damaged snapshot to the older one, and says so", async () => {
    await damage(snapshotKey(0, 600, 2));
    const store = await open();
    const snapshot = await store.snapshot(0, 600);
    expect(snapshot?.position).toBe(100);
    expect(Buffer.alloc(100_000, 1).equals(snapshot?.bytes ?? Buffer.alloc(0))).toBe(true);
    expect(reported.map(({ room, at }) => [room, at])).toEqual([[undefined, 600]]);
    await store.close();
  });

  it("LOG-6 a snapshot that lacks a piece is found, its first or its last", async () => {
    for (const piece of [0, 3])
      await withDatabase((database) => database.remove(snapshotKey(0, piece === 0 ? 100 : 600, piece)));
    const store = await open();
    expect(await store.snapshot(0, 600)).toBeUndefined();
    expect(reported.map(({ at }) => at)).toEqual([600, 100]);
    await store.close();
  });

  it("LOG-6 a damaged checkpoint and a damaged floor are said, not guessed", async () => {
    const before = await open();
    await before.retain(ROOM, 3);
    await before.close();
    await damage(checkpointKey(0));
    await damage(floorKey(ROOM));
    const store = await open();
    expect((await rejection(store.checkpoint(0))).message).toMatch(/checkpoint of partition 0/);
    await rejection(store.write(batchOf(LOG, 600, 600)));
    expect((await rejection(store.range(ROOM, 1, 1000, NO_LIMIT))).room).toBe(ROOM);
    await store.close();
  });

  it("STOP-1 a file that is no store at all is refused with one line that says what to do", async () => {
    const path = join(dir, "store", "data.mdb");
    const whole = await readFile(path);
    const otherVersion = Buffer.from(whole);
    otherVersion[28] = 1;
    const cut = [1, 100, 159, 4096, 4200, 8192, whole.length >> 1, whole.length - 300_000].map((end) =>
      whole.subarray(0, end),
    );
    const foreign = [Buffer.alloc(100_000, 0x55), Buffer.alloc(100_000), Buffer.from("short"), otherVersion];
    for (const bytes of [...foreign, ...cut]) {
      await writeFile(path, bytes);
      const error = await open().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(StartError);
      expect((error as StartError).message).toMatch(/store can't be opened \(.*\): move that folder away/);
    }
    await rm(join(dir, "store"), { recursive: true });
    const store = await open();
    expect(await store.checkpoint(0)).toBe(0);
    await store.close();
  });

  it("retention does not pass over a block at its boundary that can't be read", async () => {
    const first = (await blocks())[0];
    if (first === undefined) throw new Error("no block");
    await damage(first.key);
    const store = await open();
    await rejection(store.retain(ROOM, 5));
    expect(await store.floor(ROOM)).toBe(1);
    const second = Number((await blocks())[1]?.key.readBigUInt64BE(17));
    await store.retain(ROOM, second);
    expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROWS.slice(second - 1));
    await store.close();
  });
});
