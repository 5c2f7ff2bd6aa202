/** The contract of the log, held against every adapter. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/server/clock.ts";
import { nodeFiles } from "../../src/server/log/log-files.ts";
import { ALWAYS_DURABLE, MemoryDisk, MemoryLog } from "../../src/server/log/memory.ts";
import type { MessageLog } from "../../src/server/log/message-log.ts";
import { openSegmentLog } from "../../src/server/log/segments.ts";
import type { OpenLog } from "./message-log.ts";
import { CONTRACT_LIMITS, messageLogContract } from "./message-log.ts";

/** Opens one log after the other: the one before is closed first. */
async function opening(
  open: () => Promise<MessageLog>,
  cleanup: () => Promise<void>,
  trimsFew: boolean,
): Promise<OpenLog> {
  let current = await open();
  return {
    log: current,
    reopen: async (): Promise<MessageLog> => {
      await current.close();
      current = await open();
      return current;
    },
    asRead: (records) => records,
    trimsFew,
    cleanup: async (): Promise<void> => {
      await current.close();
      await cleanup();
    },
  };
}

messageLogContract("memory", () => {
  const options = { disk: new MemoryDisk(2), limits: CONTRACT_LIMITS, clock: systemClock, fate: ALWAYS_DURABLE };
  return opening(
    async () => new MemoryLog(options),
    () => Promise.resolve(),
    true,
  );
});

// Small segments, so that every test that writes a few records crosses from one to the next.
for (const segmentBytesMax of [2048, 64 * 1024 * 1024]) {
  messageLogContract(`segments of ${segmentBytesMax} bytes`, async () => {
    const dir = await mkdtemp(join(tmpdir(), "verbatim-log-"));
    const options = { dir, limits: CONTRACT_LIMITS, clock: systemClock, files: nodeFiles, segmentBytesMax };
    return opening(
      async () => (await openSegmentLog(options)).log,
      () => rm(dir, { recursive: true }),
      segmentBytesMax < 10_000,
    );
  });
}
