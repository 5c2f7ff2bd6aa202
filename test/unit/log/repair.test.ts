/** A repair writes down what is lost before it cuts, and cuts no more than that. */
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";
import { describe, expect, it } from "vitest";
import { repairLog } from "../../../src/server/log/repair.ts";
import { segmentName, segmentPath } from "../../../src/server/log/segment-format.ts";
import { openSegmentLog } from "../../../src/server/log/segments.ts";
import { verifyLog } from "../../../src/server/log/verify.ts";
import { FaultingFiles } from "../../support/faulting-files.ts";
import { messages } from "../../support/log-records.ts";
import { LOG_DIR, logOptions, readAll, withLog } from "../../support/log-under-test.ts";
import { MemoryFiles } from "../../support/memory-files.ts";

const REPORT = "/data/lost.jsonl";
const TOTAL = 20;

/** A log of ten batches of two records over several segments, closed. */
async function written(): Promise<{ readonly files: MemoryFiles; readonly bases: readonly number[] }> {
  const files = new MemoryFiles();
  await withLog(
    files,
    async (log) => {
      for (let number = 0; number < TOTAL; number += 2) await log.append(0, messages(number, number + 2));
    },
    { segmentBytesMax: 700 },
  );
  const names = (await files.list(LOG_DIR)).filter((name) => name.endsWith(".seg"));
  const bases = names.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b);
  expect(bases.length).toBeGreaterThan(2);
  return { files, bases };
}

function flip(files: MemoryFiles, path: string, at: number): void {
  const bytes = Buffer.from(files.get(path));
  bytes[at] = (bytes[at] as number) ^ 0x10;
  files.set(path, bytes);
}

interface ReportLine {
  readonly position?: number;
  readonly record?: { readonly body: string };
  readonly lost?: { readonly from: number; readonly toAtLeast: number; readonly bytes: number };
  readonly findings?: readonly unknown[];
}

function reportOf(files: MemoryFiles): ReportLine[] {
  return files
    .get(REPORT)
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as ReportLine);
}

describe("verifyLog", () => {
  it("LOG-6 counts what a whole log holds and finds nothing wrong", async () => {
    const { files, bases } = await written();
    const check = await verifyLog(files, LOG_DIR);
    expect(check).toMatchObject({ segments: bases.length, batches: 10, records: TOTAL, recordsSetAside: 0 });
    expect(check).toMatchObject({ begin: 0, end: TOTAL, findings: [] });
  });

  it("LOG-6 a log that is being written to shows no damage", async () => {
    const { files } = await written();
    const { log } = await openSegmentLog(logOptions(files));
    expect((await verifyLog(files, LOG_DIR)).findings).toEqual([]);
    const newest = (await files.list(LOG_DIR))
      .filter((name) => name.endsWith(".seg"))
      .sort()
      .at(-1) as string;
    files.set(join(LOG_DIR, newest), Buffer.concat([files.get(join(LOG_DIR, newest)), Buffer.from("half a ba")]));
    expect((await verifyLog(files, LOG_DIR)).findings).toMatchObject([{ kind: "torn", segment: newest, bytes: 9 }]);
    await log.close();
  });

  it("PROJ-5 a record without a whole envelope keeps its position, is given as undefined, and is counted", async () => {
    const files = new MemoryFiles();
    await withLog(files, async (log) => void (await log.append(0, messages(0, 4))));
    const path = segmentPath(LOG_DIR, 0);
    const second = 32 + 24 + files.get(path).readUInt32LE(32 + 24 + 4);
    // A version that there can't be, and a length that leads out of the batch: behind that one nothing can be found.
    for (const [at, value, lost] of [
      [second, 0, [1]],
      [second + 7, 255, [1, 2, 3]],
    ] as const) {
      const bytes = Buffer.from(files.get(path));
      bytes[at] = value;
      bytes.writeUInt32LE(crc32c(bytes.subarray(32, bytes.length - 4)), bytes.length - 4);
      const copy = files.copy();
      copy.set(path, bytes);
      expect(await verifyLog(copy, LOG_DIR)).toMatchObject({ records: 4, recordsSetAside: lost.length, findings: [] });
      await withLog(copy, async (log) => {
        for await (const batch of log.read(0, 0, new AbortController().signal)) {
          const expected = messages(0, 4).map((record, position) =>
            (lost as readonly number[]).includes(position) ? undefined : record,
          );
          expect(batch).toMatchObject({ from: 0, to: 4, records: expected });
          break;
        }
        expect(await log.append(0, messages(4, 5))).toBe(4);
      });
    }
  });
});

