/** Test support: opens a segment log over any files, and reads it to its end. */

import { systemClock } from "../../src/server/clock.ts";
import type { LogFiles } from "../../src/server/log/log-files.ts";
import type { MessageLog } from "../../src/server/log/message-log.ts";
import type { SegmentLog, SegmentLogOptions } from "../../src/server/log/segments.ts";
import { openSegmentLog } from "../../src/server/log/segments.ts";
import type { LogRecord } from "../../src/server/record.ts";

/** The folder of a log over memory. */
export const LOG_DIR = "/data/log";

/** Limits that a few records reach. */
export const SMALL_LIMITS = { appendBytesMax: 4096, appendQueueBytesMax: 64 * 1024 } as const;

/** What a log is opened with, but for what a test says. */
export function logOptions(files: LogFiles, change: Partial<SegmentLogOptions> = {}) {
  return {
    dir: LOG_DIR,
    limits: SMALL_LIMITS,
    clock: systemClock,
    files,
    segmentBytesMax: 64 * 1024 * 1024,
    ...change,
  };
}

/** Opens a log, runs `body` on it and closes it. */
export async function withLog<Result>(
  files: LogFiles,
  body: (log: SegmentLog) => Promise<Result>,
  change: Partial<SegmentLogOptions> = {},
): Promise<Result> {
  const { log } = await openSegmentLog(logOptions(files, change));
  try {
    return await body(log);
  } finally {
    await log.close();
  }
}

/** Everything that a log holds now. */
export async function readAll(log: Pick<MessageLog, "read" | "bounds">): Promise<LogRecord[]> {
  const { begin, end } = await log.bounds(0);
  const records: LogRecord[] = [];
  if (begin === end) return records;
  const controller = new AbortController();
  for await (const batch of log.read(0, begin, controller.signal)) {
    for (const record of batch.records) {
      if (record === undefined) throw new Error("a record without an envelope");
      records.push(record);
    }
    if (batch.to >= end) break;
  }
  controller.abort();
  return records;
}
