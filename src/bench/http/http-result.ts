/**
 * Load tool, the outcome of one run over HTTP: the figures and whether anything fell short. Pure.
 */
import type { ClusterResult } from "../cluster/cluster-books.ts";
import { type Findings, findingCount } from "../findings.ts";
import type { LatencySummary } from "../latency.ts";
import type { LoadLedger } from "../load-ledger.ts";
import { type Memory, type Moment, type Share, shareOf } from "../load-result.ts";
import type { HttpPlan } from "./http-plan.ts";
import type { PageReader } from "./page-reader.ts";
import type { PostPool } from "./post-pool.ts";

/** How sessions came back after they had been cut off. */
export interface ComeBack {
  readonly sessions: number;
  /** From the moment at which all began to come back to the last one's `caught_up`, in ms. */
  readonly allMs: number;
  /** The same for each session. */
  readonly eachMs: LatencySummary;
  /** Attempts that failed and were made again. */
  readonly retries: number;
  /** Messages that were taken while all were away. */
  readonly missed: number;
}

/** Reads of pages. */
export interface Pages {
  readonly count: number;
  readonly bytes: number;
  readonly latencyMs: LatencySummary;
}

/** What one run measured. */
export interface HttpResult {
  readonly load: string;
  readonly connections: number;
  readonly listeners: number;
  readonly textBytes: number;
  readonly measuredSeconds: number;
  readonly postsPerSecond: number;
  readonly pushesPerSecond: number;
  /** Over the whole run, warm-up and drain included. */
  readonly posted: number;
  readonly accepted: number;
  readonly pushed: number;
  /** From the intended moment of a post to its answer, in ms. */
  readonly postLatencyMs: LatencySummary;
  /** From the intended moment of a post to the moment a listener's bytes were read, in ms. */
  readonly pushLatencyMs: LatencySummary;
  readonly pages: Pages | undefined;
  readonly comeBack: ComeBack | undefined;
  /** Until all listeners were there, in ms. */
  readonly listeningMs: number;
  /** What node and engines cost together, and how far the store fell behind; `undefined` without engines. */
  readonly cluster: ClusterResult | undefined;
  readonly server: (Share & { readonly cpuMicrosPerPost: number; readonly memory: Memory }) | undefined;
  /** What the tool itself needed: with `cpuPercent` near 100 the tool is what is measured. */
  readonly tool: Share;
  readonly findings: Findings;
  readonly errors: Readonly<Record<string, number>>;
  readonly errorExamples: readonly string[];
  readonly neverListened: number;
  /** Posts of which nobody knows whether they were taken. */
  readonly unknown: number;
  /** Whether anything at all was not as it should be. */
  readonly shortfall: boolean;
}

/** What a run hands over at its end. */
export interface HttpOutcome {
  readonly plan: HttpPlan;
  readonly ledger: LoadLedger;
  readonly pool: PostPool;
  readonly reader: PageReader | undefined;
  readonly before: Moment;
  readonly after: Moment;
  readonly listeningMs: number;
  readonly neverListened: number;
  readonly comeBack: ComeBack | undefined;
  readonly cluster: ClusterResult | undefined;
  readonly rss: Memory | undefined;
}

/** Turns a run's books into its result. */
export function judgeHttp(outcome: HttpOutcome): HttpResult {
  const { plan, ledger, pool, reader, before, after } = outcome;
  const micros = Math.max(1, after.micros - before.micros);
  const posts = after.sent - before.sent;
  const findings = ledger.settle();
  const share = before.server && after.server && shareOf(before.server, after.server, micros);
  const troubles = findingCount(findings) + ledger.errors.size + outcome.neverListened + pool.unknown;
  const undrained = outcome.cluster?.drained === false;
  return {
    load: plan.title,
    connections: plan.connections,
    listeners: plan.listeners,
    textBytes: plan.textBytes,
    measuredSeconds: micros / 1e6,
    postsPerSecond: (posts * 1e6) / micros,
    pushesPerSecond: ((after.delivered - before.delivered) * 1e6) / micros,
    posted: ledger.sent,
    accepted: pool.accepted,
    pushed: ledger.delivered,
    postLatencyMs: pool.latencies.summary(),
    pushLatencyMs: ledger.latencies.summary(),
    pages: reader && { count: reader.pages, bytes: reader.pageBytes, latencyMs: reader.latencies.summary() },
    comeBack: outcome.comeBack,
    listeningMs: outcome.listeningMs,
    cluster: outcome.cluster,
    server:
      share === undefined || outcome.rss === undefined
        ? undefined
        : {
            ...share,
            cpuMicrosPerPost: (share.cpuPercent * micros) / 100 / Math.max(1, posts),
            memory: outcome.rss,
          },
    tool: shareOf(before.tool, after.tool, micros),
    findings,
    errors: Object.fromEntries(ledger.errors),
    errorExamples: ledger.errorExamples,
    neverListened: outcome.neverListened,
    unknown: pool.unknown,
    shortfall: troubles !== 0 || undrained,
  };
}
