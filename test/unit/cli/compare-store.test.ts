/** Holding the store against the log: a sound pair passes, and each sort of damage is found and named. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Compared, ReadableLog } from "../../../src/cli/compare-store.ts";
import { compareStore } from "../../../src/cli/compare-store.ts";
import { Findings } from "../../../src/cli/findings.ts";
import { NOT_ENCODED } from "../../../src/server/log/message-log.ts";
import { emptyProjection, encodeSnapshot } from "../../../src/server/projector/snapshot.ts";
import type { LogRecord, StoredRecord } from "../../../src/server/record.ts";
import { MemoryStore } from "../../../src/server/store/memory.ts";
import type { MessageStore, Snapshot } from "../../../src/server/store/message-store.ts";

const uuid = (kind: number, number: number) => `0190c2a0-000${kind}-7000-8000-${number.toString(16).padStart(12, "0")}`;
const ROOMS = [uuid(1, 1), uuid(1, 2), uuid(1, 3)];
const [FIRST_ROOM = ""] = ROOMS;

function record(index: number): LogRecord {
  return {
    version: 1,
    kind: "message",
    room: ROOMS[index % ROOMS.length] ?? "",
    id: uuid(2, index),
    sender: uuid(3, index % 7),
    senderName: "alice",
    // Every tenth is sent twice with the same key.
    key: index % 10 === 0 || index % 10 === 3 ? `key-${index % 10 === 3 ? index - 3 : index}` : undefined,
    time: 1_700_000_000_000 + index,
    body: JSON.stringify(`message ${index}`),
  };
}

/** A log that can only be read: records from position `begin` on. */
function readable(records: readonly (LogRecord | undefined)[], begin = 0): ReadableLog {
  return {
    bounds: async () => ({ begin, end: records.length }),
    async *read(_partition, from, signal) {
      for (let at = from; at < records.length && !signal.aborted; at += 100) {
        const batch = records.slice(at, at + 100);
        yield { from: at, to: at + batch.length, records: batch, encoded: NOT_ENCODED };
      }
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve());
      });
    },
  };
}

/** What a projector would have written of the records up to `to`. */
function project(records: readonly (LogRecord | undefined)[], to: number) {
  const projection = emptyProjection();
  const stored: StoredRecord[] = [];
  const snapshots: Snapshot[] = [];
  for (const [position, item] of records.slice(0, to).entries()) {
    if (position % 400 === 0) snapshots.push({ position, bytes: encodeSnapshot(projection) });
    if (item === undefined) continue;
    const folded = projection.sequencer.fold(item, position);
    if (!("first" in folded)) stored.push(folded);
  }
  return { stored, snapshots, projection };
}

