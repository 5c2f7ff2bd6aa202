/**
 * Load tool, the server's cost: processor time and memory of another process, from `/proc` where there is one, else
 * from `ps`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** What a process has used. */
export interface ProcessSample {
  /** Processor time of all its threads since its start, in µs. */
  readonly cpuMicros: number;
  /** How long its main thread was ready to run and had no core, in µs; `undefined` where the system does not say. */
  readonly waitMicros: number | undefined;
  /** Resident memory, in bytes. */
  readonly rssBytes: number;
  /** The most that was ever resident, in bytes, as far as the system knows it. */
  readonly peakBytes: number;
}

/** Looks at one process. */
export interface ProcessProbe {
  /** What it has used by now; throws when it is gone. */
  sample(): ProcessSample;
}

/** Linux counts processor time in hundredths of a second towards programs, whatever the kernel's own clock. */
const TICK_MICROS = 10_000;

/** A probe for the process with this id. */
export function probeProcess(pid: number): ProcessProbe {
  if (existsSync(`/proc/${pid}/stat`)) return { sample: () => sampleProc(pid) };
  let peakBytes = 0;
  return {
    sample: () => {
      const sample = parsePs(execFileSync("ps", ["-o", "time=,rss=", "-p", String(pid)], { encoding: "utf8" }));
      peakBytes = Math.max(peakBytes, sample.rssBytes);
      return { ...sample, peakBytes };
    },
  };
}

function sampleProc(pid: number): ProcessSample {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in brackets, which may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
  return {
    cpuMicros: (Number(fields[11]) + Number(fields[12])) * TICK_MICROS,
    waitMicros: waitOf(pid),
    rssBytes: kib("VmRSS") * 1024,
    peakBytes: kib("VmHWM") * 1024,
  };
}

/** From `/proc/PID/schedstat`: ns on a core, ns waiting for one, turns. */
function waitOf(pid: number): number | undefined {
  try {
    const wait = Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]);
    return Number.isFinite(wait) ? wait / 1000 : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `ps -o time=,rss=`: `[[DD-]HH:]MM:SS[.cc] KIB`. */
export function parsePs(line: string): ProcessSample {
  const [time = "", rss = ""] = line.trim().split(/\s+/);
  const [clock = "", days = "0"] = time.split("-").reverse();
  const seconds = clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
  const rssBytes = Number(rss) * 1024;
  if (!Number.isFinite(seconds) || rss === "") throw new Error("The server's process is gone.");
  return { cpuMicros: Math.round(seconds * 1e6), waitMicros: undefined, rssBytes, peakBytes: rssBytes };
}
