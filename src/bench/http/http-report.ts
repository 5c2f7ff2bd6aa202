/**
 * Load tool, results over HTTP as text for people. Pure.
 */

import type { ClusterResult } from "../cluster/cluster-books.ts";
import {
  count,
  describeDisk,
  describeExamples,
  describeFindings,
  describeLatency,
  describeShare,
  describeTool,
  ms,
} from "../report.ts";
import type { HttpComparison, HttpMedians } from "./http-baseline.ts";
import type { HttpMeasurement } from "./http-measure.ts";
import type { HttpResult } from "./http-result.ts";

/** One measurement, several lines. */
export function describeHttp({ subject, result, disk }: HttpMeasurement): string {
  const { server, postLatencyMs: post, pushLatencyMs: push, pages, comeBack } = result;
  const spoke = result.posted > 0;
  const lines: [string, string | false | undefined][] = [
    ["posts", spoke && `${count(result.postsPerSecond)}/s taken, ${count(result.pushesPerSecond)} pushes/s`],
    ["measured", spoke && `${result.measuredSeconds.toFixed(1)} s, ${result.textBytes} bytes of text each`],
    ["answered", post.count > 0 && `${describeLatency(post)}, from the intended moment`],
    ["pushed", push.count > 0 && `${describeLatency(push)}, likewise`],
    ["listening", result.listeners > 0 && `all ${count(result.listeners)} after ${ms(result.listeningMs)}`],
    ["pages", pages && `${count(pages.count)} of ${count(pages.bytes)} bytes, ${describeLatency(pages.latencyMs)}`],
    [
      "back",
      comeBack &&
        `all ${count(comeBack.sessions)} after ${ms(comeBack.allMs)} (p50 ${ms(comeBack.eachMs.p50)}), ` +
          `${count(comeBack.missed)} messages taken meanwhile, ${count(comeBack.retries)} retries`,
    ],
    ["cpu", spoke && server && `${describeShare(server)}, ${server.cpuMicrosPerPost.toFixed(1)} µs/post`],
    ["together", result.cluster && together(result.cluster)],
    ["lag", result.cluster && lag(result.cluster)],
    ["memory", server && memory(result)],
    ["tool", spoke && describeTool(result.tool)],
    ["disk", disk && describeDisk(disk)],
    ["checked", verdict(result)],
  ];
  const shown = lines.flatMap(([name, text]) => (typeof text === "string" ? [`  ${name.padEnd(10)}${text}`] : []));
  return [`${subject}: ${result.load}`, ...shown, ...describeExamples(result)].join("\n");
}

/** A subject against its reference, several lines. */
export function describeHttpComparison(comparison: HttpComparison): string {
  const { subject, reference, measured, compared, postsRatio } = comparison;
  const line = (name: string, of: HttpMedians): string =>
    `  ${name.padEnd(10)}${count(of.postsPerSecond)} posts/s, ${count(of.pushesPerSecond)} pushes/s, ` +
    `post p50 ${ms(of.postP50Ms)}, p99 ${ms(of.postP99Ms)}, ${of.cpuMicrosPerPost.toFixed(1)} µs/post` +
    `${reference === "plain" ? `, ${of.totalMicrosPerPost.toFixed(1)} with the engines` : ""}`;
  const stored = measured.storedPerSecond / compared.storedPerSecond;
  const cpu = measured.totalMicrosPerPost / compared.totalMicrosPerPost;
  return [
    `medians of ${comparison.measurements.length / 2}`,
    `${line(subject, measured)}, push p99 ${ms(measured.pushP99Ms)}`,
    line(reference, compared),
    reference === "plain"
      ? `  ${"ratio".padEnd(10)}${postsRatio.toFixed(2)} × the plain way's posts a second, ${stored.toFixed(2)} × with what it ` +
        `put off, ${cpu.toFixed(2)} × its processor time`
      : `  ${"ratio".padEnd(10)}${postsRatio.toFixed(2)} × the bare server's posts a second`,
  ].join("\n");
}

/** What a listener costs, in bytes of resident memory over the moment before; `undefined` without the process. */
export function bytesPerListener({ server, listeners }: HttpResult): number | undefined {
  const { start, idle } = server?.memory ?? {};
  return start === undefined || idle === undefined ? undefined : (idle - start) / Math.max(1, listeners);
}

/** Fewer listeners than this say nothing about what one costs. */
const TOLD_EACH_MIN = 100;

function memory(result: HttpResult): string | undefined {
  if (result.server === undefined) return undefined;
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  const { start, idle, peak } = result.server.memory;
  const each = ((bytesPerListener(result) ?? 0) / 1024).toFixed(1);
  const many = idle !== undefined && result.listeners >= TOLD_EACH_MIN;
  const heard = many ? `, ${mb(idle)} with all there (${each} KiB each)` : "";
  return `${mb(start)} before the listeners${heard}, ${mb(peak)} at its peak`;
}

/** What node and engines cost together. */
function together({ cpuMicrosPerPost, totalMicrosPerPost, storedPerSecond }: ClusterResult): string {
  const parts = Object.entries(cpuMicrosPerPost).map(([name, micros]) => `${name} ${micros.toFixed(1)}`);
  const stored = `${count(storedPerSecond)} stored/s until nothing waited`;
  return `${totalMicrosPerPost.toFixed(1)} µs/post of processor time (${parts.join(" + ")}), ${stored}`;
}

/** How far the store fell behind. */
function lag({ lagMax, lagMedian, lagMaxMs, drainMs, drained }: ClusterResult): string | undefined {
  if (lagMax === undefined || lagMaxMs === undefined) return undefined;
  const end = drained ? `drained in ${ms(drainMs ?? 0)}` : "NOT DRAINED";
  return `at most ${count(lagMax)} records (${ms(lagMaxMs)} of posts), p50 ${count(lagMedian ?? 0)}, ${end}`;
}

function verdict(result: HttpResult): string {
  if (!result.shortfall) {
    const pushes = `${count(result.pushed)} pushes of ${count(result.accepted)} posts`;
    return result.listeners === 0
      ? `${count(result.accepted)} posts: all answered with 200`
      : `${pushes}: none lost, repeated or out of order`;
  }
  const parts = [...describeFindings(result)];
  if (result.neverListened > 0) parts.push(`${count(result.neverListened)} never listened`);
  if (result.unknown > 0) parts.push(`${count(result.unknown)} posts of unknown fate`);
  return `SHORTFALL: ${parts.join(", ")} (${count(result.pushed)} pushes of ${count(result.accepted)} posts)`;
}
