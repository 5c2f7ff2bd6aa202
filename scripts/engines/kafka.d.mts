/**
 * The types of kafka.mjs.
 */
import type { Engine, EngineStart } from "./engine.mjs";

export function startKafka(start?: EngineStart): Promise<Engine>;
