/** What tests rely on in the log in memory: holds, faults, crashes. */
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/server/clock.ts";
import type { Fate } from "../../../src/server/log/memory.ts";
import { ALWAYS_DURABLE, MemoryDisk, MemoryLog } from "../../../src/server/log/memory.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { message, messages } from "../../support/log-records.ts";
import { readAll, SMALL_LIMITS } from "../../support/log-under-test.ts";

function opened(fate: () => Fate = ALWAYS_DURABLE) {
  const disk = new MemoryDisk(1);
  const clock = new HandClock();
  return { disk, clock, log: new MemoryLog({ disk, limits: SMALL_LIMITS, clock, fate }) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the log in memory", () => {
  it("LOG-1 nothing can be read of a commit that is held, and all of it when it is let go", async () => {
    const { log } = opened();
    log.hold();
    const append = log.append(0, messages(0, 3));
    await turn();
    expect(await log.bounds(0)).toEqual({ begin: 0, end: 0 });
    log.release();
    expect(await append).toBe(0);
    expect(await readAll(log)).toEqual(messages(0, 3));
  });

  it("LOG-5 each fate keeps or loses the records and answers as it says", async () => {
    const fates: Fate["outcome"][] = ["not_sent", "unknown_lost", "unknown_kept", "durable"];
    const { log } = opened(() => ({ delayMs: 0, outcome: fates.shift() ?? "durable" }));
    await expect(log.append(0, [message(0)])).rejects.toMatchObject({ failure: "not_sent" });
    await expect(log.append(0, [message(1)])).rejects.toMatchObject({ failure: "unknown" });
    await expect(log.append(0, [message(2)])).rejects.toMatchObject({ failure: "unknown" });
    expect(await log.append(0, [message(3)])).toBe(1);
    expect(await readAll(log)).toEqual([message(2), message(3)]);
  });

  it("LOG-5 a delay takes that long of the clock, and beyond 10 s it is unknown", async () => {
    const delays = [1000, 20_000];
    const { log, clock } = opened(() => ({ delayMs: delays.shift() ?? 0, outcome: "durable" }));
    let first: number | undefined;
    void log.append(0, [message(0)]).then((position) => {
      first = position;
    });
    await turn();
    await clock.advance(999);
    expect(first).toBe(undefined);
    await clock.advance(1);
    expect(first).toBe(0);
    const second = expect(log.append(0, [message(1)])).rejects.toMatchObject({ failure: "unknown" });
    await turn();
    await clock.advance(10_000);
    await second;
    await clock.advance(10_000);
    expect(await readAll(log)).toEqual(messages(0, 2));
  });

  it("LOG-3 several logs over one disk append and see each other's records", async () => {
    const { disk, log } = opened();
    const other = new MemoryLog({ disk, limits: SMALL_LIMITS, clock: systemClock, fate: ALWAYS_DURABLE });
    await log.append(0, [message(0)]);
    expect(await other.append(0, [message(1)])).toBe(1);
    expect(await log.append(0, [message(2)])).toBe(2);
    expect(await readAll(other)).toEqual(messages(0, 3));
  });

  it("LOG-1 after a crash the next log finds what was durable; what was under way is never answered", async () => {
    const { disk, log } = opened();
    await log.append(0, [message(0)]);
    log.hold();
    let isAnswered = false;
    const answered = (): void => {
      isAnswered = true;
    };
    log.append(0, [message(1)]).then(answered, answered);
    await turn();
    log.crash();
    log.release();
    await turn();
    expect(isAnswered).toBe(false);
    const next = new MemoryLog({ disk, limits: SMALL_LIMITS, clock: systemClock, fate: ALWAYS_DURABLE });
    expect(await readAll(next)).toEqual([message(0)]);
  });
});
