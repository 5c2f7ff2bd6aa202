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
    expect(new CommitPace().delayMs(0, 100)).toBe(0);
    const { pace, at } = paced(1, 10);
    expect(pace.delayMs(at + 0.1, 100)).toBe(0);
  });

  it("LOG-4 does not slow a lone sender who waits for each answer", () => {
    const { pace, at } = paced(1, 0.4);
    expect(pace.delayMs(at + 0.3, 100)).toBe(0);
  });

  it("LOG-4 makes a busy log wait until 2 ms after the last commit began, and no longer", () => {
    const { pace, at } = paced(5, 0.5);
    expect(pace.delayMs(at + 0.5, 700)).toBeCloseTo(1.5);
    expect(pace.delayMs(at + 2, 700)).toBe(0);
    expect(pace.delayMs(at + 50, 700)).toBe(0);
  });

  it("LOG-4 commits at once what is worth a flush", () => {
    const { pace, at } = paced(5, 0.5);
    expect(pace.delayMs(at + 0.1, 16 * 1024 - 1)).toBeGreaterThan(0);
    expect(pace.delayMs(at + 0.1, 16 * 1024)).toBe(0);
  });

  it("LOG-4 forgets a rush within a tenth of a second", () => {
    const { pace, at } = paced(50, 0.5);
    pace.started(at + 100, 1);
    expect(pace.delayMs(at + 100.1, 100)).toBe(0);
  });

  it("LOG-4 bears a clock that stands still", () => {
    const pace = new CommitPace();
    for (let i = 0; i < 10; i++) pace.started(5, 100);
    expect(pace.delayMs(5, 100)).toBe(0);
  });
});
