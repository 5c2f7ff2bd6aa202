/**
 * Load tool, the growing log: reads from a run's timeline how fast the first messages became durable and how fast the
 * last. Pure.
 */
import type { CountedMoment } from "./load-result.ts";

/** Append rates in messages a second. */
export interface LogGrowth {
  readonly first: number;
  readonly last: number;
  /** `last` over `first`: 1 where the log does not slow down. */
  readonly ratio: number;
  /** Messages in each of the two spans. */
  readonly span: number;
}

/** Share of the messages that a new process may take to get up to speed; not part of the first span. */
const START_UP_SHARE = 0.02;

/** The span that is compared at either end: a million messages, or a tenth where there are fewer than ten million. */
const SPAN_MAX = 1_000_000;

/** The rates at both ends. Each sender is alone in its room, so a delivery is an append that became durable. */
export function logGrowth(timeline: readonly CountedMoment[], messages: number): LogGrowth {
  const span = Math.min(SPAN_MAX, messages / 10);
  const startUp = messages * START_UP_SHARE;
  const rate = (from: number, to: number): number => (span * 1e6) / (microsAt(timeline, to) - microsAt(timeline, from));
  const first = rate(startUp, startUp + span);
  // The very end is left out too: there senders run dry one by one.
  const end = messages * (1 - START_UP_SHARE / 2);
  const last = rate(end - span, end);
  return { first, last, ratio: last / first, span };
}

/** When so many had been delivered, between two moments by rule of three. */
function microsAt(timeline: readonly CountedMoment[], delivered: number): number {
  const next = timeline.findIndex((moment) => moment.delivered >= delivered);
  const after = timeline[next];
  const before = timeline[next - 1];
  if (after === undefined) return Number.NaN;
  if (before === undefined) return after.micros;
  const share = (delivered - before.delivered) / (after.delivered - before.delivered);
  return before.micros + share * (after.micros - before.micros);
}
