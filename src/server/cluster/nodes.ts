/**
 * Beside all stages: which nodes are alive, told by heartbeats, and which of them writes which partition to the store.
 * All nodes reckon it from what they heard, with no word between them: for a moment two may think that it is they, or
 * nobody, and neither does harm (PROJ-1, PROJ-3). One process alone is a cluster of one.
 */
import type { Clock, Timer } from "../clock.ts";
import { murmur2 } from "../partition.ts";
import type { Signal, Signals } from "../signals/signals.ts";

/** How often each node is heard, in milliseconds. */
export const HEARTBEAT_EVERY_MS = 1000;
/** After so long a silence a node counts for nothing, in milliseconds. */
export const SILENT_MS = 15_000;
/** A node whose own heartbeat is so late was stopped itself: what it knows of others is old, in milliseconds. */
const ASLEEP_MS = 5000;

/** The nodes of a cluster, as one of them knows them. */
export class Nodes {
  readonly #node: string;
  readonly #signals: Signals;
  readonly #clock: Clock;
  /** When each other node was heard last, in milliseconds on the monotonic clock. */
  readonly #heard = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #writers: readonly string[];
  #lastBeat: number;
  #timer: Timer | undefined;

  constructor(options: { node: string; signals: Signals; clock: Clock }) {
    this.#node = options.node;
    this.#signals = options.signals;
    this.#clock = options.clock;
    this.#writers = [options.node];
    this.#lastBeat = options.clock.monotonic();
    this.#unsubscribe = options.signals.subscribe((signal) => this.#hear(signal));
  }

  /** The nodes that are alive, this one included, in one order everywhere. */
  alive(): readonly string[] {
    return this.#writers;
  }

  /** Whether it is this node that writes a partition: the one that scores highest for it. */
  isWriter(partition: number): boolean {
    if (this.#writers.length === 1) return true;
    let [best] = this.#writers;
    let most = Number.NEGATIVE_INFINITY;
    for (const node of this.#writers) {
      const score = murmur2(`${partition}/${node}`);
      if (score <= most) continue;
      most = score;
      best = node;
    }
    return best === this.#node;
  }

  /** Hears of each change of who is alive, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Lets the others hear of this node, from now on. */
  start(): void {
    this.#beat();
    this.#timer = this.#clock.every(HEARTBEAT_EVERY_MS, () => this.#beat());
  }

  /** Says goodbye, so that the others need not wait for its silence. */
  close(): void {
    this.#timer?.cancel();
    this.#signals.publish({ type: "goodbye", node: this.#node });
    this.#unsubscribe();
    this.#listeners.clear();
  }

  #beat(): void {
    const now = this.#clock.monotonic();
    if (now - this.#lastBeat > ASLEEP_MS) {
      // It was this node that was silent: the others get the time to be heard again before they are given up.
      for (const node of this.#heard.keys()) this.#heard.set(node, now);
    }
    this.#lastBeat = now;
    this.#signals.publish({ type: "heartbeat", node: this.#node });
    for (const [node, heard] of this.#heard) if (now - heard > SILENT_MS) this.#heard.delete(node);
    this.#reckon();
  }

  #hear(signal: Signal): void {
    const { type, node } = signal;
    if (node === this.#node) return;
    if (type === "heartbeat") this.#heard.set(node, this.#clock.monotonic());
    else if (type === "goodbye") this.#heard.delete(node);
    else return;
    this.#reckon();
  }

  #reckon(): void {
    const nodes = [this.#node, ...this.#heard.keys()].sort();
    if (nodes.length === this.#writers.length && nodes.every((node, index) => node === this.#writers[index])) return;
    this.#writers = nodes;
    for (const listener of this.#listeners) listener();
  }
}
