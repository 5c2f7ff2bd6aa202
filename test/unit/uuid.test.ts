/**
 * Ids of records are true UUIDv7s, unique and ascending; the ids of public rooms never change; and a UUID survives
 * being kept as four words.
 */
import fc from "fast-check";
import { v7, validate, version } from "uuid";
import { describe, expect, it } from "vitest";
import { systemChance, systemClock } from "../../src/server/clock.ts";
import { IdMaker, publicRoomId, uuidFromWords, uuidToWords } from "../../src/server/uuid.ts";
import { HandClock } from "../support/hand-clock.ts";

const timeOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

describe("IdMaker", () => {
  it("makes valid UUIDv7s, all different and ascending", () => {
    const ids = new IdMaker(systemClock, systemChance);
    const before = Date.now();
    const made = Array.from({ length: 50_000 }, () => ids.make());
    const after = Date.now();
    expect(made.every((id) => validate(id) && version(id) === 7)).toBe(true);
    expect(new Set(made).size).toBe(made.length);
    expect([...made].sort()).toEqual(made);
    expect(timeOf(made[0] ?? "")).toBeGreaterThanOrEqual(before);
    // 4,096 a millisecond at the least: a maker that is faster goes on in the milliseconds to come.
    expect(timeOf(made.at(-1) ?? "")).toBeLessThanOrEqual(after + made.length / 2048 + 1);
  });

  it("ascends while the clock stands still, and when it is set back", () => {
    const clock = new HandClock();
    let now = clock.now();
    const ids = new IdMaker({ ...systemClock, now: () => now }, systemChance);
    const made: string[] = [];
    for (const step of [0, 5, -1000, 0, 3, 2000, -1]) {
      now += step;
      for (let number = 0; number < 5000; number++) made.push(ids.make());
    }
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
    expect(made.every((id) => validate(id) && version(id) === 7)).toBe(true);
  });

  it("differs from maker to maker within one millisecond", () => {
    const clock = new HandClock();
    const made = Array.from({ length: 2000 }, () => new IdMaker(clock, systemChance).make());
    expect(new Set(made).size).toBe(made.length);
  });
});

describe("publicRoomId", () => {
  it("is the same for ever: these are in the logs of servers that run", () => {
    expect(publicRoomId("general")).toBe("5bd8a276-c8bb-5764-8bba-415e86703a71");
    expect(publicRoomId("rust")).toBe("7cf0a790-2394-5e5b-b13d-6002cd4608b3");
    expect(version(publicRoomId("any"))).toBe(5);
  });
});

describe("a UUID as four words", () => {
  it("comes back as it was", () => {
    const words = new Uint32Array(6);
    const any = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((random) => v7({ random }));
    fc.assert(
      fc.property(fc.oneof(any, fc.uuid()), (id) => {
        uuidToWords(id, words, 1);
        expect(uuidFromWords(words, 1)).toBe(id);
      }),
    );
  });
});
