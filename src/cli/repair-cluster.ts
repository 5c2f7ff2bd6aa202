/** The command line: `verbatim repair` of a cluster, whose topic is lost: the history goes on with what the database has. */
import { repairCluster } from "../server/compose/cluster.ts";
import { type ClusterRequest, onCluster } from "./on-cluster.ts";
import { say } from "./say.ts";

const SAYS = {
  command: "verbatim repair",
  unnamed: "name what to repair: a data folder, verbatim repair DATA_DIR, or a cluster, with --kafka and --cql",
} as const;

/**
 * Lets a cluster go on with another topic than the one it was read from. Resolves with the exit code.
 * @throws StartError where that can't be done, and where no cluster is named
 */
export async function repairOfCluster(request: ClusterRequest): Promise<number> {
  return await onCluster(request, SAYS, async (start, cluster) => {
    const { topic } = cluster.kafka;
    const { bases } = await repairCluster(start, cluster);
    if (bases === undefined) {
      say(`topic ${topic} is the one that the history was read from; nothing was changed`);
      return;
    }
    say(`topic ${topic} takes the place of the one that is lost`);
    for (const [partition, base] of bases.entries()) say(`      partition ${partition} goes on at position ${base}`);
    say("      what had been acknowledged and was not in the database yet is lost with it; nobody can say what it was");
  });
}
