/** The SDK's pauses: longer each time, never too long, and not the same for all. */
import { describe, expect, it } from "vitest";
import { backoffMs } from "../../../src/sdk/backoff.ts";

describe("a pause", () => {
  it("doubles from half a second on, up to 30 s", () => {
    const pauses = [1, 2, 3, 6, 7, 8, 100, 5000].map((tries) => backoffMs(tries, () => 1));
    expect(pauses).toEqual([500, 1000, 2000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  it("is half as long for the luckiest", () => {
    expect(backoffMs(3, () => 0)).toBe(1000);
    expect(backoffMs(3, () => 0.5)).toBe(1500);
  });
});
