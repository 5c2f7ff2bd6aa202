/** Every file call of the log made to fail: nobody is told what is not so. */
import { describe, expect, it } from "vitest";
import { segmentPath } from "../../../src/server/log/segment-format.ts";
import { openSegmentLog } from "../../../src/server/log/segments.ts";
import { FaultingFiles } from "../../support/faulting-files.ts";
import { ending, openFaultingLog, SEGMENT, turns } from "../../support/faulting-log.ts";
import { message, messages } from "../../support/log-records.ts";
import { LOG_DIR, logOptions, readAll, withLog } from "../../support/log-under-test.ts";

const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;

describe("a segment log whose disk fails", () => {
  for (const kind of ["fail", "part"] as const) {
    it(`LOG-5 a failed write (${kind}) is not_sent, the file is cut back, and the next append goes on`, async () => {
      const { disk, files, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
      await log.append(0, messages(0, 2));
      const before = disk.get(segmentPath(LOG_DIR, 0)).length;
      const fault = files.set({ operation: "write", name: SEGMENT, kind, code: "ENOSPC" });
      const failed = ending(log, [2]);
      await fault.hit;
      const waiting = ending(log, [3]);
      await failed.last;
      expect(failed.now).toBe("not_sent");
      expect(files.calls.some(({ operation, ended }) => operation === "truncate" && ended === "done")).toBe(true);
      await waiting.last;
      expect(waiting.now).toBe(2);
      expect(log.fault).toBe(undefined);
      expect(await readAll(log)).toEqual([...messages(0, 2), message(3)]);
      await log.close();
      expect(disk.get(segmentPath(LOG_DIR, 0)).length).toBeGreaterThan(before);
      await withLog(disk, async (again) => expect(await readAll(again)).toEqual([...messages(0, 2), message(3)]));
    });
  }

  it("LOG-5 a failed write that can't be cut back is unknown, and the log is closed for writing; reads go on", async () => {
    const { disk, files, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
    await log.append(0, messages(0, 2));
    const fault = files.set({ operation: "write", name: SEGMENT, kind: "part" });
    files.set({ operation: "truncate" });
    const failed = ending(log, [2]);
    await fault.hit;
    const waiting = ending(log, [3]);
    await Promise.all([failed.last, waiting.last]);
    expect([failed.now, waiting.now]).toEqual(["unknown", "not_sent"]);
    expect(log.fault).toContain("the log takes nothing more until a restart");
    await expect(log.append(0, [message(4)])).rejects.toMatchObject({ failure: "not_sent", message: log.fault });
    expect(await readAll(log)).toEqual(messages(0, 2));
    await log.close();
    await withLog(disk, async (again) => {
      expect(await readAll(again)).toEqual(messages(0, 2));
      expect(await again.append(0, [message(5)])).toBe(2);
    });
  });

  it("LOG-5 after a failed sync nothing is ever written again; reads go on", async () => {
    const { disk, files, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
    await log.append(0, messages(0, 2));
    const fault = files.set({ operation: "datasync", name: SEGMENT });
    const failed = ending(log, [2]);
    await fault.hit;
    const waiting = ending(log, [3]);
    await Promise.all([failed.last, waiting.last]);
    expect([failed.now, waiting.now]).toEqual(["unknown", "not_sent"]);
    files.calls.length = 0;
    const late = ending(log, [4]);
    await late.last;
    expect(late.now).toBe("not_sent");
    expect(files.calls.filter(({ operation }) => operation === "write" || operation === "datasync")).toEqual([]);
    expect(log.fault).toContain("a sync failed");
    expect(await log.bounds(0)).toEqual({ begin: 0, end: 2 });
    expect(await readAll(log)).toEqual(messages(0, 2));
    await log.close();
    await withLog(disk, async (again) => expect((await readAll(again)).slice(0, 2)).toEqual(messages(0, 2)));
  });

  it("LOG-5 a start writes and syncs once more what a failed sync may have left in memory only", async () => {
    const { disk, files, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
    await log.append(0, messages(0, 2));
    files.set({ operation: "datasync", name: SEGMENT });
    await ending(log, [2]).last;
    await log.close();
    const next = new FaultingFiles(disk);
    const { log: again } = await openSegmentLog(logOptions(next));
    const onSegment = next.calls.filter(({ name }) => SEGMENT.test(name)).map(({ operation }) => operation);
    expect(onSegment.indexOf("write")).toBeGreaterThan(0);
    expect(onSegment.lastIndexOf("datasync")).toBeGreaterThan(onSegment.lastIndexOf("write"));
    expect(await readAll(again)).toEqual(messages(0, 3));
    await again.close();
  });

  for (const [operation, skip, outcome] of [
    ["open", 0, "not_sent"],
    ["write", 0, "not_sent"],
    ["datasync", 0, "not_sent, closed"],
    ["syncFolder", 0, "not_sent, closed"],
  ] as const) {
    it(`LOG-5 a new segment that fails at ${operation} is ${outcome}, and no position is used twice`, async () => {
      const { disk, files, log } = await openFaultingLog(400);
      await log.append(0, messages(0, 2));
      files.set({ operation, skip, name: operation === "syncFolder" ? /(?:)/ : SEGMENT });
      const large = ending(log, [2, 3]);
      await large.last;
      expect(large.now).toBe("not_sent");
      // This one would still fit into the old segment.
      const small = ending(log, [4]);
      await small.last;
      expect(small.now).toBe(outcome === "not_sent" ? 2 : "not_sent");
      expect(log.fault === undefined).toBe(outcome === "not_sent");
      const kept = outcome === "not_sent" ? [...messages(0, 2), message(4)] : messages(0, 2);
      expect(await readAll(log)).toEqual(kept);
      await log.close();
      await withLog(disk, async (again) => expect(await readAll(again)).toEqual(kept));
    });
  }

  for (const operation of ["write", "datasync"] as const) {
    it(`LOG-5 a ${operation} that hangs: within 10 s what is in flight is unknown and what waits is taken back`, async () => {
      const { files, clock, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
      const hang = files.set({ operation, name: SEGMENT, kind: "hang" });
      const inFlight = ending(log, [0]);
      await hang.hit;
      await clock.advance(1000);
      const waiting = [ending(log, [1]), ending(log, [2, 3])];
      await clock.advance(5000);
      const late = ending(log, [4]);
      await clock.advance(2500);
      expect(inFlight.now).toBe(undefined);
      await clock.advance(1400);
      expect(inFlight.now).toBe("unknown");
      // Readiness has to show it: whoever posts now is refused.
      expect(log.fault).toContain("has not answered");
      await clock.advance(1000);
      expect(waiting.map(({ now }) => now)).toEqual(["not_sent", "not_sent"]);
      // This one has waited for 4.9 s only, and its place in the batch is the first now.
      expect(late.now).toBe(undefined);
      hang.release();
      await late.last;
      expect(late.now).toBe(1);
      expect(log.fault).toBe(undefined);
      expect(await readAll(log)).toEqual([message(0), message(4)]);
      await log.close();
    });
  }

  it("LOG-5 a close does not wait for a disk that hangs longer than its senders do", async () => {
    const { files, clock, log } = await openFaultingLog(SEGMENT_BYTES_MAX);
    const hang = files.set({ operation: "datasync", name: SEGMENT, kind: "hang" });
    const inFlight = ending(log, [0]);
    await hang.hit;
    const waiting = ending(log, [1]);
    const closing = log.close();
    await clock.advance(10_000);
    await closing;
    await Promise.all([inFlight.last, waiting.last]);
    expect([inFlight.now, waiting.now]).toEqual(["unknown", "not_sent"]);
    expect(clock.timers).toBe(0);
    hang.release();
    await turns();
  });
});
