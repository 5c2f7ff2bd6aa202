/**
 * What every adapter of the log must do: the contract of `src/server/log/message-log.ts` as tests. Each adapter runs it
 * with its own way of opening one.
 */
import { describe, expect, it } from "vitest";
import type { LogBatch, MessageLog } from "../../src/server/log/message-log.ts";
import { AppendError, LogError } from "../../src/server/log/message-log.ts";
import type { LogRecord } from "../../src/server/record.ts";
import { message, messages } from "../support/log-records.ts";
import { until } from "../support/until.ts";

/** A log under test: empty, its limits `appendBytesMax` 64 KiB and `appendQueueBytesMax` 1 MiB. */
export interface OpenLog {
  readonly log: MessageLog;
  /** Closes it and opens the same log again; `undefined` where an adapter keeps nothing. */
  readonly reopen: (() => Promise<MessageLog>) | undefined;
  /** Records as a reader gets them: an adapter may give a key to those that have none. */
  readonly asRead: (records: readonly LogRecord[]) => readonly LogRecord[];
  /** Whether 200 short records are more than the smallest piece that a trim removes. */
  readonly trimsFew: boolean;
  /** Closes what is open and removes everything. */
  readonly cleanup: () => Promise<void>;
}

/** The limits that a log under test has. */
export const CONTRACT_LIMITS = { appendBytesMax: 64 * 1024, appendQueueBytesMax: 1024 * 1024 } as const;

/** How long anything may take, on a machine that is busy with others. */
const WITHIN_MS = 30_000;

/** Reads exactly the records from `from` up to `to`, and fails where that takes too long. */
async function readUntil(log: MessageLog, from: number, to: number, partition = 0): Promise<LogRecord[]> {
  const { signal, abort } = deadline();
  const records: LogRecord[] = [];
  try {
    let next = from;
    if (next === to) return records;
    for await (const batch of log.read(partition, from, signal)) {
      expect(batch.from).toBe(next);
      expect(batch.to).toBe(batch.from + batch.records.length);
      expect(batch.records.length).toBeGreaterThan(0);
      next = batch.to;
      for (const record of batch.records) records.push(record as LogRecord);
      if (next >= to) break;
    }
    expect(next).toBe(to);
  } finally {
    abort();
  }
  return records;
}

/** Reads the first batch from a position, or throws what the read throws. */
async function readFirst(log: MessageLog, from: number): Promise<LogBatch | undefined> {
  const { signal, abort } = deadline();
  try {
    for await (const batch of log.read(0, from, signal)) return batch;
    return undefined;
  } finally {
    abort();
  }
}

function deadline(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), WITHIN_MS);
  return {
    signal: controller.signal,
    abort: () => {
      clearTimeout(timer);
      controller.abort();
    },
  };
}

