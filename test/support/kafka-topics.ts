/** Test support, engines: topics of one test each, and a plain client beside ours to write to them and take them away. */
import { randomUUID } from "node:crypto";
import { systemClock } from "../../src/server/clock.ts";
import type { KafkaOptions } from "../../src/server/kafka/connection.ts";
import { loadKafka } from "../../src/server/kafka/library.ts";
import { ensureTopic } from "../../src/server/kafka/topics.ts";
import { type KafkaLog, openKafkaLog } from "../../src/server/log/kafka.ts";
import { CONTRACT_LIMITS } from "../contract/message-log.ts";

/** How to connect to the broker at `HOST:PORT`. */
export function kafkaAt(address: string): KafkaOptions {
  const [host = "", port = ""] = address.split(":");
  return { brokers: [{ host, port: Number(port) }], tls: undefined, sasl: undefined };
}

/** A topic that a test has for itself. */
export interface TestTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
  /** Opens a log on it; `failures` collects what it complains of. */
  readonly openLog: (failures?: unknown[]) => Promise<KafkaLog>;
  /** Writes values as anybody else would, uncompressed or not. */
  readonly write: (
    values: readonly (string | Buffer | null)[],
    options?: { readonly partition?: number; readonly compression?: "gzip" | "snappy" | "lz4" },
  ) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Makes a topic of a name that nobody has. */
export async function makeTopic(
  address: string,
  kind: "log" | "signals" = "log",
  partitions = 2,
  name = `test-${randomUUID()}`,
): Promise<TestTopic> {
  const connection = kafkaAt(address);
  const { topicId } = await ensureTopic(connection, { name, partitions, replication: 1, kind, create: true });
  const { Admin, Producer } = await loadKafka();
  const client = { clientId: "test", bootstrapBrokers: [address] };
  return {
    ...{ name, topicId, partitions },
    openLog: (failures = []) =>
      openKafkaLog({
        ...{ connection, topic: name, topicId, partitions, clock: systemClock, limits: CONTRACT_LIMITS },
        failed: (error) => failures.push(error),
      }),
    write: async (values, { partition = 0, compression } = {}) => {
      const producer = new Producer({ ...client, ...(compression === undefined ? {} : { compression }) });
      const messages = values.map((value) => ({
        ...{ topic: name, partition },
        value: (typeof value === "string" ? Buffer.from(value) : value) as Buffer,
      }));
      await producer.send({ messages, acks: -1 });
      await producer.close();
    },
    remove: async () => {
      const admin = new Admin(client);
      await admin.deleteTopics({ topics: [name] });
      await admin.close();
    },
  };
}
