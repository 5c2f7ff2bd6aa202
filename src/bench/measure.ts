/**
 * Load tool, one measurement of the room wire: a fresh server or relay, one load against it; or a server that runs
 * already.
 */
import type { DiskSpeed } from "./disk-probe.ts";
import { parseAddress } from "./launch.ts";
import type { LoadPlan } from "./load-plan.ts";
import type { TimedResult } from "./load-result.ts";
import { type LoadTarget, type LoadView, runLoad } from "./load-run.ts";
import { type ProcessProbe, probeProcess } from "./process-probe.ts";
import { memorySettles, onStage, type Program, type Setting } from "./stage.ts";

/** What is measured: the server over TCP or WebSocket, or the relay. */
export type Subject = "server" | "websocket" | "relay";

/** What one measurement gave. */
export interface Measurement {
  readonly subject: Subject | "running server";
  readonly result: TimedResult;
  /** The disk right before, where something is written to one. */
  readonly disk: DiskSpeed | undefined;
}

const PROGRAMS: Readonly<Record<Subject, Program>> = {
  server: { kind: "serve", door: "tcp", listen: ["--tcp", "127.0.0.1:0", "--http", "off"] },
  websocket: { kind: "serve", door: "http", listen: ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"] },
  relay: { kind: "other", door: "tcp", args: ["bench", "relay", "--tcp", "127.0.0.1:0"] },
};

/** Starts what is to be measured, runs the plan, stops it and removes its data. */
export function measure(subject: Subject, plan: LoadPlan, setting: Setting): Promise<Measurement> {
  const over = subject === "websocket" ? "websocket" : "tcp";
  return onStage(PROGRAMS[subject], setting, ({ disk, with: withProgram }) =>
    withProgram(async (running) => {
      const result = await runLoad({ ...running, over }, plan, viewOf(plan, running.probe, setting));
      return { subject, result, disk };
    }),
  );
}

/** Runs the plan against a server that runs already; its processor time is known only with its process id. */
export async function measureRunning(
  address: string,
  over: LoadTarget["over"],
  pid: number | undefined,
  plan: LoadPlan,
  setting: Setting,
): Promise<Measurement> {
  const probe = pid === undefined ? undefined : probeProcess(pid);
  const target: LoadTarget = { ...parseAddress(address), over, probe };
  const result = await runLoad(target, plan, viewOf(plan, probe, setting));
  return { subject: "running server", result, disk: undefined };
}

function viewOf(plan: LoadPlan, probe: ProcessProbe | undefined, setting: Setting): LoadView {
  const silent = plan.users.every((user) => !user.sends);
  return { progress: setting.progress, settled: async () => (silent && probe ? memorySettles(probe) : undefined) };
}
