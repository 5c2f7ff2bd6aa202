/**
 * The types of kafka.mjs.
 */
import type { Engine, EnginePapers, EngineStart } from "./engine.mjs";

/** A broker that speaks TLS and SASL alone, and asks its access lists. */
export interface KafkaProtection extends EnginePapers {
  /** All are known by PLAIN and both kinds of SCRAM. The first may do anything, the others what access lists say. */
  readonly users: readonly { readonly name: string; readonly password: string }[];
}

export function startKafka(start?: EngineStart & { readonly protection?: KafkaProtection }): Promise<Engine>;
