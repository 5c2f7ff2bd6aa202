/**
 * Configuration, beside all stages: where accounts are kept, for commands that need nothing else: a data folder, or the
 * database of a cluster. Pure.
 */
import { resolve } from "node:path";
import { StartError } from "../start-error.ts";
import type { CqlConfig } from "./config.ts";
import type { Sources } from "./env.ts";
import { makeCql } from "./make-cluster.ts";
import { readPart, refuse } from "./read-part.ts";
import { configSchema } from "./schema.ts";

/** Where accounts are kept. */
export type Place =
  /** The folder is absolute. */
  { readonly type: "folder"; readonly dir: string } | { readonly type: "cluster"; readonly cql: CqlConfig };

/** What says where they are: how to reach the database, beside the folder. */
const placeSchema = configSchema.pick({
  ...{ data: true, cql: true, cqlKeyspace: true, cqlDatacenter: true, cqlReplication: true },
  ...{ cqlUser: true, cqlPassword: true, cqlPasswordFile: true, cqlTls: true, cqlCa: true },
});

/** The keys of the settings that say where accounts are kept. */
export const PLACE_KEYS: readonly string[] = Object.keys(placeSchema.shape);

/**
 * The place that a server with these sources would have. A flag for the one wins over what is set elsewhere for the other.
 * @throws StartError as `readPart`, and where two flags name two places
 */
export function placeSetting(sources: Sources): Place {
  const { settings, origins } = readPart(placeSchema, sources);
  const isFlag = (key: string): boolean => origins.get(key)?.source === "flag";
  const pathOf = (key: string, path: string): string => resolve(origins.get(key)?.folder ?? sources.folder, path);
  const isCluster = settings.cql.length > 0;
  if (isCluster && isFlag("cql") && isFlag("data")) {
    throw new StartError("--data: accounts are in one place, the folder or the database of --cql; drop one of them");
  }
  if (!isCluster || isFlag("data")) return { type: "folder", dir: pathOf("data", settings.data) };
  const cql = makeCql(settings, pathOf);
  refuse(cql.problems);
  return { type: "cluster", cql: cql.value };
}
