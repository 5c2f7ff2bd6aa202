/** Bringing a store back to a log that ends before it: what is kept, what is written down, what is refused. */
import { beforeEach, describe, expect, it } from "vitest";
import { compareStore } from "../../../src/cli/compare-store.ts";
import { Findings } from "../../../src/cli/findings.ts";
import { type RolledBack, rollBackStore } from "../../../src/cli/roll-back-store.ts";
import { DEFAULT_LIMITS } from "../../../src/protocol/limits.ts";
import { systemClock } from "../../../src/server/clock.ts";
import { ALWAYS_DURABLE, MemoryDisk, MemoryLog } from "../../../src/server/log/memory.ts";
import type { KeptSnapshots } from "../../../src/server/projector/fold-starts.ts";
import { emptyProjection, encodeSnapshot } from "../../../src/server/projector/snapshot.ts";
import type { LogRecord, StoredRecord } from "../../../src/server/record.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { MemoryStore } from "../../../src/server/store/memory.ts";
import type { Snapshot } from "../../../src/server/store/message-store.ts";
import { message, uuidOf } from "../../support/log-records.ts";

const ROOMS = 3;
const TOTAL = 9_000;
const END = 6_000;
const roomOf = (position: number) => uuidOf(1 + (position % ROOMS));
const ALL: readonly LogRecord[] = Array.from({ length: TOTAL }, (_, position) =>
  message(position, { room: roomOf(position), key: position % 50 === 0 ? "again" : undefined }),
);

