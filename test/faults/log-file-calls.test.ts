/**
 * Every file call of the log fails once, and the power fails at every one: what was acknowledged is there, what was
 * said not to be sent is not.
 */
import { describe, expect, it } from "vitest";
import { AppendError } from "../../src/server/log/message-log.ts";
import type { SegmentLog } from "../../src/server/log/segments.ts";
import { openSegmentLog } from "../../src/server/log/segments.ts";
import { verifyLog } from "../../src/server/log/verify.ts";
import type { LogRecord } from "../../src/server/record.ts";
import type { FaultKind } from "../support/faulting-files.ts";
import { FaultingFiles } from "../support/faulting-files.ts";
import { messages } from "../support/log-records.ts";
import { LOG_DIR, logOptions, readAll, withLog } from "../support/log-under-test.ts";
import { MemoryFiles } from "../support/memory-files.ts";

/** Small, so that a few appends roll several times. */
const SEGMENT_BYTES_MAX = 900;
const TURNS = 5;

/** What became of each append so far. */
interface Answers {
  readonly acknowledged: Map<number, LogRecord[]>;
  readonly notSent: LogRecord[];
  readonly unknown: LogRecord[];
}

/** Opens a log, appends, trims and closes, and then once more; gives up where the log does not open. */
async function scenario(files: FaultingFiles, answers: Answers): Promise<void> {
  let number = 0;
  for (let session = 0; session < 2; session += 1) {
    const { log } = await openSegmentLog(logOptions(files, { segmentBytesMax: SEGMENT_BYTES_MAX }));
    for (let turn = 0; turn < TURNS; turn += 1) {
      // The second is made while the first is on its way.
      const first = post(log, messages(number, number + 1 + (turn % 3)), answers);
      number += 1 + (turn % 3);
      await Promise.resolve();
      await Promise.all([first, post(log, messages(number, number + 2), answers)]);
      number += 2;
      // Reads go on whatever happened to the writing; one that a fault hits may fail.
      await readAll(log).catch(() => undefined);
    }
    await log.trim(0, session * 12).catch(() => undefined);
    await log.close();
  }
}

async function post(log: SegmentLog, records: LogRecord[], answers: Answers): Promise<void> {
  try {
    answers.acknowledged.set(await log.append(0, records), records);
  } catch (error) {
    expect(error).toBeInstanceOf(AppendError);
    const { failure } = error as AppendError;
    expect(["not_sent", "unknown"]).toContain(failure);
    (failure === "not_sent" ? answers.notSent : answers.unknown).push(...records);
  }
}

/** Opens what the disk holds now and compares it with what was answered. */
async function check(disk: MemoryFiles, { acknowledged, notSent }: Answers): Promise<void> {
  const { findings } = await verifyLog(disk, LOG_DIR);
  expect(findings.filter(({ kind }) => kind === "damaged")).toEqual([]);
  await withLog(disk, async (log) => {
    const { begin, end } = await log.bounds(0);
    const records = await readAll(log);
    expect(records.length).toBe(end - begin);
    for (const [position, appended] of acknowledged) {
      for (const [index, record] of appended.entries()) {
        if (position + index >= begin) expect(records[position + index - begin]).toEqual(record);
      }
    }
    const ids = records.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    for (const { id } of notSent) expect(ids).not.toContain(id);
    expect(await log.append(0, messages(900, 902))).toBe(end);
  });
}

const answersOf = (): Answers => ({ acknowledged: new Map(), notSent: [], unknown: [] });

/** How many file calls a run without faults makes. */
async function callsOfARun(): Promise<number> {
  const files = new FaultingFiles(new MemoryFiles());
  const answers = answersOf();
  await scenario(files, answers);
  expect(answers.acknowledged.size).toBe(TURNS * 4);
  return files.calls.length;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("the log's file calls", () => {
  for (const kind of ["fail", "part"] as const satisfies FaultKind[]) {
    for (const times of [1, 3, 1000]) {
      it(`LOG-5 each call site: ${times} calls from the nth on ${kind}, nothing false is acknowledged`, async () => {
        const calls = await callsOfARun();
        expect(calls).toBeGreaterThan(60);
        for (let skip = 0; skip < calls; skip += 1) {
          const disk = new MemoryFiles();
          const files = new FaultingFiles(disk);
          files.set({ skip, times, kind, code: skip % 2 === 0 ? "EIO" : "ENOSPC" });
          const answers = answersOf();
          await scenario(files, answers).catch(() => undefined);
          await check(disk.copy(), answers);
        }
      });
    }
  }

  it("LOG-1 the power fails at each call: what was acknowledged is there", async () => {
    const calls = await callsOfARun();
    for (let skip = 0; skip < calls; skip += 1) {
      const disk = new MemoryFiles();
      const files = new FaultingFiles(disk);
      const fault = files.set({ skip, kind: "hang", times: 1_000_000 });
      const answers = answersOf();
      const run = scenario(files, answers).catch(() => undefined);
      await fault.hit;
      // What else is on its way gets as far as it can.
      await new Promise((resolve) => setImmediate(resolve));
      for (let seed = 1; seed <= 5; seed += 1) {
        const after = disk.afterPowerLoss(seeded(skip * 10 + seed));
        await check(after, answers).catch((error: unknown) => {
          throw new Error(`call ${skip}, seed ${skip * 10 + seed}: ${(error as Error).message}`, { cause: error });
        });
      }
      fault.release();
      await run;
    }
  });

  it("LOG-1 the process is killed at each call: what was acknowledged is there, and the open says what it cut", async () => {
    const calls = await callsOfARun();
    for (let skip = 0; skip < calls; skip += 1) {
      const disk = new MemoryFiles();
      const files = new FaultingFiles(disk);
      const fault = files.set({ skip, kind: "hang", times: 1_000_000 });
      const answers = answersOf();
      const run = scenario(files, answers).catch(() => undefined);
      await fault.hit;
      await check(disk.copy(), answers);
      fault.release();
      await run;
    }
  });
});
