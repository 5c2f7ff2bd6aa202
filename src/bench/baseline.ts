/**
 * Load tool, the comparison: server and relay in turn under the same load, so that whatever the machine does meanwhile
 * it does to both; the median of each figure and their ratio.
 */
import type { LoadPlan } from "./load-plan.ts";
import { type Measurement, measure, type Setting, type Subject } from "./measure.ts";

/** Medians over the runs of one subject. */
export interface Medians {
  readonly sentPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly cpuMicrosPerDelivery: number;
}

/** Server against relay. */
export interface Comparison {
  readonly server: Medians;
  readonly relay: Medians;
  /** Server's deliveries a second over the relay's. */
  readonly deliveriesRatio: number;
  /** Server's processor time per delivery over the relay's. */
  readonly cpuRatio: number;
  readonly measurements: readonly Measurement[];
  readonly shortfall: boolean;
}

/** Runs the plan `runs` times against each, alternating. */
export async function compare(plan: LoadPlan, runs: number, setting: Setting): Promise<Comparison> {
  const measurements: Measurement[] = [];
  for (let run = 0; run < runs; run++) {
    // Who goes first alternates as well: what follows a run, such as dirty pages being written, falls on both.
    const order: readonly Subject[] = run % 2 === 0 ? ["relay", "server"] : ["server", "relay"];
    for (const subject of order) {
      const progress = (line: string): void => setting.progress(`${subject} ${run + 1}/${runs}  ${line}`);
      measurements.push(await measure(subject, plan, { ...setting, progress }));
    }
  }
  const server = medians(measurements.filter(({ subject }) => subject === "server"));
  const relay = medians(measurements.filter(({ subject }) => subject === "relay"));
  return {
    server,
    relay,
    deliveriesRatio: server.deliveredPerSecond / relay.deliveredPerSecond,
    cpuRatio: server.cpuMicrosPerDelivery / relay.cpuMicrosPerDelivery,
    measurements,
    shortfall: measurements.some(({ result }) => result.shortfall),
  };
}

/** The middle value; of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}

function medians(measurements: readonly Measurement[]): Medians {
  const results = measurements.map(({ result }) => result);
  return {
    sentPerSecond: median(results.map((result) => result.sentPerSecond)),
    deliveredPerSecond: median(results.map((result) => result.deliveredPerSecond)),
    p50Ms: median(results.map((result) => result.latencyMs.p50)),
    p99Ms: median(results.map((result) => result.latencyMs.p99)),
    p999Ms: median(results.map((result) => result.latencyMs.p999)),
    cpuMicrosPerDelivery: median(results.map((result) => result.server?.cpuMicrosPerDelivery ?? Number.NaN)),
  };
}
