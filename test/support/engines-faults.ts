/**
 * Test support, engines: what the faults of a cluster begin and end with: a cluster for each test, nodes, and people who
 * talk on them.
 */
import { afterEach } from "vitest";
import { type Cluster, makeCluster, type Node } from "./engines-cluster.ts";
import { Company } from "./engines-company.ts";
import { Dice, seed } from "./faults-run.ts";

/** Nodes, and people who talk on them. */
export interface Talking {
  readonly cluster: Cluster;
  readonly nodes: readonly [Node, Node];
  readonly people: Company;
}

/** Clusters, of one test each. */
export interface ClusterOfTest {
  /** A cluster without nodes, on the engines of the run or on others. */
  readonly open: (others?: Parameters<typeof makeCluster>[0]) => Promise<Cluster>;
  /** One with two nodes, on which people talk until so many messages are acknowledged, and go on. */
  readonly talking: (messages: number, others?: Parameters<typeof makeCluster>[0]) => Promise<Talking>;
}

/** For a file of tests: whatever a test has opened is gone when it has ended. */
export function clusterOfEachTest(): ClusterOfTest {
  const clusters: Cluster[] = [];
  const companies: Company[] = [];

  afterEach(async () => {
    const leaving = companies.splice(0).map((people) => people.leave());
    for (const cluster of clusters.splice(0)) await cluster.remove();
    await Promise.all(leaving);
  }, 180_000);

  const open = async (others: Parameters<typeof makeCluster>[0] = {}): Promise<Cluster> => {
    const cluster = await makeCluster(others);
    clusters.push(cluster);
    return cluster;
  };
  return {
    open,
    talking: async (messages, others) => {
      const cluster = await open(others);
      const nodes = [await cluster.start(), await cluster.start()] as const;
      const people = await Company.gather(cluster, new Dice(seed));
      companies.push(people);
      people.start();
      await people.talk(messages);
      return { cluster, nodes, people };
    },
  };
}
