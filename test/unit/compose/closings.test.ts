/** Tests of closing what was opened, where a part of it fails or hangs. */
import { describe, expect, it } from "vitest";
import { Closings } from "../../../src/server/compose/closings.ts";
import { FakeClock } from "../../support/fake-clock.ts";

describe("what was opened", () => {
  it("STOP-1 is closed the other way round, once, also behind one that fails", async () => {
    const story: string[] = [];
    const closings = new Closings((error) => story.push(String(error)));
    closings.push(async () => void story.push("folder"));
    closings.push(() => Promise.reject(new Error("no")));
    closings.push(async () => void story.push("door"));
    await Promise.all([closings.close(), closings.close()]);
    expect(story).toEqual(["door", "Error: no", "folder"]);
  });

  it("STOP-1 is left to itself where it hangs", async () => {
    const clock = new FakeClock(0);
    const closings = new Closings(() => undefined);
    closings.push(() => new Promise(() => undefined));
    expect(await clock.drive(closings.closeWithin(clock, 9000), "the deadline", 10_000)).toBe(false);
    expect(await closings.closeWithin(clock, 9000)).toBe(true);
    expect(clock.timers).toBe(0);
  });
});
