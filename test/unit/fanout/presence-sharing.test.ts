/**
 * Tests of presence among nodes over signals that get lost, late and doubled: what each node believes of the others comes
 * out as what they say of themselves, and nobody is told to come or go twice.
 */
import { describe, expect, it } from "vitest";
import { Nodes, SILENT_MS } from "../../../src/server/cluster/nodes.ts";
import { PRESENT_PER_SIGNAL_MAX, PresenceSharing } from "../../../src/server/fanout/presence-sharing.ts";
import type { Uuid } from "../../../src/server/record.ts";
import { FakeClock, SeededRandom } from "../../support/fake-clock.ts";
import { uuidOf } from "../../support/log-records.ts";
import { Air, type AirEnd, type Badness, NO_BADNESS, SleepyClock } from "../../support/lossy-signals.ts";

const ROOMS = [uuidOf(1), uuidOf(2), uuidOf(3)];
const nameOf = (user: number): string => `user ${user}`;
const entry = (room: Uuid, user: Uuid): string => `${room} ${user}`;

/** One node: whom it says to be present by itself, and whom it was told to be present by others. */
class Node {
  readonly name: string;
  readonly end: AirEnd;
  readonly clock: SleepyClock;
  readonly nodes: Nodes;
  readonly sharing: PresenceSharing;
  readonly own = new Set<string>();
  readonly #told = new Map<string, Set<string>>();
  isStopped = false;
  /** Coming and going as it was told, oldest first. */
  readonly story: string[] = [];
  isWrong = false;

  constructor(world: World, name: string) {
    this.name = name;
    this.end = world.air.end();
    this.clock = new SleepyClock(world.clock);
    const parts = { node: name, signals: this.end, clock: this.clock };
    this.nodes = new Nodes(parts);
    const hearer = {
      came: (room: Uuid, user: Uuid, userName: string, node: string) => this.#hear("+", room, user, userName, node),
      left: (room: Uuid, user: Uuid, userName: string, node: string) => this.#hear("-", room, user, userName, node),
    };
    this.sharing = new PresenceSharing({ ...parts, nodes: this.nodes, hearer });
    this.nodes.start();
  }

  came(room: Uuid, user: number): void {
    this.own.add(entry(room, uuidOf(user)));
    this.sharing.came(room, uuidOf(user), nameOf(user));
  }

  left(room: Uuid, user: number): void {
    this.own.delete(entry(room, uuidOf(user)));
    this.sharing.left(room, uuidOf(user));
  }

