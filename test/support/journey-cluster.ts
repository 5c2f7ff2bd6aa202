/**
 * Test support, journeys: two nodes of a cluster over the engines of the run, as the place of a journey: topics and a
 * keyspace of its own for each data folder that the journey names. Needs `dist/`.
 */
import { openCqlDirectory } from "../../src/server/directory/cql.ts";
import { engines } from "./engines.ts";
import { Cluster } from "./engines-cluster.ts";
import { type JourneyPlace, JourneyServers } from "./journey-place.ts";
import { topicAdmin } from "./kafka-admin.ts";
import { runVerbatim } from "./spawned-server.ts";

const MIGRATE_WITHIN_MS = 60_000;
/** Making the tables of a keyspace, and a node's reading of all partitions, on a machine that is busy. */
const PLACE_MS = 60_000;

/** Two nodes on the engines of this run. */
export function twoNodes(): JourneyPlace {
  const clusters = new Map<string, Cluster>();
  const clusterOf = (dataDir: string): Cluster => {
    const cluster = clusters.get(dataDir) ?? new Cluster(`${dataDir}.nodes`, engines());
    clusters.set(dataDir, cluster);
    return cluster;
  };
  const env = (dataDir: string): Record<string, string> => {
    const { kafka, cql, topic, signalsTopic, keyspace } = clusterOf(dataDir);
    return {
      VERBATIM_DATA: dataDir,
      VERBATIM_KAFKA: kafka,
      VERBATIM_TOPIC: topic,
      VERBATIM_SIGNALS_TOPIC: signalsTopic,
      VERBATIM_CQL: cql,
      VERBATIM_CQL_KEYSPACE: keyspace,
    };
  };
  return {
    isFolder: false,
    timeoutMs: (places) => 120_000 + places * PLACE_MS,
    env,
    prepare: async (dataDir) => {
      const migrated = await runVerbatim(["migrate", ...clusterOf(dataDir).flags], {}, MIGRATE_WITHIN_MS);
      if (migrated.code !== 0) throw new Error(`verbatim migrate: ${migrated.stderr}`);
    },
    start: async (dataDir, args = []) => {
      const cluster = clusterOf(dataDir);
      // One after the other: the first one makes the tables where they are missing.
      const one = await cluster.start(args);
      return new JourneyServers(one, await cluster.start(args));
    },
    directory: async (dataDir, work) => {
      const session = await clusterOf(dataDir).session();
      const directory = await openCqlDirectory({ session, writer: "operator" });
      await work(directory);
      await directory.close();
    },
    remove: async () => {
      // Where the engines were started by somebody else, nothing of this run may stay.
      const admin = await topicAdmin(engines().kafka);
      for (const cluster of clusters.values()) {
        await admin.remove(cluster.topic, cluster.signalsTopic);
        const session = await cluster.session();
        await session.schema(`DROP KEYSPACE IF EXISTS ${cluster.keyspace}`);
        await cluster.remove();
      }
      clusters.clear();
      await admin.close();
    },
  };
}
