/**
 * How many messages a user may send: a bucket that holds the burst and fills by the second.
 */
import { describe, expect, it } from "vitest";
import { RateLimit } from "../../../src/server/commands/rate-limit.ts";
import { HandClock } from "../../support/hand-clock.ts";

const ann = { id: "a", name: "ann", isGuest: false, isAdmin: false };
const bob = { id: "b", name: "bob", isGuest: false, isAdmin: false };

/** How many messages pass, asked for 1,000 times. */
const passing = (limit: RateLimit, user: typeof ann): number =>
  Array.from({ length: 1000 }, () => limit.take(user)).filter((passes) => passes).length;

describe("the rate limit", () => {
  it("WIRE-21 lets the burst pass at once, then so many a second, for each user by themselves", async () => {
    const clock = new HandClock();
    const limit = new RateLimit({ messagesPerSecond: 20, messagesBurst: 100 }, clock);
    expect(passing(limit, ann)).toBe(100);
    expect(passing(limit, ann)).toBe(0);
    expect(passing(limit, bob)).toBe(100);
    await clock.advance(49);
    expect(passing(limit, ann)).toBe(0);
    await clock.advance(1);
    expect(passing(limit, ann)).toBe(1);
    await clock.advance(1000);
    expect(passing(limit, ann)).toBe(20);
    await clock.advance(3_600_000);
    expect(passing(limit, ann)).toBe(100);
  });

  it("WIRE-21 lets everything pass where it is 0", () => {
    const limit = new RateLimit({ messagesPerSecond: 0, messagesBurst: 1 }, new HandClock());
    expect(passing(limit, ann)).toBe(1000);
  });
});
