/**
 * Load tool, processor cores: puts the measured process on one and the tool on another, where the system can, so that
 * neither takes time from the other.
 */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** Where the processes run; `undefined` cores: not pinned. */
export interface Cores {
  readonly server: number | undefined;
  readonly tool: number | undefined;
  /** What to say of it in a result. */
  readonly note: string;
}

/** Pins the tool to its core and says where the server shall go: the first two that this process may use. */
export function takeCores(): Cores {
  const loose = (why: string): Cores => ({ server: undefined, tool: undefined, note: `not pinned: ${why}` });
  if (availableParallelism() < 2) return loose("only one core");
  const shown = spawnSync("taskset", ["-cp", String(process.pid)], { encoding: "utf8" });
  if (shown.error !== undefined) return loose("no taskset on this machine");
  const [server, tool] = firstCores(shown.stdout.slice(shown.stdout.lastIndexOf(":") + 1));
  if (server === undefined || tool === undefined) return loose("no two cores that taskset knows of");
  const pinned = spawnSync("taskset", ["-a", "-cp", String(tool), String(process.pid)]);
  if (pinned.status !== 0) return loose(`taskset: ${pinned.stderr.toString().trim()}`);
  return { server, tool, note: `server on core ${server}, tool on core ${tool} (taskset)` };
}

/** The first two cores of a list such as `0-3,8`: a container may have others than 0 and 1. */
export function firstCores(list: string): readonly number[] {
  const ranges = [...list.matchAll(/(\d+)(?:-(\d+))?/g)];
  const cores = ranges.flatMap(([, from, to = from]) => [Number(from), Math.min(Number(from) + 1, Number(to))]);
  return [...new Set(cores)].slice(0, 2);
}
