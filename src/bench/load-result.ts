/**
 * Load tool, the outcome of one run: the figures and whether anything fell short. Pure.
 */
import { type Findings, findingCount } from "./findings.ts";
import type { LatencySummary } from "./latency.ts";
import type { LoadLedger } from "./load-ledger.ts";
import type { LoadPlan } from "./load-plan.ts";
import type { ProcessSample } from "./process-probe.ts";

/** How far a run was at one moment. */
export interface CountedMoment {
  /** Since the run began. */
  readonly micros: number;
  readonly sent: number;
  readonly delivered: number;
}

/** The same with the processor time that it took. */
export interface Moment extends CountedMoment {
  readonly server: ProcessSample | undefined;
  readonly tool: ProcessSample;
}

/** Shares of the measured time, in percent of one core. */
export interface Share {
  readonly cpuPercent: number;
  /** Ready to run, but without a core: whatever else runs on the machine took it. `undefined`: not known. */
  readonly waitPercent: number | undefined;
}

/** What a process took between two samples that lie so many µs apart. */
export function shareOf(before: ProcessSample, after: ProcessSample, micros: number): Share {
  const wait = after.waitMicros === undefined ? undefined : after.waitMicros - (before.waitMicros ?? 0);
  return {
    cpuPercent: ((after.cpuMicros - before.cpuMicros) * 100) / micros,
    waitPercent: wait === undefined ? undefined : (wait * 100) / micros,
  };
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
  readonly server: (Share & { readonly cpuMicrosPerDelivery: number; readonly memory: Memory }) | undefined;
  /** What the tool itself needed: with `cpuPercent` near 100 the tool is what is measured. */
  readonly tool: Share;
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
  const share = before.server && after.server && shareOf(before.server, after.server, micros);
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
      share === undefined || outcome.rss === undefined
        ? undefined
        : {
            ...share,
            cpuMicrosPerDelivery: (share.cpuPercent * micros) / 100 / Math.max(1, delivered),
            memory: outcome.rss,
          },
    tool: shareOf(before.tool, after.tool, micros),
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
