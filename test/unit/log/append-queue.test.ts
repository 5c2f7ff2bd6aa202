/** The queue of appends against a model: order, limits, and what is taken back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PendingBatch } from "../../../src/server/log/append-queue.ts";
import { AppendQueue } from "../../../src/server/log/append-queue.ts";
import { checkBatch, decodeBatch } from "../../../src/server/log/batch-format.ts";
import { AppendError } from "../../../src/server/log/message-log.ts";
import { encodedBytes } from "../../../src/server/log/record-codec.ts";
import { message, messages } from "../../support/log-records.ts";

const RECORD_BYTES = encodedBytes(message(10));
const LIMITS = { appendBytesMax: RECORD_BYTES * 10, appendQueueBytesMax: RECORD_BYTES * 40 };
const LATE = new AppendError("not_sent", "late");

/** The numbers of the records that a batch would write, read back from its bytes. */
function written(batch: PendingBatch): number[] {
  const bytes = batch.seal(7);
  const check = checkBatch(batch.buffer, 0, bytes);
  if (check.found !== "batch") throw new Error(JSON.stringify(check));
  const records = decodeBatch(batch.buffer, 0, check.batch, undefined);
  expect(records).toEqual(batch.records);
  return records.map((record) => Number(/\d+/.exec(record?.body ?? "")?.[0]));
}

type Step =
  | { readonly type: "add"; readonly size: number }
  | { readonly type: "take" }
  | { readonly type: "expire"; readonly count: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant("add" as const), size: fc.integer({ min: 1, max: 10 }) }) },
  { weight: 2, arbitrary: fc.constant({ type: "take" as const }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("expire" as const), count: fc.nat(6) }) },
);

describe("the queue of appends", () => {
  it("LOG-4 LOG-5 keeps order, limits and places through any adding, taking and taking back", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const queue = new AppendQueue(LIMITS);
        /** What waits: the first number of each append, its size, and when it came. */
        let waiting: { readonly first: number; readonly size: number; readonly since: number }[] = [];
        const resolved = new Map<number, number>();
        const rejected: number[] = [];
        let inFlight: PendingBatch | undefined;
        let inFlightRecords = 0;
        let number = 10;
        let now = 0;
        for (const step of steps) {
          now += 1;
          if (step.type === "add") {
            const first = number;
            const pending = waiting.reduce((sum, { size }) => sum + size, 0) + inFlightRecords;
            const add = (): void =>
              queue.add(
                messages(first, first + step.size),
                now,
                (position) => void resolved.set(first, position),
                () => void rejected.push(first),
              );
            if (pending + step.size > 40) expect(add).toThrow(AppendError);
            else {
              add();
              waiting.push({ first, size: step.size, since: now });
              number = 10 + ((number - 10 + step.size) % 80);
            }
          } else if (step.type === "take") {
            if (inFlight !== undefined) queue.release(inFlight);
            inFlight = queue.take();
            inFlightRecords = inFlight?.records.length ?? 0;
            expect(inFlight === undefined).toBe(waiting.length === 0);
            if (inFlight === undefined) continue;
            const numbers = written(inFlight);
            expect(numbers.length).toBeGreaterThan(0);
            expect(numbers.length).toBeLessThanOrEqual(10);
            resolved.clear();
            inFlight.resolve(100);
            let position = 100;
            for (const [first, at] of resolved) {
              expect(waiting[0]).toMatchObject({ first });
              expect(at).toBe(position);
              const size = waiting.shift()?.size ?? 0;
              expect(numbers.slice(position - 100, position - 100 + size)).toEqual(
                Array.from({ length: size }, (_, index) => first + index),
              );
              position += size;
            }
            expect(position - 100).toBe(numbers.length);
          } else {
            const before = waiting[step.count - 1]?.since ?? 0;
            rejected.length = 0;
            queue.expire(before, LATE);
            expect(rejected).toEqual(waiting.filter(({ since }) => since <= before).map(({ first }) => first));
            waiting = waiting.filter(({ since }) => since > before);
          }
          expect(queue.since).toBe(waiting[0]?.since ?? Number.POSITIVE_INFINITY);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("makes room for what is much longer than it looks, and for text beyond Latin", () => {
    const queue = new AppendQueue({ appendBytesMax: 400_000, appendQueueBytesMax: 1_000_000 });
    const records = [message(1, { body: "€".repeat(100_000) }), message(2, { body: "😀".repeat(20_000) })];
    for (const record of records)
      queue.add(
        [record],
        0,
        () => undefined,
        () => undefined,
      );
    expect(written(queue.take() as PendingBatch)).toHaveLength(2);
  });
});
