/** Test support: the appends to a topic over fake brokers and a clock that the test drives. */
import { expect } from "vitest";
import { KafkaAppends } from "../../src/server/log/kafka-appends.ts";
import type { AppendError } from "../../src/server/log/message-log.ts";
import { FakeBrokers, type Request } from "./fake-broker.ts";
import { FakeClock } from "./fake-clock.ts";
import { message } from "./log-records.ts";

const LIMITS = { appendBytesMax: 64 * 1024, appendQueueBytesMax: 256 * 1024 };

export interface World {
  readonly clock: FakeClock;
  readonly brokers: FakeBrokers;
  readonly appends: KafkaAppends;
  readonly failures: unknown[];
  /** Appends messages by their numbers; gives how it ended: a position, or a failure; `undefined` while it waits. */
  readonly append: (partition: number, ...numbers: number[]) => { end: number | string | undefined };
  /** The only request that waits. */
  readonly request: () => Request;
}

export function world(leaders: readonly number[] = [1, 1, 1], limits = LIMITS): World {
  const clock = new FakeClock(1_800_000_000_000);
  const brokers = new FakeBrokers(leaders);
  const failures: unknown[] = [];
  const appends = new KafkaAppends({
    ...{ wire: brokers, partitions: leaders.length, limits, batchBytesMax: 1024 * 1024, clock },
    failed: (error) => failures.push(error),
  });
  return {
    ...{ clock, brokers, appends, failures },
    append: (partition, ...numbers) => {
      const state: { end: number | string | undefined } = { end: undefined };
      appends
        .append(
          partition,
          numbers.map((number) => message(number)),
          false,
        )
        .then(
          (position) => {
            state.end = position;
          },
          (error: AppendError) => {
            state.end = error.failure;
          },
        );
      return state;
    },
    request: () => {
      expect(brokers.open).toHaveLength(1);
      return brokers.open[0] as Request;
    },
  };
}

/** The numbers of the messages in some values. */
export const numbersOf = (values: readonly string[]): number[] =>
  values.map((value) => Number(JSON.parse(value).content.slice("message ".length)));

export const numbersIn = (request: Request): Record<number, number[]> =>
  Object.fromEntries(
    request.batches.map(({ partition, records }) => [partition, numbersOf(records.map(({ value }) => value))]),
  );
