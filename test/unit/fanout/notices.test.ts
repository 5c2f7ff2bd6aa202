/** Tests of notices: who came and went is told together, in order with everything else, and costs one write a session. */
import { describe, expect, it } from "vitest";
import { LineFraming } from "../../../src/server/fanout/framing.ts";
import { Notices } from "../../../src/server/fanout/notices.ts";
import { Listener, type MemoryConnection, numbers } from "../../support/memory-transport.ts";
import { PLAIN_WORLD, World } from "../../support/simulation-world.ts";

interface Guest {
  readonly connection: MemoryConnection;
  readonly listener: Listener;
}

async function startWorld(): Promise<World> {
  const world = new World(PLAIN_WORLD);
  await world.start();
  return world;
}

/** Somebody who joined, once all that was told of it has been heard. */
async function connect(world: World, ...rooms: readonly string[]): Promise<Guest> {
  const listener = new Listener();
  const connection = await world.connect(listener.heard);
  for (const room of rooms) connection.send({ _ct: "join_room", r: room });
  await world.clock.advance(1000);
  return { connection, listener };
}

async function connectMany(world: World, count: number): Promise<readonly Guest[]> {
  const guests: Guest[] = [];
  for (let number = 0; number < count; number++) guests.push(await connect(world));
  return guests;
}

const nameOf = ({ connection }: Guest): string => connection.session.user.name;
/** Who came (`+`) and went (`-`), as somebody heard it. */
const comings = ({ listener }: Guest): readonly string[] =>
  listener.of("room_participation").map(({ u, s }) => `${s === "joined" ? "+" : "-"}${String(u)}`);

