/**
 * Load tool, the stage of one measurement: a folder of its own, the disk's speed there, the measured program in a
 * process of its own, and everything removed again.
 */
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cores } from "./cores.ts";
import { type DiskSpeed, probeDisk } from "./disk-probe.ts";
import { type Door, type Launched, launch } from "./launch.ts";
import { splitServerArgs } from "./options.ts";
import { type ProcessProbe, probeProcess } from "./process-probe.ts";

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

/** What is started: the server with these doors, or another command of `verbatim` that listens and keeps nothing. */
export type Program =
  | { readonly kind: "serve"; readonly door: Door; readonly listen: readonly string[] }
  | { readonly kind: "other"; readonly door: Door; readonly args: readonly string[] };

/** A program that runs and can be watched. */
export interface Running extends Launched {
  readonly probe: ProcessProbe;
}

/** A measurement's stage. */
export interface Stage {
  /** The disk right before, where something is written to one. */
  readonly disk: DiskSpeed | undefined;
  /** Starts the program on the stage's folder, runs `act` against it, and ends it. May be done several times. */
  with<T>(act: (running: Running) => Promise<T>): Promise<T>;
}

/** Sets the stage for a program, lets `play` use it, and clears it. */
export async function onStage<T>(program: Program, setting: Setting, play: (stage: Stage) => Promise<T>): Promise<T> {
  const parent = setting.data ?? tmpdir();
  if (!existsSync(parent)) throw new Error(`There is no folder ${parent}.`);
  const folder = await mkdtemp(join(parent, "verbatim-bench-"));
  // A tool that is interrupted leaves nothing behind either.
  const clear = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once("exit", clear);
  try {
    const disk = program.kind === "serve" ? probeDisk(folder) : undefined;
    return await play({ disk, with: (act) => withProgram(program, folder, setting, act) });
  } finally {
    await rm(folder, { recursive: true, force: true });
    process.removeListener("exit", clear);
  }
}

async function withProgram<T>(
  program: Program,
  folder: string,
  setting: Setting,
  act: (running: Running) => Promise<T>,
): Promise<T> {
  const extra = splitServerArgs(program.kind === "serve" ? setting.serverArgs : "");
  const launched = await launch({
    door: program.door,
    cores: setting.cores,
    nodeArgs: setting.cpuProf === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${setting.cpuProf}`],
    args:
      program.kind === "serve"
        ? ["serve", ...program.listen, "--data", folder, "--log-format", "json", ...extra.args]
        : program.args,
    environment: extra.environment,
  });
  try {
    return await act({ ...launched, probe: probeProcess(launched.pid) });
  } finally {
    await launched.stop();
  }
}

/** How often memory is looked at, how long it has to stay within 1 %, and how long that is waited for, in ms. */
const MEMORY_EVERY_MS = 500;
const MEMORY_STEADY_MS = 3_000;
const MEMORY_WITHIN_MS = 20_000;

/** Waits until the resident memory of an idle server stays where it is. */
export async function memorySettles(probe: ProcessProbe): Promise<void> {
  let last = probe.sample().rssBytes;
  let steadyMs = 0;
  for (let waitedMs = 0; waitedMs < MEMORY_WITHIN_MS && steadyMs < MEMORY_STEADY_MS; waitedMs += MEMORY_EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, MEMORY_EVERY_MS));
    const now = probe.sample().rssBytes;
    steadyMs = Math.abs(now - last) < last / 100 ? steadyMs + MEMORY_EVERY_MS : 0;
    last = now;
  }
}
