/**
 * Configuration, beside all stages: where the data folder is, for commands that need nothing else. What is wrong with
 * another setting is not their business: the server may be given that by a flag. Pure.
 */
import { resolve } from "node:path";
import { StartError } from "../start-error.ts";
import type { Sources } from "./env.ts";
import { merge } from "./merge.ts";
import { configSchema } from "./schema.ts";
import { listSettings } from "./settings.ts";

/**
 * The data folder, absolute, as a server with these sources would have it.
 * @throws StartError where it is written wrong, or a setting has a name that there is not: that may be the folder's.
 */
export function dataSetting(sources: Sources): string {
  const { values, origins, problems } = merge(listSettings(), sources);
  if (problems.length > 0) throw new StartError(problems.join("; "));
  const origin = origins.get("data");
  const parsed = configSchema.shape.data.safeParse(values.get("data"));
  if (!parsed.success) throw new StartError(`${origin?.name ?? "data"}: ${parsed.error.issues[0]?.message}`);
  return resolve(origin?.folder ?? sources.folder, parsed.data);
}
