/**
 * The types of cassandra.mjs.
 */
import type { Engine, EnginePapers, EngineStart } from "./engine.mjs";

/** The one that a new database with passwords knows, who may do anything. */
export const FIRST_USER: { readonly user: string; readonly password: string };

/** With `protection` it speaks TLS alone, asks for a password, and looks what each user may do. */
export function startCassandra(start?: EngineStart & { readonly protection?: EnginePapers }): Promise<Engine>;
