/**
 * Beside stage 3: reading what one broker leads, from given positions on, or waiting there for more. Touches the network.
 * The answer is taken apart here: the library reads every record into several objects, whoever needs it or not.
 */
import { ByteReader } from "./bytes.ts";
import type { Broker, Call, KafkaClient } from "./connection.ts";

/** From where one partition is asked for. */
export interface FetchAsk {
  readonly partition: number;
  readonly from: number;
}

/** How much, and how long the broker may wait for the first byte. */
export interface FetchSize {
  readonly waitMs: number;
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
}

/** What came of one partition. */
export interface Fetched {
  readonly partition: number;
  /** Kafka's own number for the error; 0 = none. */
  readonly errorCode: number;
  /** The position after the last record that can be read. */
  readonly end: number;
  /** Batches, one behind the other, for `collect`. */
  readonly bytes: Buffer;
}

/** What came of all. */
export interface FetchAnswer {
  /** Kafka's own number for an error of the whole. */
  readonly errorCode: number;
  readonly partitions: readonly Fetched[];
}

const READ_UNCOMMITTED = 0;
const NO_SESSION = 0;
const NO_SESSION_EPOCH = -1;
const BY_TOPIC_ID_FROM = 13;
const TOPIC_ID_BYTES = 16;
const NOTHING = Buffer.alloc(0);

/** Asks one broker for partitions of one topic, each once. */
export function fetchRecords(
  client: KafkaClient,
  broker: Broker,
  topic: { readonly name: string; readonly topicId: string },
  asks: readonly FetchAsk[],
  { waitMs, bytesMax, partitionBytesMax }: FetchSize,
): Promise<FetchAnswer> {
  const partitions = asks.map(({ partition, from }) => ({
    partition,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    fetchOffset: BigInt(from),
    partitionMaxBytes: partitionBytesMax,
  }));
  return client.read(broker, "Fetch", parseFetched, ({ version }) => [
    waitMs,
    1,
    bytesMax,
    READ_UNCOMMITTED,
    NO_SESSION,
    NO_SESSION_EPOCH,
    [{ topicId: version >= BY_TOPIC_ID_FROM ? topic.topicId : topic.name, partitions }],
    [],
    "",
  ]);
}

/** Takes an answer apart. Throws a `RangeError` where it ends too early. */
function parseFetched({ version, isFlexible }: Call, bytes: Buffer): FetchAnswer {
  const reader = new ByteReader(bytes);
  const partitions: Fetched[] = [];
  reader.int32();
  const errorCode = version >= 7 ? reader.int16() : 0;
  if (version >= 7) reader.int32();
  for (let topics = reader.count(isFlexible); topics > 0; topics -= 1) {
    if (version >= BY_TOPIC_ID_FROM) reader.at += TOPIC_ID_BYTES;
    else {
      const nameBytes = isFlexible ? reader.varint() - 1 : reader.int16();
      reader.at += nameBytes;
    }
    for (let count = reader.count(isFlexible); count > 0; count -= 1)
      partitions.push(parsePartition(reader, version, isFlexible));
    reader.skipTags(isFlexible);
  }
  return { errorCode, partitions };
}

function parsePartition(reader: ByteReader, version: number, isFlexible: boolean): Fetched {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const end = reader.int64();
  reader.int64();
  if (version >= 5) reader.int64();
  for (let aborted = reader.count(isFlexible); aborted > 0; aborted -= 1) {
    reader.at += 16;
    reader.skipTags(isFlexible);
  }
  if (version >= 11) reader.int32();
  const length = reader.count(isFlexible);
  const bytes = length > 0 ? reader.bytes.subarray(reader.at, reader.at + length) : NOTHING;
  if (length > 0) reader.at += length;
  if (bytes.length < length) throw new RangeError("the answer ends too early");
  reader.skipTags(isFlexible);
  return { partition, errorCode, end, bytes };
}
