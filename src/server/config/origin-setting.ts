/**
 * Configuration, beside all stages: the origins by which browsers reach the server, for commands that tell people where
 * it is. Pure.
 */
import type { Sources } from "./env.ts";
import { readPart } from "./read-part.ts";
import { configSchema } from "./schema.ts";

const originSchema = configSchema.pick({ origin: true });

/**
 * The origins that a server with these sources would have: `https://chat.example.org`.
 * @throws StartError as `readPart`
 */
export const originSetting = (sources: Sources): readonly string[] => readPart(originSchema, sources).settings.origin;
