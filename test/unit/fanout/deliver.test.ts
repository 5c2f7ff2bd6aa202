/** Tests of delivery: who hears what in which order, in how many writes, and the answers right before one's own event. */
import { describe, expect, it } from "vitest";
import { message, uuidOf } from "../../support/log-records.ts";
import { Listener, type MemoryConnection, numbers } from "../../support/memory-transport.ts";
import { PLAIN_WORLD, World } from "../../support/simulation-world.ts";

/** Who comes and goes is told within so long where few people do. */
const NOTICES_WITHIN_MS = 20;

interface Guest {
  readonly connection: MemoryConnection;
  readonly listener: Listener;
}

async function startWorld(): Promise<World> {
  const world = new World(PLAIN_WORLD);
  await world.start();
  return world;
}

async function connect(world: World, greets: boolean, ...rooms: readonly string[]): Promise<Guest> {
  const listener = new Listener();
  const connection = await world.connect(listener.heard);
  if (greets) connection.send({ _ct: "hello", v: 1 });
  for (const room of rooms) connection.send({ _ct: "join_room", r: room });
  await world.clock.settle();
  return { connection, listener };
}

describe("delivery", () => {
  it("CMD-1 gives each answer right before the message's own event, also where one batch holds many", async () => {
    const world = await startWorld();
    const guests: Guest[] = [];
    for (let index = 0; index < 4; index++) guests.push(await connect(world, index > 0, "general", "rust"));
    // The first key of a guest waits until they are written down; the batch is to hold all that follow.
    for (const { connection } of guests) connection.send({ _ct: "send_message", r: "general", c: "first", k: "first" });
    await world.clock.settle();
    world.log.hold();
    for (const number of numbers(1, 40)) {
      const { connection } = guests[number % 4] as Guest;
      const k = number % 5 === 0 ? undefined : `${number}`;
      connection.send({ _ct: "send_message", r: number % 3 === 0 ? "rust" : "general", c: `message ${number}`, k });
      if (number % 7 === 0) await world.clock.settle();
    }
    await world.clock.settle();
    for (const { listener } of guests) listener.events.length = 0;
    world.log.release();
    await world.clock.settle();
    guests.forEach(({ connection, listener }, index) => {
      const own = numbers(1, 40).filter((number) => number % 4 === index && number % 5 !== 0);
      expect(
        listener
          .of("ack")
          .map(({ k }) => Number(k))
          .sort((a, b) => a - b),
      ).toEqual(own);
      expect(listener.of("user_message")).toHaveLength(40);
      listener.events.forEach((event, at) => {
        if (event._et !== "ack") return;
        expect(listener.events[at + 1]).toMatchObject({
          _et: "user_message",
          i: event["i"],
          q: event["q"],
          k: event["k"],
        });
        expect(listener.events[at + 1]?.["u"]).toBe(connection.session.user.name);
      });
    });
    // The same seqs with the same text for everybody.
    const [first, ...others] = guests.map(({ listener }) => listener.of("user_message"));
    for (const other of others) expect([...other]).toEqual(first);
  });

  it("CMD-1 PROJ-2 answers a repeat with the first one's id and seq, and other content under the key with `key_reused`", async () => {
    const world = await startWorld();
    const { connection, listener } = await connect(world, true, "general", "rust");
    connection.send({ _ct: "send_message", r: "general", c: "one", k: "key" });
    await world.clock.settle();
    connection.send({ _ct: "send_message", r: "general", c: "one", k: "key" });
    connection.send({ _ct: "send_message", r: "general", c: "two", k: "key" });
    await world.clock.settle();
    connection.send({ _ct: "send_message", r: "rust", c: "one", k: "key" });
    await world.clock.settle();
    const [first, second, third] = listener.of("ack");
    expect(second).toEqual(first);
    expect(third).toMatchObject({ k: "key", q: 1 });
    expect(third?.["i"]).not.toBe(first?.["i"]);
    expect(listener.of("error")).toMatchObject([{ code: "key_reused", r: "general", k: "key" }]);
    expect(listener.of("user_message").map(({ r, q }) => [r, q])).toEqual([
      ["general", 1],
      ["rust", 1],
    ]);
  });

  it("CMD-1 answers who left the room before the message was durable, and nobody who is gone", async () => {
    const world = await startWorld();
    const sender = await connect(world, true, "general");
    const gone = await connect(world, true, "general");
    for (const { connection } of [sender, gone]) connection.send({ _ct: "send_message", r: "general", c: "a", k: "a" });
    await world.clock.settle();
    world.log.hold();
    for (const { connection } of [sender, gone]) connection.send({ _ct: "send_message", r: "general", c: "b", k: "b" });
    await world.clock.settle();
    sender.connection.send({ _ct: "leave_room", r: "general" });
    gone.connection.cut();
    world.log.release();
    await world.clock.settle();
    expect(sender.listener.of("ack").map(({ k }) => k)).toEqual(["a", "b"]);
    expect(sender.listener.seqs("general")).not.toContain(3);
    expect(gone.listener.of("ack").map(({ k }) => k)).toEqual(["a"]);
  });

  it("FAN-3 writes once a turn however many events wait, and only whole lines", async () => {
    const world = await startWorld();
    const sender = await connect(world, true, "general", "rust");
    const reader = await connect(world, false, "general", "rust");
    world.log.hold();
    for (const number of numbers(1, 50)) {
      sender.connection.send({ _ct: "send_message", r: number % 2 === 0 ? "rust" : "general", c: `message ${number}` });
    }
    await world.clock.settle();
    const before = reader.connection.writes.length;
    world.log.release();
    await world.clock.settle();
    const writes = reader.connection.writes.slice(before);
    expect(writes).toHaveLength(1);
    expect(writes[0]?.toString().split("\r\n")).toHaveLength(51);
    expect(reader.connection.fault).toBeUndefined();
  });

  it("FAN-4 tells all sessions of one user, and counts them as one person", async () => {
    const world = await startWorld();
    const first = await connect(world, true, "general");
    const other = await connect(world, true, "general");
    const second: Guest = await connect(world, false);
    second.connection.send({ _ct: "hello", v: 1, s: first.connection.session.token });
    second.connection.send({ _ct: "join_room", r: "general" });
    await world.clock.settle();
    const name = first.connection.session.user.name;
    expect(second.connection.session.user.name).toBe(name);
    first.connection.send({ _ct: "send_message", r: "general", c: "to all of mine" });
    await world.clock.settle();
    expect(second.listener.seqs("general")).toEqual([1]);
    first.connection.cut();
    await world.clock.advance(NOTICES_WITHIN_MS);
    const about = (status: string) =>
      other.listener.of("room_participation").filter(({ u, s }) => u === name && s === status);
    expect(about("left")).toEqual([]);
    second.connection.cut();
    await world.clock.advance(NOTICES_WITHIN_MS);
    expect(about("left")).toHaveLength(1);
  });

  it("PROJ-5 PROJ-6 tells who said hello of a record that it does not know, and nobody else", async () => {
    const world = await startWorld();
    const old = await connect(world, false, "general");
    const greeted = await connect(world, true, "general");
    const record = message(1, {
      version: 9,
      kind: "poll_opened",
      room: world.roomId("general"),
      sender: uuidOf(5),
      senderName: 'a "name"',
      body: '{"options":["a","b"]}',
    });
    await world.clock.drive(world.log.append(0, [record]), "the append", 0);
    await world.clock.settle();
    const t = new Date(record.time).toISOString();
    const expected = {
      _et: "room_change",
      r: "general",
      q: 1,
      t,
      e: "poll_opened",
      by: 'a "name"',
      d: { options: ["a", "b"] },
    };
    expect(greeted.listener.events.at(-1)).toEqual(expected);
    expect(old.listener.seqs("general")).toEqual([]);
    // It has its place among the messages, for both.
    greeted.connection.send({ _ct: "send_message", r: "general", c: "and on" });
    await world.clock.settle();
    expect(greeted.listener.seqs("general")).toEqual([1, 2]);
    expect(old.listener.seqs("general")).toEqual([2]);
  });

  it("PROJ-6 ignores records of a room that is not in the file, and keeps them", async () => {
    const world = await startWorld();
    const { connection, listener } = await connect(world, true, "general");
    await world.clock.drive(world.log.append(0, [message(1, { room: uuidOf(404) })]), "the append", 0);
    connection.send({ _ct: "send_message", r: "general", c: "on" });
    await world.clock.advance(1000);
    expect(listener.seqs("general")).toEqual([1]);
    expect(await world.store.rooms()).toContain(uuidOf(404));
  });
});
