/** Beside stage 3: where partitions begin and end, and cutting off what lies before a position. Touches the network. */
import type { Broker, KafkaClient } from "./connection.ts";

/** What came of one partition: a position, or Kafka's own number for the error. */
export interface ListedOffset {
  readonly partition: number;
  readonly errorCode: number;
  /** -1 where there is none, as at a time after the last record. */
  readonly position: number;
}

/** Where in time a position is asked for: these two, or milliseconds since the Unix epoch. */
export const END = -1;
export const BEGIN = -2;

const NO_REPLICA = -1;
const READ_UNCOMMITTED = 0;

interface ListAnswer {
  readonly topics: readonly {
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly errorCode: number;
      readonly offset: bigint;
    }[];
  }[];
}

/** Asks the broker that leads some partitions for their first position at or after `time`, or for `BEGIN` or `END`. */
export async function listOffsets(
  client: KafkaClient,
  broker: Broker,
  topic: string,
  partitions: readonly number[],
  time: number,
): Promise<readonly ListedOffset[]> {
  const asked = partitions.map((partition) => ({
    partitionIndex: partition,
    currentLeaderEpoch: -1,
    timestamp: BigInt(time),
  }));
  const answer = await client.ask<ListAnswer>(broker, "ListOffsets", NO_REPLICA, READ_UNCOMMITTED, [
    { name: topic, partitions: asked },
  ]);
  return answer.topics.flatMap((one) =>
    one.partitions.map(({ partitionIndex, errorCode, offset }) => ({
      partition: partitionIndex,
      errorCode,
      position: Number(offset),
    })),
  );
}

interface DeleteAnswer {
  readonly topics: readonly { readonly partitions: readonly { readonly errorCode: number }[] }[];
}

/** Removes what lies before a position that is not beyond the end. Gives Kafka's own number for the error, 0 = none. */
export async function deleteBefore(
  client: KafkaClient,
  broker: Broker,
  topic: string,
  at: { readonly partition: number; readonly before: number; readonly timeoutMs: number },
): Promise<number> {
  const partitions = [{ partitionIndex: at.partition, offset: BigInt(at.before) }];
  const answer = await client.ask<DeleteAnswer>(broker, "DeleteRecords", [{ name: topic, partitions }], at.timeoutMs);
  return answer.topics[0]?.partitions[0]?.errorCode ?? -1;
}
