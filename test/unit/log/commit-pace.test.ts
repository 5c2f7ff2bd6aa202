/** The pace of commits: who waits, and who never does. */
import { describe, expect, it } from "vitest";
import { CommitPace } from "../../../src/server/log/commit-pace.ts";

/** A pace after a second of commits of `records` every `everyMs`; the last one began at `at`. */
function paced(records: number, everyMs: number): { pace: CommitPace; at: number } {
  const pace = new CommitPace();
  let at = 0;
  for (; at < 1000; at += everyMs) pace.started(at, records);
  return { pace, at: at - everyMs };
}

describe("CommitPace", () => {
  it("LOG-4 lets an idle log commit at once", () => {
    expect(new CommitPace().delayMs(0, { records: 3, bytes: 100 })).toBe(0);
    const { pace, at } = paced(1, 10);
    expect(pace.delayMs(at + 0.1, { records: 3, bytes: 100 })).toBe(0);
  });

  it("LOG-4 does not slow a lone sender who waits for each answer", () => {
    const { pace, at } = paced(1, 0.4);
    expect(pace.delayMs(at + 0.3, { records: 3, bytes: 100 })).toBe(0);
  });

  it("LOG-4 makes a busy log wait until 6 ms after the last commit began, and no longer", () => {
    const { pace, at } = paced(5, 0.5);
    expect(pace.delayMs(at + 0.5, { records: 3, bytes: 700 })).toBeCloseTo(5.5);
    expect(pace.delayMs(at + 6, { records: 3, bytes: 700 })).toBe(0);
    expect(pace.delayMs(at + 50, { records: 3, bytes: 700 })).toBe(0);
  });

  it("LOG-4 commits at once what is worth a flush", () => {
    const { pace, at } = paced(5, 0.5);
    expect(pace.delayMs(at + 0.1, { records: 63, bytes: 16 * 1024 - 1 })).toBeGreaterThan(0);
    expect(pace.delayMs(at + 0.1, { records: 1, bytes: 16 * 1024 })).toBe(0);
    expect(pace.delayMs(at + 0.1, { records: 64, bytes: 1000 })).toBe(0);
  });

  it("LOG-4 stops waiting where nothing comes meanwhile, and tries again later", () => {
    const { pace, at } = paced(4, 0.4);
    const backlog = { records: 4, bytes: 500 };
    expect(pace.delayMs(at + 0.4, backlog)).toBeGreaterThan(0);
    let now = at;
    for (let wait = 0; wait < 5; wait++) {
      expect(pace.delayMs(now + 0.4, backlog)).toBeGreaterThan(0);
      now += 6;
      pace.waited(now, 5.6, 0);
      // The rate stays high, for what was committed had come before.
      pace.started(now, 20);
    }
    const restUntil = now + 200;
    for (now += 0.4; now < restUntil; now += 0.4) {
      expect(pace.delayMs(now, backlog)).toBe(0);
      pace.started(now, 4);
    }
    expect(pace.delayMs(restUntil + 0.1, backlog)).toBeGreaterThan(0);
  });

  it("LOG-4 goes on waiting where records come meanwhile, in bursts as well", () => {
    const { pace, at } = paced(5, 0.5);
    let now = at;
    for (let wait = 0; wait < 50; wait++) {
      expect(pace.delayMs(now + 0.5, { records: 5, bytes: 500 })).toBeGreaterThan(0);
      now += 6;
      pace.waited(now, 5.5, wait % 3 === 0 ? 80 : 0);
      pace.started(now, 56);
    }
  });

  it("LOG-4 forgets a rush within a tenth of a second", () => {
    const { pace, at } = paced(50, 0.5);
    pace.started(at + 100, 1);
    expect(pace.delayMs(at + 100.1, { records: 3, bytes: 100 })).toBe(0);
  });

  it("LOG-4 bears a clock that stands still", () => {
    const pace = new CommitPace();
    for (let i = 0; i < 10; i++) pace.started(5, 100);
    expect(pace.delayMs(5, { records: 3, bytes: 100 })).toBe(0);
  });
});