describe("repairLog", () => {
  it("LOG-6 does nothing to a log that is whole or only torn", async () => {
    const { files, bases } = await written();
    expect(await repairLog(files, LOG_DIR, REPORT)).toBe(undefined);
    const newest = segmentPath(LOG_DIR, bases.at(-1) as number);
    files.set(newest, Buffer.concat([files.get(newest), Buffer.from("torn")]));
    expect(await repairLog(files, LOG_DIR, REPORT)).toBe(undefined);
    expect(() => files.get(REPORT)).toThrow("ENOENT");
  });

  it("LOG-6 a bad batch: what lies behind is written down and put aside, the log goes on before it", async () => {
    const { files, bases } = await written();
    const second = bases[1] as number;
    const path = segmentPath(LOG_DIR, second);
    const whole = files.get(path);
    const batchBytes = whole.readUInt32LE(32 + 4);
    flip(files, path, 32 + batchBytes + 40);
    const cutAt = second + 2;
    const repair = await repairLog(files, LOG_DIR, REPORT);
    expect(repair).toMatchObject({
      end: cutAt,
      recordsWritten: TOTAL - cutAt - 2,
      finding: { kind: "damaged", segment: segmentName(second), offset: 32 + batchBytes, position: cutAt },
    });
    const [head, ...lines] = reportOf(files);
    expect(head?.lost).toMatchObject({ from: cutAt, toAtLeast: TOTAL });
    expect(head?.findings).toMatchObject([{ kind: "damaged", position: cutAt }]);
    expect(lines.map(({ position }) => position)).toEqual(
      messages(cutAt + 2, TOTAL).map((_, index) => cutAt + 2 + index),
    );
    expect(lines.map(({ record }) => record?.body)).toEqual(messages(cutAt + 2, TOTAL).map(({ body }) => body));
    for (const name of repair?.aside ?? []) expect(files.get(join(LOG_DIR, name)).length).toBeGreaterThan(0);
    expect(repair?.aside.length).toBe(bases.length - 1);
    expect((await verifyLog(files, LOG_DIR)).findings).toEqual([]);
    const { log, cut } = await openSegmentLog(logOptions(files));
    expect(cut).toBe(undefined);
    expect(await readAll(log)).toEqual(messages(0, cutAt));
    expect(await log.append(0, messages(90, 91))).toBe(cutAt);
    await log.close();
  });

  it("LOG-6 a bad header in the first segment: nothing is left but the report, and the log goes on", async () => {
    const { files } = await written();
    flip(files, segmentPath(LOG_DIR, 0), 9);
    const repair = await repairLog(files, LOG_DIR, REPORT);
    expect(repair).toMatchObject({ end: 0, recordsWritten: TOTAL });
    await withLog(files, async (log) => {
      expect(await log.bounds(0)).toEqual({ begin: 0, end: 0 });
      expect(await log.append(0, messages(0, 1))).toBe(0);
    });
  });

  it("LOG-6 a missing segment: the log ends where it was to come", async () => {
    const { files, bases } = await written();
    await files.remove(segmentPath(LOG_DIR, bases[1] as number));
    const repair = await repairLog(files, LOG_DIR, REPORT);
    expect(repair?.end).toBe(bases[1]);
    await withLog(files, async (log) => expect(await readAll(log)).toEqual(messages(0, bases[1] as number)));
  });

  it("LOG-6 a newest segment that is missing or short of its mark: the log ends where it can be read", async () => {
    for (const isMissing of [true, false]) {
      const { files, bases } = await written();
      const newest = segmentPath(LOG_DIR, bases.at(-1) as number);
      if (isMissing) await files.remove(newest);
      else files.set(newest, files.get(newest).subarray(0, 32));
      await expect(openSegmentLog(logOptions(files))).rejects.toMatchObject({ fault: "damaged" });
      expect((await repairLog(files, LOG_DIR, REPORT))?.end).toBe(bases.at(-1));
      await withLog(files, async (log) => expect(await readAll(log)).toEqual(messages(0, bases.at(-1) as number)));
    }
  });

  it("LOG-6 a trimmed log is cut where it is damaged, and its positions stay", async () => {
    const { files, bases } = await written();
    await withLog(files, (log) => log.trim(0, bases[1] as number), { segmentBytesMax: 700 });
    flip(files, segmentPath(LOG_DIR, bases[1] as number), 3);
    const repair = await repairLog(files, LOG_DIR, REPORT);
    expect(repair?.end).toBe(bases[1]);
    await withLog(files, async (log) => expect(await log.bounds(0)).toEqual({ begin: bases[1], end: bases[1] }));
  });

  it("LOG-6 twice in a row keeps what the first repair put aside", async () => {
    const { files, bases } = await written();
    const first = segmentPath(LOG_DIR, 0);
    flip(files, segmentPath(LOG_DIR, bases[1] as number), 40);
    const one = await repairLog(files, LOG_DIR, REPORT);
    flip(files, first, files.get(first).length - 8);
    const two = await repairLog(files, LOG_DIR, "/data/lost-2.jsonl");
    const names = [...(one?.aside ?? []), ...(two?.aside ?? [])];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(files.get(join(LOG_DIR, name)).length).toBeGreaterThan(0);
  });

  it("LOG-6 interrupted anywhere, by a failing call or a loss of power, it can be repeated and nothing more is lost", async () => {
    const { files: original, bases } = await written();
    const second = bases[1] as number;
    flip(original, segmentPath(LOG_DIR, second), 40);
    const counting = new FaultingFiles(original.copy());
    await repairLog(counting, LOG_DIR, REPORT);
    for (let skip = 0; skip < counting.calls.length; skip += 1) {
      const disk = original.copy();
      const faulting = new FaultingFiles(disk);
      faulting.set({ skip, times: 1000 });
      await repairLog(faulting, LOG_DIR, REPORT).catch(() => undefined);
      for (const after of [disk.copy(), disk.afterPowerLoss(() => 0), disk.afterPowerLoss(() => 0.99)]) {
        await repairLog(after, LOG_DIR, "/data/again.jsonl");
        await withLog(after, async (log) => expect(await readAll(log)).toEqual(messages(0, second)));
        // Every record behind the cut stands in one of the reports.
        const told = ["/data/lost.jsonl", "/data/again.jsonl"].flatMap((path) => {
          try {
            return after.get(path).toString().split("\n");
          } catch {
            return [];
          }
        });
        for (const { body } of messages(second + 2, TOTAL)) {
          expect(told.some((line) => line.includes(JSON.stringify(body)))).toBe(true);
        }
      }
    }
  });
});
