/**
 * Test support, engines: what an operator, or somebody careless, does to the topics of a cluster beside its nodes.
 */
import { type KafkaLibrary, loadKafka } from "../../src/server/kafka/library.ts";
import { until } from "./until.ts";

const GONE_WITHIN_MS = 60_000;

/** One at the brokers. */
export class BrokerHand {
  readonly #library: KafkaLibrary;
  readonly #options: { readonly clientId: string; readonly bootstrapBrokers: string[] };

  constructor(library: KafkaLibrary, address: string) {
    this.#library = library;
    this.#options = { clientId: "hand", bootstrapBrokers: [address] };
  }

  /** Writes one record with just these bytes. */
  async write(topic: string, partition: number, value: Buffer, key: Buffer | undefined = undefined): Promise<void> {
    const producer = new this.#library.Producer(this.#options);
    try {
      await producer.send({
        messages: [{ topic, partition, value, ...(key === undefined ? {} : { key }) }],
        acks: -1,
      });
    } finally {
      await producer.close(true);
    }
  }

  /** Resolves once the brokers name them no more, which they do for a moment after they have answered. */
  async deleteTopics(...topics: string[]): Promise<void> {
    await this.#admin(async (admin) => {
      await admin.deleteTopics({ topics });
      await until(
        GONE_WITHIN_MS,
        () => `${topics.join(", ")} to be gone`,
        async () => (await admin.listTopics()).every((name) => !topics.includes(name)) || undefined,
      );
    });
  }

  async createTopic(topic: string, partitions: number, configs: Readonly<Record<string, string>>): Promise<void> {
    const list = Object.entries(configs).map(([name, value]) => ({ name, value }));
    await this.#admin((admin) => admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: list }));
  }

  /** Removes the records of a partition that stand before a position. */
  async trim(topic: string, partition: number, before: number): Promise<void> {
    const offset = BigInt(before);
    await this.#admin((admin) =>
      admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset }] }] }),
    );
  }

  async #admin<T>(work: (admin: InstanceType<KafkaLibrary["Admin"]>) => Promise<T>): Promise<T> {
    const admin = new this.#library.Admin(this.#options);
    try {
      return await work(admin);
    } finally {
      await admin.close();
    }
  }
}

/** Somebody at the brokers of an address. */
export async function brokerHand(address: string): Promise<BrokerHand> {
  return new BrokerHand(await loadKafka(), address);
}
