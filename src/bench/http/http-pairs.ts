/**
 * Load tool, what is compared over HTTP: the server with a bare one, or a node of a cluster with the plain way over the
 * same engines.
 */
import { type Engines, measureCluster } from "../cluster/measure-cluster.ts";
import type { HttpPair } from "./http-baseline.ts";
import { measureBare, measureServer } from "./http-measure.ts";

/** What is compared: the server with a bare one, or a node with the plain way over the same engines. */
export function pairOf(engines: Engines | undefined): HttpPair {
  if (engines === undefined) {
    return {
      subject: "server",
      reference: "bare",
      measure: (subject, plan, setting) => (subject === "bare" ? measureBare : measureServer)(plan, setting),
    };
  }
  return {
    subject: "node",
    reference: "plain",
    measure: (subject, plan, setting) => measureCluster(subject === "plain" ? "plain" : "node", plan, setting, engines),
  };
}
