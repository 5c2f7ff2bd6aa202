/** Logs that released versions wrote, read by this one: `test/fixtures/log-format-N`, never rewritten. */
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { KeptSnapshotFiles } from "../../../src/server/log/kept-snapshots.ts";
import { nodeFiles } from "../../../src/server/log/log-files.ts";
import { verifyLog } from "../../../src/server/log/verify.ts";
import type { LogRecord } from "../../../src/server/record.ts";
import { tempFolder } from "../../support/clean-checkout.ts";
import { readAll, withLog } from "../../support/log-under-test.ts";
import { MemoryFiles } from "../../support/memory-files.ts";

const FIXTURES = fileURLToPath(new URL("../../fixtures/", import.meta.url));
const SEGMENT_BYTES_MAX = 600;

function recordsOf(fixture: string): LogRecord[] {
  const records = JSON.parse(readFileSync(join(FIXTURES, fixture, "records.json"), "utf8")) as LogRecord[];
  return records.map((record) => ({ ...record, key: record.key ?? undefined }));
}

describe("the log's formats", () => {
  const fixtures = readdirSync(FIXTURES).filter((name) => /^log-format-\d+$/.test(name));

  it("LOG-6 there is a log of every format", () => {
    expect(fixtures).toEqual(["log-format-1"]);
  });

  for (const fixture of fixtures) {
    it(`LOG-6 reads ${fixture}, appends to it, and finds its snapshot`, async () => {
      const folder = tempFolder(fixture);
      try {
        const dir = join(folder.path, "log");
        cpSync(join(FIXTURES, fixture, "log"), dir, { recursive: true });
        const records = recordsOf(fixture);
        expect(await verifyLog(nodeFiles, dir)).toMatchObject({
          records: records.length,
          recordsSetAside: 0,
          findings: [],
        });
        await withLog(
          nodeFiles,
          async (log) => {
            expect(await readAll(log)).toEqual(records);
            expect(await log.append(0, records.slice(0, 1))).toBe(records.length);
          },
          { dir },
        );
        const snapshots = new KeptSnapshotFiles(nodeFiles, dir, (error) => expect(error).toBe(undefined));
        const snapshot = await snapshots.oldest(0);
        expect(snapshot?.position).toBe(3);
        expect(Buffer.from(snapshot?.bytes ?? []).toString()).toBe("state at 3");
      } finally {
        folder.remove();
      }
    });
  }

  it("LOG-6 what is written today is log-format-1 to the byte", async () => {
    const records = recordsOf("log-format-1");
    const files = new MemoryFiles();
    await withLog(
      files,
      async (log) => {
        for (const [from, to] of [
          [0, 2],
          [2, 3],
          [3, 7],
          [7, 10],
        ] as const) {
          await log.append(0, records.slice(from, to));
        }
      },
      { dir: "/log", segmentBytesMax: SEGMENT_BYTES_MAX },
    );
    await new KeptSnapshotFiles(files, "/log", () => undefined).keep(3, Buffer.from("state at 3"));
    const folder = join(FIXTURES, "log-format-1", "log");
    expect((await files.list("/log")).sort()).toEqual(readdirSync(folder).sort());
    for (const name of readdirSync(folder)) {
      expect(files.get(join("/log", name)).equals(readFileSync(join(folder, name))), name).toBe(true);
    }
  });
});
