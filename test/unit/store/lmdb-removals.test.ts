/** What is left in the embedded store's file of texts that were taken away, and what a block does that can't be read. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open as openDatabase } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StoredRecord } from "../../../src/server/record.ts";
import { openLmdbStore } from "../../../src/server/store/lmdb.ts";
import { blockKey, blockKeySeq } from "../../../src/server/store/lmdb-keys.ts";
import { StoreDamaged } from "../../../src/server/store/message-store.ts";
import {
  batchOf,
  expectedRows,
  history,
  NO_LIMIT,
  removing,
  roomOf,
  withoutTexts,
} from "../../support/store-history.ts";

const LENGTH = 600;
/** Each text has its position in front, behind a quote, so that it can be looked for. */
const LOG = history({ length: LENGTH, rooms: 2, dropEvery: 50, bodyLength: () => 500 });
const ROOM = roomOf(0);
const ROWS = expectedRows(LOG, ROOM, 1, LENGTH);

let dir: string;
const reported: StoreDamaged[] = [];
const open = () =>
  openLmdbStore({ dir: join(dir, "store"), readOnly: false, damaged: (error) => reported.push(error) });

/** What the file refers to: the values of the live tree. Only while no store is open. */
async function withValues<T>(
  body: (database: ReturnType<typeof openDatabase<Buffer, Buffer>>) => Promise<T>,
): Promise<T> {
  const options = { overlappingSync: false, encoding: "binary", keyEncoding: "binary" } as const;
  const database = openDatabase<Buffer, Buffer>({ path: join(dir, "store"), ...options });
  try {
    return await body(database);
  } finally {
    await database.close();
  }
}

const keysOfRoom = { start: blockKey(ROOM, 0), end: blockKey(ROOM, 1e9) };
const blockSeqs = (): Promise<number[]> =>
  withValues(async (database) => [...database.getKeys(keysOfRoom)].map((key) => blockKeySeq(key)));

/** Whether the text of a row stands in any value. */
const isKept = ({ record: { body } }: StoredRecord): Promise<boolean> =>
  withValues(async (database) => {
    const forms = (["latin1", "utf8", "utf16le"] as const).map((encoding) => Buffer.from(body, encoding));
    return [...database.getRange({})].some(({ value }) => forms.some((form) => value.includes(form)));
  });

describe("texts that are taken out of the embedded store", () => {
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "verbatim-store-"));
    reported.length = 0;
    const store = await open();
    await store.write(batchOf(LOG, 0, 300));
    await store.write(batchOf(LOG, 300, LENGTH));
    await store.close();
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("PROJ-3 stand nowhere in what it refers to, and its blocks begin where they began", async () => {
    const messages = ROWS.filter(({ record: { kind } }) => kind === "message");
    // Neighbours in one block, and some in others.
    const gone = [...messages.slice(3, 6), ...messages.slice(-2)];
    const kept = [messages[2], messages[6], messages.at(-3)] as StoredRecord[];
    const before = await blockSeqs();
    expect(before.length).toBeGreaterThan(3);
    for (const row of [...gone, ...kept]) expect(await isKept(row)).toBe(true);
    const store = await open();
    const seqs = gone.map(({ seq }) => seq);
    await store.write({ ...batchOf(LOG, LENGTH, LENGTH), removals: removing(ROOM, seqs) });
    expect(await store.range(ROOM, 1, LENGTH, NO_LIMIT)).toEqual(withoutTexts(ROWS, seqs));
    await store.close();
    expect(await blockSeqs()).toEqual(before);
    for (const row of gone) expect(await isKept(row)).toBe(false);
    for (const row of kept) expect(await isKept(row)).toBe(true);
    expect(reported).toEqual([]);
  });

  it("LOG-6 leaves a block that can't be read as it is, says so, and takes the others' texts", async () => {
    const first = (await blockSeqs())[1] as number;
    await withValues(async (database) => {
      const value = Buffer.from(database.get(blockKey(ROOM, first)) ?? "");
      value[value.length >> 1] = (value[value.length >> 1] ?? 0) ^ 4;
      await database.put(blockKey(ROOM, first), value);
    });
    const seqs = [1, 2, 3, first, first + 1, first + 2, ROWS.length - 1, ROWS.length];
    const store = await open();
    const removals = removing(ROOM, seqs);
    await store.write({ ...batchOf(LOG, LENGTH, LENGTH), removals });
    expect(reported.map(({ room, at }) => [room, at])).toEqual([[ROOM, first]]);
    await expect(store.range(ROOM, first, first, NO_LIMIT)).rejects.toThrow(StoreDamaged);
    expect(await store.range(ROOM, 1, first - 1, NO_LIMIT)).toEqual(withoutTexts(ROWS, seqs).slice(0, first - 1));
    // Written anew from the log it is whole again; the log has the removals too.
    await store.write({ ...batchOf(LOG, 0, LENGTH), removals });
    expect(await store.range(ROOM, 1, LENGTH, NO_LIMIT)).toEqual(withoutTexts(ROWS, seqs));
    await store.close();
  });
});
