/** A disk that is really full: a small file system in memory, where the machine lets us mount one. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeFiles } from "../../src/server/log/log-files.ts";
import type { AppendError } from "../../src/server/log/message-log.ts";
import { tempFolder } from "../support/clean-checkout.ts";
import { message, messages } from "../support/log-records.ts";
import { readAll, withLog } from "../support/log-under-test.ts";

const LIMITS = { appendBytesMax: 768 * 1024, appendQueueBytesMax: 64 * 1024 * 1024 };

/** Mounts 2 MiB of memory on a new folder; `undefined` where that is not allowed. */
function smallDisk() {
  const folder = tempFolder("full-disk");
  const path = join(folder.path, "disk");
  mkdirSync(path);
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", path]);
  if (status !== 0) {
    folder.remove();
    return undefined;
  }
  return {
    path,
    remove: () => {
      spawnSync("umount", [path]);
      folder.remove();
    },
  };
}

describe("a full disk", () => {
  for (const [what, segmentBytesMax] of [
    ["in a segment", 64 * 1024 * 1024],
    ["where a new segment has to be made", 100_000],
  ] as const) {
    it(`LOG-5 ${what}: senders are told not_sent, reads go on, and so do appends when there is room again`, async (context) => {
      const disk = smallDisk();
      if (disk === undefined) return context.skip("no file system can be mounted here: it takes root");
      try {
        const dir = join(disk.path, "log");
        const options = { dir, limits: LIMITS, segmentBytesMax };
        const ballast = join(disk.path, "ballast");
        await writeFile(ballast, Buffer.alloc(400_000));
        const body = JSON.stringify("x".repeat(9000));
        let count = 0;
        await withLog(
          nodeFiles,
          async (log) => {
            let failure: unknown;
            while (failure === undefined && count < 1000) {
              failure = await log.append(0, [message(count, { body })]).then(
                () => undefined,
                (error: unknown) => error,
              );
              if (failure === undefined) count += 1;
            }
            expect(failure).toMatchObject({ name: "AppendError", failure: "not_sent" });
            expect(((failure as AppendError).cause as NodeJS.ErrnoException).code).toBe("ENOSPC");
            expect(count).toBeGreaterThan(100);
            expect(log.fault).toBe(undefined);
            // Still full: every one is told, none is kept.
            const more = await Promise.allSettled([1, 2, 3].map(() => log.append(0, messages(5000, 5005, { body }))));
            for (const result of more) expect(result).toMatchObject({ reason: { failure: "not_sent" } });
            expect(await readAll(log)).toEqual(messages(0, count, { body }));
            await rm(ballast);
            for (let more = 0; more < 10; more += 1, count += 1) {
              expect(await log.append(0, [message(count, { body })])).toBe(count);
            }
            expect(await readAll(log)).toEqual(messages(0, count, { body }));
          },
          options,
        );
        await withLog(
          nodeFiles,
          async (log) => expect(await readAll(log)).toEqual(messages(0, count, { body })),
          options,
        );
      } finally {
        disk.remove();
      }
    });
  }
});
