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

/** Cores of the measured process and of the tool. */
const SERVER_CORE = 0;
const TOOL_CORE = 1;

/** Pins the tool to its core and says where the server shall go. */
export function takeCores(): Cores {
  const loose = (why: string): Cores => ({ server: undefined, tool: undefined, note: `not pinned: ${why}` });
  if (availableParallelism() < 2) return loose("only one core");
  const pinned = spawnSync("taskset", ["-a", "-cp", String(TOOL_CORE), String(process.pid)]);
  if (pinned.error !== undefined) return loose("no taskset on this machine");
  if (pinned.status !== 0) return loose(`taskset: ${pinned.stderr.toString().trim()}`);
  const note = `server on core ${SERVER_CORE}, tool on core ${TOOL_CORE} (taskset)`;
  return { server: SERVER_CORE, tool: TOOL_CORE, note };
}
