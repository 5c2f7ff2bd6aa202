/**
 * The dashboards over two nodes of one cluster: every question of theirs in a real Prometheus, held against what was posted
 * to one chat at both. Needs `dist/` and `prometheus`.
 */
import { describeDashboards } from "../support/dashboard-suite.ts";
import { makeCluster } from "../support/engines-cluster.ts";

describeDashboards("the dashboards over two nodes of a cluster", true, async () => {
  const cluster = await makeCluster();
  const ops = ["--ops", "127.0.0.1:0"];
  const nodes = [await cluster.start(ops), await cluster.start(ops)];
  return {
    nodes: nodes.map(({ httpPort = 0, listening }) => ({ httpPort, ops: String(listening["ops"]) })),
    stop: () => cluster.remove(),
  };
});
