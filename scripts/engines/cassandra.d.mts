/**
 * The types of cassandra.mjs.
 */
import type { Engine, EnginePapers, EngineStart } from "./engine.mjs";

/** The one that a new database with passwords knows, who may do anything. */
export const FIRST_USER: { readonly user: string; readonly password: string };

/** How to start a database. */
export interface CassandraStart extends EngineStart {
  /** It speaks TLS alone, asks for a password, and looks what each user may do. */
  readonly protection?: EnginePapers;
  /** Whether a write is on the disk before it is confirmed, as it is unless told, or within ten seconds. */
  readonly commitLog?: "batch" | "periodic";
  /** Whether a write may take 8 s, and not 2 s, before nobody knows what became of it; it may not unless told. */
  readonly isPatient?: boolean;
}

export function startCassandra(start?: CassandraStart): Promise<Engine>;
