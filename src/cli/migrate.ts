/** The command line: `verbatim migrate`, which makes and changes what a cluster's nodes need, and ends. */
import { migrateCluster } from "../server/compose/cluster.ts";
import { type ClusterRequest, onCluster } from "./on-cluster.ts";
import { say } from "./say.ts";

const SAYS = {
  command: "verbatim migrate",
  unnamed:
    "there is no cluster to migrate: name it with --kafka and --cql; a data folder is migrated by verbatim serve",
} as const;

/**
 * Makes tables, topics and public rooms; two at once are harmless. Resolves with the exit code.
 * @throws StartError where that can't be done
 */
export async function migrate(request: ClusterRequest): Promise<number> {
  return await onCluster(request, SAYS, async (start, cluster) => {
    const { ran, rooms, partitions } = await migrateCluster(start, cluster);
    const what = ran.length === 0 ? "nothing to migrate" : `migrated: ${ran.join(", ")}`;
    say(`keyspace ${cluster.cql.keyspace}: ${what}; ${rooms} public rooms`);
    say(`topic ${cluster.kafka.topic}: ${partitions} partitions; topic ${cluster.kafka.signalsTopic}`);
  });
}
