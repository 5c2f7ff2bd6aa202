/**
 * Load tool, the machine in one line: a figure means little without it.
 */
import { availableParallelism, cpus, release, totalmem, type } from "node:os";

/** Processor, cores, memory, system and Node's version. */
export function machine(): string {
  const memory = (totalmem() / 1024 ** 3).toFixed(0);
  const cpu = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${cpu}, ${availableParallelism()} cores, ${memory} GiB, ${type()} ${release()}, Node ${process.version}`;
}
