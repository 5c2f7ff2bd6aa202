/** All signals that there are, held to the contract. */
import { MemorySignals } from "../../src/server/signals/memory.ts";
import { signalsContract } from "./signals.ts";

signalsContract("memory", () => {
  const thrown: unknown[] = [];
  return { signals: new MemorySignals((error) => thrown.push(error)), thrown };
});
