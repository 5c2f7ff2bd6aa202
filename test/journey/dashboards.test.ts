/**
 * The dashboards over two servers, each by itself: every question of theirs in a real Prometheus, held against what was
 * sent. Needs `dist/` and `prometheus`.
 */
import { join } from "node:path";
import { tempFolder } from "../support/clean-checkout.ts";
import { describeDashboards } from "../support/dashboard-suite.ts";
import { startServer } from "../support/spawned-server.ts";

describeDashboards("the dashboards over two servers", false, async () => {
  const folder = tempFolder("dashboards");
  const servers = await Promise.all(
    ["one", "two"].map((name) => startServer({ dataDir: join(folder.path, name), args: ["--ops", "127.0.0.1:0"] })),
  );
  return {
    nodes: servers.map(({ httpPort = 0, listening }) => ({ httpPort, ops: String(listening["ops"]) })),
    stop: async () => {
      await Promise.all(servers.map((server) => server.kill("SIGKILL")));
      folder.remove();
    },
  };
});
