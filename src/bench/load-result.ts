/**
 * Load tool, the outcome of one run: the figures and whether anything fell short. Pure.
 */
import { type Findings, findingCount } from "./findings.ts";
import type { LatencySummary } from "./latency.ts";
import type { LoadLedger } from "./load-ledger.ts";
import type { LoadPlan } from "./load-plan.ts";

/** How far a run was at one moment. */
export interface CountedMoment {
  /** Since the run began. */
  readonly micros: number;
  readonly sent: number;
  readonly delivered: number;
}

/** The same with the processor time that it took. */
export interface Moment extends CountedMoment {
  readonly serverCpuMicros: number | undefined;
  readonly toolCpuMicros: number;
}

/** Resident memory of the server, in bytes. */
export interface Memory {
  /** Before the first connection. */
  readonly start: number;
  /** With all joined and silent; `undefined` where users come during the load. */
  readonly idle: number | undefined;
  readonly peak: number;
}

/** What one run measured. */
export interface LoadResult {
  readonly load: string;
  readonly users: number;
  readonly textBytes: number;
  readonly measuredSeconds: number;
  readonly sentPerSecond: number;
  readonly deliveredPerSecond: number;
  /** Over the whole run, warm-up and drain included. */
  readonly sent: number;
  readonly delivered: number;
  readonly acknowledged: number;
  /** From the intended send time to the moment the receiver's bytes were read, in ms. */
  readonly latencyMs: LatencySummary;
  /** Until all had connected and joined; `undefined` where they come during the load. */
  readonly joinMs: number | undefined;
  readonly server:
    | { readonly cpuPercent: number; readonly cpuMicrosPerDelivery: number; readonly memory: Memory }
    | undefined;
  /** Share of one core that the tool itself needed: near 100 the tool is what is measured. */
  readonly toolCpuPercent: number;
  readonly findings: Findings;
  readonly errors: Readonly<Record<string, number>>;
  readonly errorExamples: readonly string[];
  readonly neverJoined: number;
  readonly connectionsLost: number;
  readonly unacknowledged: number;
  /** Whether anything at all was not as it should be. */
  readonly shortfall: boolean;
}

/** What a run hands over at its end. */
export interface LoadOutcome {
  readonly plan: LoadPlan;
  readonly ledger: LoadLedger;
  readonly before: Moment;
  readonly after: Moment;
  readonly timeline: readonly CountedMoment[];
  readonly joinMs: number | undefined;
  readonly neverJoined: number;
  readonly lost: number;
  readonly rss: Memory | undefined;
}

/** A result with the timeline that the log's growth is read from. */
export type TimedResult = LoadResult & { readonly timeline: readonly CountedMoment[] };

/** Turns a run's books into its result. */
export function judge(outcome: LoadOutcome): TimedResult {
  const { plan, ledger, before, after } = outcome;
  const micros = Math.max(1, after.micros - before.micros);
  const delivered = after.delivered - before.delivered;
  const findings = ledger.settle();
  const unacknowledged = plan.keys ? ledger.sent - ledger.acknowledgements : 0;
  const cpuMicros =
    after.serverCpuMicros === undefined ? undefined : after.serverCpuMicros - (before.serverCpuMicros ?? 0);
  const troubles = findingCount(findings) + ledger.errors.size + outcome.neverJoined + outcome.lost + unacknowledged;
  return {
    load: plan.title,
    users: plan.users.length,
    textBytes: plan.textBytes,
    measuredSeconds: micros / 1e6,
    sentPerSecond: ((after.sent - before.sent) * 1e6) / micros,
    deliveredPerSecond: (delivered * 1e6) / micros,
    sent: ledger.sent,
    delivered: ledger.delivered,
    acknowledged: ledger.acknowledgements,
    latencyMs: ledger.latencies.summary(),
    joinMs: outcome.joinMs,
    server:
      cpuMicros === undefined || outcome.rss === undefined
        ? undefined
        : {
            cpuPercent: (cpuMicros * 100) / micros,
            cpuMicrosPerDelivery: cpuMicros / Math.max(1, delivered),
            memory: outcome.rss,
          },
    toolCpuPercent: ((after.toolCpuMicros - before.toolCpuMicros) * 100) / micros,
    findings,
    errors: Object.fromEntries(ledger.errors),
    errorExamples: ledger.errorExamples,
    neverJoined: outcome.neverJoined,
    connectionsLost: outcome.lost,
    unacknowledged,
    shortfall: troubles !== 0,
    timeline: outcome.timeline,
  };
}