/** What a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** Runs the contract against one adapter. */
export function messageLogContract(name: string, open: () => Promise<OpenLog>): void {
  const withLog = async (body: (opened: OpenLog) => Promise<void>): Promise<void> => {
    const opened = await open();
    try {
      await body(opened);
    } finally {
      await opened.cleanup();
    }
  };

  describe(`message log: ${name}`, () => {
    it("is empty at first", () =>
      withLog(async ({ log }) => {
        expect(log.partitions).toBeGreaterThan(0);
        expect(await log.bounds(0)).toEqual({ begin: 0, end: 0 });
      }));

    it("LOG-1 what an append resolved for is in the bounds and can be read at once", () =>
      withLog(async ({ log, asRead }) => {
        for (let number = 0; number < 20; number += 1) {
          expect(await log.append(0, [message(number)])).toBe(number);
          expect(await log.bounds(0)).toEqual({ begin: 0, end: number + 1 });
          expect(await readUntil(log, number, number + 1)).toEqual(asRead([message(number)]));
        }
      }));

    it("LOG-1 what an append resolved for is there after the log was closed and opened again", () =>
      withLog(async ({ log, asRead, reopen }) => {
        if (reopen === undefined) return expect(log.partitions).toBeGreaterThan(0);
        await log.append(0, messages(0, 10));
        await log.append(0, messages(10, 13));
        const again = await reopen();
        expect(await again.bounds(0)).toEqual({ begin: 0, end: 13 });
        expect(await readUntil(again, 0, 13)).toEqual(asRead(messages(0, 13)));
        expect(await again.append(0, [message(13)])).toBe(13);
        expect(await readUntil(again, 5, 14)).toEqual(asRead(messages(5, 14)));
      }));

    it("LOG-2 records of one append are contiguous and appends keep the order of the calls", () =>
      withLog(async ({ log, asRead }) => {
        const appends: Promise<number>[] = [];
        let number = 0;
        for (let size = 1; size <= 40; size += 1) {
          appends.push(log.append(0, messages(number, number + size)));
          number += size;
        }
        let expected = 0;
        for (const [index, append] of appends.entries()) {
          expect(await append).toBe(expected);
          expected += index + 1;
        }
        expect(await readUntil(log, 0, number)).toEqual(asRead(messages(0, number)));
      }));

    it("LOG-3 any number of readers, each at its own place, see every record once and in order", () =>
      withLog(async ({ log, asRead }) => {
        const total = 600;
        await log.append(0, messages(0, 100));
        const readers = [0, 0, 1, 50, 99, 100].map((from) =>
          readUntil(log, from, total).then((got) => ({ from, got })),
        );
        for (let number = 100; number < total; number += 10) await log.append(0, messages(number, number + 10));
        for (const { from, got } of await Promise.all(readers)) expect(got).toEqual(asRead(messages(from, total)));
      }));

    it("LOG-3 a reader begins at exactly the position asked for, within an append too", () =>
      withLog(async ({ log }) => {
        await log.append(0, messages(0, 7));
        await log.append(0, messages(7, 9));
        for (let from = 0; from < 9; from += 1) expect((await readFirst(log, from))?.from).toBe(from);
      }));

    it("LOG-3 a read ends without an error when its signal aborts, waiting or not", () =>
      withLog(async ({ log }) => {
        await log.append(0, messages(0, 3));
        const controller = new AbortController();
        const seen: number[] = [];
        for await (const batch of log.read(0, 0, controller.signal)) {
          seen.push(batch.to);
          // Aborts while the loop waits for more.
          if (batch.to === 3) setTimeout(() => controller.abort(), 1);
        }
        expect(seen.at(-1)).toBe(3);
        for await (const _ of log.read(0, 0, controller.signal)) throw new Error("an aborted read gave something");
      }));

    it("LOG-4 what waits together gets through, whatever it comes to in bytes", () =>
      withLog(async ({ log, asRead }) => {
        const body = JSON.stringify("x".repeat(5000));
        const appends = Array.from({ length: 100 }, (_, number) => log.append(0, [message(number, { body })]));
        expect(await Promise.all(appends)).toEqual(Array.from({ length: 100 }, (_, number) => number));
        expect(await readUntil(log, 0, 100)).toEqual(asRead(messages(0, 100, { body })));
      }));

    it("LOG-5 more than may wait is refused at once with `overloaded`, the rest is not hurt", () =>
      withLog(async ({ log, asRead }) => {
        const body = JSON.stringify("x".repeat(10_000));
        const appends = Array.from({ length: 130 }, (_, number) => log.append(0, [message(number, { body })]));
        const settled = await Promise.allSettled(appends);
        const kept = settled.filter(({ status }) => status === "fulfilled").length;
        const refused = settled.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
        expect(refused.length).toBeGreaterThan(0);
        for (const error of refused) expect(error).toMatchObject({ name: "AppendError", failure: "overloaded" });
        // 1 MiB holds 104 records of 10,074 bytes or a few less.
        expect(kept).toBeGreaterThan(95);
        expect(await log.bounds(0)).toEqual({ begin: 0, end: kept });
        expect(await log.append(0, [message(kept, { body })])).toBe(kept);
        expect(await readUntil(log, 0, kept + 1)).toEqual(asRead(messages(0, kept + 1, { body })));
      }));

    it("LOG-5 an append over `appendBytesMax`, or of what can't be written, is `not_sent` and leaves nothing", () =>
      withLog(async ({ log, asRead }) => {
        const fits = message(0, { body: JSON.stringify("x".repeat(65_000)) });
        const tooLong = message(1, { body: JSON.stringify("x".repeat(66_000)) });
        const broken = message(2, { room: "no uuid" });
        const [first, second, third, fourth] = await Promise.allSettled([
          log.append(0, [fits]),
          log.append(0, [tooLong]),
          log.append(0, [message(3), broken]),
          log.append(0, [message(4)]),
        ]);
        expect(first).toEqual({ status: "fulfilled", value: 0 });
        expect(second).toMatchObject({ status: "rejected", reason: { name: "AppendError", failure: "not_sent" } });
        expect(third).toMatchObject({ status: "rejected", reason: { name: "AppendError", failure: "not_sent" } });
        expect(fourth).toEqual({ status: "fulfilled", value: 1 });
        expect(await readUntil(log, 0, 2)).toEqual(asRead([fits, message(4)]));
      }));

    it("does not keep the array of an append", () =>
      withLog(async ({ log, asRead }) => {
        const records = messages(0, 3);
        const append = log.append(0, records);
        records.length = 0;
        records.push(message(9));
        expect(await append).toBe(0);
        expect(await readUntil(log, 0, 3)).toEqual(asRead(messages(0, 3)));
      }));

    it("an append of nothing changes nothing", () =>
      withLog(async ({ log }) => {
        await log.append(0, messages(0, 2));
        expect(await log.append(0, [])).toBe(2);
        expect(await log.bounds(0)).toEqual({ begin: 0, end: 2 });
      }));

    it("gives back every kind of record, those of a newer program included", () =>
      withLog(async ({ log, asRead, reopen }) => {
        const records = [
          message(0, { kind: "unknown_77", body: '{"a":1}' }),
          message(1, { kind: "reaction_added", version: 2 }),
          message(2, { key: "clé €", senderName: "😀", body: JSON.stringify("héllo \u0000 😀") }),
          message(3, { kind: "room_created", body: "{}" }),
        ];
        await log.append(0, records);
        expect(await readUntil(log, 0, 4)).toEqual(asRead(records));
        if (reopen !== undefined) expect(await readUntil(await reopen(), 0, 4)).toEqual(asRead(records));
      }));

    it("refuses to read beyond the end", () =>
      withLog(async ({ log }) => {
        await log.append(0, messages(0, 3));
        const beyond = await rejection(readFirst(log, 4));
        expect(beyond).toBeInstanceOf(LogError);
        expect(beyond).toMatchObject({ fault: "beyond_end", position: 4 });
      }));

    it("trims nothing that was to stay, and positions stay as they are", () =>
      withLog(async ({ log, asRead, reopen, trimsFew }) => {
        for (let number = 0; number < 200; number += 10) await log.append(0, messages(number, number + 10));
        await log.trim(0, 0);
        expect((await log.bounds(0)).begin).toBe(0);
        await log.trim(0, 120);
        await log.trim(0, 120);
        const { begin, end } = await log.bounds(0);
        expect(end).toBe(200);
        expect(begin > 0).toBe(trimsFew);
        expect(begin).toBeLessThanOrEqual(120);
        if (trimsFew) expect(await rejection(readFirst(log, begin - 1))).toMatchObject({ fault: "trimmed" });
        expect(await readUntil(log, begin, 200)).toEqual(asRead(messages(begin, 200)));
        await log.trim(0, 50);
        expect(await log.bounds(0)).toEqual({ begin, end });
        expect(await log.append(0, [message(200)])).toBe(200);
        if (reopen === undefined) return;
        const again = await reopen();
        expect(await again.bounds(0)).toEqual({ begin, end: 201 });
        expect(await readUntil(again, begin, 201)).toEqual(asRead(messages(begin, 201)));
      }));

    it("trimming everything leaves a log that goes on where it was", () =>
      withLog(async ({ log, asRead }) => {
        for (let number = 0; number < 100; number += 10) await log.append(0, messages(number, number + 10));
        await log.trim(0, 1_000_000);
        const { begin, end } = await log.bounds(0);
        expect(end).toBe(100);
        expect(begin).toBeLessThanOrEqual(100);
        expect(await log.append(0, [message(100)])).toBe(100);
        expect(await readUntil(log, begin, 101)).toEqual(asRead(messages(begin, 101)));
      }));

    it("a trim does not disturb a reader beyond it", () =>
      withLog(async ({ log, asRead }) => {
        for (let number = 0; number < 200; number += 10) await log.append(0, messages(number, number + 10));
        const reading = readUntil(log, 150, 300);
        await log.trim(0, 150);
        for (let number = 200; number < 300; number += 10) await log.append(0, messages(number, number + 10));
        expect(await reading).toEqual(asRead(messages(150, 300)));
      }));

    it("STOP-1 close finishes what was accepted and refuses what comes later with `not_sent`", () =>
      withLog(async ({ log, asRead, reopen }) => {
        const accepted = Array.from({ length: 30 }, (_, number) => log.append(0, [message(number)]));
        const closing = log.close();
        const late = rejection(log.append(0, [message(99)]));
        expect(await Promise.all(accepted)).toEqual(Array.from({ length: 30 }, (_, number) => number));
        await closing;
        const error = await late;
        expect(error).toBeInstanceOf(AppendError);
        expect(error).toMatchObject({ failure: "not_sent" });
        await log.close();
        if (reopen !== undefined) expect(await readUntil(await reopen(), 0, 30)).toEqual(asRead(messages(0, 30)));
      }));

    it("close ends the reads that wait", () =>
      withLog(async ({ log }) => {
        await log.append(0, [message(0)]);
        const reading = (async () => {
          let batches = 0;
          for await (const batch of log.read(0, 0, new AbortController().signal)) batches += batch.records.length;
          return batches;
        })();
        await readUntil(log, 0, 1);
        await log.close();
        expect(await reading).toBe(1);
      }));

    it("CMD-4 is heard from while it is read, with nothing new too", () =>
      withLog(async ({ log }) => {
        const { signal, abort } = deadline();
        const reading = (async () => {
          for await (const _ of log.read(0, 0, signal)) throw new Error("an empty log gave something");
        })();
        await until(
          WITHIN_MS,
          () => "the log to be heard from",
          () => log.hears(0) || undefined,
        );
        abort();
        await reading;
      }));

    it("refuses a partition that there is not", () =>
      withLog(async ({ log }) => {
        expect(await rejection(log.append(log.partitions, [message(0)]))).toMatchObject({ failure: "not_sent" });
        await expect(log.bounds(log.partitions)).rejects.toThrow(RangeError);
      }));
  });
}
