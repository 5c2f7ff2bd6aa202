/** The window of a room: whatever comes in whatever order, it is ordered, without holes and without repeats. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HistoryPage, Message, RoomChange, RoomRecord } from "../../../src/sdk/types.ts";
import { type PageSide, Timeline } from "../../../src/web/conversation/timeline.ts";

const ROOM = "tea";

const message = (seq: number, isRemoved = false): Message => ({
  ...{ type: "message", room: ROOM, seq, id: `id-${seq}`, user: `user-${seq % 3}` },
  ...{ text: isRemoved ? "" : `text ${seq}`, time: seq * 1000, key: undefined, isRemoved },
});

const removal = (seq: number, removedSeq: number): RoomChange => ({
  ...{ type: "change", room: ROOM, seq, time: seq * 1000, kind: "message_removed" },
  ...{ user: undefined, by: "somebody", removedSeq, name: undefined },
});

const seqs = (timeline: Timeline): number[] => timeline.records.map(({ seq }) => seq);

const upTo = (from: number, to: number): RoomRecord[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => message(from + index));

/** A server's room, and what is on its way from it: events are told in order, pages may come at any later time. */
class Origin {
  readonly #records: RoomRecord[] = [];
  readonly #removed = new Set<number>();
  #oldest = 1;
  readonly toTell: RoomRecord[] = [];

  get head(): number {
    return this.#records.length;
  }
  get oldest(): number {
    return this.#oldest;
  }
  isRemoved(seq: number): boolean {
    return this.#removed.has(seq);
  }
  say(): void {
    this.#append(message(this.head + 1));
  }
  remove(seq: number): void {
    if (this.#records[seq - 1]?.type !== "message" || seq < this.#oldest) return;
    this.#removed.add(seq);
    this.#append(removal(this.head + 1, seq));
  }
  trim(before: number): void {
    this.#oldest = Math.max(this.#oldest, Math.min(before, this.head));
  }
  page(side: PageSide, asked: number, limit: number): HistoryPage {
    const kept = this.#records.slice(this.#oldest - 1);
    const matching = kept.filter(({ seq }) => side === "newest" || (side === "older" ? seq < asked : seq > asked));
    const records = side === "newer" ? matching.slice(0, limit) : matching.slice(-limit);
    const asStored = records.map((record) =>
      record.type === "message" && this.#removed.has(record.seq) ? message(record.seq, true) : record,
    );
    return { records: asStored, more: matching.length > records.length };
  }
  #append(record: RoomRecord): void {
    this.#records.push(record);
    this.toTell.push(record);
  }
}

type Step =
  | { readonly do: "say" | "jump" | "answer" | "older" | "newer" | "follow" | "look" }
  | { readonly do: "tell"; readonly count: number }
  | { readonly do: "remove" | "trim"; readonly part: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .constantFrom("say", "older", "newer", "answer", "jump", "follow", "look")
      .map((what): Step => ({ do: what })),
  },
  { weight: 4, arbitrary: fc.nat(20).map((count): Step => ({ do: "tell", count })) },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map((part): Step => ({ do: "remove", part })) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map((part): Step => ({ do: "trim", part })) },
);