  /** Whom it believes to be present by another node. */
  believes(node: string): readonly string[] {
    return [...(this.#told.get(node) ?? [])].sort();
  }

  /** The nodes of which it believes that somebody is present by them. */
  get believed(): readonly string[] {
    return [...this.#told].filter(([, told]) => told.size > 0).map(([name]) => name);
  }

  stop(): void {
    this.isStopped = true;
    this.sharing.close();
    this.nodes.close();
    void this.end.close();
  }

  /** As `kill -9`: nobody hears of it. */
  kill(): void {
    this.isStopped = true;
    this.end.isCut = true;
    this.sharing.close();
    this.nodes.close();
    void this.end.close();
  }

  sleep(): void {
    this.end.sleep();
    this.clock.sleep();
  }

  wake(): void {
    this.clock.wake();
    this.end.wake();
  }

  #hear(sign: "+" | "-", room: Uuid, user: Uuid, userName: string, node: string): void {
    const told = this.#told.get(node) ?? new Set();
    this.#told.set(node, told);
    const key = entry(room, user);
    // Told to come who is there, or to go who is not, or under another name.
    if (told.has(key) === (sign === "+") || uuidOf(Number(userName.slice(5))) !== user) this.isWrong = true;
    if (sign === "+") told.add(key);
    else told.delete(key);
    this.story.push(`${sign}${userName}`);
  }
}

class World {
  readonly clock = new FakeClock(1_800_000_000_000);
  readonly random: SeededRandom;
  readonly air: Air;
  readonly nodes: Node[] = [];

  constructor(seed: number, badness: Badness = NO_BADNESS) {
    this.random = new SeededRandom(seed);
    this.air = new Air(this.clock, this.random);
    this.air.badness = badness;
  }

  start(name: string): Node {
    const node = new Node(this, name);
    this.nodes.push(node);
    return node;
  }

  get living(): readonly Node[] {
    return this.nodes.filter(({ isStopped }) => !isStopped);
  }

  /** Each node that lives believes of each other what that says, and of nobody else anything. */
  expectAgreement(): void {
    for (const node of this.living) {
      for (const other of this.living)
        if (other !== node) expect(node.believes(other.name)).toEqual([...other.own].sort());
      const others = this.living.filter((other) => other !== node && other.own.size > 0).map(({ name }) => name);
      expect([...node.believed].sort()).toEqual(others.sort());
      expect(node.isWrong).toBe(false);
    }
  }
}

const published = (world: World, type: string): number =>
  world.air.published.filter((signal) => signal.type === type).length;

describe("presence among nodes", () => {
  it("what changes in one turn is one small signal, and nothing else is needed where none is lost", async () => {
    const world = new World(1);
    const a = world.start("a");
    const b = world.start("b");
    await world.clock.advance(5000);
    for (let user = 1; user <= 20; user++) a.came(ROOMS[0] as Uuid, user);
    a.left(ROOMS[0] as Uuid, 7);
    await world.clock.settle();
    expect(b.story).toHaveLength(19);
    world.expectAgreement();
    a.left(ROOMS[0] as Uuid, 1);
    b.came(ROOMS[1] as Uuid, 1);
    await world.clock.settle();
    world.expectAgreement();
    await world.clock.advance(60_000);
    expect(published(world, "presence")).toBe(3);
    expect(published(world, "presence_ask")).toBe(0);
    expect(a.sharing.isNameElsewhere("USER 1")).toBe(true);
    expect(b.sharing.isNameElsewhere("user 1")).toBe(false);
    expect([...a.sharing.elsewhere(ROOMS[1] as Uuid)]).toEqual([["b", uuidOf(1), nameOf(1)]]);
  });

  it("who is alone tells nobody, and a newcomer asks for the whole, however much it is", async () => {
    const world = new World(2);
    const a = world.start("a");
    const count = 2 * PRESENT_PER_SIGNAL_MAX + 1;
    for (let user = 1; user <= count; user++) a.came(ROOMS[0] as Uuid, user);
    await world.clock.advance(5000);
    expect(published(world, "presence")).toBe(0);
    const b = world.start("b");
    const c = world.start("c");
    await world.clock.advance(1000);
    world.expectAgreement();
    expect(b.story).toHaveLength(count);
    expect(c.story).toHaveLength(count);
    // One answer for both.
    expect(published(world, "presence_all")).toBe(3);
    for (const signal of world.air.published) expect(JSON.stringify(signal).length).toBeLessThan(100_000);
  });

  it("more than one signal holds goes in several", async () => {
    const world = new World(3);
    const a = world.start("a");
    world.start("b");
    for (let user = 1; user <= PRESENT_PER_SIGNAL_MAX + 3; user++) a.came(ROOMS[0] as Uuid, user);
    await world.clock.settle();
    expect(published(world, "presence")).toBe(2);
    world.expectAgreement();
  });

  it("of one that is silent for 15 s nobody is present, of one that says goodbye at once", async () => {
    const world = new World(4);
    const [a, b, c] = ["a", "b", "c"].map((name) => world.start(name)) as [Node, Node, Node];
    a.came(ROOMS[0] as Uuid, 1);
    b.came(ROOMS[0] as Uuid, 2);
    await world.clock.advance(2000);
    world.expectAgreement();
    a.kill();
    await world.clock.advance(SILENT_MS - 2000);
    expect(c.believes("a")).toHaveLength(1);
    await world.clock.advance(4000);
    world.expectAgreement();
    b.stop();
    world.expectAgreement();
    expect(c.story).toEqual(["+user 1", "+user 2", "-user 1", "-user 2"]);
  });

  it("one that was cut off or stopped for a minute is back with all its people, and knows everybody", async () => {
    const world = new World(5);
    const [a, b] = ["a", "b"].map((name) => world.start(name)) as [Node, Node];
    a.came(ROOMS[0] as Uuid, 1);
    b.came(ROOMS[1] as Uuid, 2);
    await world.clock.advance(2000);
    a.end.isCut = true;
    await world.clock.advance(30_000);
    expect(a.believed).toEqual([]);
    expect(b.believed).toEqual([]);
    a.came(ROOMS[0] as Uuid, 3);
    b.left(ROOMS[1] as Uuid, 2);
    b.came(ROOMS[1] as Uuid, 4);
    await world.clock.advance(1000);
    a.end.isCut = false;
    await world.clock.advance(3000);
    world.expectAgreement();
    a.sleep();
    b.came(ROOMS[2] as Uuid, 5);
    await world.clock.advance(60_000);
    a.wake();
    await world.clock.advance(4000);
    world.expectAgreement();
  });

  it("a last part that is lost, and one in the middle, are asked for again", async () => {
    for (const lostPart of [0, 1, 2]) {
      const world = new World(7);
      const a = world.start("a");
      for (let user = 1; user <= 2 * PRESENT_PER_SIGNAL_MAX + 1; user++) a.came(ROOMS[0] as Uuid, user);
      await world.clock.settle();
      const b = world.start("b");
      const { arrive } = b.end;
      b.end.arrive = (text) => {
        if (!text.includes(`"part":${lostPart},`)) arrive.call(b.end, text);
      };
      await world.clock.advance(900);
      expect(b.believes("a")).toEqual([]);
      b.end.arrive = arrive;
      await world.clock.advance(3000);
      world.expectAgreement();
    }
  });

  it.each([11, 12, 13, 14, 15, 16, 17, 18])(
    "whatever is lost, late or doubled, and whoever ends, sleeps or comes: all agree soon after it is over (seed %i)",
    async (seed) => {
      const world = new World(seed, { lost: 0.2, repeated: 0.2, delayMsMax: 1500 });
      const { random } = world;
      let started = 0;
      const start = (): Node => {
        started += 1;
        return world.start(`node ${started}`);
      };
      const sleepers = new Map<Node, number>();
      for (let count = 0; count < 3; count++) start();
      for (let step = 0; step < 400; step++) {
        const node = random.pick(world.living);
        const room = random.pick(ROOMS);
        const user = 1 + random.below(30);
        if (sleepers.has(node)) continue;
        if (node.own.has(entry(room, uuidOf(user)))) node.left(room, user);
        else node.came(room, user);
        if (random.happens(0.5)) await world.clock.advance(random.below(600));
        if (random.happens(0.01) && world.living.length > 1) random.pick([() => node.kill(), () => node.stop()])();
        else if (random.happens(0.01)) {
          node.sleep();
          sleepers.set(node, step + 20 + random.below(80));
        }
        if (world.living.length < 3 && random.happens(0.05)) start();
        for (const [sleeper, until] of sleepers) {
          if (step < until) continue;
          sleepers.delete(sleeper);
          sleeper.wake();
        }
        if (world.living.every((living) => sleepers.has(living))) start();
      }
      for (const sleeper of sleepers.keys()) sleeper.wake();
      world.air.badness = NO_BADNESS;
      // Late ones have come, silent ones are given up.
      await world.clock.advance(25_000);
      world.expectAgreement();
      for (const node of world.nodes) expect(node.isWrong).toBe(false);
    },
  );

  it("a signal that comes again long after its time changes nothing", async () => {
    const world = new World(8);
    const a = world.start("a");
    const b = world.start("b");
    await world.clock.advance(1000);
    a.came(ROOMS[0] as Uuid, 1);
    await world.clock.settle();
    const late = world.air.published.map((signal) => JSON.stringify(signal));
    a.left(ROOMS[0] as Uuid, 1);
    await world.clock.settle();
    for (const text of late) b.end.arrive(text);
    await world.clock.advance(3000);
    expect(b.story).toEqual(["+user 1", "-user 1"]);
    a.stop();
    for (const text of late) b.end.arrive(text);
    await world.clock.advance(3000);
    world.expectAgreement();
    expect(b.story).toEqual(["+user 1", "-user 1"]);
  });
});
