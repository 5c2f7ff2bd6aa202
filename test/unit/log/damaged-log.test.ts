/** Damage of every kind: found, named, never silently skipped; a torn tail is cut and said. */
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeMark } from "../../../src/server/log/durable-mark.ts";
import type { LogError } from "../../../src/server/log/message-log.ts";
import type { CutTail } from "../../../src/server/log/recover.ts";
import { segmentName, segmentPath } from "../../../src/server/log/segment-format.ts";
import { openSegmentLog } from "../../../src/server/log/segments.ts";
import { verifyLog } from "../../../src/server/log/verify.ts";
import type { LogRecord } from "../../../src/server/record.ts";
import { FaultingFiles } from "../../support/faulting-files.ts";
import { message, messages } from "../../support/log-records.ts";
import { LOG_DIR, logOptions, readAll, withLog } from "../../support/log-under-test.ts";
import { MemoryFiles } from "../../support/memory-files.ts";

const MARK = join(LOG_DIR, "durable");
const FIRST = segmentPath(LOG_DIR, 0);

/** A log of batches with two records each, closed. `ends` are the bytes at which the segment's batches end. */
async function written(batches: number): Promise<{ readonly files: MemoryFiles; readonly ends: readonly number[] }> {
  const files = new MemoryFiles();
  const ends = [32];
  await withLog(files, async (log) => {
    for (let batch = 0; batch < batches; batch += 1) {
      await log.append(0, messages(batch * 2, batch * 2 + 2));
      ends.push(files.get(FIRST).length);
    }
  });
  return { files, ends };
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

/** What an open ends in: the records and the tail that was cut, or the error. */
async function opened(
  files: MemoryFiles,
): Promise<{ readonly records: LogRecord[]; readonly cut: CutTail | undefined } | { readonly error: LogError }> {
  let log: Awaited<ReturnType<typeof openSegmentLog>>;
  try {
    log = await openSegmentLog(logOptions(files));
  } catch (error) {
    return { error: error as LogError };
  }
  const records = await readAll(log.log);
  await log.log.close();
  return { records, cut: log.cut };
}

/** That an open was refused for damage which it names. */
function expectDamaged(outcome: object, position: number, offset: number, segment = segmentName(0)): void {
  expect(outcome).toMatchObject({ error: { name: "LogError", fault: "damaged", position } });
  expect((outcome as { error: Error }).error.message).toContain(
    `${segment} is damaged at byte ${offset}, position ${position}:`,
  );
}

describe("a damaged log", () => {
  it("LOG-6 the last batch cut at every byte: refused below the mark, cut off and said above it", async () => {
    const { files, ends } = await written(4);
    const whole = files.get(FIRST);
    const [last, end] = ends.slice(-2) as [number, number];
    for (let bytes = last; bytes < end; bytes += 1) {
      files.set(FIRST, whole.subarray(0, bytes));
      expectDamaged(await opened(files.copy()), 6, last);
      const torn = files.copy();
      torn.set(MARK, Buffer.alloc(0));
      expect(await opened(torn)).toEqual({
        records: messages(0, 6),
        cut: bytes === last ? undefined : { segment: segmentName(0), offset: last, bytes: bytes - last, position: 6 },
      });
      expect(torn.get(FIRST).equals(whole.subarray(0, last))).toBe(true);
    }
  });

  it("LOG-6 every bit of the last batch flipped: refused below the mark, cut off and said above it", async () => {
    const { files, ends } = await written(3);
    const whole = files.get(FIRST);
    const [last, end] = ends.slice(-2) as [number, number];
    const staleMark = encodeMark({ position: 4, segment: 0, bytes: last });
    for (let bit = last * 8; bit < end * 8; bit += 1) {
      files.set(FIRST, flipped(whole, bit));
      expectDamaged(await opened(files.copy()), 4, last);
      const torn = files.copy();
      torn.set(MARK, staleMark);
      expect(await opened(torn)).toEqual({
        records: messages(0, 4),
        cut: { segment: segmentName(0), offset: last, bytes: end - last, position: 4 },
      });
    }
  });

  it("LOG-6 every bit of a batch in the middle flipped: refused and named, with the mark and without", async () => {
    const { files, ends } = await written(4);
    const whole = files.get(FIRST);
    const [from, to] = ends.slice(1, 3) as [number, number];
    for (let bit = from * 8; bit < to * 8; bit += 1) {
      files.set(FIRST, flipped(whole, bit));
      expectDamaged(await opened(files.copy()), 2, from);
      const unmarked = files.copy();
      unmarked.set(MARK, Buffer.alloc(0));
      expectDamaged(await opened(unmarked), 2, from);
      expect(unmarked.get(FIRST).equals(files.get(FIRST))).toBe(true);
      const { findings, records } = await verifyLog(files, LOG_DIR);
      expect(findings).toMatchObject([
        { kind: "damaged", segment: segmentName(0), offset: from, bytes: to - from, position: 2 },
      ]);
      expect(records).toBe(6);
    }
  });

  it("LOG-6 every bit of a segment's header flipped: refused and named", async () => {
    const { files } = await written(2);
    const whole = files.get(FIRST);
    for (let bit = 0; bit < 32 * 8; bit += 1) {
      files.set(FIRST, flipped(whole, bit));
      expectDamaged(await opened(files.copy()), 0, 0);
      const unmarked = files.copy();
      unmarked.set(MARK, Buffer.alloc(0));
      expectDamaged(await opened(unmarked), 0, 0);
    }
  });

  it("LOG-6 a mark with any bit flipped, or cut anywhere, is no mark, and nothing is lost by it", async () => {
    const { files } = await written(2);
    const mark = files.get(MARK);
    for (let bit = 0; bit < mark.length * 8; bit += 1) {
      files.set(MARK, flipped(mark, bit));
      expect(await opened(files.copy())).toEqual({ records: messages(0, 4), cut: undefined });
    }
    for (let bytes = 0; bytes < mark.length; bytes += 1) {
      files.set(MARK, mark.subarray(0, bytes));
      const copy = files.copy();
      expect(await opened(copy)).toEqual({ records: messages(0, 4), cut: undefined });
      expect(copy.get(MARK)).toEqual(mark);
    }
  });

  it("LOG-6 a mark that does not fit the segment refuses the start", async () => {
    const { files, ends } = await written(3);
    for (const [position, segment, bytes] of [
      [4, 0, (ends[2] as number) + 1],
      [5, 0, ends[2] as number],
      [6, 0, (ends[3] as number) + 1],
      [7, 7, 32],
    ] as const) {
      files.set(MARK, encodeMark({ position, segment, bytes }));
      expect(await opened(files.copy())).toMatchObject({ error: { name: "LogError", fault: "damaged" } });
    }
  });

  it("LOG-6 whole batches in the wrong place are damage: one twice, two swapped, one of another log", async () => {
    const { files, ends } = await written(4);
    const whole = files.get(FIRST);
    const [, a, b, c, d] = ends as [number, number, number, number, number];
    const cut = (from: number, to: number): Buffer => whole.subarray(from, to);
    for (const [bytes, position, offset] of [
      [Buffer.concat([cut(0, b), cut(a, b), cut(c, d)]), 4, b],
      [Buffer.concat([cut(0, a), cut(b, c), cut(a, b), cut(c, d)]), 2, a],
      [Buffer.concat([cut(0, a), cut(b, c), cut(c, d), cut(32, a)]), 2, a],
    ] as const) {
      const copy = files.copy();
      copy.set(FIRST, bytes);
      expect((await verifyLog(copy, LOG_DIR)).findings[0]).toMatchObject({ kind: "damaged", position, offset });
      expectDamaged(await opened(copy), position, offset);
    }
  });

  it("LOG-1 a log whose mark can't be written does not open", async () => {
    for (const operation of ["write", "datasync"] as const) {
      const files = new FaultingFiles((await written(2)).files);
      files.set({ operation, name: /^durable$/ });
      await expect(openSegmentLog(logOptions(files))).rejects.toThrow("EIO");
    }
  });

  it("LOG-6 a torn tail that was cut is gone: the next append takes its position, and the next start says nothing", async () => {
    const { files, ends } = await written(3);
    files.set(FIRST, files.get(FIRST).subarray(0, (ends[3] as number) - 1));
    files.set(MARK, Buffer.alloc(0));
    await withLog(files, async (log) => {
      expect(await log.append(0, [message(50)])).toBe(4);
      expect(await readAll(log)).toEqual([...messages(0, 4), message(50)]);
    });
    expect(await opened(files)).toEqual({ records: [...messages(0, 4), message(50)], cut: undefined });
  });

  it("LOG-6 a newer format of segment or batch is refused as such, and changes nothing", async () => {
    const { files } = await written(1);
    const whole = files.get(FIRST);
    const newerSegment = Buffer.from(whole);
    newerSegment[7] = 2;
    newerSegment.writeUInt32LE(crc32c(newerSegment.subarray(0, 28)), 28);
    const newerBatch = Buffer.from(whole);
    newerBatch[32 + 3] = 2;
    newerBatch.writeUInt32LE(crc32c(newerBatch.subarray(32, whole.length - 4)), whole.length - 4);
    for (const newer of [newerSegment, newerBatch]) {
      files.set(FIRST, newer);
      expect(await opened(files)).toMatchObject({ error: { name: "LogError", fault: "format" } });
      expect(files.get(FIRST)).toBe(newer);
      await expect(verifyLog(files, LOG_DIR)).rejects.toMatchObject({ fault: "format" });
    }
  });

  it("LOG-6 a new segment cut at any byte of its header is made anew, and said", async () => {
    const files = new MemoryFiles();
    const options = { segmentBytesMax: 300 };
    await withLog(files, async (log) => void (await log.append(0, messages(0, 2))), options);
    const mark = files.get(MARK);
    await withLog(files, async (log) => void (await log.append(0, [message(2)])), options);
    const second = segmentPath(LOG_DIR, 2);
    const header = files.get(second).subarray(0, 32);
    files.set(MARK, mark);
    for (let bytes = 0; bytes < 32; bytes += 1) {
      files.set(second, header.subarray(0, bytes));
      const copy = files.copy();
      const cut = bytes === 0 ? undefined : { segment: segmentName(2), offset: 0, bytes, position: 2 };
      expect(await opened(copy)).toEqual({ records: messages(0, 2), cut });
      expect(copy.get(second)).toEqual(header);
    }
  });

  it("LOG-6 damage in a segment before the newest is found by whoever reads it, and by the check", async () => {
    const files = new MemoryFiles();
    await withLog(
      files,
      async (log) => {
        for (let number = 0; number < 12; number += 1) await log.append(0, [message(number)]);
      },
      { segmentBytesMax: 400 },
    );
    const bases = (await files.list(LOG_DIR))
      .filter((name) => name.endsWith(".seg"))
      .map((name) => Number.parseInt(name, 10));
    expect(bases.length).toBeGreaterThan(3);
    const second = bases[1] as number;
    const path = segmentPath(LOG_DIR, second);
    const whole = files.get(path);
    const last = (bases[2] as number) - 1;
    const lastOffset = whole.length - (whole.length - 32) / (last + 1 - second);
    for (const [bytes, offset] of [
      [flipped(whole, 50 * 8), 32],
      [whole.subarray(0, whole.length - 1), lastOffset],
    ] as const) {
      files.set(path, bytes);
      const position = offset === 32 ? second : last;
      expectDamaged(await readingFails(files.copy()), position, offset, segmentName(second));
      const { findings } = await verifyLog(files, LOG_DIR);
      expect(findings[0]).toMatchObject({ kind: "damaged", segment: segmentName(second), offset, position });
    }
    files.set(path, flipped(whole, 8));
    expectDamaged(await opened(files.copy()), second, 0, segmentName(second));
    files.set(path, whole.subarray(0, 32));
    expectDamaged(await readingFails(files.copy()), second, 32, segmentName(second));
    await files.remove(path);
    expectDamaged(await readingFails(files.copy()), second, files.get(FIRST).length, segmentName(0));
    expect((await verifyLog(files, LOG_DIR)).findings).toMatchObject([
      { kind: "damaged", offset: 0, position: second },
    ]);
  });

  it("LOG-6 whatever is changed in a segment, the check finds something and no read gives what was never appended", async () => {
    const { files } = await written(5);
    const whole = files.get(FIRST);
    const originals = new Set(messages(0, 10).map((record) => JSON.stringify(record)));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(whole.length),
        async (at, bytes, cutBytes) => {
          const changed = Buffer.from(whole);
          changed.set(bytes.subarray(0, whole.length - at), at);
          const result = changed.subarray(0, Math.max(at + 1, whole.length - cutBytes));
          fc.pre(!result.equals(whole));
          const copy = files.copy();
          copy.set(FIRST, result);
          expect((await verifyLog(copy, LOG_DIR)).findings.length).toBeGreaterThan(0);
          expect(await opened(copy.copy())).toHaveProperty("error");
          copy.set(MARK, Buffer.alloc(0));
          const outcome = await opened(copy);
          if ("error" in outcome) return;
          for (const record of outcome.records) expect(originals.has(JSON.stringify(record))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

async function readingFails(files: MemoryFiles): Promise<{ readonly error: unknown }> {
  return withLog(files, async (log) => {
    try {
      await readAll(log);
    } catch (error) {
      return { error };
    }
    throw new Error("the damage was not found");
  });
}
