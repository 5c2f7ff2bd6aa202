/** A write to the embedded store encodes in stretches: others run in between, and none of them sees half of it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openLmdbStore } from "../../../src/server/store/lmdb.ts";
import { batchOf, expectedRows, history, NO_LIMIT, roomOf } from "../../support/store-history.ts";

const LENGTH = 3000;
const LOG = history({ length: LENGTH, rooms: 3, dropEvery: 50, bodyLength: (position) => position % 300 });

it("PROJ-4 a large write lets others run in between, who see all of it or nothing", async () => {
  const dir = await mkdtemp(join(tmpdir(), "verbatim-store-"));
  const seen: number[] = [];
  const store = await openLmdbStore({
    dir: join(dir, "store"),
    readOnly: false,
    pause: async () => {
      seen.push((await store.range(roomOf(0), 1, LENGTH, NO_LIMIT)).length);
      // Retention in the middle of a write that brings what it takes away.
      if (seen.length === 3) await store.retain(roomOf(0), 400);
    },
    damaged: (error) => {
      throw error;
    },
  });
  try {
    const from = 30;
    await store.write(batchOf(LOG, 0, from));
    expect(seen).toEqual([]);
    await store.write(batchOf(LOG, from, LENGTH));
    expect(seen.length).toBeGreaterThanOrEqual(10);
    const before = expectedRows(LOG, roomOf(0), 1, from).length;
    expect(seen).toEqual(seen.map((_, index) => (index < 3 ? before : 0)));
    expect(await store.range(roomOf(0), 1, LENGTH, NO_LIMIT)).toEqual(expectedRows(LOG, roomOf(0), 400, LENGTH));
    expect(await store.range(roomOf(1), 1, LENGTH, NO_LIMIT)).toEqual(expectedRows(LOG, roomOf(1), 1, LENGTH));
  } finally {
    await store.close();
    await rm(dir, { recursive: true });
  }
});
