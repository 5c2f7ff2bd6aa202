/**
 * What every adapter of the store must do when a message is removed: the part of the contract of
 * `src/server/store/message-store.ts` that is about texts that go, and stay gone.
 */
import { describe, expect, it } from "vitest";
import type { MessageStore } from "../../src/server/store/message-store.ts";
import { batchOf, expectedRows, history, NO_LIMIT, removing, roomOf, withoutTexts } from "../support/store-history.ts";
import type { OpenStore, StoreContract } from "./message-store.ts";

// Several rows in a block, and several blocks in a room.
const LOG = history({ length: 400, rooms: 3, dropEvery: 9, bodyLength: (position) => (position % 40) * 50 });
const ROOM = roomOf(0);
const ROOM_ROWS = expectedRows(LOG, ROOM, 1, 400);

/** Runs that part against one adapter. */
export function removalsContract(name: string, open: () => Promise<OpenStore>, { othersLaterBy }: StoreContract): void {
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

  describe(`message store: ${name}: removals`, () => {
    it("PROJ-3 takes texts away, and leaves all else of their rows as it was", () =>
      withRows(async (store, { reopen }) => {
        const seqs = [1, 2, 33, ROOM_ROWS.length];
        await store.write({ ...batchOf(LOG, 400, 400), removals: removing(ROOM, seqs) });
        const expected = withoutTexts(ROOM_ROWS, seqs);
        expect(expected.filter(({ record }) => record.body === "").length).toBeGreaterThan(1);
        const check = async (opened: MessageStore): Promise<void> => {
          expect(await opened.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(expected);
          expect(await opened.page(ROOM, 1000, NO_LIMIT)).toEqual(expected);
          expect(await opened.range(roomOf(1), 1, 1000, NO_LIMIT)).toEqual(expectedRows(LOG, roomOf(1), 1, 400));
        };
        await check(store);
        await check(await reopen());
      }));

    it("PROJ-3 takes texts away that come with the same batch, with one before, or with both", () =>
      withStore(async (store) => {
        await store.write(batchOf(LOG, 0, 200));
        const seqs = [3, ROOM_ROWS.findIndex(({ position }) => position >= 200) + 3];
        await store.write({ ...batchOf(LOG, 200, 400), removals: removing(ROOM, seqs) });
        expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(withoutTexts(ROOM_ROWS, seqs));
      }));

    it("PROJ-3 a repeat brings no text back, whatever its boundaries, with the removal or without", () =>
      withRows(async (store) => {
        const seqs = [2, 6, 7, 8, 40, 77];
        await store.write({ ...batchOf(LOG, 400, 400), removals: removing(ROOM, seqs) });
        for (const [from, to] of [
          [0, 400],
          [13, 201],
          [37, 38],
          [0, 7],
        ] as const) {
          await store.write(batchOf(LOG, from, to));
          expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(withoutTexts(ROOM_ROWS, seqs));
          await store.write({ ...batchOf(LOG, from, to), removals: removing(ROOM, seqs) });
          expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(withoutTexts(ROOM_ROWS, seqs));
        }
      }));

    it("another record under the seq of one without a text keeps its own", () =>
      withRows(async (store) => {
        const seq = ROOM_ROWS.findIndex(({ record: { kind } }) => kind === "message") + 1;
        await store.write({ ...batchOf(LOG, 400, 400), removals: removing(ROOM, [seq]) });
        const other = LOG.map((row) => ({
          ...row,
          position: row.position + othersLaterBy,
          record: { ...row.record, id: roomOf(row.position) },
        }));
        const to = 400 + othersLaterBy;
        await store.write(batchOf(other, 0, to));
        expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(expectedRows(other, ROOM, 1, to));
      }));

    it("a removal of what is not there, lies below the floor, or is no message changes nothing", () =>
      withRows(async (store, { reopen }) => {
        await store.retain(ROOM, 5);
        const rows = ROOM_ROWS.slice(4);
        const changes = rows.filter(({ record: { kind } }) => kind !== "message").map(({ seq }) => seq);
        const seqs = [1, 4, 5 + ROOM_ROWS.length, 1e6, ...changes];
        const removals = [...removing(ROOM, seqs), ...removing(roomOf(77), [1])];
        await store.write({ ...batchOf(LOG, 400, 400), removals });
        const check = async (opened: MessageStore): Promise<void> => {
          expect(await opened.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(rows);
          expect((await opened.rooms()).toSorted()).toEqual([0, 1, 2].map(roomOf));
        };
        await check(store);
        await check(await reopen());
      }));

    it("a batch that is refused takes no text away", () =>
      withStore(async (store) => {
        await store.write(batchOf(LOG, 0, 100));
        await expect(store.write({ ...batchOf(LOG, 101, 200), removals: removing(ROOM, [1, 2]) })).rejects.toThrow(
          /gap/,
        );
        expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(expectedRows(LOG, ROOM, 1, 100));
      }));
  });
}
