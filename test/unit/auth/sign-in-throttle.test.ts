/** Sign-ins that fail are counted by account and by address, within bounded memory, and forgotten with time. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Attempts } from "../../../src/server/auth/attempts.ts";
import { SignInThrottle, TriedTooOften } from "../../../src/server/auth/sign-in-throttle.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const clockAt = (): FakeClock => new FakeClock(1_800_000_000_000);

function refusalOf(work: () => unknown): TriedTooOften {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(TriedTooOften);
    return error as TriedTooOften;
  }
  throw new Error("was not refused");
}

describe("sign-ins", () => {
  it("are refused for an account after ten that failed, from wherever, and then one each 90 s", async () => {
    const clock = clockAt();
    const throttle = new SignInThrottle(clock);
    for (let time = 0; time < 10; time += 1) throttle.signIn("alice", `192.0.2.${time}`);
    const refusal = refusalOf(() => throttle.signIn("ALICE", "198.51.100.1"));
    expect(refusal).toMatchObject({ code: "too_many_sign_ins", retryAfterSeconds: 90 });
    expect(refusal.message).toBe("too many sign-ins failed; try again in 90 s");
    throttle.signIn("bob", "198.51.100.1").succeeded();
    await clock.advance(89_000);
    expect(refusalOf(() => throttle.signIn("alice", "198.51.100.1")).retryAfterSeconds).toBe(1);
    await clock.advance(1_000);
    throttle.signIn("alice", "198.51.100.1");
    refusalOf(() => throttle.signIn("alice", "198.51.100.1"));
  });

  it("are refused for an address after ten that failed, for whatever account", () => {
    const throttle = new SignInThrottle(clockAt());
    for (let time = 0; time < 10; time += 1) throttle.signIn(`name${time}`, "192.0.2.1");
    refusalOf(() => throttle.signIn("alice", "192.0.2.1"));
    refusalOf(() => throttle.signIn("alice", "::ffff:192.0.2.1"));
    throttle.signIn("alice", "192.0.2.2");
  });

  it("count one client's IPv6 addresses as one", () => {
    const throttle = new SignInThrottle(clockAt());
    for (let time = 0; time < 10; time += 1) throttle.signIn(`name${time}`, `2001:db8:1:2::${time}`);
    refusalOf(() => throttle.signIn("alice", "2001:db8:1:2:ffff::1"));
    throttle.signIn("alice", "2001:db8:1:3::1");
  });

  it("begin anew for the account that succeeds, but not for the address: own sign-ins buy no guesses", () => {
    const throttle = new SignInThrottle(clockAt());
    for (let time = 0; time < 9; time += 1) throttle.signIn("alice", `192.0.2.${time}`);
    throttle.signIn("alice", "192.0.2.9").succeeded();
    for (let time = 0; time < 10; time += 1) throttle.signIn("alice", `198.51.100.${time}`);
    refusalOf(() => throttle.signIn("alice", "203.0.113.1"));
    let guesses = 0;
    const guess = (): void => {
      for (;;) {
        throttle.signIn("mallory", "203.0.113.7").succeeded();
        throttle.signIn(`victim${guesses}`, "203.0.113.7");
        guesses += 1;
      }
    };
    refusalOf(guess);
    expect(guesses).toBe(10);
  });

  it("that run at once are counted before any is found out", () => {
    const throttle = new SignInThrottle(clockAt());
    const running = Array.from({ length: 10 }, () => throttle.signIn("alice", "192.0.2.1"));
    refusalOf(() => throttle.signIn("alice", "192.0.2.1"));
    for (const attempt of running) attempt.cameToNothing();
    for (let time = 0; time < 10; time += 1) throttle.signIn("alice", "192.0.2.1");
    refusalOf(() => throttle.signIn("alice", "192.0.2.1"));
  });
});

describe("accounts", () => {
  it("are made ten at once from one address", async () => {
    const clock = clockAt();
    const throttle = new SignInThrottle(clock);
    for (let time = 0; time < 10; time += 1) throttle.signUp("192.0.2.1");
    expect(refusalOf(() => throttle.signUp("192.0.2.1"))).toMatchObject({ code: "too_fast", retryAfterSeconds: 360 });
    throttle.signUp("192.0.2.2");
    await clock.advance(360_000);
    throttle.signUp("192.0.2.1");
  });
});

describe("attempts", () => {
  it("allow no more than `most` and one for each `everyMs`, over any stretch of time", async () => {
    const step = fc.record({ key: fc.constantFrom("a", "b"), passMs: fc.nat({ max: 3_000 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = clockAt();
        const attempts = new Attempts({ clock, most: 3, everyMs: 1_000, keysMax: 10 });
        const times: Record<string, number[]> = { a: [], b: [] };
        for (const { key, passMs } of steps) {
          await clock.advance(passMs);
          const wait = attempts.wait(key);
          expect(wait).toBeLessThanOrEqual(1_000);
          if (wait > 0) continue;
          attempts.count(key);
          times[key]?.push(clock.now());
        }
        for (const done of Object.values(times)) {
          for (const [first, from] of done.entries()) {
            for (const [last, to] of done.entries()) {
              if (last >= first) expect(last - first + 1).toBeLessThanOrEqual(3 + (to - from) / 1_000);
            }
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it("remember so many keys, and lose the one that was not tried for longest", () => {
    const attempts = new Attempts({ clock: clockAt(), most: 1, everyMs: 1_000, keysMax: 100 });
    attempts.count("victim");
    for (let time = 0; time < 10_000; time += 1) {
      attempts.count(`flood ${time}`);
      expect(attempts.wait("victim")).toBeGreaterThan(0);
    }
    expect(attempts.size).toBe(100);
    for (let time = 0; time < 100; time += 1) attempts.count(`flood ${time}`);
    expect(attempts.wait("victim")).toBe(0);
  });

  it("forget what time has forgotten", async () => {
    const clock = clockAt();
    const attempts = new Attempts({ clock, most: 1, everyMs: 1_000, keysMax: 100 });
    attempts.count("a");
    await clock.advance(1_000);
    expect(attempts.wait("a")).toBe(0);
    expect(attempts.size).toBe(0);
  });
});
