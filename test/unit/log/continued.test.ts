/** Tests of a log that goes on where a lost one ended, and of what is known of the lost one by the store alone. */
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/protocol/limits.ts";
import { ContinuedLog } from "../../../src/server/log/continued.ts";
import { ALWAYS_DURABLE, MemoryDisk, MemoryLog } from "../../../src/server/log/memory.ts";
import type { LogBatch } from "../../../src/server/log/message-log.ts";
import { NOT_ENCODED } from "../../../src/server/log/message-log.ts";
import { foldFromStore } from "../../../src/server/projector/fold-from-store.ts";
import { emptyProjection, encodeSnapshot } from "../../../src/server/projector/snapshot.ts";
import { foldBatch } from "../../../src/server/projector/tail.ts";
import type { LogRecord } from "../../../src/server/record.ts";
import { MemoryStore } from "../../../src/server/store/memory.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { message, messages, uuidOf } from "../../support/log-records.ts";

const BASE = 1000;

function continued() {
  const disk = new MemoryDisk(2);
  const log = new MemoryLog({ disk, limits: DEFAULT_LIMITS, clock: new FakeClock(0), fate: ALWAYS_DURABLE });
  return { disk, log: new ContinuedLog(log, [0, BASE]) };
}

describe("a log that goes on where another ended", () => {
  it("LOG-2 has positions after those of the lost one, in every answer", async () => {
    const { log } = continued();
    expect(await log.append(1, messages(0, 3))).toBe(BASE);
    expect(await log.append(1, messages(3, 4))).toBe(BASE + 3);
    expect(await log.append(0, messages(0, 1))).toBe(0);
    expect(await log.bounds(1)).toEqual({ begin: BASE, end: BASE + 4 });
    expect([log.hears(1), log.partitions]).toEqual([true, 2]);
    const reading = new AbortController();
    const batches: LogBatch[] = [];
    for await (const batch of log.read(1, BASE + 1, reading.signal)) {
      batches.push(batch);
      reading.abort();
    }
    expect(batches.map(({ from, to }) => [from, to])).toEqual([[BASE + 1, BASE + 4]]);
    expect(batches[0]?.records).toEqual(messages(1, 4));
    await log.trim(1, BASE + 2);
    expect((await log.bounds(1)).begin).toBe(BASE + 2);
    await log.trim(1, 5);
    expect((await log.bounds(1)).begin).toBe(BASE + 2);
    await log.close();
  });

  it("LOG-1 says that what was in the lost one is gone, and where its end is", async () => {
    const { log } = continued();
    const read = (from: number) => log.read(1, from, new AbortController().signal)[Symbol.asyncIterator]().next();
    await expect(read(BASE - 1)).rejects.toMatchObject({ fault: "trimmed", position: BASE - 1 });
    await expect(read(BASE + 5)).rejects.toMatchObject({ fault: "beyond_end", position: BASE + 5 });
  });
});

/** Records of one partition: two public rooms, a chat whose members change, keys, repeats, and one that was removed. */
function history(): LogRecord[] {
  const chat = uuidOf(77);
  const change = (number: number, kind: string, body: object): LogRecord =>
    message(number, { kind, room: chat, body: JSON.stringify(body) });
  return [
    ...messages(0, 40).map((record, index) => ({ ...record, key: index % 3 === 0 ? `k${index}` : undefined })),
    change(40, "room_created", { name: "team", direct: false, owner: uuidOf(5), members: [uuidOf(5), uuidOf(6)] }),
    message(41, { room: chat, key: "x" }),
    change(42, "member_added", { id: uuidOf(9), name: "Nina" }),
    { ...message(43, { room: chat, key: "x" }), sender: message(41).sender },
    change(44, "member_removed", { id: uuidOf(6), name: "Six" }),
    ...messages(45, 60),
  ];
}

describe("what the store alone knows of a lost log", () => {
  it("PROJ-1 PROJ-2 is the state that the log gives, from the start or from a snapshot on", async () => {
    const records = history();
    for (const snapshotAt of [undefined, 20, 44]) {
      const truth = emptyProjection();
      const store = new MemoryStore();
      const part = async (from: number, to: number): Promise<void> => {
        const batch = { from, to, records: records.slice(from, to), encoded: NOT_ENCODED };
        const folded = foldBatch(0, batch, truth, undefined);
        const isLast = to === snapshotAt;
        const snapshot = isLast ? { position: to, bytes: encodeSnapshot(truth) } : undefined;
        await store.write({ partition: 0, from, to, records: folded.records, removals: folded.removals, snapshot });
      };
      await part(0, snapshotAt ?? 10);
      await part(snapshotAt ?? 10, records.length);
      const found = await foldFromStore(0, 1, store);
      expect(found.position).toBe(records.length);
      expect(Buffer.from(encodeSnapshot(found)).equals(Buffer.from(encodeSnapshot(truth)))).toBe(true);
    }
  });

  it("PROJ-1 goes on from rows that a crash left beyond the checkpoint", async () => {
    const records = messages(0, 10);
    const truth = emptyProjection();
    const { records: rows } = foldBatch(0, { from: 0, to: 10, records, encoded: NOT_ENCODED }, truth, undefined);
    const store = new MemoryStore();
    await store.write({ partition: 0, from: 0, to: 10, records: rows, removals: [], snapshot: undefined });
    store.checkpoint = async () => 6;
    expect((await foldFromStore(0, 1, store)).position).toBe(10);
  });
});
