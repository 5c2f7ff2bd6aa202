/** Tests of who is alive and who writes which partition, as several nodes reckon it by themselves. */
import { describe, expect, it } from "vitest";
import {
  ASLEEP_MS,
  HEAR_FIRST_MS,
  HEARTBEAT_EVERY_MS,
  Nodes,
  SILENT_MS,
  writerOf,
} from "../../../src/server/cluster/nodes.ts";
import { MemorySignals } from "../../../src/server/signals/memory.ts";
import { FakeClock, SeededRandom } from "../../support/fake-clock.ts";
import { Air, type AirEnd, SleepyClock } from "../../support/lossy-signals.ts";

const PARTITIONS = Array.from({ length: 12 }, (_, partition) => partition);

interface Node {
  readonly name: string;
  readonly nodes: Nodes;
  readonly end: AirEnd;
  readonly clock: SleepyClock;
  /** How often it was told of a change. */
  changes: number;
}

class World {
  readonly clock = new FakeClock(1_800_000_000_000);
  readonly air = new Air(this.clock, new SeededRandom(6));

  start(name: string): Node {
    const end = this.air.end();
    const clock = new SleepyClock(this.clock);
    const node: Node = { name, nodes: new Nodes({ node: name, signals: end, clock }), end, clock, changes: 0 };
    node.nodes.onChange(() => {
      node.changes += 1;
    });
    node.nodes.start();
    return node;
  }
}

const names = (...nodes: readonly Node[]): readonly string[] => nodes.map(({ name }) => name).sort();
/** How many of some nodes believe that they write each partition. */
const writers = (...nodes: readonly Node[]): readonly number[] =>
  PARTITIONS.map((partition) => nodes.filter((node) => node.nodes.isWriter(partition)).length);
const ALL_ONE = PARTITIONS.map(() => 1);
const ALL_NONE = PARTITIONS.map(() => 0);