describe("the window of a room", () => {
  it("is ordered, without holes or repeats, bounded, and blank where a text was taken away, whatever comes when", () => {
    fc.assert(
      fc.property(fc.nat(60), fc.array(step, { maxLength: 150 }), (before, steps) => {
        const max = 20;
        const page = 7;
        const origin = new Origin();
        for (let said = 0; said < before; said++) origin.say();
        // Who joins is told the last few.
        const timeline = new Timeline(max);
        origin.toTell.splice(0, Math.max(0, before - 5));
        const tell = (count: number): void => timeline.told(origin.toTell.splice(0, count), isFollowing);
        let isFollowing = true;
        const answers: { side: PageSide; asked: number; page: HistoryPage }[] = [];
        const ask = (side: PageSide, asked: number): void => {
          if (asked > 0 || side === "newest") answers.push({ side, asked, page: origin.page(side, asked, page) });
        };
        const toldTo = { seq: 0 };
        for (const each of steps) {
          switch (each.do) {
            case "say":
              origin.say();
              break;
            case "remove":
              origin.remove(1 + Math.floor(each.part * (origin.head - 1)));
              break;
            case "trim":
              origin.trim(Math.floor(each.part * origin.head));
              break;
            case "tell":
              tell(each.count);
              break;
            case "older":
              ask("older", timeline.first);
              break;
            case "newer":
              ask("newer", timeline.last);
              break;
            case "jump":
              ask("newest", 0);
              break;
            case "follow":
              isFollowing = true;
              break;
            case "look":
              isFollowing = false;
              break;
            case "answer": {
              const answer = answers.shift();
              if (answer === undefined) break;
              // One connection: what the server said before the answer has been told before it.
              timeline.page(answer.side, answer.asked, answer.page);
              break;
            }
          }
          toldTo.seq = origin.head - origin.toTell.length;
          const found = seqs(timeline);
          for (const [index, seq] of found.entries()) expect(seq).toBe((found[0] ?? 0) + index);
          expect(found.length).toBeLessThanOrEqual(max + 100 + page);
          expect(timeline.last).toBeLessThanOrEqual(timeline.head);
          expect(timeline.head).toBeLessThanOrEqual(origin.head);
          for (const record of timeline.records) {
            const isToldRemoved =
              origin.isRemoved(record.seq) &&
              !origin.toTell.some((waiting) => waiting.type === "change" && waiting.removedSeq === record.seq);
            if (record.type === "message" && isToldRemoved) expect(record.isRemoved).toBe(true);
          }
        }
        // Who goes to the newest after all that has it, and can page back to the oldest that there is.
        tell(Number.POSITIVE_INFINITY);
        timeline.page("newest", 0, origin.page("newest", 0, page));
        expect(timeline.isAtEnd).toBe(true);
        for (let pages = 0; pages < 60 && !timeline.isAtStart; pages++) {
          const asked = timeline.first;
          if (asked === 0) break;
          timeline.page("older", asked, origin.page("older", asked, page));
        }
        if (origin.head > 0) expect(timeline.first).toBeLessThanOrEqual(Math.max(1, origin.oldest));
      }),
      { numRuns: 300 },
    );
  });

  it("moves on with a reader at the newest, and lets go of what is far above", () => {
    const timeline = new Timeline(10);
    timeline.told(upTo(1, 500), true);
    expect(timeline.records.length).toBeLessThanOrEqual(110);
    expect(timeline.last).toBe(500);
    expect(timeline.isAtEnd).toBe(true);
    expect(timeline.isAtStart).toBe(false);
  });

  it("stays with a reader who looks further up, and counts on", () => {
    const timeline = new Timeline(10);
    timeline.told(upTo(1, 8), true);
    timeline.told(upTo(9, 40), false);
    expect(seqs(timeline)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(timeline.head).toBe(40);
    expect(timeline.isAtEnd).toBe(false);
    timeline.page("newer", 10, { records: upTo(11, 15), more: true });
    expect(seqs(timeline)).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  it("takes nothing of a page that does not touch it any more", () => {
    const timeline = new Timeline(10);
    timeline.told(upTo(50, 60), true);
    timeline.page("older", 30, { records: upTo(20, 29), more: true });
    expect(seqs(timeline)).toEqual(upTo(50, 60).map(({ seq }) => seq));
  });

  it("blanks a text that was taken away while its page was on the way", () => {
    const timeline = new Timeline();
    timeline.told(upTo(10, 12), true);
    timeline.told([removal(13, 4)], true);
    timeline.page("older", 10, { records: upTo(1, 9), more: false });
    const four = timeline.records.find(({ seq }) => seq === 4);
    expect(four).toMatchObject({ type: "message", isRemoved: true, text: "" });
    expect(timeline.isAtStart).toBe(true);
  });

  it("begins anew where retention took what follows it, and knows that nothing is older", () => {
    const timeline = new Timeline();
    timeline.told(upTo(1, 10), true);
    timeline.reset(50);
    timeline.told(upTo(50, 52), true);
    expect(seqs(timeline)).toEqual([50, 51, 52]);
    expect(timeline.isAtStart).toBe(true);
    expect(timeline.isAtEnd).toBe(true);
  });

  it("keeps what it has where retention took only what it had before", () => {
    const timeline = new Timeline();
    timeline.told(upTo(10, 20), true);
    timeline.reset(21);
    timeline.told(upTo(21, 22), true);
    expect(timeline.first).toBe(10);
    expect(timeline.last).toBe(22);
  });
});
