/**
 * Beside all stages: which nodes are alive, told by heartbeats, and which of them writes which partition to the store.
 * All nodes reckon it from what they heard, with no word between them: for a moment two may think that it is they, or
 * nobody, and neither does harm (PROJ-1, PROJ-3). One process alone is a cluster of one.
 */
import type { Clock, Timer } from "../clock.ts";
import { murmur2 } from "../partition.ts";
import type { PresenceMark, Signal, Signals } from "../signals/signals.ts";

/** How often each node is heard, in milliseconds. */
export const HEARTBEAT_EVERY_MS = 1000;
/** After so long a silence a node counts for nothing, in milliseconds. */
export const SILENT_MS = 15_000;
/** A node whose own heartbeat is so late was stopped itself: what it knows of others is old, in milliseconds. */
export const ASLEEP_MS = 5000;
/** For so long a node that was stopped listens, and writes nothing, in milliseconds: the others may have taken over. */
export const HEAR_FIRST_MS = 3000;
/** What is heard so soon after that may be from before, and says only that the other was alive then, in milliseconds. */
const BACKLOG_MS = 1500;
/** For so long a node that said goodbye is not believed to be back, in milliseconds: its last heartbeats may come late. */
const GONE_MS = 60_000;

/** Of nobody. */
const NOBODY: PresenceMark = { number: 0, hash: "" };

/** The nodes of a cluster, as one of them knows them. */
export class Nodes {
  readonly #node: string;
  readonly #signals: Signals;
  readonly #clock: Clock;
  /** When each other node was heard last, in milliseconds on the monotonic clock. */
  readonly #heard = new Map<string, number>();
  /** When each node that is gone said goodbye, likewise. */
  readonly #gone = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #alive: readonly string[];
  /** Partition → who writes it, as long as the same nodes are alive. */
  readonly #writers = new Map<number, string>();
  #presence: () => PresenceMark = () => NOBODY;
  #lastBeat: number;
  /** Until then this node hears first and decides nothing: it was stopped. */
  #hearsUntil = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(options: { node: string; signals: Signals; clock: Clock }) {
    this.#node = options.node;
    this.#signals = options.signals;
    this.#clock = options.clock;
    this.#alive = [options.node];
    this.#lastBeat = options.clock.monotonic();
    this.#unsubscribe = options.signals.subscribe((signal) => this.#hear(signal));
  }

  /** The nodes that are alive, this one included, in one order everywhere. */
  alive(): readonly string[] {
    return this.#alive;
  }

  /**
   * Whether it is this node that writes a partition: the one that scores highest for it. `false` for all of them for a
   * moment after it was stopped, where there are others: they have taken over by then.
   */
  isWriter(partition: number): boolean {
    if (this.#alive.length === 1) return true;
    const now = this.#clock.monotonic();
    if (now < this.#hearsUntil || this.#wasAsleep(now)) return false;
    const writer = this.#writers.get(partition) ?? writerOf(partition, this.#alive);
    this.#writers.set(partition, writer);
    return writer === this.#node;
  }

  /** Hears of each change of who is alive or who writes, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Heartbeats tell how far this node has come in telling who is present. */
  carry(presence: () => PresenceMark): void {
    this.#presence = presence;
  }

  /** Lets the others hear of this node, from now on. */
  start(): void {
    this.#lastBeat = this.#clock.monotonic();
    this.#timer = this.#clock.every(HEARTBEAT_EVERY_MS, () => this.#beat());
    this.#beat();
  }

  /** Says goodbye, so that the others need not wait for its silence. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#unsubscribe();
    this.#listeners.clear();
    this.#signals.publish({ type: "goodbye", node: this.#node });
  }

  #wasAsleep(now: number): boolean {
    return now - this.#lastBeat > ASLEEP_MS;
  }

  #beat(): void {
    const now = this.#clock.monotonic();
    if (this.#wasAsleep(now)) {
      // It was this node that was silent: the others get a moment to be heard again before they are given up.
      this.#hearsUntil = now + HEAR_FIRST_MS;
      for (const [node, heard] of this.#heard) this.#heard.set(node, Math.max(heard, perhapsHeard(now)));
    }
    const isAwake = this.#hearsUntil > this.#lastBeat && this.#hearsUntil <= now;
    this.#lastBeat = now;
    this.#sayAlive();
    for (const [node, heard] of this.#heard) if (now - heard > SILENT_MS) this.#heard.delete(node);
    for (const [node, said] of this.#gone) if (now - said > GONE_MS) this.#gone.delete(node);
    if (!this.#reckon() && isAwake) this.#tell();
  }

  #sayAlive(): void {
    this.#signals.publish({ type: "heartbeat", node: this.#node, presence: this.#presence() });
  }

  #hear(signal: Signal): void {
    const { type, node } = signal;
    if (node === this.#node) return;
    const now = this.#clock.monotonic();
    if (type === "heartbeat") {
      if (this.#gone.has(node)) return;
      const isNew = !this.#heard.has(node);
      const isBacklog = this.#wasAsleep(now) || now < this.#hearsUntil - HEAR_FIRST_MS + BACKLOG_MS;
      this.#heard.set(node, isBacklog ? perhapsHeard(now) : now);
      // A newcomer need not wait for the next second to know who is here.
      if (isNew && this.#timer !== undefined) this.#sayAlive();
    } else if (type === "goodbye") {
      this.#heard.delete(node);
      this.#gone.set(node, now);
    } else {
      return;
    }
    this.#reckon();
  }

  /** Reckons who is alive; `true` where that changed. */
  #reckon(): boolean {
    const nodes = [this.#node, ...this.#heard.keys()].sort();
    if (nodes.length === this.#alive.length && nodes.every((node, index) => node === this.#alive[index])) return false;
    this.#alive = nodes;
    this.#writers.clear();
    this.#tell();
    return true;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** When a node counts as heard of which that is not known: it has a moment to be heard again. */
const perhapsHeard = (now: number): number => now - SILENT_MS + HEAR_FIRST_MS;

/** Rendezvous hashing: who of some nodes writes a partition. When one goes, only what it wrote changes hands. */
export function writerOf(partition: number, nodes: readonly string[]): string {
  let best = "";
  let most = Number.NEGATIVE_INFINITY;
  for (const node of nodes) {
    const score = murmur2(`${partition}/${node}`);
    if (score < most || (score === most && node < best)) continue;
    most = score;
    best = node;
  }
  return best;
}
