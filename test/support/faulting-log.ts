/** Test support: a segment log whose disk fails when it is told to and whose clock is moved by hand. */
import type { AppendError } from "../../src/server/log/message-log.ts";
import type { SegmentLog } from "../../src/server/log/segments.ts";
import { openSegmentLog } from "../../src/server/log/segments.ts";
import { FaultingFiles } from "./faulting-files.ts";
import { HandClock } from "./hand-clock.ts";
import { message } from "./log-records.ts";
import { logOptions } from "./log-under-test.ts";
import { MemoryFiles } from "./memory-files.ts";

/** The names of segments. */
export const SEGMENT = /\.seg$/;

/** A log over faulting files and a clock moved by hand. */
export async function openFaultingLog(segmentBytesMax: number) {
  const disk = new MemoryFiles();
  const files = new FaultingFiles(disk);
  const clock = new HandClock();
  const { log } = await openSegmentLog(logOptions(files, { clock, segmentBytesMax }));
  files.calls.length = 0;
  return { disk, files, clock, log };
}

/** How an append ended: its position, or its failure. `undefined` while it waits. */
export function ending(
  log: SegmentLog,
  numbers: readonly number[],
): { now: number | string | undefined; last: Promise<void> } {
  const end: { now: number | string | undefined; last: Promise<void> } = { now: undefined, last: Promise.resolve() };
  end.last = log
    .append(
      0,
      numbers.map((number) => message(number)),
    )
    .then(
      (position) => {
        end.now = position;
      },
      (error: AppendError) => {
        end.now = error.failure;
      },
    );
  return end;
}

/** Lets everything happen that waits for nothing but its turn. */
export const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
