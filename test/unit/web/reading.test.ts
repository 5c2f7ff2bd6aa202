/** A reader's marker: where it stood when the room was opened, and that it moves no earlier than that is known. */
import { describe, expect, it } from "vitest";
import { Reading } from "../../../src/web/conversation/reading.ts";

const BUSY = { retry: true };
const REFUSED = { retry: false };

/** A marker at 3 with one message after it, behind a server that first answers with errors. */
function start(errors: readonly unknown[]) {
  const left = [...errors];
  const asked: number[] = [];
  const api = {
    markRead: async (_room: string, seq: number) => {
      asked.push(seq);
      if (left.length > 0) throw left.shift();
      return { seq: Math.max(3, seq), unread: seq >= 4 ? 0 : 1 };
    },
  };
  const time = {
    now: () => 0,
    frame: () => () => undefined,
    later: (_afterMs: number, callback: () => void) => {
      queueMicrotask(callback);
      return () => undefined;
    },
  };
  return { reading: new Reading(api, "tea", time), asked };
}

describe("a read marker", () => {
  it("is asked for again where the server is busy, and moves once it is known where it stood", async () => {
    const { reading, asked } = start([BUSY, new TypeError("Failed to fetch")]);
    reading.saw(4);
    expect(await reading.unreadAfter()).toBe(3);
    expect(asked).toEqual([0, 0, 0, 4]);
  });

  it("is left alone where there is none, and never fails aloud", async () => {
    const refused = start([REFUSED]);
    expect(await refused.reading.unreadAfter()).toBeUndefined();
    expect(refused.asked).toEqual([0]);
    const gone = start([BUSY, BUSY, BUSY, REFUSED]);
    gone.reading.saw(4);
    expect(await gone.reading.unreadAfter()).toBeUndefined();
    expect(gone.asked).toEqual([0, 0, 0, 4]);
  });
});
