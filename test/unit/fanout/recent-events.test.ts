/** Property tests of recent events: bounded, without holes, and honest about what they let go. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type EventRun,
  eventsOf,
  joinRuns,
  linesFor,
  newestLines,
  oldestLines,
  runFrom,
  runUpTo,
} from "../../../src/server/fanout/event-run.ts";
import { RecentEvents } from "../../../src/server/fanout/recent-events.ts";
import { numbers } from "../../support/memory-transport.ts";

const ALL = Number.MAX_SAFE_INTEGER;

/** The line of a seq; every fifth is no message, and lengths differ. */
const textOf = (seq: number): string =>
  seq % 5 === 0
    ? `{"_et":"room_change","q":${seq}}`
    : `{"_et":"user_message","c":"${"ü".repeat((seq * 7) % 40)}","q":${seq}}`;

function runOf(first: number, last: number): EventRun {
  const lines = Buffer.from(
    numbers(first, last)
      .map((seq) => `${textOf(seq)}\r\n`)
      .join(""),
  );
  return { first, last, lines, messagesOnly: numbers(first, last).every((seq) => seq % 5 !== 0) };
}

/** A run holds exactly the lines of its seqs. */
function expectWhole(run: EventRun): void {
  expect(eventsOf(run.lines)).toEqual(numbers(run.first, run.last).map(textOf));
}

describe("a run of events", () => {
  const anyRun = fc
    .tuple(fc.integer({ min: 1, max: 50 }), fc.nat(30))
    .map(([first, more]) => runOf(first, first + more));

  it("FAN-3 can be cut by seq and by bytes, and keeps whole lines", () => {
    fc.assert(
      fc.property(anyRun, fc.nat(), fc.nat(3000), (run, number, bytes) => {
        const at = run.first + (number % (run.last - run.first + 1));
        for (const part of [runFrom(run, at), runUpTo(run, at)]) expectWhole(part);
        expect([runFrom(run, at).first, runFrom(run, at).last]).toEqual([at, run.last]);
        expect([runUpTo(run, at).first, runUpTo(run, at).last]).toEqual([run.first, at]);
        for (const [part, next] of [
          [oldestLines(run, bytes), (p: EventRun) => runUpTo(run, p.last + 1)],
          [newestLines(run, bytes), (p: EventRun) => runFrom(run, p.first - 1)],
        ] as const) {
          expectWhole(part);
          // As much as fits, one line at least.
          if (part.first !== part.last) expect(part.lines.length).toBeLessThanOrEqual(bytes);
          const isAll = part.first === run.first && part.last === run.last;
          if (!isAll) expect(next(part).lines.length).toBeGreaterThan(bytes);
        }
      }),
    );
  });

  it("is told to those without hello as its messages alone", () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        expect(eventsOf(linesFor(run, true))).toEqual(numbers(run.first, run.last).map(textOf));
        const messages = numbers(run.first, run.last).filter((seq) => seq % 5 !== 0);
        expect(eventsOf(linesFor(run, false))).toEqual(messages.map(textOf));
        expectWhole(joinRuns(run, runOf(run.last + 1, run.last + 3)));
      }),
    );
  });
});

describe("recent events", () => {
  const anyAdds = fc.array(fc.record({ room: fc.nat(2), count: fc.integer({ min: 1, max: 30 }) }), { maxLength: 60 });

  it("FAN-1 give any stretch of what they have in one piece, and say up to where the store has to have come", () => {
    fc.assert(
      fc.property(anyAdds, fc.constantFrom(0, 1000, 8000, 100_000), fc.nat(5000), (adds, bytesMax, pageBytes) => {
        const recent = new RecentEvents(bytesMax);
        const rooms = numbers(0, 2).map(() => ({ events: recent.room(), positions: [] as number[] }));
        let position = 0;
        for (const { room: index, count } of adds) {
          const room = rooms[index];
          if (room === undefined) continue;
          const first = room.positions.length + 1;
          for (let i = 0; i < count; i++) room.positions.push(position++);
          room.events.add(runOf(first, first + count - 1), position - 1);
          expect(recent.bytes).toBeLessThanOrEqual(Math.max(bytesMax, 0));
          for (const { events, positions } of rooms) {
            const oldest = events.first ?? positions.length + 1;
            // Whatever is not here any more stands before `droppedTo`.
            const gone = positions[oldest - 2];
            if (gone !== undefined) expect(events.droppedTo).toBeGreaterThan(gone);
            expect(events.from(oldest - 1, ALL)).toBeUndefined();
            expect(events.from(positions.length + 1, ALL)).toBeUndefined();
          }
        }
        for (const { events, positions } of rooms) {
          for (const seq of numbers(events.first ?? positions.length + 1, positions.length)) {
            const all = events.from(seq, ALL);
            const page = events.from(seq, pageBytes);
            if (all === undefined || page === undefined) throw new Error(`${seq} is here and is not given`);
            expectWhole(all);
            expectWhole(page);
            expect([all.first, all.last, page.first]).toEqual([seq, positions.length, seq]);
            if (page.first !== page.last) expect(page.lines.length).toBeLessThanOrEqual(pageBytes);
            const back = events.upTo(seq, 1, pageBytes);
            if (back === undefined) throw new Error(`${seq} is here and is not given`);
            expectWhole(back);
            expect(back.last).toBe(seq);
            if (back.first !== back.last) expect(back.lines.length).toBeLessThanOrEqual(pageBytes);
            expect(events.upTo(seq, seq - 3, ALL)?.first).toBe(Math.max(events.first ?? 0, seq - 3));
          }
          expect(events.upTo((events.first ?? positions.length + 1) - 1, 1, ALL)).toBeUndefined();
          expect(events.upTo(positions.length + 1, 1, ALL)).toBeUndefined();
        }
      }),
      { numRuns: 60 },
    );
  });

  it("give nothing below what retention left, and never less than they did", () => {
    const events = new RecentEvents(100_000).room();
    events.add(runOf(1, 10), 9);
    events.retain(4);
    events.retain(2);
    expect(events.first).toBe(4);
    expect(events.from(3, ALL)).toBeUndefined();
    expect(events.from(4, ALL)?.first).toBe(4);
    events.retain(11);
    expect(events.from(10, ALL)).toBeUndefined();
    events.add(runOf(11, 12), 11);
    expect(events.from(11, ALL)?.last).toBe(12);
  });
});
