/**
 * Property tests of reading a room: pages of any size from any place, out of memory and store together, while the store
 * lags behind, retention removes the oldest, and messages lose their text.
 */
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { EventEncoder, removedEvent } from "../../../src/server/fanout/event-encoder.ts";
import { type EventRun, eventsOf } from "../../../src/server/fanout/event-run.ts";
import { RecentEvents } from "../../../src/server/fanout/recent-events.ts";
import { Room } from "../../../src/server/fanout/room.ts";
import { RoomReader, UnavailableError } from "../../../src/server/fanout/room-reader.ts";
import { type StoredRecord, withoutText } from "../../../src/server/record.ts";
import { MemoryStore } from "../../../src/server/store/memory.ts";
import { message, uuidOf } from "../../support/log-records.ts";
import { numbers } from "../../support/memory-transport.ts";

const ROOM = uuidOf(1);
/** The most that an event is longer than the text by which a page is measured. */
const EVENT_BYTES_MAX = 600;

/** One room, as far as a run of the property takes it. */
class Model {
  readonly store = new MemoryStore();
  readonly room: Room;
  readonly reader: RoomReader;
  readonly rows: StoredRecord[] = [];
  readonly alarms: number[] = [];
  /** The positions at which messages were removed, by their seqs. */
  readonly removed = new Map<number, number>();
  /** What stood there before. */
  readonly texts = new Map<number, StoredRecord>();
  checkpoint = 0;
  floor = 1;
  readonly #encoder = new EventEncoder();

  constructor(recentBytesMax: number) {
    this.room = new Room(ROOM, "general", undefined, new RecentEvents(recentBytesMax).room());
    const progress = {
      reached: (position: number) => Promise.resolve(this.checkpoint >= position),
      pending: (_room: string, from: number, to: number) =>
        this.rows.filter(({ seq, position }) => seq >= from && seq <= to && position >= this.checkpoint),
      removing: () => new Set(this.removedFrom(this.checkpoint)),
      projectAgain: () => undefined,
    };
    const telemetry = { holeFound: (_: string, seq: number) => this.alarms.push(seq), readFailed: () => undefined };
    this.reader = new RoomReader(this.store, () => progress, telemetry);
  }

  event({ record, seq, n, position }: StoredRecord): string {
    return this.#encoder.encode(this.room.json, { record, seq, n, position });
  }

  /** Some more records, as fan-out gets them. */
  tell(count: number): void {
    const first = this.rows.length + 1;
    for (const seq of numbers(first, first + count - 1)) {
      const body = JSON.stringify("x".repeat((seq * 37) % 300));
      this.rows.push({ record: message(seq, { room: ROOM, body }), seq, n: seq, position: seq - 1 });
    }
    const text = this.rows.slice(first - 1).map((row) => `${this.event(row)}\r\n`);
    const last = this.rows.length;
    this.room.recent.add({ first, last, lines: Buffer.from(text.join("")), messagesOnly: true }, last - 1);
    this.room.head = last;
  }

  /** A message is removed, and everybody told so. */
  remove(seq: number): void {
    const change = this.rows.length + 1;
    const record = message(change, { room: ROOM, kind: "message_removed", body: JSON.stringify({ id: "", seq }) });
    this.rows.push({ record, seq: change, n: change, position: change - 1 });
    const lines = Buffer.from(`${this.event(this.rows[change - 1] as StoredRecord)}\r\n`);
    this.room.recent.add({ first: change, last: change, lines, messagesOnly: false }, change - 1);
    this.room.head = change;
    this.room.recent.replace(seq, removedEvent);
    const row = this.rows[seq - 1] as StoredRecord;
    this.rows[seq - 1] = withoutText(row);
    this.removed.set(seq, change - 1);
    this.texts.set(seq, this.texts.get(seq) ?? row);
  }

  /** The seqs of what was removed from a position on. */
  removedFrom(position: number): number[] {
    return [...this.removed].filter(([, at]) => at >= position).map(([seq]) => seq);
  }

