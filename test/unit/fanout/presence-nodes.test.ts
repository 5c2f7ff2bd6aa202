/**
 * Tests of presence through two nodes, as clients see it: two cores on one log, store and directory, whose signals the
 * test holds in its hands.
 */
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../../../src/protocol/limits.ts";
import { Nodes, SILENT_MS } from "../../../src/server/cluster/nodes.ts";
import { type Core, startCore } from "../../../src/server/core.ts";
import { MemoryDirectory } from "../../../src/server/directory/memory.ts";
import { Following } from "../../../src/server/fanout/following.ts";
import { Hub } from "../../../src/server/fanout/hub.ts";
import type { Outbox } from "../../../src/server/fanout/outbox.ts";
import { PendingAcks } from "../../../src/server/fanout/pending-acks.ts";
import { Presence } from "../../../src/server/fanout/presence.ts";
import { RecentEvents } from "../../../src/server/fanout/recent-events.ts";
import { Room } from "../../../src/server/fanout/room.ts";
import { Session } from "../../../src/server/fanout/session.ts";
import { ALWAYS_DURABLE, MemoryDisk, MemoryLog } from "../../../src/server/log/memory.ts";
import { MemorySignals } from "../../../src/server/signals/memory.ts";
import { MemoryStore } from "../../../src/server/store/memory.ts";
import { silentTelemetry } from "../../../src/server/telemetry/create-telemetry.ts";
import { FakeClock, SeededRandom } from "../../support/fake-clock.ts";
import { uuidOf } from "../../support/log-records.ts";
import { Air, type AirEnd } from "../../support/lossy-signals.ts";
import { Listener, MemoryConnection } from "../../support/memory-transport.ts";
import { OPEN_AUTH } from "../../support/open-auth.ts";
import { KeptInMemory } from "../../support/simulation-world.ts";

interface Guest {
  readonly connection: MemoryConnection;
  readonly listener: Listener;
}

interface Node {
  readonly core: Core;
  readonly end: AirEnd;
}

class World {
  readonly clock = new FakeClock(1_800_000_000_000);
  readonly random = new SeededRandom(9);
  readonly air = new Air(this.clock, this.random);
  readonly limits: Limits;
  readonly #disk = new MemoryDisk(1);
  readonly #store = new MemoryStore();
  readonly #directory = new MemoryDirectory();

  constructor(limits: Partial<Limits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
  }

