/**
 * Load tool, one measurement: a fresh server or relay in a process of its own, one load against it, and everything
 * removed again; or a server that runs already.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cores } from "./cores.ts";
import { type DiskSpeed, probeDisk } from "./disk-probe.ts";
import { launch, parseAddress } from "./launch.ts";
import type { LoadPlan } from "./load-plan.ts";
import type { TimedResult } from "./load-result.ts";
import { type LoadTarget, type LoadView, runLoad } from "./load-run.ts";
import { splitServerArgs } from "./options.ts";
import { type ProcessProbe, probeProcess } from "./process-probe.ts";

/** What is measured. */
export type Subject = "server" | "relay";

/** Where and how what is measured runs. */
export interface Setting {
  readonly cores: Cores;
  /** The folder in which data folders are made; the system's temporary folder where `undefined`. */
  readonly data: string | undefined;
  /** More arguments for `verbatim serve`, with leading `NAME=value` for its environment. */
  readonly serverArgs: string;
  /** Where to write a CPU profile of the process. */
  readonly cpuProf: string | undefined;
  readonly progress: (line: string) => void;
}

/** What one measurement gave. */
export interface Measurement {
  readonly subject: Subject | "running server";
  readonly result: TimedResult;
  /** The disk right before, where something is written to one. */
  readonly disk: DiskSpeed | undefined;
}

/** Starts what is to be measured, runs the plan, stops it and removes its data. */
export async function measure(subject: Subject, plan: LoadPlan, setting: Setting): Promise<Measurement> {
  const parent = setting.data ?? tmpdir();
  if (!existsSync(parent)) throw new Error(`There is no folder ${parent}.`);
  const folder = await mkdtemp(join(parent, "verbatim-bench-"));
  try {
    const disk = subject === "server" ? probeDisk(folder) : undefined;
    const extra = splitServerArgs(subject === "server" ? setting.serverArgs : "");
    const prof = setting.cpuProf === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${setting.cpuProf}`];
    const where = ["--tcp", "127.0.0.1:0", "--http", "off", "--data", folder, "--log-format", "json"];
    const serve = ["serve", ...where, ...extra.args];
    const launched = await launch({
      cores: setting.cores,
      nodeArgs: prof,
      args: subject === "server" ? serve : ["bench", "relay", "--tcp", "127.0.0.1:0"],
      environment: extra.environment,
    });
    try {
      const probe = probeProcess(launched.pid);
      const result = await runLoad({ ...launched, probe }, plan, viewOf(plan, probe, setting));
      return { subject, result, disk };
    } finally {
      await launched.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the plan against a server that runs already; its processor time is known only with its process id. */
export async function measureRunning(
  address: string,
  pid: number | undefined,
  plan: LoadPlan,
  setting: Setting,
): Promise<Measurement> {
  const probe = pid === undefined ? undefined : probeProcess(pid);
  const target: LoadTarget = { ...parseAddress(address), probe };
  const result = await runLoad(target, plan, viewOf(plan, probe, setting));
  return { subject: "running server", result, disk: undefined };
}

function viewOf(plan: LoadPlan, probe: ProcessProbe | undefined, setting: Setting): LoadView {
  const silent = plan.users.every((user) => !user.sends);
  return { progress: setting.progress, settled: async () => (silent && probe ? memorySettles(probe) : undefined) };
}

/** How often memory is looked at, how long it has to stay within 1 %, and how long that is waited for, in ms. */
const MEMORY_EVERY_MS = 500;
const MEMORY_STEADY_MS = 3_000;
const MEMORY_WITHIN_MS = 20_000;

/** Waits until the resident memory of an idle server stays where it is. */
async function memorySettles(probe: ProcessProbe): Promise<void> {
  let last = probe.sample().rssBytes;
  let steadyMs = 0;
  for (let waitedMs = 0; waitedMs < MEMORY_WITHIN_MS && steadyMs < MEMORY_STEADY_MS; waitedMs += MEMORY_EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, MEMORY_EVERY_MS));
    const now = probe.sample().rssBytes;
    steadyMs = Math.abs(now - last) < last / 100 ? steadyMs + MEMORY_EVERY_MS : 0;
    last = now;
  }
}
