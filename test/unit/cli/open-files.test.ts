/** How many sessions the machine allows. */
import { describe, expect, it } from "vitest";
import { openFilesLimit, sessionsAllowed } from "../../../src/server/open-files.ts";

describe("the limit on open files", () => {
  it("is read from the machine", () => {
    const limit = openFilesLimit();
    expect(limit === undefined || (Number.isSafeInteger(limit) && limit > 0)).toBe(true);
  });

  it.each([
    [20_000, 65_536, 20_000],
    [20_000, 20_512, 20_000],
    [20_000, 20_511, 19_999],
    [20_000, 1_024, 512],
    [100, 1_024, 100],
    [20_000, 256, 1],
    [20_000, undefined, 20_000],
  ])("%s sessions configured, %s open files: %s sessions", (configured, openFiles, allowed) => {
    expect(sessionsAllowed(configured, openFiles)).toBe(allowed);
  });
});