describe("holding the store against the log", () => {
  const TOTAL = 1000;
  const CHECKPOINT = 900;
  let records: (LogRecord | undefined)[] = [];
  let findings = new Findings();

  beforeEach(() => {
    records = Array.from({ length: TOTAL }, (_, index) => record(index));
    findings = new Findings();
  });

  async function written(change: (stored: StoredRecord[]) => StoredRecord[] = (rows) => rows): Promise<MemoryStore> {
    const store = new MemoryStore();
    const { stored, snapshots } = project(records, CHECKPOINT);
    const rows = change(stored);
    await store.write({ partition: 0, from: 0, to: CHECKPOINT, records: rows, removals: [], snapshot: snapshots[1] });
    await store.write({
      partition: 0,
      from: CHECKPOINT,
      to: CHECKPOINT,
      records: [],
      removals: [],
      snapshot: snapshots[2],
    });
    return store;
  }

  function compare(store: MessageStore, log = readable(records), kept?: Snapshot): Promise<Compared> {
    const keptSnapshot = async (least: number) => (kept !== undefined && kept.position >= least ? kept : undefined);
    return compareStore({ partition: 0, log, store, keptSnapshot, findings });
  }

  it("finds nothing wrong where nothing is, and counts what it saw", async () => {
    const { stored } = project(records, CHECKPOINT);
    const compared = await compare(await written());
    expect(findings.lines()).toEqual([]);
    expect(compared).toEqual({
      checkpoint: CHECKPOINT,
      from: 0,
      matched: stored.length,
      dropped: CHECKPOINT - stored.length,
      beforeLog: 0,
    });
  });

  it("passes over a record that was set aside", async () => {
    records[50] = undefined;
    await compare(await written());
    expect(findings.lines()).toEqual([]);
  });

  it("finds nothing wrong in an empty folder", async () => {
    const compared = await compare(new MemoryStore(), readable([]));
    expect(findings.lines()).toEqual([]);
    expect(compared.matched).toBe(0);
  });

  it("leaves out what retention took", async () => {
    const store = await written();
    await store.retain(FIRST_ROOM, 101);
    const { stored } = project(records, CHECKPOINT);
    const compared = await compare(store);
    expect(findings.lines()).toEqual([]);
    expect(compared.matched).toBe(stored.length - 100);
  });

  it("names the rows that are missing", async () => {
    const isGone = ({ record: { room }, seq }: StoredRecord) =>
      room === FIRST_ROOM && (seq === 7 || (seq > 20 && seq < 24));
    const store = await written((rows) => rows.filter((row) => !isGone(row)));
    await compare(store);
    expect(findings.lines()).toEqual([
      `store: room ${FIRST_ROOM}, seq 7 is missing`,
      `store: room ${FIRST_ROOM}, seqs 21 to 23 are missing`,
    ]);
  });

  it("names missing rows at the end and whole rooms", async () => {
    const store = await written((rows) =>
      rows.filter(({ record: { room }, seq }) => room !== FIRST_ROOM && (room !== ROOMS[1] || seq < 100)),
    );
    await compare(store);
    expect(findings.count).toBe(2);
    expect(findings.lines()[0]).toMatch(new RegExp(`^store: room ${FIRST_ROOM}, seqs 1 to \\d+ are missing$`));
    expect(findings.lines()[1]).toMatch(new RegExp(`^store: room ${ROOMS[1]}, seqs 100 to \\d+ are missing$`));
  });

  it.each([
    [
      "body",
      (row: StoredRecord) => ({ ...row, record: { ...row.record, body: '"forged"' } }),
      "differs from the log in its body",
    ],
    [
      "key",
      (row: StoredRecord) => ({ ...row, record: { ...row.record, key: "other" } }),
      "differs from the log in its key",
    ],
    ["position", (row: StoredRecord) => ({ ...row, position: row.position + 1 }), "holds position"],
    ["count", (row: StoredRecord) => ({ ...row, n: row.n + 1 }), "counts 6 messages, not 5"],
  ])("names a row with a wrong %s", async (_what, forge, words) => {
    const store = await written((rows) =>
      rows.map((row) => (row.record.room === FIRST_ROOM && row.seq === 5 ? forge(row) : row)),
    );
    await compare(store);
    expect(findings.count).toBe(1);
    expect(findings.lines()[0]).toContain(`store: room ${FIRST_ROOM}, seq 5 ${words}`);
  });

  describe("texts that were taken away", () => {
    /** Lets a record of the log remove message `seq` of its room; the fold that counts them goes by position. */
    const remove = (position: number, seq: number): void => {
      records[position] = {
        ...record(position),
        ...{ kind: "message_removed", key: undefined, body: JSON.stringify({ id: uuid(2, 0), seq }) },
      };
    };
    const roomOf = (position: number) => ROOMS[position % ROOMS.length] ?? "";
    const blank = (room: string, ...seqs: number[]) => ({
      partition: 0,
      from: CHECKPOINT,
      to: CHECKPOINT,
      records: [],
      removals: seqs.map((seq) => ({ room, seq, position: CHECKPOINT })),
      snapshot: undefined,
    });

    it("are gone where the log holds their removal, once or more than once", async () => {
      remove(300, 7);
      remove(603, 8);
      remove(606, 8);
      const { stored } = project(records, CHECKPOINT);
      const store = await written();
      await store.write(blank(roomOf(300), 7, 8));
      const compared = await compare(store);
      expect(findings.lines()).toEqual([]);
      expect(compared.matched).toBe(stored.length);
    });

    it("are found missing where nothing took them, in a chunk of the log or in another", async () => {
      remove(300, 7);
      const store = await written();
      await store.write(blank(roomOf(300), 7, 9));
      await store.write(blank(roomOf(301), 7));
      await compare(store);
      expect(findings.lines()).toEqual([
        `store: room ${roomOf(300)}, seq 9 has lost its text, and nothing in the log took it`,
        `store: room ${roomOf(301)}, seq 7 has lost its text, and nothing in the log took it`,
      ]);
    });

    it("are found where they still are, but for what is no message, is not there, or is taken later", async () => {
      remove(300, 7);
      remove(303, 100_000);
      remove(306, project(records, CHECKPOINT).stored.find(({ position }) => position === 300)?.seq ?? 0);
      remove(CHECKPOINT, 9);
      await compare(await written());
      expect(findings.lines()).toEqual([
        `store: room ${roomOf(300)}, seq 7 still has the text that the log takes away`,
      ]);
    });

    it("may be gone for a removal beyond the checkpoint: a server that runs goes on", async () => {
      remove(CHECKPOINT + 3, 9);
      const store = await written();
      await store.write(blank(roomOf(CHECKPOINT), 9));
      await compare(store);
      expect(findings.lines()).toEqual([]);
    });

    it("may be gone before the beginning of the log, and must be where it says so", async () => {
      remove(600, 5);
      remove(603, 6);
      const { snapshots } = project(records, CHECKPOINT);
      const store = await written();
      await store.write(blank(roomOf(600), 5, 7));
      const compared = await compare(store, readable(records, 300), snapshots[1]);
      expect(compared.from).toBe(400);
      expect(findings.lines()).toEqual([
        `store: room ${roomOf(600)}, seq 6 still has the text that the log takes away`,
      ]);
    });

    it("are looked for only where retention left the message", async () => {
      remove(600, 5);
      const store = await written();
      await store.retain(roomOf(600), 6);
      await compare(store);
      expect(findings.lines()).toEqual([]);
    });

    it("excuse nothing else about the row", async () => {
      remove(600, 5);
      const store = await written((rows) =>
        rows.map((row) =>
          row.record.room === roomOf(600) && row.seq === 5
            ? { ...row, record: { ...row.record, body: "", key: "other" } }
            : row,
        ),
      );
      await compare(store);
      expect(findings.lines()).toEqual([`store: room ${roomOf(600)}, seq 5 differs from the log in its key`]);
    });
  });

  it("names a row that the log does not know", async () => {
    const { projection } = project(records, CHECKPOINT);
    const { seq } = projection.sequencer.head(FIRST_ROOM);
    const stray = { record: { ...record(3), room: FIRST_ROOM }, seq: seq + 1, n: seq + 1, position: 3 };
    await compare(await written((rows) => [...rows, stray]));
    expect(findings.lines()).toEqual([
      `store: room ${FIRST_ROOM}, seq ${seq + 1} stands there, but by the log the room ends at ${seq}`,
    ]);
  });

  it("names a checkpoint beyond the end of the log", async () => {
    await compare(await written(), readable(records.slice(0, 500)));
    expect(findings.lines()[0]).toBe("store: it is written up to position 900, but the log can be read up to 500 only");
  });

  it("names a snapshot that counts otherwise, and one that can't be read", async () => {
    const store = await written();
    const other = emptyProjection();
    const first = record(0);
    other.sequencer.fold(first, 0);
    await store.write({
      partition: 0,
      from: 0,
      to: CHECKPOINT,
      records: [],
      removals: [],
      snapshot: { position: 850, bytes: encodeSnapshot(other) },
    });
    await store.write({
      partition: 0,
      from: 0,
      to: CHECKPOINT,
      records: [],
      removals: [],
      snapshot: { position: 860, bytes: Uint8Array.of(9, 9) },
    });
    await compare(store);
    expect(findings.lines()[0]).toBe("store: its snapshot at 850 counts otherwise than the log does");
    expect(findings.lines()[1]).toContain("store: its snapshot at 860 can't be read");
    expect(findings.count).toBe(2);
  });

  it("starts from the snapshot beside the log where the log's beginning was trimmed", async () => {
    const { snapshots, stored } = project(records, CHECKPOINT);
    const compared = await compare(await written(), readable(records, 300), snapshots[1]);
    expect(findings.lines()).toEqual([]);
    const before = stored.filter(({ position }) => position < 400).length;
    expect(compared).toMatchObject({ from: 400, beforeLog: before, matched: stored.length - before });
  });

  it("finds a hole before the beginning of the log too", async () => {
    const store = await written((rows) => rows.filter((row) => row.record.room !== FIRST_ROOM || row.seq !== 9));
    await compare(store, readable(records, 300));
    expect(findings.lines()).toEqual([`store: room ${FIRST_ROOM}, seq 9 is missing`]);
  });

  it("says so where a trimmed log has no snapshot to start from", async () => {
    await compare(await written(), readable(records, 850));
    expect(findings.lines()).toEqual([
      "store: the log begins at 850, and no snapshot at or after it tells how to number on from there",
    ]);
  });

  it("names what can't be read, and goes on", async () => {
    const store = await written();
    const range = store.range.bind(store);
    store.range = (room, ...rest) =>
      room === FIRST_ROOM ? Promise.reject(new Error("checksum\nwrong")) : range(room, ...rest);
    const compared = await compare(store);
    expect(findings.lines()[0]).toMatch(
      new RegExp(`^store: room ${FIRST_ROOM}, seqs 1 to \\d+ can't be read: checksum wrong$`),
    );
    expect(compared.matched).toBeGreaterThan(400);
  });

  it("tells the first hundred findings and how many there were", async () => {
    await compare(await written((rows) => rows.map((row) => ({ ...row, n: row.n + 1 }))));
    expect(findings.count).toBeGreaterThan(800);
    expect(findings.lines()).toHaveLength(101);
    expect(findings.lines()[100]).toBe(`… and ${findings.count - 100} more`);
  });
});