  /** The store comes so far. */
  async write(to: number): Promise<void> {
    // The texts that are there until their removal is.
    const rows = this.rows.map(
      (row) => ((this.removed.get(row.seq) ?? 0) >= to ? this.texts.get(row.seq) : row) ?? row,
    );
    const records = rows.slice(this.checkpoint, to);
    const seqs = this.removedFrom(this.checkpoint).filter((seq) => (this.removed.get(seq) ?? 0) < to);
    const removals = seqs.map((seq) => ({ room: ROOM, seq, position: this.removed.get(seq) ?? 0 }));
    await this.store.write({ partition: 0, from: this.checkpoint, to, records, removals, snapshot: undefined });
    this.checkpoint = to;
  }

  async retain(floor: number): Promise<void> {
    this.floor = floor;
    this.room.recent.retain(floor);
    await this.store.retain(ROOM, floor);
  }

  /** A page holds exactly the events of its seqs, in its limits. */
  expectPage(run: EventRun, records: number, bytes: number): void {
    expect(eventsOf(run.lines)).toEqual(this.rows.slice(run.first - 1, run.last).map((row) => this.event(row)));
    expect(run.first).toBeGreaterThanOrEqual(this.floor);
    expect(run.last - run.first + 1).toBeLessThanOrEqual(Math.max(1, records));
    if (run.first !== run.last) expect(run.lines.length).toBeLessThanOrEqual(bytes + EVENT_BYTES_MAX);
  }
}

const anyStep = fc.oneof(
  fc.record({ do: fc.constant("tell" as const), number: fc.integer({ min: 1, max: 25 }) }),
  fc.record({ do: fc.constant("write" as const), number: fc.nat(100) }),
  fc.record({ do: fc.constant("retain" as const), number: fc.nat(100) }),
  fc.record({ do: fc.constant("remove" as const), number: fc.nat(1000) }),
  fc.record({ do: fc.constant("read" as const), number: fc.nat(1000) }),
);
const anyLimit = fc.record({ records: fc.integer({ min: 1, max: 60 }), bytes: fc.integer({ min: 1, max: 8000 }) });

