/**
 * Configuration, beside all stages: the origins by which browsers reach the server, for commands that tell people where
 * it is and need nothing else. Pure.
 */
import { StartError } from "../start-error.ts";
import type { Sources } from "./env.ts";
import { merge } from "./merge.ts";
import { configSchema } from "./schema.ts";
import { listSettings } from "./settings.ts";

const originSchema = configSchema.pick({ origin: true });

/**
 * The origins that a server with these sources would have: `https://chat.example.org`.
 * @throws StartError where they are written wrong, or a setting has a name that there is not: that may be this one's
 */
export function originSetting(sources: Sources): readonly string[] {
  const { values, origins, problems } = merge(listSettings(), sources);
  if (problems.length > 0) throw new StartError(problems.join("; "));
  const parsed = originSchema.safeParse({ origin: values.get("origin") });
  if (parsed.success) return parsed.data.origin;
  throw new StartError(`${origins.get("origin")?.name ?? "origin"}: ${parsed.error.issues[0]?.message}`);
}
