/** The store on CQL with rooms of many buckets, rows of any size, many rooms, and rows and snapshots that are damaged. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { StoredRecord } from "../../src/server/record.ts";
import { type CqlStore, openCqlStore } from "../../src/server/store/cql.ts";
import { CQL_STORE_MIGRATIONS } from "../../src/server/store/cql-schema.ts";
import { StoreDamaged } from "../../src/server/store/message-store.ts";
import { PackedRows } from "../../src/server/store/packed-rows.ts";
import { type TestKeyspace, testKeyspace } from "../support/cql-keyspace.ts";
import { engines } from "../support/engines.ts";
import { message, uuidOf } from "../support/log-records.ts";
import { batchOf, NO_LIMIT, roomOf } from "../support/store-history.ts";

const ROOM = roomOf(0);

let keyspace: TestKeyspace;
let store: CqlStore;
const damages: StoreDamaged[] = [];

beforeAll(async () => {
  keyspace = await testKeyspace(engines().cql, CQL_STORE_MIGRATIONS);
  store = await openCqlStore({ session: keyspace.session, damaged: (error) => damages.push(error) });
});
afterEach(async () => {
  await keyspace.empty();
  damages.length = 0;
  store = await openCqlStore({ session: keyspace.session, damaged: (error) => damages.push(error) });
});
afterAll(() => keyspace.drop());

/** One room's records, seqs and positions without holes. */
function rowsOf(count: number, body: (index: number) => string = (index) => `"${index}"`): StoredRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    record: message(index, { room: ROOM, key: `k${index}`, body: body(index) }),
    seq: index + 1,
    n: index + 1,
    position: index,
  }));
}

const writeAll = (rows: readonly StoredRecord[]): Promise<void> =>
  store.write({
    ...{ partition: 0, from: 0, to: (rows.at(-1)?.position ?? 0) + 1, removals: [], snapshot: undefined },
    records: PackedRows.of(rows),
  });

const seqsOf = (rows: readonly StoredRecord[]): number[] => rows.map(({ seq }) => seq);
const count = async (bucket: number): Promise<number> => {
  const query = "SELECT count(*) AS count FROM messages WHERE room = ? AND bucket = ?";
  return Number((await keyspace.session.rows(query, [ROOM, bucket]))[0]?.["count"]);
};

describe("a room of several buckets", () => {
  const rows = rowsOf(25_000);

  it("is read across their boundaries, upwards and downwards, whatever the limit", async () => {
    await writeAll(rows);
    const limits = [1, 128, 129, 400].map((records) => ({ records, bytes: Number.MAX_SAFE_INTEGER }));
    for (const limit of limits) {
      for (const at of [1, 9_990, 10_000, 10_001, 19_999, 24_995]) {
        const range = await store.range(ROOM, at, Number.MAX_SAFE_INTEGER, limit);
        expect(range).toEqual(rows.slice(at - 1, at - 1 + limit.records));
        const page = await store.page(ROOM, at, limit);
        expect(seqsOf(page)).toEqual(seqsOf(rows.slice(Math.max(0, at - 1 - limit.records), at - 1)));
      }
    }
    expect(await store.range(ROOM, 9_000, 25_000, { records: 12_000, bytes: 1e9 })).toEqual(rows.slice(8_999, 20_999));
    const newest = await store.page(ROOM, Number.POSITIVE_INFINITY, { records: 6_000, bytes: 300_000 });
    expect(newest).toEqual(rows.slice(-newest.length));
    expect(newest.length).toBeGreaterThan(2_000);
    expect(await store.range(ROOM, 9_999, 10_001, NO_LIMIT)).toEqual(rows.slice(9_998, 10_001));
  });

  it("asks for two buckets at the most where a newest page is wanted, and for none that never began", async () => {
    await writeAll(rows.slice(0, 10_050));
    const asked: unknown[] = [];
    const session = new Proxy(keyspace.session, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (name === "rows" && String(args[0]).includes("FROM messages")) asked.push((args[1] as unknown[])[1]);
          return value.apply(target, args);
        };
      },
    });
    const reader = await openCqlStore({ session, damaged: (error) => damages.push(error) });
    expect((await reader.page(ROOM, Number.MAX_SAFE_INTEGER, { records: 100, bytes: 1e9 })).length).toBe(100);
    expect(new Set(asked)).toEqual(new Set([1, 0]));
    asked.length = 0;
    expect((await reader.page(ROOM, 1_000_000, { records: 20, bytes: 1e9 })).length).toBe(20);
    expect(asked).toEqual([1]);
    asked.length = 0;
    expect(await reader.range(ROOM, 500_000, 700_000, NO_LIMIT)).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("loses whole buckets and a part of one to retention, and a repeat brings nothing back into the table", async () => {
    await writeAll(rows);
    await store.retain(ROOM, 12_345);
    expect(seqsOf(await store.range(ROOM, 1, 25_000, NO_LIMIT))).toEqual(seqsOf(rows.slice(12_344)));
    expect([await count(0), await count(1), await count(2)]).toEqual([0, 20_000 - 12_345, 5_001]);
    await store.write({ ...batchOf(rows, 0, 25_000) });
    expect([await count(0), await count(1), await count(2)]).toEqual([0, 20_000 - 12_345, 5_001]);
    await store.retain(ROOM, 20_000);
    expect([await count(0), await count(1), await count(2)]).toEqual([0, 0, 5_001]);
  });
});

