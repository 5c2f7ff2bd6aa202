/** All signals that there are, held to the contract. */
import { MemorySignals } from "../../src/server/signals/memory.ts";
import { signalsContract } from "./signals.ts";

signalsContract("memory", async () => {
  const thrown: unknown[] = [];
  const signals = new MemorySignals((error) => thrown.push(error));
  return { signals, thrown, cleanup: () => signals.close() };
});