describe("rolling a store back to the end of the log", () => {
  let rows: StoredRecord[] = [];
  let snapshots: Snapshot[] = [];
  let kept: Snapshot[] = [];
  let old = new MemoryStore();
  let fresh = new MemoryStore();
  let lost: StoredRecord[] = [];

  beforeEach(async () => {
    rows = [];
    snapshots = [];
    kept = [];
    lost = [];
    const projection = emptyProjection();
    for (const [position, record] of ALL.entries()) {
      if (position % 2_500 === 0) snapshots.push({ position, bytes: encodeSnapshot(projection) });
      const folded = projection.sequencer.fold(record, position);
      if (!("first" in folded)) rows.push(folded);
    }
    [old, fresh] = [new MemoryStore(), new MemoryStore()];
    await old.write({ partition: 0, from: 0, to: TOTAL, records: rows, removals: [], snapshot: undefined });
  });

  async function openLog(begin: number): Promise<MemoryLog> {
    const disk = new MemoryDisk(1);
    const log = new MemoryLog({ disk, limits: DEFAULT_LIMITS, clock: systemClock, fate: ALWAYS_DURABLE });
    for (let at = 0; at < END; at += 1_000) await log.append(0, ALL.slice(at, at + 1_000));
    await log.trim(0, begin);
    return log;
  }

  async function rollBack(log: MemoryLog): Promise<RolledBack> {
    const oldest = async (least: number) => kept.find(({ position }) => position >= least);
    const newest = async (most: number) => kept.findLast(({ position }) => position <= most);
    const never = () => Promise.reject(new Error("writes nothing"));
    const beside: KeptSnapshots = { oldest, newest, keep: never, drop: never };
    const writeDown = async (row: StoredRecord): Promise<void> => {
      lost.push(row);
    };
    return rollBackStore({ partition: 0, log, kept: beside, old, fresh, writeDown });
  }

  async function compareFresh(log: MemoryLog) {
    const findings = new Findings();
    const keptSnapshot = async (least: number) => kept.find(({ position }) => position >= least);
    const compared = await compareStore({ partition: 0, log, store: fresh, keptSnapshot, findings });
    return { compared, findings };
  }

  async function checked(log: MemoryLog) {
    const { compared, findings } = await compareFresh(log);
    expect(findings.lines()).toEqual([]);
    expect(compared.checkpoint).toBe(END);
    return compared;
  }

  it("keeps what the log numbers, and writes down what only the store has", async () => {
    const log = await openLog(0);
    const { copied, writtenDown, findings } = await rollBack(log);
    const covered = rows.filter(({ position }) => position < END);
    expect(findings.count).toBe(0);
    expect(copied).toBe(covered.length);
    expect((await checked(log)).matched).toBe(covered.length);
    const beyond = rows.filter(({ position }) => position >= END);
    expect(writtenDown).toBe(beyond.length);
    expect(lost.sort((a, b) => a.position - b.position)).toEqual(beyond);
  });

  it("keeps history that the log no longer holds, and where retention has been", async () => {
    kept = snapshots.slice(1, 3);
    await old.retain(roomOf(0), 500);
    const log = await openLog(2_000);
    await rollBack(log);
    const covered = rows.filter(
      ({ position, record: { room }, seq }) => position < END && (room !== roomOf(0) || seq >= 500),
    );
    const { matched, beforeLog } = await checked(log);
    expect(matched + beforeLog).toBe(covered.length);
    expect(await fresh.floor(roomOf(0))).toBe(500);
    expect(await fresh.floor(roomOf(1))).toBe(1);
  });

  it("keeps texts away, and tells which removals the log has lost that have to be said once more", async () => {
    const removal = (position: number, seq: number): StoredRecord => ({
      record: message(position, { room: roomOf(1), kind: "message_removed", body: JSON.stringify({ id: "", seq }) }),
      seq: rows.filter(({ record: { room } }) => room === roomOf(1)).length + position - TOTAL + 1,
      ...{ n: 0, position },
    });
    const kept = rows.filter(({ record: { room }, position }) => room === roomOf(1) && position < END);
    // Of what is kept, of what is lost itself, and of nothing.
    const lostRemovals = [removal(TOTAL, 5), removal(TOTAL + 1, kept.length + 3), removal(TOTAL + 2, 1e9)];
    const removals = [5, kept.length + 3].map((seq, index) => ({ room: roomOf(1), seq, position: TOTAL + index }));
    const to = TOTAL + lostRemovals.length;
    await old.write({ partition: 0, from: TOTAL, to, records: lostRemovals, removals, snapshot: undefined });
    const log = await openLog(0);
    const rolledBack = await rollBack(log);
    expect(rolledBack.removals).toEqual([lostRemovals[0]?.record]);
    const blank = await fresh.range(roomOf(1), 1, kept.length, { records: 1e6, bytes: 1e9 });
    expect(blank.filter(({ record: { body } }) => body === "").map(({ seq }) => seq)).toEqual([5]);
    const { findings } = await compareFresh(log);
    expect(findings.lines()).toEqual([
      `store: room ${roomOf(1)}, seq 5 has lost its text, and nothing in the log took it`,
    ]);
    // Said once more, all is well.
    await log.append(0, rolledBack.removals);
    await checked(log);
  });

  it("refuses a log that can't be numbered at its end, and has written nothing", async () => {
    kept = [{ position: END + 1, bytes: snapshots[1]?.bytes ?? new Uint8Array() }];
    await expect(rollBack(await openLog(2_000))).rejects.toThrow(StartError);
    kept = [];
    await expect(rollBack(await openLog(2_000))).rejects.toThrow("restore the data folder from a backup");
    expect(await fresh.checkpoint(0)).toBe(0);
    expect(lost).toEqual([]);
  });

  it("says what could not be read, and keeps the rest", async () => {
    const range = old.range.bind(old);
    old.range = (room, from, ...rest) =>
      room === roomOf(1) && from === 1 ? Promise.reject(new Error("damaged")) : range(room, from, ...rest);
    const { copied, findings } = await rollBack(await openLog(0));
    expect(findings.count).toBe(1);
    expect(findings.lines()[0]).toContain(`store: room ${roomOf(1)}, seqs 1 to `);
    expect(copied).toBeGreaterThan(END / 2);
  });
});