describe("rows of any size", () => {
  it("200 of 16 KiB, and one that alone is larger than a batch, are written together and read back", async () => {
    const rows = rowsOf(201, (index) =>
      JSON.stringify((index === 100 ? "ü" : "x").repeat(index === 100 ? 90_000 : 16_000)),
    );
    await writeAll(rows);
    expect(await store.range(ROOM, 1, 1000, NO_LIMIT)).toEqual(rows);
    const page = await store.page(ROOM, 90, { records: 1000, bytes: 256 * 1024 });
    expect(seqsOf(page)).toEqual(seqsOf(rows.slice(89 - page.length, 89)));
    expect(page.length).toBe(16);
  });

  it("a record of a kind, a version and texts that only a newer program knows comes back as it was", async () => {
    const rows = rowsOf(3).map((row, index) => ({
      ...row,
      record: {
        ...row.record,
        version: 200 + index,
        kind: `poll_${index}`,
        key: index === 0 ? undefined : "ключ\u0000",
        senderName: "Zoë 🦊",
        body: JSON.stringify({ text: "\u0000 \ud83e\udd8a ' \" \\", index }),
      },
    }));
    await writeAll(rows);
    expect(await store.range(ROOM, 1, 10, NO_LIMIT)).toEqual(rows);
  });
});

describe("rooms", () => {
  it("are listed all, however many there are", async () => {
    const rows = Array.from({ length: 3_000 }, (_, index) => ({
      record: message(index, { room: uuidOf(0x9000 + index) }),
      ...{ seq: 1, n: 1, position: index },
    }));
    await writeAll(rows);
    await store.retain(uuidOf(1), 5);
    expect(new Set(await store.rooms())).toEqual(new Set([uuidOf(1), ...rows.map(({ record }) => record.room)]));
  });
});

describe("damage", () => {
  it("LOG-6 of a row is named by room and seq, what stands beside it is read, and writing it again heals it", async () => {
    const rows = rowsOf(30);
    await writeAll(rows.filter(({ seq }) => seq !== 12));
    // What is left of a row whose other columns were lost.
    const query =
      "INSERT INTO messages (room, bucket, seq, n, position, body) VALUES (?, 0, 12, 12, 11, 'x') USING TIMESTAMP 1";
    await keyspace.session.write(query, [ROOM]);
    for (const read of [store.range(ROOM, 1, 30, NO_LIMIT), store.page(ROOM, 31, NO_LIMIT)]) {
      const error = await read.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreDamaged);
      expect(error).toMatchObject({ room: ROOM, at: 12, message: expect.stringContaining("version") });
    }
    expect(await store.range(ROOM, 13, 30, NO_LIMIT)).toEqual(rows.slice(12));
    await writeAll(rows);
    expect(await store.range(ROOM, 1, 30, NO_LIMIT)).toEqual(rows);
  });

  it("a text that is removed before its row comes leaves no row, and none of it once it comes", async () => {
    const rows = rowsOf(5);
    const query = "UPDATE messages USING TIMESTAMP 100 SET body = '' WHERE room = ? AND bucket = 0 AND seq = 3";
    await keyspace.session.write(query, [ROOM]);
    await writeAll(rows.filter(({ seq }) => seq !== 3));
    expect(seqsOf(await store.range(ROOM, 1, 10, NO_LIMIT))).toEqual([1, 2, 4, 5]);
    await writeAll(rows);
    expect((await store.range(ROOM, 3, 3, NO_LIMIT))[0]?.record.body).toBe("");
  });

  it("LOG-6 of a snapshot is reported, and the one before it is read", async () => {
    const rows = rowsOf(30);
    const bytes = (byte: number) => new Uint8Array(700_000).fill(byte);
    await store.write(batchOf(rows, 0, 30, { position: 10, bytes: bytes(1) }));
    await store.write(batchOf(rows, 30, 30, { position: 20, bytes: bytes(2) }));
    const spoil =
      "UPDATE snapshot_pieces USING TIMESTAMP 1000 SET data = ? WHERE partition = 0 AND position = 20 AND id = ? AND piece = ?";
    const [head] = await keyspace.session.rows("SELECT id FROM snapshots WHERE partition = 0 AND position = 20", []);
    await keyspace.session.write(spoil, [Buffer.alloc(256 * 1024, 3), String(head?.["id"]), 1]);
    expect(await store.snapshot(0, 30)).toMatchObject({ position: 10 });
    expect(damages.map(({ message: text }) => text)).toEqual([expect.stringContaining("at 20 fails its checksum")]);
    await keyspace.session.write(
      "DELETE FROM snapshot_pieces USING TIMESTAMP 2000 WHERE partition = 0 AND position = 20 AND id = ? AND piece = 1",
      [String(head?.["id"])],
    );
    expect(await store.snapshot(0, 30)).toMatchObject({ position: 10 });
    expect(damages.at(-1)?.message).toContain("lacks its piece 1");
  });
});
