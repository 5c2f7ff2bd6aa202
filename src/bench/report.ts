/**
 * Load tool, results as text for people. Pure.
 */
import type { Comparison, Medians } from "./baseline.ts";
import type { DiskSpeed } from "./disk-probe.ts";
import { findingCount } from "./findings.ts";
import type { LatencySummary } from "./latency.ts";
import type { LoadResult, Share } from "./load-result.ts";
import type { LogGrowth } from "./log-growth.ts";
import type { Measurement } from "./measure.ts";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A whole number with separators. */
export function count(value: number): string {
  return whole.format(value);
}

/** Milliseconds, as exact as is useful. */
export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : count(value)} ms`;
}

/** One measurement, several lines. */
export function describeMeasurement({ subject, result, disk }: Measurement): string {
  const { server, latencyMs: latency } = result;
  const spoke = result.sent > 0;
  const lines: [string, string | false | undefined][] = [
    ["messages", spoke && `${count(result.sentPerSecond)} in/s, ${count(result.deliveredPerSecond)} out/s`],
    ["measured", spoke && `${result.measuredSeconds.toFixed(1)} s, ${result.textBytes} bytes of text each`],
    ["latency", latency.count === 0 ? undefined : `${describeLatency(latency)}, from the intended send time`],
    ["joined", result.joinMs === undefined ? undefined : `all ${count(result.users)} users after ${ms(result.joinMs)}`],
    ["acks", result.acknowledged === 0 ? undefined : `${count(result.acknowledged)} of ${count(result.sent)}`],
    ["cpu", spoke && server && `${describeShare(server)}, ${server.cpuMicrosPerDelivery.toFixed(2)} µs/delivery`],
    ["memory", server && memory(result)],
    ["tool", spoke && describeTool(result.tool)],
    ["disk", disk && describeDisk(disk)],
    ["checked", verdict(result)],
  ];
  const shown = lines.flatMap(([name, text]) => (typeof text === "string" ? [`  ${name.padEnd(10)}${text}`] : []));
  return [`${subject}: ${result.load}`, ...shown, ...describeExamples(result)].join("\n");
}

/** A subject against its reference, several lines. */
export function describeComparison(comparison: Comparison): string {
  const line = (name: string, of: Medians): string =>
    `  ${name.padEnd(10)}${count(of.sentPerSecond)} in/s, ${count(of.deliveredPerSecond)} out/s, p50 ${ms(of.p50Ms)}, ` +
    `p99 ${ms(of.p99Ms)}, p99.9 ${ms(of.p999Ms)}, ${of.cpuMicrosPerDelivery.toFixed(2)} µs/delivery`;
  return [
    `medians of ${comparison.measurements.length / 2}`,
    line(comparison.subject, comparison.measured),
    line(comparison.reference, comparison.compared),
    `  ${"ratio".padEnd(10)}${comparison.deliveriesRatio.toFixed(2)} × the deliveries a second, ` +
      `${comparison.cpuRatio.toFixed(2)} × the processor time per delivery`,
  ].join("\n");
}

/** A log's growth, one line. */
export function describeGrowth(growth: LogGrowth): string {
  const span = count(growth.span);
  return (
    `  growth    first ${span}: ${count(growth.first)} appends/s, last ${span}: ${count(growth.last)} appends/s, ` +
    `ratio ${growth.ratio.toFixed(2)}`
  );
}

/** What an idle user costs, in bytes of resident memory over the start; `undefined` without the server's process. */
export function bytesPerUser(result: LoadResult): number | undefined {
  const { start, idle } = result.server?.memory ?? {};
  return start === undefined || idle === undefined ? undefined : (idle - start) / Math.max(1, result.users);
}

/** What the tool needed of its core, and whether that says more about the tool than about the server. */
export function describeTool(tool: Share): string {
  return `${describeShare(tool)}${tool.cpuPercent > 95 ? ": the tool is the limit" : ""}`;
}

/** What is worth saying of waiting for a core: below this share it is the usual comings and goings of a machine. */
const WAIT_PERCENT_TOLD = 5;

/** What a process took of its core, and whether something else on the machine kept it from more. */
export function describeShare({ cpuPercent, waitPercent = 0 }: Share): string {
  const waited = waitPercent < WAIT_PERCENT_TOLD ? "" : ` (${waitPercent.toFixed(0)} % waiting for it)`;
  return `${cpuPercent.toFixed(0)} % of a core${waited}`;
}

/** The disk's speed in words. */
export function describeDisk(disk: DiskSpeed): string {
  return `fdatasync p50 ${count(disk.syncP50Micros)} µs (32 KiB)${disk.inMemory ? IN_MEMORY : ""}`;
}

const IN_MEMORY = ": a folder in memory, where syncing is free; name one on a real disk with --data DIR";

/** Latencies in words. */
export function describeLatency({ p50, p99, p999, max }: LatencySummary): string {
  return `p50 ${ms(p50)}, p99 ${ms(p99)}, p99.9 ${ms(p999)}, max ${ms(max)}`;
}

function memory(result: LoadResult): string | undefined {
  if (result.server === undefined) return undefined;
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  const { start, idle, peak } = result.server.memory;
  const each = ((bytesPerUser(result) ?? 0) / 1024).toFixed(1);
  const joined = idle === undefined ? "" : `, ${mb(idle)} with all joined (${each} KiB a user)`;
  return `${mb(start)} at the start${joined}, ${mb(peak)} at its peak`;
}

function verdict(result: LoadResult): string {
  if (!result.shortfall) return `${count(result.delivered)} deliveries: none lost, repeated or out of order`;
  const parts = [...describeFindings(result)];
  if (result.neverJoined > 0) parts.push(`${count(result.neverJoined)} never joined`);
  if (result.unacknowledged !== 0) parts.push(`${count(result.unacknowledged)} unacknowledged`);
  return `SHORTFALL: ${parts.join(", ")} (${count(result.delivered)} deliveries)`;
}

/** Anything that carries findings and errors. */
type Verdict = Pick<LoadResult, "findings" | "errors" | "errorExamples">;

/** What was found wrong, in numbers. */
export function describeFindings(result: Verdict): readonly string[] {
  const found = Object.entries(result.findings.counts).filter(([, number]) => number > 0);
  const errors = Object.entries(result.errors).map(([code, number]) => `${count(number)} × ${code}`);
  return [...found.map(([kind, number]) => `${count(number)} ${kind}`), ...errors];
}

/** Examples of what was found wrong, a line each. */
export function describeExamples(result: Verdict): readonly string[] {
  const texts = findingCount(result.findings) > 0 ? result.findings.examples : [];
  return [...texts, ...result.errorExamples].map((text) => `    ${text}`);
}
