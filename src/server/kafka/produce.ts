/** Beside stage 3: writing batches to the partitions that one broker leads. Touches the network. */
import { varintBytes, writeVarint } from "./bytes.ts";
import type { Broker, Call, KafkaClient } from "./connection.ts";
import { type BatchIdentity, batchBytesMax, type KafkaRecord, writeBatch } from "./record-batch.ts";

/** A batch for one partition. */
export interface ProducedBatch {
  readonly partition: number;
  readonly records: readonly KafkaRecord[];
  readonly identity: BatchIdentity;
}

/** What became of one batch. */
export interface ProduceResult {
  readonly partition: number;
  /** Kafka's own number for the error; 0 = it is durable. */
  readonly errorCode: number;
  /** The position of its first record, where it is durable. */
  readonly position: number;
}

/** Who writes, as the brokers number it. */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly epoch: number;
}

interface ProduceAnswer {
  readonly responses: readonly {
    readonly partitionResponses: readonly {
      readonly index: number;
      readonly errorCode: number;
      readonly baseOffset: bigint;
    }[];
  }[];
}

const ALL_IN_SYNC_REPLICAS = -1;
/** More than the request's fixed fields take, and than those of one partition take. */
const FIXED_BYTES = 64;
const PARTITION_BYTES = 16;
const TRANSACTION_MS = 60_000;

/** Asks for an identity to write with. */
export async function newProducer(client: KafkaClient): Promise<ProducerIdentity> {
  const answer = await client.ask<{ errorCode: number; producerId: bigint; producerEpoch: number }>(
    undefined,
    "InitProducerId",
    null,
    TRANSACTION_MS,
    undefined,
    undefined,
  );
  if (answer.errorCode !== 0) throw new Error(`the brokers give no identity to write with (${answer.errorCode})`);
  return { producerId: answer.producerId, epoch: answer.producerEpoch };
}

/**
 * Writes batches, one a partition, to the broker that leads those. What comes back with 0 is durable on all in-sync replicas.
 * `time` is now, in ms; `timeoutMs` is how long the broker may wait for its replicas.
 */
export async function produce(
  client: KafkaClient,
  broker: Broker,
  topic: string,
  batches: readonly ProducedBatch[],
  { time, timeoutMs }: { readonly time: number; readonly timeoutMs: number },
): Promise<readonly ProduceResult[]> {
  const answer = await client.write<ProduceAnswer>(broker, "Produce", (call) =>
    produceRequest(call, topic, batches, time, timeoutMs),
  );
  return answer.responses.flatMap(({ partitionResponses }) =>
    partitionResponses.map(({ index, errorCode, baseOffset }) => ({
      partition: index,
      errorCode,
      position: Number(baseOffset),
    })),
  );
}

function produceRequest(
  { isFlexible }: Call,
  topic: string,
  batches: readonly ProducedBatch[],
  time: number,
  timeoutMs: number,
): Buffer {
  const room = batches.reduce(
    (bytes, { records }) => bytes + batchBytesMax(records) + PARTITION_BYTES,
    FIXED_BYTES + topic.length * 3,
  );
  const target = Buffer.allocUnsafe(room);
  const count = (value: number, at: number): number =>
    isFlexible ? writeVarint(target, value + 1, at) : target.writeInt32BE(value, at);
  // No transaction: a text that is not there.
  let at = isFlexible ? writeVarint(target, 0, 0) : target.writeInt16BE(-1, 0);
  at = target.writeInt16BE(ALL_IN_SYNC_REPLICAS, at);
  at = target.writeInt32BE(timeoutMs, at);
  at = count(1, at);
  const nameBytes = Buffer.byteLength(topic);
  at = isFlexible ? writeVarint(target, nameBytes + 1, at) : target.writeInt16BE(nameBytes, at);
  at += target.write(topic, at);
  at = count(batches.length, at);
  for (const { partition, records, identity } of batches) {
    at = target.writeInt32BE(partition, at);
    // The length stands before the batch and takes a byte or five: room for the longest, then both are moved together.
    const lengthRoom = isFlexible ? varintBytes(batchBytesMax(records) + 1) : 4;
    const begin = at + lengthRoom;
    const end = writeBatch(target, begin, records, identity, time);
    const lengthBytes = isFlexible ? varintBytes(end - begin + 1) : 4;
    if (lengthBytes < lengthRoom) target.copyWithin(at + lengthBytes, begin, end);
    count(end - begin, at);
    at += lengthBytes + end - begin;
    if (isFlexible) at = writeVarint(target, 0, at);
  }
  // The topic's and the request's own empty lists of newer fields.
  if (isFlexible) at = writeVarint(target, 0, writeVarint(target, 0, at));
  return target.subarray(0, at);
}
