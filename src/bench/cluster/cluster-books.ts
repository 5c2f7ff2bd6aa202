/**
 * Load tool, the books on a node and its engines: what all of them together cost a message, how far the store fell
 * behind, and how long it took to catch up. Everything that the measured posts caused is counted, the work that was put
 * off until after them included.
 */
import type { SharedReadBuffer } from "../bench-socket.ts";
import type { HttpAddress } from "../http/requests.ts";
import type { ProcessProbe } from "../process-probe.ts";
import { LagWatch } from "./lag-watch.ts";

/** A process whose cost counts: the node itself, or an engine. */
export interface Part {
  readonly name: string;
  readonly probe: ProcessProbe;
}

/** What the parts did. */
export interface ClusterResult {
  /** Processor time of each part for one message, in µs, from the first measured post until nothing waited. */
  readonly cpuMicrosPerPost: Readonly<Record<string, number>>;
  /** The sum. */
  readonly totalMicrosPerPost: number;
  /** Messages stored a second, from the first measured post until nothing waited. */
  readonly storedPerSecond: number;
  /** Records that waited for the store under load; `undefined` where the server does not say. */
  readonly lagMax: number | undefined;
  readonly lagMedian: number | undefined;
  /** How long the store needed for what waited at most, at the rate of the posts, in ms. */
  readonly lagMaxMs: number | undefined;
  /** From the last answer until nothing waited, in ms. */
  readonly drainMs: number | undefined;
  /** Whether nothing waited at the end. */
  readonly drained: boolean;
}

/** The parts at one moment. */
interface Sample {
  readonly atMs: number;
  readonly accepted: number;
  readonly lag: number;
  readonly cpuMicros: readonly number[];
}

/** Keeps the books of one run. */
export class ClusterBooks {
  readonly #parts: readonly Part[];
  readonly #watch: LagWatch;
  #before: Sample | undefined = undefined;
  #after: Sample | undefined = undefined;
  #postedMs: number | undefined = undefined;
  #drainedMs: number | undefined = undefined;
  #postsPerSecond = Number.NaN;

  constructor(parts: readonly Part[], address: HttpAddress, shared: SharedReadBuffer) {
    this.#parts = parts;
    this.#watch = new LagWatch(address, shared);
  }

  /** To be called at every tick. */
  look(): void {
    this.#watch.look(performance.now());
  }

  /** Whether nothing has waited for the store at a moment after this one, as far as the server says. */
  caughtUp(sinceMs: number): boolean {
    return this.#watch.askedAtMs > sinceMs && (this.#watch.latest ?? 0) === 0;
  }

  /** Measuring begins, after so many accepted posts. */
  begin(accepted: number): void {
    this.#before = this.#sample(accepted);
    this.#watch.measuring = true;
  }

  /** Measuring ends. */
  end(postsPerSecond: number): void {
    this.#watch.measuring = false;
    this.#postsPerSecond = postsPerSecond;
  }

  /** Whether nothing waits any more; to be asked once every post has its answer. */
  drained(accepted: number): boolean {
    if (this.#after !== undefined) return true;
    const now = performance.now();
    this.#postedMs ??= now;
    this.#watch.hurry();
    if (!this.caughtUp(this.#postedMs)) return false;
    this.#drainedMs = this.#watch.latestAtMs;
    this.#after = this.#sample(accepted);
    return true;
  }

  /** What was measured; `undefined` where measuring never began. */
  result(accepted: number): ClusterResult | undefined {
    const before = this.#before;
    const after = this.#after ?? this.#sample(accepted);
    if (before === undefined) return undefined;
    const messages = Math.max(1, after.accepted - before.accepted + before.lag - after.lag);
    const perPost = this.#parts.map(({ name }, index): [string, number] => {
      return [name, ((after.cpuMicros[index] as number) - (before.cpuMicros[index] as number)) / messages];
    });
    const seen = [...this.#watch.seen].sort((a, b) => a - b);
    const lagMax = seen.at(-1);
    return {
      cpuMicrosPerPost: Object.fromEntries(perPost),
      totalMicrosPerPost: perPost.reduce((sum, [, micros]) => sum + micros, 0),
      storedPerSecond: (messages * 1000) / (after.atMs - before.atMs),
      lagMax,
      lagMedian: seen[seen.length >> 1],
      lagMaxMs: lagMax === undefined ? undefined : (lagMax * 1000) / this.#postsPerSecond,
      drainMs:
        this.#drainedMs === undefined || this.#postedMs === undefined ? undefined : this.#drainedMs - this.#postedMs,
      drained: this.#after !== undefined,
    };
  }

  /** Ends what it holds. */
  close(): void {
    this.#watch.close();
  }

  #sample(accepted: number): Sample {
    return {
      atMs: performance.now(),
      accepted,
      lag: this.#watch.latest ?? 0,
      cpuMicros: this.#parts.map(({ probe }) => probe.sample().cpuMicros),
    };
  }
}