describe("notices", () => {
  it("FAN-3 a room of thirty that is joined by thirty and left by thirty at once costs each who stays four writes at most", async () => {
    const world = await startWorld();
    const stayers: Guest[] = [];
    for (let number = 0; number < 30; number++) stayers.push(await connect(world, "general"));
    const others = await connectMany(world, 30);
    const before = stayers.map(({ connection }) => connection.writes.length);
    const heard = stayers.map((stayer) => comings(stayer).length);
    for (const { connection } of others) {
      connection.send({ _ct: "join_room", r: "general" });
      await world.clock.settle();
    }
    await world.clock.advance(1000);
    for (const { connection } of others) {
      connection.cut();
      await world.clock.settle();
    }
    await world.clock.advance(1000);
    const names = others.map(nameOf);
    for (const [index, stayer] of stayers.entries()) {
      const told = comings(stayer).slice(heard[index]);
      expect(told).toEqual([...names.map((name) => `+${name}`), ...names.map((name) => `-${name}`)]);
      // The first who comes and the first who goes is told at once, all others together.
      expect(stayer.connection.writes.length - (before[index] ?? 0)).toBeLessThanOrEqual(4);
      expect(stayer.connection.fault).toBeUndefined();
    }
  });

  it("FAN-3 one who comes alone is told at once", async () => {
    const world = await startWorld();
    const stayer = await connect(world, "general");
    const [other] = (await connectMany(world, 1)) as [Guest];
    other.connection.send({ _ct: "join_room", r: "general" });
    await world.clock.settle();
    expect(comings(stayer)).toEqual([`+${nameOf(stayer)}`, `+${nameOf(other)}`]);
  });

  it("WIRE-4 whoever comes while notices wait hears of those who come later, and not of those who are in the names", async () => {
    const world = await startWorld();
    await connect(world, "general");
    const guests = await connectMany(world, 5);
    for (const { connection } of guests) {
      connection.send({ _ct: "join_room", r: "general" });
      await world.clock.settle();
    }
    await world.clock.advance(1000);
    for (const [index, guest] of guests.entries()) {
      expect(comings(guest)).toEqual(guests.slice(index).map((other) => `+${nameOf(other)}`));
      const [joined] = guest.listener.of("user_joined_room");
      expect(joined?.["us"]).toHaveLength(index + 2);
    }
  });

  it("WIRE-4 what is said, answered or left takes the notices with it that came before", async () => {
    const world = await startWorld();
    const stayer = await connect(world, "general");
    const leaver = await connect(world, "general");
    const [first, second, third] = (await connectMany(world, 3)) as [Guest, Guest, Guest];
    const heard = stayer.listener.events.length;
    const told = (guest: Guest, from: number): readonly string[] =>
      guest.listener.events.slice(from).map(({ _et, u, s, c, code }) => [_et, u, s ?? c ?? code].join(" "));
    for (const { connection } of [first, second]) connection.send({ _ct: "join_room", r: "general" });
    await world.clock.settle();
    // The second still waits: time stands still.
    first.connection.send({ _ct: "send_message", r: "general", c: "hi" });
    await world.clock.settle();
    third.connection.send({ _ct: "join_room", r: "general" });
    stayer.connection.send({ _ct: "nonsense" });
    leaver.connection.send({ _ct: "leave_room", r: "general" });
    await world.clock.settle();
    const joined = (guest: Guest): string => `room_participation ${nameOf(guest)} joined`;
    const story = [joined(first), joined(second), `user_message ${nameOf(first)} hi`, joined(third)];
    expect(told(stayer, heard)).toEqual([...story, "error  unknown_command"]);
    expect(told(leaver, 3)).toEqual([...story, `room_participation ${nameOf(leaver)} left`]);
    await world.clock.advance(1000);
    expect(told(stayer, heard).at(-1)).toBe(`room_participation ${nameOf(leaver)} left`);
    expect(comings(leaver)).toHaveLength(5);
  });

  it("FAN-2 who is behind is told who is there, and none of the notices that waited meanwhile", async () => {
    const world = new World({ ...PLAIN_WORLD, limits: { outboxBytesMax: 4000 } });
    await world.start();
    const slow = await connect(world, "general");
    const talker = await connect(world, "general");
    slow.connection.isFast = false;
    for (const number of numbers(1, 60)) {
      talker.connection.send({ _ct: "send_message", r: "general", c: `message ${number}` });
      await world.clock.settle();
    }
    expect(slow.connection.session.behind).toBe(true);
    const newcomers = await connectMany(world, 2);
    for (const { connection } of newcomers) connection.send({ _ct: "join_room", r: "general" });
    await world.clock.settle();
    slow.listener.events.length = 0;
    slow.connection.isFast = true;
    slow.connection.take(Number.MAX_SAFE_INTEGER);
    await world.clock.advance(2000);
    expect(slow.listener.of("room_participation")).toEqual([]);
    const [names] = slow.listener.of("user_joined_room");
    expect([...((names?.["us"] ?? []) as string[])].sort()).toEqual([talker, slow, ...newcomers].map(nameOf).sort());
  });

  it("FAN-3 what is told to more than one turn writes to reaches all of them", async () => {
    const world = await startWorld();
    const crowd: Guest[] = [];
    for (let number = 0; number < 150; number++) crowd.push(await connect(world, "general"));
    crowd[0]?.connection.send({ _ct: "send_message", r: "general", c: "to all" });
    await world.clock.settle();
    for (const { listener } of crowd) expect(listener.seqs("general")).toEqual([1]);
  });
});

describe("the notices of a room", () => {
  it("FAN-3 are framed from any of them on, also while more come, and from the oldest where some were cleared", () => {
    const notices = new Notices();
    const framing = new LineFraming();
    const framesFrom = (from: number): string => Buffer.from(notices.frames(framing, from)).toString();
    notices.add("a");
    expect(framesFrom(0)).toBe("a\r\n");
    notices.add("b");
    notices.add("ç");
    expect(framesFrom(0)).toBe("a\r\nb\r\nç\r\n");
    expect(framesFrom(1)).toBe("b\r\nç\r\n");
    expect(framesFrom(2)).toBe("ç\r\n");
    notices.add("d");
    expect(framesFrom(1)).toBe("b\r\nç\r\nd\r\n");
    expect(notices.end).toBe(4);
    notices.clear();
    expect(notices.end).toBe(4);
    notices.add("e");
    notices.add("f");
    expect(framesFrom(1)).toBe("e\r\nf\r\n");
    expect(framesFrom(5)).toBe("f\r\n");
  });
});
