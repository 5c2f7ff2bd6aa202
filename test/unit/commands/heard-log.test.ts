/** Tests of how long somebody waits to hear from the log: not for a server that stops, and not for brokers in trouble. */
import { describe, expect, it } from "vitest";
import { READ_WITHIN_MS } from "../../../src/protocol/limits.ts";
import { pause } from "../../../src/server/clock.ts";
import { HeardLog } from "../../../src/server/commands/heard-log.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const ROOM = "00000000-0000-4000-8000-000000000001";

/** A log that is never heard of, and how often it was asked where it ends. */
function silentLog() {
  const clock = new FakeClock(0);
  const asked: unknown[] = [];
  const heard = new HeardLog(
    {
      hears: () => false,
      heard: () => pause(clock, READ_WITHIN_MS).then(() => false),
      reachedEnd: async (room) => void asked.push(room),
    },
    clock,
  );
  return { clock, asked, heard };
}

describe("the log as it was heard", () => {
  it("CMD-4 is not asked where it ends for those who have waited in vain", async () => {
    const { clock, asked, heard } = silentLog();
    const reached = heard.reachEnd(ROOM);
    await clock.advance(2 * READ_WITHIN_MS);
    expect(await reached).toBe(false);
    expect(asked).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it("STOP-1 lets nobody wait who comes when the server stops already", async () => {
    const { clock, heard } = silentLog();
    heard.stop();
    expect(await clock.drive(heard.reachEnd(ROOM), "an answer", 0)).toBe(false);
    expect(clock.timers).toBe(0);
  });
});
