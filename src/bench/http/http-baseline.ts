/**
 * Load tool, the comparison over HTTP: a server and what it is held against in turn under the same load, so that whatever
 * the machine does meanwhile it does to both; the median of each figure and the ratios.
 */
import { median } from "../baseline.ts";
import type { Setting } from "../stage.ts";
import type { HttpMeasurement, HttpSubject } from "./http-measure.ts";
import type { HttpPlan } from "./http-plan.ts";
import type { HttpResult } from "./http-result.ts";

/** Medians over the runs of one subject. */
export interface HttpMedians {
  readonly postsPerSecond: number;
  readonly pushesPerSecond: number;
  readonly postP50Ms: number;
  readonly postP99Ms: number;
  readonly pushP99Ms: number;
  readonly cpuMicrosPerPost: number;
  /** The two that only what stands on engines has, else `NaN`: with the engines' share, and with what was put off. */
  readonly totalMicrosPerPost: number;
  readonly storedPerSecond: number;
}

/** What is compared, and how each is measured. */
export interface HttpPair {
  readonly subject: HttpSubject;
  readonly reference: HttpSubject;
  readonly measure: (subject: HttpSubject, plan: HttpPlan, setting: Setting) => Promise<HttpMeasurement>;
}

/** A subject against its reference. */
export interface HttpComparison {
  readonly subject: HttpSubject;
  readonly reference: HttpSubject;
  readonly measured: HttpMedians;
  readonly compared: HttpMedians;
  /** The subject's posts a second over the reference's. */
  readonly postsRatio: number;
  readonly measurements: readonly HttpMeasurement[];
  readonly shortfall: boolean;
}

/** Runs the plan `runs` times against each, alternating, as `compare` does over TCP. */
export async function compareHttp(
  pair: HttpPair,
  plan: HttpPlan,
  runs: number,
  setting: Setting,
): Promise<HttpComparison> {
  const { subject, reference } = pair;
  const measurements: HttpMeasurement[] = [];
  for (let run = 0; run < runs; run++) {
    const order: readonly HttpSubject[] = run % 2 === 0 ? [reference, subject] : [subject, reference];
    for (const next of order) {
      const progress = (line: string): void => setting.progress(`${next} ${run + 1}/${runs}  ${line}`);
      measurements.push(await pair.measure(next, plan, { ...setting, progress }));
    }
  }
  const measured = medians(measurements.filter((each) => each.subject === subject));
  const compared = medians(measurements.filter((each) => each.subject === reference));
  return {
    subject,
    reference,
    measured,
    compared,
    postsRatio: measured.postsPerSecond / compared.postsPerSecond,
    measurements,
    // The plain way may lose its order: that is a finding about it, not about what is measured.
    shortfall: measurements.some((each) => each.subject !== "plain" && each.result.shortfall),
  };
}

function medians(measurements: readonly HttpMeasurement[]): HttpMedians {
  const of = (value: (result: HttpResult) => number): number => median(measurements.map(({ result }) => value(result)));
  return {
    postsPerSecond: of((result) => result.postsPerSecond),
    pushesPerSecond: of((result) => result.pushesPerSecond),
    postP50Ms: of((result) => result.postLatencyMs.p50),
    postP99Ms: of((result) => result.postLatencyMs.p99),
    pushP99Ms: of((result) => result.pushLatencyMs.p99),
    cpuMicrosPerPost: of((result) => result.server?.cpuMicrosPerPost ?? Number.NaN),
    totalMicrosPerPost: of((result) => result.cluster?.totalMicrosPerPost ?? Number.NaN),
    storedPerSecond: of((result) => result.cluster?.storedPerSecond ?? Number.NaN),
  };
}
