/** The embedded store and directory on a disk that is full for real. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLmdbDirectory } from "../../../src/server/directory/lmdb.ts";
import { openLmdbStore } from "../../../src/server/store/lmdb.ts";
import { uuidOf } from "../../support/log-records.ts";
import { noSmallDisk, type SmallDisk, smallDisk } from "../../support/small-disk.ts";
import { batchOf, expectedRows, history, NO_LIMIT, roomOf } from "../../support/store-history.ts";

const DISK_BYTES = 4 * 1024 * 1024;
const LENGTH = 3000;
const LOG = history({ length: LENGTH, rooms: 4, dropEvery: 11, bodyLength: () => 4000 });
const STEP = 20;

const unhandled: unknown[] = [];
const hear = (reason: unknown): void => void unhandled.push(reason);
let disk: SmallDisk;

const open = () =>
  openLmdbStore({
    dir: join(disk.dir, "store"),
    readOnly: false,
    damaged: (error) => {
      throw error;
    },
  });

/** Writes until the disk is full; the checkpoint then. */
async function fill(store: Awaited<ReturnType<typeof open>>, from: number): Promise<number> {
  for (let at = from; at < LENGTH; at += STEP) {
    try {
      await store.write(batchOf(LOG, at, at + STEP));
    } catch (error) {
      expect(String(error)).toMatch(/could not commit to .*store: .*, \d+ MiB free/);
      return at;
    }
  }
  throw new Error("the disk did not fill up");
}

describe.skipIf(noSmallDisk !== undefined)(
  `LMDB on a full disk${noSmallDisk === undefined ? "" : `: ${noSmallDisk}`}`,
  () => {
    beforeEach(async () => {
      unhandled.length = 0;
      process.on("unhandledRejection", hear);
      disk = await smallDisk(DISK_BYTES);
      await writeFile(join(disk.dir, "filler"), Buffer.alloc(DISK_BYTES / 4));
    });
    afterEach(async () => {
      await disk.remove();
      process.off("unhandledRejection", hear);
      expect(unhandled).toEqual([]);
    });

    it("PROJ-4 a failed write changes nothing, reads go on, and once there is room it writes again", async () => {
      const store = await open();
      const full = await fill(store, 0);
      expect(store.fault).toMatch(/could not commit/);
      const check = async (checkpoint: number): Promise<void> => {
        expect(await store.checkpoint(0)).toBe(checkpoint);
        for (const room of [0, 1, 2, 3].map(roomOf)) {
          expect(await store.range(room, 1, LENGTH, NO_LIMIT)).toEqual(expectedRows(LOG, room, 1, checkpoint));
        }
      };
      await check(full);
      // Again and again, as the projector does it, while others read.
      for (let round = 0; round < 5; round++) {
        const write = store.write(batchOf(LOG, full, full + 200));
        const reads = Promise.all([check(full), check(full)]);
        await expect(write).rejects.toThrow(/could not commit/);
        await reads;
        await check(full);
      }
      await rm(join(disk.dir, "filler"));
      await store.write(batchOf(LOG, full, full + STEP));
      expect(store.fault).toBeUndefined();
      await check(full + STEP);
      await store.close();
      const again = await open();
      expect(await again.checkpoint(0)).toBe(full + STEP);
      expect(await again.range(roomOf(1), 1, LENGTH, NO_LIMIT)).toEqual(expectedRows(LOG, roomOf(1), 1, full + STEP));
      await again.close();
    });

    it("STOP-1 a store whose last write failed closes, and opens with all that was durable", async () => {
      const store = await open();
      const full = await fill(store, 0);
      await store.close();
      const again = await open();
      expect(await again.checkpoint(0)).toBe(full);
      expect(await again.range(roomOf(2), 1, LENGTH, NO_LIMIT)).toEqual(expectedRows(LOG, roomOf(2), 1, full));
      await again.close();
    });

    it("the directory refuses guests while the disk is full, and takes them again afterwards", async () => {
      const directory = await openLmdbDirectory({ dir: join(disk.dir, "directory"), readOnly: false });
      const save = (index: number): Promise<boolean> =>
        directory.saveGuest(`hash ${index}`, { id: uuidOf(index), name: `n${index}`, expiresAt: 1000 }, 0);
      expect(await save(1)).toBe(true);
      const rest = await writeFile(join(disk.dir, "rest"), Buffer.alloc(DISK_BYTES)).then(
        () => "written",
        (error: NodeJS.ErrnoException) => error.code,
      );
      expect(rest).toBe("ENOSPC");
      let failed = 0;
      for (let index = 2; index < 200 && failed === 0; index += 20) {
        const results = await Promise.allSettled(Array.from({ length: 20 }, (_, offset) => save(index + offset)));
        failed = results.filter(({ status }) => status === "rejected").length;
      }
      expect(failed).toBeGreaterThan(0);
      expect(await directory.findGuest("hash 1", 0)).toEqual({ id: uuidOf(1), name: "n1", expiresAt: 1000 });
      await rm(join(disk.dir, "rest"));
      expect(await save(1000)).toBe(true);
      expect(await directory.findGuest("hash 1000", 0)).toBeDefined();
      await directory.close();
    });
  },
);
