/** Tests of `join_room`: what it answers, in which order, and what it refuses without changing anything. */
import { describe, expect, it } from "vitest";
import { Listener, type MemoryConnection, numbers } from "../../support/memory-transport.ts";
import { PLAIN_WORLD, World } from "../../support/simulation-world.ts";

async function startWorld(limits: World["options"]["limits"] = {}): Promise<World> {
  const world = new World({ ...PLAIN_WORLD, rooms: ["general", "rust", "ops"], limits });
  await world.start();
  return world;
}

async function connect(world: World): Promise<{ connection: MemoryConnection; listener: Listener }> {
  const listener = new Listener();
  const connection = await world.connect(listener.heard);
  return { connection, listener };
}

describe("join_room", () => {
  it("CMD-3 refuses what it can't do, names room and reason, and changes nothing", async () => {
    const world = await startWorld({ roomsPerSessionMax: 2 });
    const { connection, listener } = await connect(world);
    connection.send({ _ct: "join_room", r: "general" });
    const before = listener.events.length;
    for (const [command, code] of [
      [{ r: "no such room" }, "unknown_room"],
      [{ r: "general" }, "already_joined"],
      [{ r: "general", after: 0 }, "already_joined"],
      [{ r: "rust", after: 1 }, "bad_field"],
    ] as const) {
      connection.send({ _ct: "join_room", ...command });
      await world.clock.settle();
      expect(listener.events.at(-1)).toMatchObject({ _et: "error", code, r: command.r });
    }
    connection.send({ _ct: "join_room", r: "rust" });
    connection.send({ _ct: "join_room", r: "ops" });
    await world.clock.settle();
    expect(listener.events.at(-1)).toMatchObject({ _et: "error", code: "too_many_rooms", r: "ops" });
    expect([...connection.session.followings.keys()].map(({ name }) => name)).toEqual(["general", "rust"]);
    // Room is made by leaving one.
    connection.send({ _ct: "leave_room", r: "general" });
    connection.send({ _ct: "join_room", r: "ops" });
    await world.clock.settle();
    expect(listener.events.at(-1)).toMatchObject({ _et: "room_participation", r: "ops", s: "joined" });
    expect(listener.events.length).toBeGreaterThan(before);
  });

  it("tells nothing of a refused join to the others, and of each join once", async () => {
    const world = await startWorld();
    const witness = await connect(world);
    witness.connection.send({ _ct: "join_room", r: "general" });
    const { connection, listener } = await connect(world);
    connection.send({ _ct: "join_room", r: "general" });
    connection.send({ _ct: "join_room", r: "general" });
    connection.send({ _ct: "join_room", r: "general", after: 99 });
    // The witness came a moment ago: who comes so soon after is told a little later.
    await world.clock.advance(20);
    const name = connection.session.user.name;
    const joined = { _et: "room_participation", r: "general", u: name, s: "joined" };
    expect(witness.listener.of("room_participation").filter(({ u }) => u === name)).toEqual([joined]);
    expect(listener.of("room_participation")).toEqual([joined]);
    const us = [witness.connection.session.user.name, name];
    expect(listener.of("user_joined_room")).toEqual([{ _et: "user_joined_room", r: "general", us }]);
  });

  it("FAN-1 takes `after` up to the newest record and not beyond it", async () => {
    const world = await startWorld();
    const sender = await connect(world);
    sender.connection.send({ _ct: "join_room", r: "general" });
    for (const number of numbers(1, 5)) sender.connection.send({ _ct: "send_message", r: "general", c: `${number}` });
    await world.clock.settle();
    const { connection, listener } = await connect(world);
    connection.send({ _ct: "join_room", r: "general", after: 6 });
    connection.send({ _ct: "join_room", r: "general", after: 5 });
    await world.clock.settle();
    expect(listener.story.slice(1)).toEqual([
      "error bad_field",
      "user_joined_room",
      "room_participation joined",
      "caught_up 5",
    ]);
  });

  it("FAN-1 begins anew when a room is joined again, where the client says", async () => {
    const world = await startWorld();
    const { connection, listener } = await connect(world);
    connection.send({ _ct: "join_room", r: "general" });
    for (const number of numbers(1, 3)) connection.send({ _ct: "send_message", r: "general", c: `${number}` });
    await world.clock.settle();
    connection.send({ _ct: "leave_room", r: "general" });
    connection.send({ _ct: "join_room", r: "general", last: 2 });
    await world.clock.settle();
    expect(listener.story.slice(-6)).toEqual([
      "room_participation left",
      "user_joined_room",
      "room_participation joined",
      "user_message 2",
      "user_message 3",
      "caught_up 3",
    ]);
  });
});
