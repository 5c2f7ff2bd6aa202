/** Segment files: rolling, trimming, reading on, and what the embedded log does beyond its contract. */
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/server/clock.ts";
import { encodedBytes } from "../../../src/server/log/record-codec.ts";
import { segmentPath } from "../../../src/server/log/segment-format.ts";
import { openSegmentReader } from "../../../src/server/log/segment-reader.ts";
import { openSegmentLog } from "../../../src/server/log/segments.ts";
import type { LogRecord } from "../../../src/server/record.ts";
import { ending, openFaultingLog, SEGMENT, turns } from "../../support/faulting-log.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { message, messages } from "../../support/log-records.ts";
import { LOG_DIR, logOptions, readAll, SMALL_LIMITS, withLog } from "../../support/log-under-test.ts";
import { MemoryFiles } from "../../support/memory-files.ts";

const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;

describe("the segment log", () => {
  it("LOG-1 an append is acknowledged after its write and its sync, in that order, and never before", async () => {
    const { files, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
    const orders: string[][] = [];
    for (let number = 0; number < 5; number += 1) {
      files.calls.length = 0;
      await log.append(0, [message(number)]);
      orders.push(
        files.calls.filter(({ ended }) => ended === "done").map(({ operation, name }) => `${operation} ${name}`),
      );
    }
    const name = "00000000000000000000.seg";
    for (const order of orders) expect(order.slice(0, 2)).toEqual([`write ${name}`, `datasync ${name}`]);
    await log.close();
  });

  it("LOG-1 before the sync nothing can be read, in this process or through the files, afterwards everything", async () => {
    const { disk, files, clock, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
    await log.append(0, messages(0, 2));
    const hang = files.set({ operation: "datasync", name: SEGMENT, kind: "hang" });
    const append = ending(log, [2, 3]);
    await hang.hit;
    await turns();
    expect(disk.get(segmentPath(LOG_DIR, 0)).length).toBeGreaterThan(400);
    expect(append.now).toBe(undefined);
    expect(await log.bounds(0)).toEqual({ begin: 0, end: 2 });
    expect(await readAll(log)).toEqual(messages(0, 2));
    const other = await openSegmentReader({ dir: LOG_DIR, files: disk, clock });
    expect(await other.bounds(0)).toEqual({ begin: 0, end: 2 });
    expect(await readAll(other)).toEqual(messages(0, 2));
    hang.release();
    await append.last;
    expect(append.now).toBe(2);
    expect(await readAll(log)).toEqual(messages(0, 4));
    await turns();
    expect(await readAll(other)).toEqual(messages(0, 4));
    await other.close();
    await log.close();
  });

  it("LOG-1 a new segment is synced, and its folder, before anything is acknowledged from it", async () => {
    const { files, log } = await openFaultingLog(300);
    await log.append(0, messages(0, 2));
    files.calls.length = 0;
    await log.append(0, [message(2)]);
    const done = files.calls.filter(({ ended, name }) => ended === "done" && name !== "durable");
    expect(done.map(({ operation }) => operation)).toEqual([
      "open",
      "write",
      "datasync",
      "syncFolder",
      "close",
      "write",
      "datasync",
    ]);
    await log.close();
  });

  it("LOG-4 what is appended while a commit is in flight is the next commit, without a timer", async () => {
    const { files, clock, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
    const hang = files.set({ operation: "datasync", name: SEGMENT, kind: "hang" });
    const first = ending(log, [0]);
    await hang.hit;
    const rest = Array.from({ length: 30 }, (_, index) => ending(log, [index + 1]));
    await turns();
    expect(files.calls.filter(({ operation, name }) => operation === "write" && SEGMENT.test(name)).length).toBe(1);
    hang.release();
    await Promise.all([first, ...rest].map(({ last }) => last));
    expect(rest.map(({ now }) => now)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    const onSegment = files.calls.filter(({ name }) => SEGMENT.test(name)).map(({ operation }) => operation);
    expect(onSegment).toEqual(["write", "datasync", "write", "datasync"]);
    // The hand of the clock has not moved: the commits waited for nothing.
    expect(clock.monotonic()).toBe(0);
    await log.close();
    expect(clock.timers).toBe(0);
  });

  it("LOG-4 no batch is longer than appendBytesMax, however much waits", async () => {
    const { files, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
    const hang = files.set({ operation: "datasync", name: SEGMENT, kind: "hang" });
    const appends = Array.from({ length: 200 }, (_, number) => ending(log, [number]));
    await hang.hit;
    hang.release();
    await Promise.all(appends.map(({ last }) => last));
    const batches: number[] = [];
    const controller = new AbortController();
    for await (const batch of log.read(0, 0, controller.signal)) {
      batches.push(batch.records.reduce((sum, record) => sum + encodedBytes(record as LogRecord), 0));
      if (batch.to === 200) break;
    }
    expect(Math.max(...batches)).toBeLessThanOrEqual(SMALL_LIMITS.appendBytesMax);
    // And no shorter than they need be.
    expect(Math.min(...batches.slice(1, -1))).toBeGreaterThan(SMALL_LIMITS.appendBytesMax - 100);
    await log.close();
  });

  it("a mark that can't be written is told, hurts no append, and is written again with the next", async () => {
    const { disk, files, clock, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
    files.set({ operation: "write", name: /^durable$/ });
    await log.append(0, messages(0, 2));
    await turns();
    expect(log.warning).toContain("the durable mark could not be written");
    const other = await openSegmentReader({ dir: LOG_DIR, files: disk, clock });
    expect(await other.bounds(0)).toEqual({ begin: 0, end: 0 });
    await log.append(0, [message(2)]);
    await turns();
    expect(log.warning).toBe(undefined);
    expect(await other.bounds(0)).toEqual({ begin: 0, end: 3 });
    await other.close();
    await log.close();
  });

  it("gives readers at the end the very records that were appended, and others equal ones", async () => {
    const limits = { appendBytesMax: 1024 * 1024, appendQueueBytesMax: 16 * 1024 * 1024 };
    const { log } = await openSegmentLog({ ...logOptions(new MemoryFiles()), limits });
    const records = messages(0, 3);
    await log.append(0, records);
    const [first] = await readAll(log);
    expect(first).toBe(records[0]);
    const body = JSON.stringify("x".repeat(10_000));
    // 5 MB: more than stays at hand.
    for (let number = 3; number < 503; number += 100) await log.append(0, messages(number, number + 100, { body }));
    const [again] = await readAll(log);
    expect(again).not.toBe(records[0]);
    expect(again).toEqual(records[0]);
    await log.close();
  });

  it("LOG-3 a reader of the files follows into new segments from one that was still growing when it came", async () => {
    const { disk, log } = await openFaultingLog(700);
    await log.append(0, messages(0, 2));
    await turns();
    const other = await openSegmentReader({ dir: LOG_DIR, files: disk, clock: systemClock });
    const seen: LogRecord[] = [];
    for await (const batch of other.read(0, 0, new AbortController().signal)) {
      seen.push(...(batch.records as LogRecord[]));
      if (seen.length >= 40) break;
      await log.append(0, messages(seen.length, seen.length + 2));
      await turns();
    }
    expect(seen).toEqual(messages(0, 40));
    expect((await disk.list(LOG_DIR)).length).toBeGreaterThan(5);
    await other.close();
    await log.close();
  });

  it("a reader that has much to read gives up its turn every 2,000 records or so", async () => {
    const disk = new MemoryFiles();
    await withLog(
      disk,
      async (log) => {
        const appends: Promise<number>[] = [];
        for (let number = 0; number < 20_000; number += 20) appends.push(log.append(0, messages(number, number + 20)));
        await Promise.all(appends);
      },
      { limits: { appendBytesMax: 64 * 1024, appendQueueBytesMax: 64 * 1024 * 1024 } },
    );
    const clock = new HandClock();
    let given = 0;
    clock.endOfTurn = (action) => {
      given += 1;
      setImmediate(action);
    };
    await withLog(disk, async (log) => expect((await readAll(log)).length).toBe(20_000), { clock });
    expect(given).toBeGreaterThanOrEqual(8);
  });

  it("keeps at least as much as it is told to keep", async () => {
    const { disk, log } = await openFaultingLog(600);
    const size = async (from: number): Promise<number> => {
      const names = (await disk.list(LOG_DIR)).filter(
        (name) => name.endsWith(".seg") && Number.parseInt(name, 10) >= from,
      );
      return names.reduce((sum, name) => sum + disk.get(`${LOG_DIR}/${name}`).length, 0);
    };
    for (let number = 0; number < 60; number += 1) await log.append(0, [message(number)]);
    for (const keepBytes of [0, 1, 500, 600, 1200, 3000, 100_000]) {
      const oldest = log.oldestToKeep(keepBytes);
      const all = await size(0);
      expect(await size(oldest)).toBeGreaterThanOrEqual(Math.min(keepBytes, all));
      // And no more than a segment too much.
      expect(await size(oldest)).toBeLessThanOrEqual(keepBytes + 600);
    }
    await log.close();
    await withLog(disk, async (again) => expect(again.oldestToKeep(1200)).toBe(log.oldestToKeep(1200)));
  });

  it("a trim that can't remove a file says so, keeps what is left readable, and can be repeated", async () => {
    const { files, log } = await openFaultingLog(400);
    for (let number = 0; number < 30; number += 1) await log.append(0, [message(number)]);
    files.set({ operation: "remove", skip: 1 });
    await expect(log.trim(0, 20)).rejects.toThrow("EIO");
    const { begin } = await log.bounds(0);
    expect(begin).toBeGreaterThan(0);
    expect(begin).toBeLessThan(18);
    expect(await readAll(log)).toEqual(messages(begin, 30));
    await log.trim(0, 20);
    expect((await log.bounds(0)).begin).toBeGreaterThanOrEqual(17);
    await log.close();
  });
});
