/** Reading a topic, over brokers that hang, answer with errors, hand on leadership and lose what they had. */
import { describe, expect, it } from "vitest";
import type { FetchAnswer, FetchAsk, FetchSize } from "../../../src/server/kafka/fetch.ts";
import { KafkaTail, type Lane } from "../../../src/server/log/kafka-tail.ts";
import { type LogBatch, LogError } from "../../../src/server/log/message-log.ts";
import type { LogRecord } from "../../../src/server/record.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { message } from "../../support/log-records.ts";

interface Request {
  readonly lane: Lane;
  readonly leader: number;
  readonly asks: readonly FetchAsk[];
  readonly waitMs: number;
  readonly resolve: (answer: FetchAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A topic in memory; requests that would wait do so until somebody writes. */
class FakeTopic {
  readonly clock = new FakeClock(1_800_000_000_000);
  readonly kept: (LogRecord | undefined)[][] = [[], [], []];
  readonly begins = [0, 0, 0];
  readonly leaders: (number | undefined)[] = [1, 1, 1];
  readonly waiting: Request[] = [];
  readonly asked: Pick<Request, "lane" | "asks" | "waitMs">[] = [];
  readonly failures: unknown[] = [];
  replaced: LogError | undefined;
  isDown = false;
  refreshes = 0;
  /** Records that one answer has of a partition. */
  batchMax = 1000;
  readonly tail: KafkaTail;

  constructor() {
    this.tail = new KafkaTail(
      {
        leader: (partition) => this.leaders[partition],
        refresh: async () => {
          this.refreshes += 1;
        },
        fetch: (lane, leader, asks, { waitMs }: FetchSize) =>
          new Promise((resolve, reject) => {
            const request = { lane, leader, asks, waitMs, resolve, reject };
            this.asked.push(request);
            if (this.isDown) reject(new Error("connection closed"));
            else this.#serve(request);
          }),
        bounds: async (partition) => ({
          begin: this.begins[partition] as number,
          end: (this.kept[partition] as unknown[]).length,
        }),
        // The bytes of an answer name the partition and how much of it there is.
        decode: (bytes, from) =>
          this.kept[bytes[0] as number]?.slice(from, from + (bytes.readUInt32BE(1) as number)) ?? [],
        fault: () => this.replaced,
      },
      this.clock,
      (error) => this.failures.push(error),
    );
  }

  write(partition: number, ...records: readonly (LogRecord | undefined)[]): void {
    this.kept[partition]?.push(...records);
    for (const request of this.waiting.splice(0)) this.#serve(request);
  }

  /** What a reader has got so far; `ended` says how it ended. */
  reader(partition: number, from: number, signal = new AbortController().signal) {
    const got: (LogRecord | undefined)[] = [];
    const state = { got, ended: undefined as unknown };
    void (async () => {
      try {
        let next = from;
        for await (const batch of this.tail.read(partition, from, signal) as AsyncIterable<LogBatch>) {
          expect(batch.from).toBe(next);
          next = batch.to;
          got.push(...batch.records);
        }
        state.ended = "over";
      } catch (error) {
        state.ended = error;
      }
    })();
    return state;
  }

  #serve(request: Request): void {
    const partitions = request.asks.map(({ partition, from }) => {
      const kept = this.kept[partition] ?? [];
      const nothing = { partition, end: kept.length, bytes: Buffer.alloc(0) };
      if (this.leaders[partition] !== request.leader) return { ...nothing, errorCode: 6 };
      if (from < (this.begins[partition] ?? 0) || from > kept.length) return { ...nothing, errorCode: 1 };
      const count = Math.min(this.batchMax, kept.length - from);
      if (count === 0) return { ...nothing, errorCode: 0 };
      const bytes = Buffer.alloc(5);
      bytes[0] = partition;
      bytes.writeUInt32BE(count, 1);
      return { ...nothing, errorCode: 0, bytes };
    });
    const answer = { errorCode: 0, partitions };
    const isReady = partitions.some(({ errorCode, bytes }) => errorCode !== 0 || bytes.length > 0);
    if (isReady || request.waitMs === 0) {
      request.resolve(answer);
      return;
    }
    this.waiting.push(request);
    this.clock.after(request.waitMs, () => {
      const index = this.waiting.indexOf(request);
      if (index < 0) return;
      this.waiting.splice(index, 1);
      request.resolve(answer);
    });
  }
}

const some = (from: number, to: number): LogRecord[] =>
  Array.from({ length: to - from }, (_, index) => message(from + index));

/** A topic that is read and whose broker has been gone for 5 s: nobody hears it any more. */
async function silentFor5s(): Promise<FakeTopic> {
  const topic = new FakeTopic();
  topic.reader(0, 0);
  await topic.clock.advance(1_000);
  topic.isDown = true;
  await topic.clock.advance(5_000);
  expect(topic.tail.hears(0)).toBe(false);
  return topic;
}

describe("reading a topic", () => {
  it("LOG-3 at the end all partitions of a broker wait in one request", async () => {
    const topic = new FakeTopic();
    topic.write(0, ...some(0, 5));
    const readers = [topic.reader(0, 0), topic.reader(1, 0), topic.reader(2, 0)];
    await topic.clock.advance(3_000);
    topic.asked.length = 0;
    await topic.clock.advance(6_000);
    expect(topic.asked.length).toBeLessThan(10);
    for (const { lane, asks } of topic.asked) expect([lane, asks.length]).toEqual(["live", 3]);
    topic.write(1, ...some(10, 12));
    await topic.clock.settle();
    expect(readers.map(({ got }) => got.length)).toEqual([5, 2, 0]);
    topic.tail.close();
    await topic.clock.settle();
    expect(readers.map(({ ended }) => ended)).toEqual(["over", "over", "over"]);
    expect(topic.failures).toEqual([]);
  });

  it("LOG-3 a reader far behind catches up beside those at the end, and then waits with them", async () => {
    const topic = new FakeTopic();
    topic.batchMax = 10;
    topic.write(0, ...some(0, 500));
    const live = topic.reader(0, 500);
    await topic.clock.advance(2_000);
    const behind = topic.reader(0, 0);
    await topic.clock.settle();
    topic.write(0, ...some(500, 503));
    await topic.clock.advance(2_000);
    expect(live.got).toEqual(some(500, 503));
    expect(behind.got).toEqual(some(0, 503));
    topic.asked.length = 0;
    await topic.clock.advance(3_000);
    expect(topic.asked.every(({ lane }) => lane === "live")).toBe(true);
    topic.write(0, message(503));
    await topic.clock.settle();
    expect([live.got.length, behind.got.length]).toEqual([4, 504]);
    topic.tail.close();
  });

  it("CMD-4 hears the log as long as it answers, new records or none, and not 2 s after it went silent", async () => {
    const topic = new FakeTopic();
    expect(topic.tail.hears(0)).toBe(false);
    topic.reader(0, 0);
    await topic.clock.settle();
    for (let waited = 0; waited < 20_000; waited += 500) {
      await topic.clock.advance(500);
      expect(topic.tail.hears(0)).toBe(true);
      expect(topic.tail.hears(1)).toBe(false);
    }
    topic.isDown = true;
    await topic.clock.advance(3_500);
    expect(topic.tail.hears(0)).toBe(false);
    topic.isDown = false;
    await topic.clock.advance(1_500);
    expect(topic.tail.hears(0)).toBe(true);
    topic.tail.close();
  });

  it("CMD-4 hears the log at once when a broker answers again, though nothing is new", async () => {
    const topic = await silentFor5s();
    topic.isDown = false;
    const asked = topic.asked.length;
    while (topic.asked.length === asked) await topic.clock.advance(10);
    await topic.clock.settle();
    expect(topic.tail.hears(0)).toBe(true);
    expect(topic.asked.at(-1)).toMatchObject({ lane: "live", waitMs: 750 });
  });

  it("CMD-4 hears the log at once from the broker that takes the place of one that is gone, though nothing is new", async () => {
    const topic = await silentFor5s();
    topic.isDown = false;
    topic.leaders[0] = 2;
    topic.tail.changed();
    await topic.clock.settle();
    expect(topic.tail.hears(0)).toBe(true);
    topic.tail.close();
  });

  it("LOG-3 waits for a broker that is gone, however long, and goes on where it was", async () => {
    const topic = new FakeTopic();
    topic.write(0, ...some(0, 3));
    const reader = topic.reader(0, 0);
    await topic.clock.advance(1_000);
    topic.isDown = true;
    await topic.clock.advance(30 * 60_000);
    expect(reader.ended).toBeUndefined();
    // It is told now and then, not with every try.
    expect(topic.failures.length).toBeGreaterThan(10);
    expect(topic.failures.length).toBeLessThan(200);
    topic.isDown = false;
    topic.write(0, message(3));
    await topic.clock.advance(1_500);
    expect(reader.got).toEqual(some(0, 4));
    topic.tail.close();
  });

  it("LOG-3 follows a partition to another broker, or waits where nobody leads it; others go on meanwhile", async () => {
    const topic = new FakeTopic();
    const readers = [topic.reader(0, 0), topic.reader(1, 0)];
    await topic.clock.advance(2_000);
    topic.leaders[0] = 2;
    topic.write(0, message(1));
    topic.write(1, message(2));
    topic.tail.changed();
    await topic.clock.advance(3_000);
    expect(readers.map(({ got }) => got.length)).toEqual([1, 1]);
    topic.leaders[0] = undefined;
    topic.tail.changed();
    topic.write(0, message(3));
    topic.write(1, message(4));
    await topic.clock.advance(5_000);
    expect(readers.map(({ got }) => got.length)).toEqual([1, 2]);
    topic.leaders[0] = 1;
    topic.tail.changed();
    await topic.clock.advance(2_000);
    expect(readers.map(({ got }) => got.length)).toEqual([2, 2]);
    topic.tail.close();
  });

  it("ends with an error before the beginning, beyond the end, and where the topic is another", async () => {
    const topic = new FakeTopic();
    topic.write(0, ...some(0, 10));
    topic.begins[0] = 4;
    const [early, beyond, right] = [topic.reader(0, 3), topic.reader(0, 11), topic.reader(0, 4)];
    await topic.clock.advance(1_000);
    expect(early.ended).toMatchObject({ fault: "trimmed", position: 3 });
    expect(beyond.ended).toMatchObject({ fault: "beyond_end", position: 11 });
    expect(right.got).toEqual(some(4, 10));
    topic.replaced = new LogError("replaced", 0, "the topic was made anew");
    topic.tail.changed();
    await topic.clock.settle();
    expect(right.ended).toBe(topic.replaced);
    topic.tail.close();
  });

  it("LOG-3 a reader that takes nothing is fetched for no further than it may keep, and holds up nobody", async () => {
    const topic = new FakeTopic();
    const iterator = topic.tail.read(0, 0, new AbortController().signal)[Symbol.asyncIterator]();
    const first = iterator.next();
    const other = topic.reader(0, 0);
    topic.write(0, ...some(0, 2));
    await topic.clock.settle();
    expect((await first).value?.to).toBe(2);
    topic.write(0, ...some(2, 4));
    await topic.clock.settle();
    expect(other.got).toHaveLength(4);
    expect((await iterator.next()).value?.records).toEqual(some(2, 4));
    await iterator.return?.(undefined);
    topic.tail.close();
  });
});
