/**
 * Test support, engines: makes and deletes topics as an operator does with the brokers' own tools.
 */
import { loadKafka } from "../../src/server/kafka/library.ts";
import { until } from "./until.ts";

const WITHIN_MS = 60_000;

/** Makes and deletes topics. */
export interface TopicAdmin {
  /** Makes a topic with settings, one copy each. */
  create(name: string, partitions: number, settings: Readonly<Record<string, string>>): Promise<void>;
  /** Deletes those that there are, and waits until they are gone. */
  remove(...names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens one at `address`, a `HOST:PORT`. */
export async function topicAdmin(address: string): Promise<TopicAdmin> {
  const { Admin } = await loadKafka();
  const admin = new Admin({ clientId: "verbatim-tests", bootstrapBrokers: [address] });
  const standing = async (names: readonly string[]): Promise<string[]> => {
    const all = new Set(await admin.listTopics());
    return names.filter((name) => all.has(name));
  };
  return {
    create: async (name, partitions, settings) => {
      const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
      await admin.createTopics({ topics: [name], partitions, replicas: 1, configs });
    },
    remove: async (...names) => {
      const own = await standing(names);
      if (own.length === 0) return;
      await admin.deleteTopics({ topics: own });
      await until(
        WITHIN_MS,
        () => `${own.join(", ")} to be gone`,
        async () => (await standing(own)).length === 0 || undefined,
      );
    },
    close: () => admin.close(),
  };
}
