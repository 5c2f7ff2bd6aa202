/** The embedded store, written by one process and read by another. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLmdbStore } from "../../../src/server/store/lmdb.ts";
import { startProgram } from "../../support/programs.ts";
import { batchOf, expectedRows, history, NO_LIMIT, roomOf } from "../../support/store-history.ts";
import { until } from "../../support/until.ts";

const CHILD = fileURLToPath(new URL("../../support/store-child.mjs", import.meta.url));
const BUILT = fileURLToPath(new URL("../../../dist/server/store/lmdb.js", import.meta.url));
const LOG = history({ length: 400, rooms: 2, dropEvery: 50, bodyLength: () => 900 });

/** What another process may take, on a machine that is busy with others. */
const WITHIN_MS = 30_000;

let dir: string;
const open = (readOnly: boolean) =>
  openLmdbStore({
    dir,
    readOnly,
    damaged: (error) => {
      throw error;
    },
  });

describe("the embedded store in two processes", { timeout: 2 * WITHIN_MS }, () => {
  beforeEach(async () => {
    if (!existsSync(BUILT)) throw new Error("dist/ is missing: npm run build");
    dir = join(await mkdtemp(join(tmpdir(), "verbatim-store-")), "store");
  });
  afterEach(() => rm(join(dir, ".."), { recursive: true }));

  it("STOP-1 another process reads what is committed, moment by moment, while this one writes", async () => {
    const store = await open(false);
    const child = startProgram(process.execPath, [CHILD, dir], { cwd: tmpdir(), env: {} });
    await child.printed(/ready/, WITHIN_MS);
    const answers = (): readonly string[] => child.output().match(/^\d+ .*(?=\n)/gm) ?? [];
    const expected: string[] = [];
    for (let from = 0; from < 400; from += 40) {
      await store.write(batchOf(LOG, from, from + 40));
      const seqs = expectedRows(LOG, roomOf(0), 1, from + 40).map(({ seq }) => seq);
      const answer = `${from + 40} ${seqs.join(",")}.`;
      expected.push(answer);
      // Asked until it says so: what it read a moment ago may still be what it reads now, but not in the next.
      await until(
        WITHIN_MS,
        () => `${answer} of:\n${child.output()}`,
        () => {
          child.write(`${roomOf(0)}\n`);
          return answers().includes(answer) || undefined;
        },
      );
    }
    await child.end("SIGKILL");
    // Each state as a whole, none that never was, and none again once there was a later one.
    expect(answers().filter((answer, index, all) => answer !== all[index - 1])).toEqual(expected);
    // A reader that is killed leaves nothing that holds the writer up.
    await store.retain(roomOf(0), 100);
    await store.write(batchOf(LOG, 0, 400));
    await store.close();
  });

  it("a store that is opened for reading takes no writes and makes no folder", async () => {
    await expect(open(true)).rejects.toThrow(/ENOENT/);
    expect(existsSync(dir)).toBe(false);
    const writer = await open(false);
    await writer.write(batchOf(LOG, 0, 100));
    await writer.close();
    const reader = await open(true);
    await expect(reader.write(batchOf(LOG, 100, 200))).rejects.toThrow(/reading only/);
    await expect(reader.retain(roomOf(0), 5)).rejects.toThrow(/reading only/);
    expect(await reader.range(roomOf(1), 1, 1000, NO_LIMIT)).toEqual(expectedRows(LOG, roomOf(1), 1, 100));
    expect((await reader.rooms()).toSorted()).toEqual([roomOf(0), roomOf(1)]);
    await reader.close();
  });
});
