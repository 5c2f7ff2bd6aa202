/**
 * Around the stages: opens the adapters that are configured. What lies in this folder is all that names adapters. Each is
 * loaded when it is chosen, so that a server does not carry what it does not use.
 */
import type { Engines, EnginesStart } from "./engines.ts";

/** Opens the adapters that are configured. Throws a `StartError` where one can't be opened. */
export async function openEngines(start: EnginesStart): Promise<Engines> {
  const { cluster } = start.config;
  if (cluster === undefined) {
    const { openEmbedded } = await import("./embedded.ts");
    return await openEmbedded(start);
  }
  const { openCluster } = await import("./cluster.ts");
  return await openCluster(start, cluster);
}