  async start(node: string): Promise<Node> {
    const { clock, limits, random } = this;
    const end = this.air.end();
    const log = new MemoryLog({ disk: this.#disk, limits, clock, fate: ALWAYS_DURABLE });
    const ports = { log, logFault: () => undefined, oldestToKeep: undefined, kept: new KeptInMemory(), signals: end };
    const starting = startCore(
      { ...ports, store: this.#store, directory: this.#directory },
      {
        ...{ node, limits, clock, auth: OPEN_AUTH, chance: random.chance, telemetry: silentTelemetry() },
        rooms: [{ name: "general", description: "" }],
        retention: { messages: undefined, days: undefined },
      },
    );
    return { core: await clock.drive(starting, "the start", 60_000), end };
  }

  /** Somebody who says hello, as the guest of `session` where that is given, and joins the room. */
  async join(node: Node, session?: string): Promise<Guest> {
    const listener = new Listener();
    const opening = MemoryConnection.open(node.core, listener.heard);
    const connection = await this.clock.drive(opening, "a connection", 1000);
    connection.send({ _ct: "hello", v: 1, s: session });
    await this.clock.settle();
    connection.send({ _ct: "join_room", r: "general" });
    await this.clock.advance(100);
    return { connection, listener };
  }
}

const nameOf = ({ connection }: Guest): string => connection.session.user.name;
/** Who came (`+`) and went (`-`), as somebody heard it. */
const comings = ({ listener }: Guest): readonly string[] =>
  listener.of("room_participation").map(({ u, s }) => `${s === "joined" ? "+" : "-"}${String(u)}`);
const namesTold = ({ listener }: Guest): readonly unknown[] => listener.of("user_joined_room").map(({ us }) => us);

describe("presence through two nodes", () => {
  it("WIRE-3 WIRE-4 whoever joins by one node is told who is there by the other, and both hear of each other", async () => {
    const world = new World();
    const [a, b] = [await world.start("a"), await world.start("b")];
    const alice = await world.join(a);
    const bob = await world.join(b);
    expect(namesTold(bob)).toEqual([[nameOf(alice), nameOf(bob)]]);
    expect(comings(alice)).toEqual([`+${nameOf(alice)}`, `+${nameOf(bob)}`]);
    alice.connection.send({ _ct: "leave_room", r: "general" });
    await world.clock.advance(100);
    expect(comings(bob)).toEqual([`+${nameOf(bob)}`, `-${nameOf(alice)}`]);
    bob.connection.cut();
    const carol = await world.join(a);
    expect(namesTold(carol)).toEqual([[nameOf(carol)]]);
  });

  it("FAN-4 WIRE-4 one who is here by two nodes is here once: joined with the first session, left with the last", async () => {
    const world = new World();
    const [a, b] = [await world.start("a"), await world.start("b")];
    const watcher = await world.join(a);
    const first = await world.join(a);
    const name = nameOf(first);
    const second = await world.join(b, first.connection.session.token);
    expect(nameOf(second)).toBe(name);
    expect(namesTold(second)).toEqual([[nameOf(watcher), name]]);
    expect(comings(watcher).slice(1)).toEqual([`+${name}`]);
    first.connection.cut();
    await world.clock.advance(100);
    expect(comings(watcher).slice(1)).toEqual([`+${name}`]);
    second.connection.cut();
    await world.clock.advance(100);
    expect(comings(watcher).slice(1)).toEqual([`+${name}`, `-${name}`]);
  });

  it("WIRE-4 the people of a node that dies leave when it is given up, those of one that stops at once", async () => {
    const world = new World();
    const [a, b, c] = [await world.start("a"), await world.start("b"), await world.start("c")];
    const watcher = await world.join(a);
    const bob = await world.join(b);
    const carol = await world.join(c);
    b.end.isCut = true;
    await world.clock.advance(SILENT_MS - 2000);
    expect(comings(watcher)).toHaveLength(3);
    await world.clock.advance(5000);
    expect(comings(watcher).at(-1)).toBe(`-${nameOf(bob)}`);
    await world.clock.drive(c.core.stop(), "the stop", 20_000);
    await world.clock.advance(100);
    expect(comings(watcher).at(-1)).toBe(`-${nameOf(carol)}`);
    // It was not dead: its people are there again, and it knows who is.
    b.end.isCut = false;
    await world.clock.advance(3000);
    expect(comings(watcher).at(-1)).toBe(`+${nameOf(bob)}`);
    expect(comings(bob).slice(-3, -1).sort()).toEqual([`-${nameOf(watcher)}`, `-${nameOf(carol)}`].sort());
    expect(comings(bob).at(-1)).toBe(`+${nameOf(watcher)}`);
    const dave = await world.join(b);
    expect(namesTold(dave)).toEqual([expect.arrayContaining([nameOf(watcher), nameOf(bob), nameOf(dave)])]);
  });

  it("WIRE-18 a room is crowded by the people of all nodes, and each is told how many there are", async () => {
    const world = new World({ presenceTellMax: 3 });
    const [a, b] = [await world.start("a"), await world.start("b")];
    const alice = await world.join(a);
    const bob = await world.join(b);
    await world.join(a);
    await world.join(b);
    await world.clock.advance(1000);
    expect(comings(alice)).toHaveLength(2);
    for (const { listener } of [alice, bob]) expect(listener.of("presence_count").at(-1)).toMatchObject({ us: 4 });
  });

  it("WIRE-3 whoever joins a chat that people of another node were in before this node had it is told of them", () => {
    const clock = new FakeClock(0);
    const signals = new MemorySignals((error) => {
      throw error;
    });
    const hub = new Hub(new PendingAcks());
    const nodes = new Nodes({ node: "b", signals, clock });
    const presence = new Presence({ node: "b", hub, nodes, signals, clock, tellMax: 1000 });
    nodes.start();
    const id = uuidOf(1);
    signals.publish({ type: "heartbeat", node: "a", presence: { number: 0, hash: "" } });
    signals.publish({ type: "presence", node: "a", number: 1, came: [[id, uuidOf(2), "alice"]], left: [] });
    // The log, which brings the chat, is slower than the signal.
    const room = new Room(id, id, undefined, new RecentEvents(1 << 20).room());
    hub.addRoom(room);
    const user = { id: uuidOf(3), name: "bob", isGuest: true, isAdmin: false };
    const told: string[] = [];
    const framing = { event: (text: string) => Buffer.from(text), run: () => Buffer.alloc(0) };
    const host = {
      outboxBytesMax: 1 << 20,
      monotonic: () => clock.monotonic(),
      flushLater: (outbox: Outbox) => outbox.flush(),
      fellBehind: () => undefined,
      ended: () => undefined,
    };
    const transport = {
      pendingBytes: () => 0,
      write: (bytes: Uint8Array) => void told.push(Buffer.from(bytes).toString()),
      pauseReading: () => undefined,
      resumeReading: () => undefined,
      close: () => undefined,
    };
    const credential = { type: "guest", user: user.id } as const;
    const session = new Session(host, {
      ...{ door: "tcp", transport, framing, token: "token", user, credential, address: "127.0.0.1" },
    });
    const following = new Following(session, room, 0, "live", true);
    session.followings.set(room, following);
    presence.join(following);
    expect(JSON.parse(told[0] ?? "")).toEqual({ _et: "user_joined_room", r: id, us: ["alice", "bob"] });
    presence.close();
    nodes.close();
  });

  it("WIRE-11 a guest is never given the name of one who is seen by another node", async () => {
    const world = new World();
    const [a, b] = [await world.start("a"), await world.start("b")];
    const seen = new Listener();
    const opening = MemoryConnection.open(a.core, seen.heard);
    const connection = await world.clock.drive(opening, "a connection", 1000);
    connection.send({ _ct: "join_room", r: "general" });
    await world.clock.advance(100);
    const { name } = connection.session.user;
    expect(b.core.guests.isHere(name.toUpperCase())).toBe(true);
    connection.cut();
    await world.clock.advance(100);
    expect(b.core.guests.isHere(name)).toBe(false);
  });
});
