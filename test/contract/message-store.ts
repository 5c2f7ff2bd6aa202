/**
 * What every adapter of the store must do: the contract of `src/server/store/message-store.ts` as tests. Each adapter
 * runs it with its own way of opening one.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MessageStore, Snapshot, StoreBatch } from "../../src/server/store/message-store.ts";
import {
  batchOf,
  expectedRows,
  history,
  limited,
  NO_LIMIT,
  removing,
  roomOf,
  withoutTexts,
} from "../support/store-history.ts";

/** A store under test, empty. */
export interface OpenStore {
  readonly store: MessageStore;
  /** Closes it and opens the same data again. */
  readonly reopen: () => Promise<MessageStore>;
  /** Closes what is open and removes everything. */
  readonly cleanup: () => Promise<void>;
}

/** How an adapter is held to the contract. */
export interface StoreContract {
  /** How often steps in any order are tried. */
  readonly runs: number;
  /**
   * How much further on in the log another record must stand to take the place of one whose text was removed: 0 where
   * the store sees by the record's id that it is another.
   */
  readonly othersLaterBy: number;
}

const LOG = history({ length: 400, rooms: 3, dropEvery: 9, bodyLength: (position) => position % 40 });
const ROOM = roomOf(0);
const ROOM_ROWS = expectedRows(LOG, ROOM, 1, 400);

const snapshotAt = (position: number, length = 100): Snapshot => ({
  position,
  bytes: Uint8Array.from({ length }, (_, index) => (position + index) & 0xff),
});