describe("nodes", () => {
  it("one alone writes everything, from the beginning and also after it was stopped for a while", async () => {
    const { clock } = new World();
    const sleepy = new SleepyClock(clock);
    const signals = new MemorySignals((error) => {
      throw error;
    });
    const nodes = new Nodes({ node: "only", signals, clock: sleepy });
    expect(PARTITIONS.every((partition) => nodes.isWriter(partition))).toBe(true);
    nodes.start();
    expect(nodes.alive()).toEqual(["only"]);
    sleepy.sleep();
    await clock.advance(60_000);
    expect(PARTITIONS.every((partition) => nodes.isWriter(partition))).toBe(true);
    sleepy.wake();
    expect(PARTITIONS.every((partition) => nodes.isWriter(partition))).toBe(true);
    nodes.close();
    expect(clock.timers).toBe(0);
  });

  it("know each other as soon as one starts, and then exactly one of them writes each partition", async () => {
    const world = new World();
    const a = world.start("a");
    const b = world.start("b");
    const c = world.start("c");
    await world.clock.settle();
    for (const node of [a, b, c]) expect(node.nodes.alive()).toEqual(["a", "b", "c"]);
    expect(writers(a, b, c)).toEqual(ALL_ONE);
    await world.clock.advance(60_000);
    for (const node of [a, b, c]) expect(node.nodes.alive()).toEqual(["a", "b", "c"]);
    expect(a.changes).toBe(2);
  });

  it("several over signals of one process know each other too", async () => {
    const clock = new FakeClock(0);
    const signals = new MemorySignals((error) => {
      throw error;
    });
    const nodes = ["x", "y"].map((node) => new Nodes({ node, signals, clock }));
    for (const node of nodes) node.start();
    for (const node of nodes) expect(node.alive()).toEqual(["x", "y"]);
    nodes[0]?.close();
    expect(nodes[1]?.alive()).toEqual(["y"]);
  });

  it("give up one that is silent for 15 s, not earlier, and take over what it wrote", async () => {
    const world = new World();
    const a = world.start("a");
    const b = world.start("b");
    const c = world.start("c");
    await world.clock.advance(HEARTBEAT_EVERY_MS);
    b.end.isCut = true;
    await world.clock.advance(SILENT_MS - HEARTBEAT_EVERY_MS);
    expect(a.nodes.alive()).toEqual(["a", "b", "c"]);
    await world.clock.advance(3 * HEARTBEAT_EVERY_MS);
    expect(a.nodes.alive()).toEqual(["a", "c"]);
    expect(writers(a, c)).toEqual(ALL_ONE);
    // For itself it is alone: two may think that they write, which does no harm.
    expect(b.nodes.alive()).toEqual(["b"]);
    b.end.isCut = false;
    await world.clock.advance(HEARTBEAT_EVERY_MS);
    for (const node of [a, b, c]) expect(node.nodes.alive()).toEqual(["a", "b", "c"]);
    expect(writers(a, b, c)).toEqual(ALL_ONE);
  });

  it("take over at once from one that says goodbye, and do not believe its late heartbeats", async () => {
    const world = new World();
    const a = world.start("a");
    const b = world.start("b");
    await world.clock.advance(5000);
    b.nodes.close();
    expect(a.nodes.alive()).toEqual(names(a));
    expect(writers(a)).toEqual(ALL_ONE);
    a.end.arrive(JSON.stringify({ type: "heartbeat", node: "b", presence: { number: 0, hash: "" } }));
    expect(a.nodes.alive()).toEqual(names(a));
    await world.clock.advance(120_000);
    expect(a.nodes.alive()).toEqual(names(a));
  });

  it("bear that half of the heartbeats are lost, late or told twice", async () => {
    const world = new World();
    world.air.badness = { lost: 0.5, repeated: 0.2, delayMsMax: 800 };
    const nodes = ["a", "b", "c", "d"].map((name) => world.start(name));
    await world.clock.advance(10_000);
    for (const node of nodes) node.changes = 0;
    await world.clock.advance(600_000);
    for (const node of nodes) {
      expect(node.nodes.alive()).toEqual(["a", "b", "c", "d"]);
      expect(node.changes).toBe(0);
    }
    expect(writers(...nodes)).toEqual(ALL_ONE);
  });

  it("one that was stopped writes nothing until it has listened for a moment, then what is its own again", async () => {
    const world = new World();
    const a = world.start("a");
    const b = world.start("b");
    const c = world.start("c");
    await world.clock.advance(3000);
    const own = PARTITIONS.filter((partition) => b.nodes.isWriter(partition));
    expect(own.length).toBeGreaterThan(0);
    for (const part of [b.clock, b.end]) part.sleep();
    await world.clock.advance(SILENT_MS + 5000);
    expect(a.nodes.alive()).toEqual(["a", "c"]);
    // Meanwhile one of the others has gone, and one has come.
    c.nodes.close();
    const d = world.start("d");
    await world.clock.advance(3000);
    // It goes on in the middle of its work, before any timer.
    expect(writers(b)).toEqual(ALL_NONE);
    for (const part of [b.clock, b.end]) part.wake();
    expect(writers(b)).toEqual(ALL_NONE);
    expect(b.nodes.alive()).toEqual(["a", "b", "d"]);
    b.changes = 0;
    await world.clock.advance(HEAR_FIRST_MS + HEARTBEAT_EVERY_MS);
    expect(b.changes).toBe(1);
    for (const node of [a, b, d]) expect(node.nodes.alive()).toEqual(["a", "b", "d"]);
    expect(writers(a, b, d)).toEqual(ALL_ONE);
  });

  it("one that was stopped gives up whom it does not hear in that moment, not after 15 s more", async () => {
    const world = new World();
    const a = world.start("a");
    const b = world.start("b");
    await world.clock.advance(3000);
    for (const part of [b.clock, b.end]) part.sleep();
    await world.clock.advance(ASLEEP_MS + 4000);
    a.end.isCut = true;
    await world.clock.advance(20_000);
    for (const part of [b.clock, b.end]) part.wake();
    await world.clock.advance(HEAR_FIRST_MS + 2 * HEARTBEAT_EVERY_MS);
    expect(b.nodes.alive()).toEqual(["b"]);
    expect(writers(b)).toEqual(ALL_ONE);
  });
});

describe("who writes a partition", () => {
  it("is spread, and changes hands only where the writer goes or a better one comes", () => {
    const random = new SeededRandom(66);
    const node = (): string => Array.from({ length: 16 }, () => random.below(16).toString(16)).join("");
    const nodes = Array.from({ length: 5 }, node);
    const partitions = Array.from({ length: 1000 }, (_, partition) => partition);
    const share = new Map<string, number>();
    for (const partition of partitions) {
      const writer = writerOf(partition, nodes);
      share.set(writer, (share.get(writer) ?? 0) + 1);
      const [gone = "", ...rest] = nodes;
      if (writer !== gone) expect(writerOf(partition, rest)).toBe(writer);
      const newcomer = node();
      expect([writer, newcomer]).toContain(writerOf(partition, [newcomer, ...nodes]));
      expect(writerOf(partition, [...nodes].reverse())).toBe(writer);
    }
    expect(share.size).toBe(5);
    for (const count of share.values()) expect(count).toBeGreaterThan(120);
  });
});
