/**
 * Load tool, the comparison: two subjects in turn under the same load, so that whatever the machine does meanwhile it
 * does to both; the median of each figure and their ratio.
 */
import type { LoadPlan } from "./load-plan.ts";
import { type Measurement, measure, type Subject } from "./measure.ts";
import type { Setting } from "./stage.ts";

/** Medians over the runs of one subject. */
export interface Medians {
  readonly sentPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly cpuMicrosPerDelivery: number;
}

/** What is compared with what. */
export interface Pair {
  readonly subject: Subject;
  readonly reference: Subject;
}

/** The comparison that belongs to a subject: the relay, or TCP for WebSocket. */
export const PAIRS = {
  tcp: { subject: "server", reference: "relay" },
  websocket: { subject: "websocket", reference: "server" },
} as const satisfies Record<string, Pair>;

/** A subject against its reference. */
export interface Comparison extends Pair {
  readonly measured: Medians;
  readonly compared: Medians;
  /** The subject's deliveries a second over the reference's. */
  readonly deliveriesRatio: number;
  /** The subject's processor time per delivery over the reference's. */
  readonly cpuRatio: number;
  readonly measurements: readonly Measurement[];
  readonly shortfall: boolean;
}

/** Runs the plan `runs` times against each, alternating. */
export async function compare(pair: Pair, plan: LoadPlan, runs: number, setting: Setting): Promise<Comparison> {
  const { subject, reference } = pair;
  const measurements: Measurement[] = [];
  for (let run = 0; run < runs; run++) {
    // Who goes first alternates as well: what follows a run, such as dirty pages being written, falls on both.
    const order: readonly Subject[] = run % 2 === 0 ? [reference, subject] : [subject, reference];
    for (const next of order) {
      const progress = (line: string): void => setting.progress(`${next} ${run + 1}/${runs}  ${line}`);
      measurements.push(await measure(next, plan, { ...setting, progress }));
    }
  }
  const measured = medians(measurements.filter((each) => each.subject === subject));
  const compared = medians(measurements.filter((each) => each.subject === reference));
  return {
    ...pair,
    measured,
    compared,
    deliveriesRatio: measured.deliveredPerSecond / compared.deliveredPerSecond,
    cpuRatio: measured.cpuMicrosPerDelivery / compared.cpuMicrosPerDelivery,
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