/** Runs the contract against one adapter; what it has to do with removals stands in a file of its own. */
export function messageStoreContract(name: string, open: () => Promise<OpenStore>, { runs }: StoreContract): void {
  const withStore = async (body: (store: MessageStore, opened: OpenStore) => Promise<void>): Promise<void> => {
    const opened = await open();
    try {
      await body(opened.store, opened);
    } finally {
      await opened.cleanup();
    }
  };
  const withRows = (body: (store: MessageStore, opened: OpenStore) => Promise<void>): Promise<void> =>
    withStore(async (store, opened) => {
      await store.write(batchOf(LOG, 0, 400));
      await body(store, opened);
    });

  describe(`message store: ${name}`, () => {
    it("is empty when it is new", () =>
      withStore(async (store) => {
        expect(await store.checkpoint(0)).toBe(0);
        expect(await store.range(ROOM, 1, 10, NO_LIMIT)).toEqual([]);
        expect(await store.page(ROOM, Number.MAX_SAFE_INTEGER, NO_LIMIT)).toEqual([]);
        expect(await store.floor(ROOM)).toBe(1);
        expect(await store.snapshot(0, Number.MAX_SAFE_INTEGER)).toBeUndefined();
        expect(await store.snapshots(0)).toEqual([]);
        expect(await store.rooms()).toEqual([]);
      }));

    it("gives back what was written, room by room", () =>
      withRows(async (store) => {
        for (const index of [0, 1, 2]) {
          const rows = expectedRows(LOG, roomOf(index), 1, 400);
          expect(await store.range(roomOf(index), 1, Number.MAX_SAFE_INTEGER, NO_LIMIT)).toEqual(rows);
          expect(await store.page(roomOf(index), Number.MAX_SAFE_INTEGER, NO_LIMIT)).toEqual(rows);
        }
        expect((await store.rooms()).toSorted()).toEqual(
          [0, 1, 2].map(roomOf).filter((room) => expectedRows(LOG, room, 1, 400).length > 0),
        );
        expect(await store.checkpoint(0)).toBe(400);
      }));

    it("gives back what was written after a restart", () =>
      withRows(async (store, { reopen }) => {
        await store.retain(ROOM, 5);
        await store.write({ ...batchOf(LOG, 400, 400), snapshot: snapshotAt(399) });
        const again = await reopen();
        expect(await again.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(expectedRows(LOG, ROOM, 5, 400));
        expect(await again.checkpoint(0)).toBe(400);
        expect(await again.floor(ROOM)).toBe(5);
        expect(await again.snapshot(0, 400)).toEqual(toBuffered(snapshotAt(399)));
      }));

    it("range begins and ends at the seqs that were asked for", () =>
      withRows(async (store) => {
        expect(await store.range(ROOM, 3, 7, NO_LIMIT)).toEqual(ROOM_ROWS.slice(2, 7));
        expect(await store.range(ROOM, 4, 4, NO_LIMIT)).toEqual(ROOM_ROWS.slice(3, 4));
        expect(await store.range(ROOM, 5, 4, NO_LIMIT)).toEqual([]);
        expect(await store.range(ROOM, ROOM_ROWS.length + 1, Number.MAX_SAFE_INTEGER, NO_LIMIT)).toEqual([]);
      }));

    it("page gives the newest before a seq, ascending", () =>
      withRows(async (store) => {
        const limit = { records: 4, bytes: Number.MAX_SAFE_INTEGER };
        expect(await store.page(ROOM, 10, limit)).toEqual(ROOM_ROWS.slice(5, 9));
        expect(await store.page(ROOM, 3, limit)).toEqual(ROOM_ROWS.slice(0, 2));
        expect(await store.page(ROOM, 1, limit)).toEqual([]);
        expect(await store.page(ROOM, Number.POSITIVE_INFINITY, limit)).toEqual(ROOM_ROWS.slice(-4));
      }));

    it("a page ends at its limit of records or bytes, but never before its first record", () =>
      withRows(async (store) => {
        const cost = (from: number, to: number): number =>
          ROOM_ROWS.slice(from, to).reduce((sum, row) => sum + row.record.body.length + 128, 0);
        const bytes = (limit: number) => ({ records: 1000, bytes: limit });
        expect(await store.range(ROOM, 1, 100, { records: 3, bytes: 1e9 })).toEqual(ROOM_ROWS.slice(0, 3));
        expect(await store.range(ROOM, 1, 100, bytes(cost(0, 3)))).toEqual(ROOM_ROWS.slice(0, 3));
        expect(await store.range(ROOM, 1, 100, bytes(cost(0, 3) - 1))).toEqual(ROOM_ROWS.slice(0, 2));
        expect(await store.range(ROOM, 1, 100, { records: 0, bytes: 0 })).toEqual(ROOM_ROWS.slice(0, 1));
        expect(await store.page(ROOM, 10, bytes(cost(6, 9)))).toEqual(ROOM_ROWS.slice(6, 9));
        expect(await store.page(ROOM, 10, bytes(cost(6, 9) - 1))).toEqual(ROOM_ROWS.slice(7, 9));
        expect(await store.page(ROOM, 10, { records: 0, bytes: 0 })).toEqual(ROOM_ROWS.slice(8, 9));
      }));

    it("PROJ-3 a repeat changes nothing, whatever its boundaries", () =>
      withRows(async (store) => {
        for (const [from, to] of [
          [0, 400],
          [37, 38],
          [13, 201],
          [200, 400],
          [0, 7],
        ] as const) {
          await store.write(batchOf(LOG, from, to));
          expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROOM_ROWS);
        }
      }));

    it("PROJ-3 the checkpoint never moves back", () =>
      withStore(async (store) => {
        await store.write(batchOf(LOG, 0, 100));
        await store.write(batchOf(LOG, 0, 50));
        expect(await store.checkpoint(0)).toBe(100);
        await store.write(batchOf(LOG, 90, 120));
        expect(await store.checkpoint(0)).toBe(120);
      }));

    it("PROJ-3 a batch that begins after the checkpoint is refused and changes nothing", () =>
      withStore(async (store) => {
        await store.write(batchOf(LOG, 0, 100));
        await expect(store.write({ ...batchOf(LOG, 101, 200), snapshot: snapshotAt(150) })).rejects.toThrow(/gap/);
        expect(await store.checkpoint(0)).toBe(100);
        expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(expectedRows(LOG, ROOM, 1, 100));
        expect(await store.snapshots(0)).toEqual([]);
      }));

    it("refuses a batch that contradicts itself", () =>
      withStore(async (store) => {
        await store.write(batchOf(LOG, 0, 100));
        const wrong: StoreBatch[] = [
          { ...batchOf(LOG, 50, 40), from: 50, to: 40 },
          { ...batchOf(LOG, 100, 200), to: 150 },
          { ...batchOf(LOG, 50, 120), from: 60 },
          { ...batchOf(LOG, 100, 120), snapshot: snapshotAt(121) },
        ];
        for (const batch of wrong) await expect(store.write(batch)).rejects.toThrow(Error);
        expect(await store.checkpoint(0)).toBe(100);
      }));

    it("a batch without records moves the checkpoint", () =>
      withStore(async (store) => {
        await store.write({ partition: 0, from: 0, to: 5, records: [], removals: [], snapshot: undefined });
        expect(await store.checkpoint(0)).toBe(5);
      }));

    it("partitions have checkpoints and snapshots of their own", () =>
      withStore(async (store) => {
        await store.write(batchOf(LOG, 0, 10, snapshotAt(10)));
        const records = LOG.filter(({ position }) => position < 20).map((row) => ({
          ...row,
          record: { ...row.record, room: roomOf(9) },
        }));
        const none = { records: records.slice(0, 0), removals: [] };
        await store.write({ partition: 1, from: 0, to: 20, ...none, snapshot: snapshotAt(20) });
        expect([await store.checkpoint(0), await store.checkpoint(1), await store.checkpoint(2)]).toEqual([10, 20, 0]);
        expect([await store.snapshots(0), await store.snapshots(1)]).toEqual([[10], [20]]);
      }));

    it("PROJ-3 keeps the two newest snapshots, and finds the newest at or before a position", () =>
      withStore(async (store, { reopen }) => {
        await store.write(batchOf(LOG, 0, 300));
        for (const position of [100, 300, 200, 250]) await store.write(batchOf(LOG, 300, 300, snapshotAt(position)));
        expect(await store.snapshots(0)).toEqual([250, 300]);
        const again = await reopen();
        expect(await again.snapshots(0)).toEqual([250, 300]);
        expect(await again.snapshot(0, 1000)).toEqual(toBuffered(snapshotAt(300)));
        expect(await again.snapshot(0, 299)).toEqual(toBuffered(snapshotAt(250)));
        expect(await again.snapshot(0, 250)).toEqual(toBuffered(snapshotAt(250)));
        expect(await again.snapshot(0, 249)).toBeUndefined();
      }));

    it("PROJ-3 a snapshot that is older than the two newest is not kept", () =>
      withStore(async (store) => {
        await store.write(batchOf(LOG, 0, 300, snapshotAt(300)));
        await store.write(batchOf(LOG, 300, 300, snapshotAt(200)));
        await store.write(batchOf(LOG, 0, 300, snapshotAt(100)));
        expect(await store.snapshots(0)).toEqual([200, 300]);
      }));

    it("keeps snapshots of any size, an empty one and one of megabytes, and replaces one at its position", () =>
      withStore(async (store) => {
        await store.write(batchOf(LOG, 0, 300, snapshotAt(300, 3_000_001)));
        expect(await store.snapshot(0, 300)).toEqual(toBuffered(snapshotAt(300, 3_000_001)));
        await store.write(batchOf(LOG, 300, 300, snapshotAt(300, 0)));
        expect(await store.snapshot(0, 300)).toEqual(toBuffered(snapshotAt(300, 0)));
        expect(await store.snapshots(0)).toEqual([300]);
      }));

    it("the caller may use a snapshot's bytes again", () =>
      withStore(async (store) => {
        const snapshot = snapshotAt(300);
        const bytes = Buffer.from(snapshot.bytes);
        await store.write(batchOf(LOG, 0, 300, { position: 300, bytes }));
        bytes.fill(0);
        expect(await store.snapshot(0, 300)).toEqual(toBuffered(snapshot));
      }));

    it("retain removes what lies below the floor, for good", () =>
      withRows(async (store, { reopen }) => {
        await store.retain(ROOM, 20);
        expect(await store.floor(ROOM)).toBe(20);
        expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROOM_ROWS.slice(19));
        expect(await store.page(ROOM, 1000, NO_LIMIT)).toEqual(ROOM_ROWS.slice(19));
        expect(await store.page(ROOM, 22, NO_LIMIT)).toEqual(ROOM_ROWS.slice(19, 21));
        expect(await store.page(ROOM, 20, NO_LIMIT)).toEqual([]);
        expect(await store.floor(roomOf(2))).toBe(1);
        const again = await reopen();
        expect(await again.page(ROOM, 1000, NO_LIMIT)).toEqual(ROOM_ROWS.slice(19));
      }));

    it("retain never lowers a floor", () =>
      withRows(async (store) => {
        await store.retain(ROOM, 20);
        await store.retain(ROOM, 10);
        await store.write(batchOf(LOG, 0, 400));
        expect(await store.floor(ROOM)).toBe(20);
        expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROOM_ROWS.slice(19));
      }));

    it("PROJ-3 a repeat below the floor brings nothing back", () =>
      withRows(async (store, { reopen }) => {
        await store.retain(ROOM, 20);
        await store.write(batchOf(LOG, 0, 200));
        await store.write(batchOf(LOG, 0, 400));
        expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROOM_ROWS.slice(19));
        const again = await reopen();
        expect(await again.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROOM_ROWS.slice(19));
      }));

    it("a floor may lie beyond what is there", () =>
      withStore(async (store) => {
        await store.write(batchOf(LOG, 0, 100));
        await store.retain(ROOM, 60);
        expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual([]);
        await store.write(batchOf(LOG, 100, 400));
        expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROOM_ROWS.slice(59));
        expect(await store.rooms()).toContain(ROOM);
        await store.retain(roomOf(77), 4);
        expect(await store.rooms()).toContain(roomOf(77));
        expect(await store.floor(roomOf(77))).toBe(4);
      }));

    it("begin makes an empty store start where a trimmed log does", () =>
      withStore(async (store, { reopen }) => {
        await store.begin(0, 200, new Map([[ROOM, 15]]), snapshotAt(200));
        const again = await reopen();
        expect(await again.checkpoint(0)).toBe(200);
        expect(await again.floor(ROOM)).toBe(15);
        expect(await again.snapshot(0, 200)).toEqual(toBuffered(snapshotAt(200)));
        await again.write(batchOf(LOG, 200, 400));
        expect((await again.range(ROOM, 1, 1000, NO_LIMIT)).map(({ seq }) => seq)).toEqual(
          ROOM_ROWS.filter(({ position, seq }) => position >= 200 && seq >= 15).map(({ seq }) => seq),
        );
      }));

    it("begin is refused where there is a checkpoint", () =>
      withStore(async (store) => {
        await store.write(batchOf(LOG, 0, 10));
        await expect(store.begin(0, 200, new Map(), snapshotAt(200))).rejects.toThrow(/checkpoint/);
        expect(await store.checkpoint(0)).toBe(10);
        expect(await store.snapshots(0)).toEqual([]);
      }));

    it("writes that are asked for at once run one after another", () =>
      withStore(async (store) => {
        const writes: Promise<void>[] = [];
        for (let from = 0; from < 400; from += 20) writes.push(store.write(batchOf(LOG, from, from + 20)));
        writes.push(store.retain(ROOM, 4));
        await Promise.all(writes);
        expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(ROOM_ROWS.slice(3));
      }));

    it("after close nothing is taken and nothing is given", () =>
      withRows(async (store) => {
        const last = store.write(batchOf(LOG, 0, 400));
        await store.close();
        await last;
        await expect(store.write(batchOf(LOG, 0, 10))).rejects.toThrow(/closed/);
        await expect(store.range(ROOM, 1, 10, NO_LIMIT)).rejects.toThrow(/closed/);
        await store.close();
      }));

    it("PROJ-3 writes, repeats, removals, retention and restarts in any order give what a plain list gives", async () => {
      // Some bodies are so large that a block holds two records, some so small that it holds all.
      const log = history({
        length: 120,
        rooms: 3,
        dropEvery: 7,
        bodyLength: (position) => (position % 11 === 0 ? 15_000 : position),
      });
      const step = fc.oneof(
        { weight: 6, arbitrary: fc.record({ do: fc.constant("write"), back: fc.nat(40), on: fc.nat(50) }) },
        { weight: 3, arbitrary: fc.record({ do: fc.constant("remove"), back: fc.nat(40), on: fc.nat(50) }) },
        { weight: 2, arbitrary: fc.record({ do: fc.constant("snapshot"), back: fc.nat(20), on: fc.nat(3) }) },
        { weight: 2, arbitrary: fc.record({ do: fc.constant("retain"), back: fc.nat(2), on: fc.nat(60) }) },
        { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen"), back: fc.nat(1), on: fc.nat(1) }) },
      );
      const look = fc.record({ room: fc.nat(3), seq: fc.nat(60), records: fc.nat(12), bytes: fc.nat(20_000) });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(step, look), { maxLength: 12 }), (steps) =>
          withStore(async (first, { reopen }) => {
            let store = first;
            let checkpoint = 0;
            const floors = new Map<string, number>();
            const removed = new Map<string, number[]>();
            let snapshots: number[] = [];
            for (const [{ do: what, back, on }, { room: index, seq, records, bytes }] of steps) {
              const from = Math.max(0, checkpoint - back);
              if (what === "write" || what === "snapshot" || what === "remove") {
                const to = Math.min(120, from + on);
                const snapshot = what === "snapshot" ? snapshotAt(Math.max(0, to - on), 40_000) : undefined;
                // Whatever may be asked to go is there by then.
                const rows = expectedRows(log, roomOf(index), 1, Math.max(checkpoint, to));
                const gone = what === "remove" ? rows.filter((row) => row.seq % 9 === seq % 9) : [];
                const seqs = gone.map((row) => row.seq);
                removed.set(roomOf(index), [...(removed.get(roomOf(index)) ?? []), ...seqs]);
                await store.write({ ...batchOf(log, from, to, snapshot), removals: removing(roomOf(index), seqs) });
                checkpoint = Math.max(checkpoint, to);
                if (snapshot !== undefined) {
                  snapshots = [...new Set([...snapshots, snapshot.position])].sort((a, b) => a - b).slice(-2);
                }
              } else if (what === "retain") {
                await store.retain(roomOf(back), on);
                floors.set(roomOf(back), Math.max(floors.get(roomOf(back)) ?? 1, on));
              } else {
                store = await reopen();
              }
              const room = roomOf(index);
              const floor = floors.get(room) ?? 1;
              const rows = withoutTexts(expectedRows(log, room, floor, checkpoint), removed.get(room) ?? []);
              const limit = { records, bytes };
              expect(await store.checkpoint(0)).toBe(checkpoint);
              expect(await store.snapshots(0)).toEqual(snapshots);
              expect(await store.floor(room)).toBe(floor);
              expect(await store.range(room, 1, Number.MAX_SAFE_INTEGER, NO_LIMIT)).toEqual(rows);
              expect(await store.range(room, seq, seq + 20, limit)).toEqual(
                limited(
                  rows.filter((row) => row.seq >= seq && row.seq <= seq + 20),
                  limit,
                ),
              );
              expect(await store.page(room, seq, limit)).toEqual(
                limited(rows.filter((row) => row.seq < seq).toReversed(), limit).toReversed(),
              );
            }
          }),
        ),
        { numRuns: runs },
      );
    });
  });
}

/** What comes back may be a `Buffer`, which `toEqual` tells from the array that went in. */
function toBuffered(snapshot: Snapshot): unknown {
  return {
    position: snapshot.position,
    bytes: expect.toSatisfy((bytes: Uint8Array) => Buffer.from(snapshot.bytes).equals(bytes)),
  };
}
