/**
 * The types of cassandra.mjs.
 */
import type { Engine, EngineStart } from "./engine.mjs";

export function startCassandra(start?: EngineStart): Promise<Engine>;
