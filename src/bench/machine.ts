/**
 * Load tool, the machine in one line: a figure means little without it.
 */
import { cpus, release, totalmem, type } from "node:os";

/** Processor, cores, memory, system and Node's version. */
export function machine(): string {
  const memory = (totalmem() / 1024 ** 3).toFixed(0);
  const cpu = cpus()[0]?.model.trim() ?? "unknown processor";
  // Not `availableParallelism`: the tool has pinned itself to one of them.
  return `${cpu}, ${cpus().length} cores, ${memory} GiB, ${type()} ${release()}, Node ${process.version}`;
}
