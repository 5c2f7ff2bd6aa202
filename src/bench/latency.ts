/**
 * Load tool, latencies: microseconds between the moment a message was meant to be sent and the one it was seen.
 * Touches nothing.
 */
import { build, type Histogram } from "hdr-histogram-js";

/** Latencies below this are counted one by one in a flat array, which costs a tenth of a histogram's bookkeeping. */
const FLAT_MICROS = 65_536;

/** The longest latency that is told apart, in µs: ten minutes. */
const MICROS_MAX = 600_000_000;

/** Latencies in milliseconds. */
export interface LatencySummary {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly count: number;
}

/** Collects latencies. */
export class Latencies {
  readonly #flat = new Uint32Array(FLAT_MICROS);
  readonly #long: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MICROS_MAX,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 64,
  });

  /** Counts one latency, in whole µs. */
  record(micros: number): void {
    if (micros < FLAT_MICROS) {
      const at = Math.max(micros, 0);
      this.#flat[at] = (this.#flat[at] as number) + 1;
    } else this.#long.recordValue(Math.min(micros, MICROS_MAX));
  }

  /** What was recorded so far. */
  summary(): LatencySummary {
    const all = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: MICROS_MAX,
      numberOfSignificantValueDigits: 3,
      bitBucketSize: 64,
    });
    all.add(this.#long);
    let flatMax = 0;
    for (const [micros, count] of this.#flat.entries()) {
      if (count === 0) continue;
      all.recordValueWithCount(Math.max(1, micros), count);
      flatMax = micros;
    }
    const max = this.#long.totalCount > 0 ? this.#long.maxValue : flatMax;
    // A percentile is the upper end of its bucket, which may lie above everything that was recorded.
    const ms = (percentile: number): number => Math.min(all.getValueAtPercentile(percentile), max) / 1000;
    if (all.totalCount === 0) return { p50: 0, p99: 0, p999: 0, max: 0, count: 0 };
    return { p50: ms(50), p99: ms(99), p999: ms(99.9), max: max / 1000, count: all.totalCount };
  }
}