describe("reading a room", () => {
  it("FAN-1 CMD-2 gives each page dense and exact, or says that it can't yet; and never an alarm without a hole", async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(0, 3000, 20_000, 1_000_000),
      fc.array(anyStep, { maxLength: 30 }),
      anyLimit,
      async (recentBytesMax, steps, limit) => {
        const model = new Model(recentBytesMax);
        const { reader, room } = model;
        for (const { do: step, number } of steps) {
          const share = (of: number) => Math.floor((of * Math.min(number, 100)) / 100);
          if (step === "tell") model.tell(number);
          else if (step === "write") await model.write(model.checkpoint + share(model.rows.length - model.checkpoint));
          else if (step === "retain") await model.retain(Math.max(model.floor, share(model.checkpoint + 1)));
          else if (step === "remove" && room.head > 0) model.remove(1 + (number % room.head));
          else await readBoth(1 + (number % (room.head + 2)));
        }

        async function readBoth(at: number): Promise<void> {
          const isCovered = model.checkpoint >= room.recent.droppedTo;
          for (const direction of ["after", "before"] as const) {
            const run = await reader[direction](room, at, limit, 0).catch((error: unknown) => {
              if (!(error instanceof UnavailableError)) throw error;
              return "unavailable" as const;
            });
            if (run === "unavailable") {
              expect(isCovered).toBe(false);
              continue;
            }
            const first = Math.max(at, model.floor);
            const last = Math.min(at - 1, room.head);
            if (run === undefined) expect(direction === "after" ? first > room.head : last < model.floor).toBe(true);
            else model.expectPage(run, limit.records, limit.bytes);
            if (run !== undefined)
              expect(direction === "after" ? run.first : run.last).toBe(direction === "after" ? first : last);
          }
          expect(model.alarms).toEqual([]);
        }
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it("CMD-2 gives no text that was taken away while the store still has it, nor any where it can't tell", async () => {
    const model = new Model(0);
    model.tell(20);
    await model.write(20);
    const { store, room } = model;
    let isKnown = true;
    const progress = {
      reached: async () => isKnown,
      pending: () => [],
      removing: () => (isKnown ? new Set([7]) : undefined),
      projectAgain: () => undefined,
    };
    const reader = new RoomReader(store, () => progress, { holeFound: () => undefined, readFailed: () => undefined });
    const limit = { records: 100, bytes: 1_000_000 };
    const isBlank = ({ seq }: { seq: number }) => seq === 7;
    const blanks = (run: EventRun | undefined) =>
      eventsOf(run?.lines ?? Buffer.alloc(0)).map((line) => "x" in JSON.parse(line));
    expect(blanks(await reader.after(room, 5, limit, 0))).toEqual(model.rows.slice(4).map(isBlank));
    expect(blanks(await reader.before(room, 9, limit, 0))).toEqual(model.rows.slice(0, 8).map(isBlank));
    const records = [
      ...(await reader.recordsBefore(room, 9, 5, 0)),
      ...(await reader.recordsAfter(room, 6, 3, 0)),
      await reader.record(room, 7, 0),
    ];
    for (const row of records) expect([row?.seq, row?.record.body === ""]).toEqual([row?.seq, row?.seq === 7]);
    isKnown = false;
    await expect(reader.after(room, 5, limit, 0)).rejects.toThrow(UnavailableError);
    await expect(reader.before(room, 9, limit, 0)).rejects.toThrow(UnavailableError);
    await expect(reader.record(room, 7, 0)).rejects.toThrow(UnavailableError);
  });

  it("FAN-1 finds any hole below the checkpoint, and gives nothing that lies behind it", async () => {
    for (const lost of [1, 2, 20, 39, 40]) {
      const model = new Model(0);
      model.tell(40);
      const records = model.rows.filter(({ seq }) => seq !== lost);
      await model.store.write({ partition: 0, from: 0, to: 40, records, removals: [], snapshot: undefined });
      model.checkpoint = 40;
      const limit = { records: 100, bytes: 1_000_000 };
      await expect(model.reader.after(model.room, lost, limit, 0)).rejects.toThrow(UnavailableError);
      await expect(model.reader.before(model.room, lost + 1, limit, 0)).rejects.toThrow(UnavailableError);
      expect(model.alarms).toEqual([lost, lost]);
      const before = await model.reader.after(model.room, 1, limit, 0).catch(() => undefined);
      expect(before?.last ?? 0).toBeLessThan(lost);
    }
  });

  it("CMD-3 copies no more than a page out of memory, however much lies behind it there", async () => {
    const model = new Model(100_000_000);
    for (let batch = 0; batch < 200; batch++) model.tell(100);
    const concat = vi.spyOn(Buffer, "concat");
    try {
      for (const before of [20, 200, 5000, 20_001]) {
        const run = await model.reader.before(model.room, before, { records: 100, bytes: 10_000 }, 0);
        expect(run?.last).toBe(before - 1);
      }
      const copied = concat.mock.results.map(({ value }) => (value as Buffer).length);
      expect(Math.max(...copied)).toBeLessThan(10_000 + 2 * 32 * 1024);
    } finally {
      concat.mockRestore();
    }
  });

  it("CMD-2 says that the store can't be read, where it can't", async () => {
    const model = new Model(0);
    model.tell(5);
    await model.write(5);
    model.store.hooks.beforeRead = () => Promise.reject(new Error("no"));
    const limit = { records: 10, bytes: 10_000 };
    await expect(model.reader.after(model.room, 1, limit, 0)).rejects.toThrow(UnavailableError);
    await expect(model.reader.before(model.room, 6, limit, 0)).rejects.toThrow(UnavailableError);
    await expect(model.reader.floor(model.room)).rejects.toThrow(UnavailableError);
    expect(model.alarms).toEqual([]);
  });

  it("FAN-1 skips nothing where retention took all that was asked for and memory let go of what follows meanwhile", async () => {
    const model = new Model(1_000_000);
    model.tell(10);
    model.tell(10);
    await model.write(20);
    await model.store.retain(ROOM, 11);
    const { room } = model;
    while ((room.recent.first ?? 11) < 11) room.recent.dropOldest();
    room.recent.retain(11);
    const { range } = model.store;
    model.store.range = async (...of) => {
      const rows = await range.apply(model.store, of);
      // While the store is asked, everything leaves memory.
      if (room.recent.first !== undefined) room.recent.dropOldest();
      return rows;
    };
    model.floor = 11;
    const run = await model.reader.after(room, 5, { records: 100, bytes: 1_000_000 }, 0);
    expect([run?.first, run?.last]).toEqual([11, 20]);
  });
});
