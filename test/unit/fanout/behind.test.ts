/** Tests of the bounded outbox: what a session that takes too little loses, keeps, and hears once it takes more. */
import { describe, expect, it } from "vitest";
import { Listener, type MemoryConnection, numbers } from "../../support/memory-transport.ts";
import { PLAIN_WORLD, World } from "../../support/simulation-world.ts";

const OUTBOX_BYTES_MAX = 4000;
/** More than any write of these tests is long. */
const ALL = Number.MAX_SAFE_INTEGER;

async function startWorld(limits: World["options"]["limits"] = {}): Promise<World> {
  const world = new World({ ...PLAIN_WORLD, limits: { outboxBytesMax: OUTBOX_BYTES_MAX, ...limits } });
  await world.start();
  return world;
}

interface Guest {
  readonly connection: MemoryConnection;
  readonly listener: Listener;
}

async function connect(world: World, ...rooms: readonly string[]): Promise<Guest> {
  const listener = new Listener();
  const connection = await world.connect(listener.heard);
  connection.send({ _ct: "hello", v: 1 });
  for (const room of rooms) connection.send({ _ct: "join_room", r: room });
  await world.clock.settle();
  return { connection, listener };
}

/** Posts messages one by one, so that each is a batch of its own. */
async function post(world: World, by: MemoryConnection, room: string, from: number, to: number): Promise<void> {
  for (const number of numbers(from, to)) {
    by.send({ _ct: "send_message", r: room, c: `message ${number}` });
    await world.clock.settle();
  }
}

/** Lets a connection take so many bytes at a time until nothing is left. */
async function takeAll(world: World, connection: MemoryConnection, bytes: number): Promise<void> {
  for (let rounds = 0; connection.pendingBytes() > 0; rounds++) {
    expect(rounds).toBeLessThan(100_000);
    connection.take(bytes);
    await world.clock.settle();
  }
}

describe("a session that takes nothing", () => {
  it("FAN-2 never has more than its outbox holds, those bytes included that the socket has not taken", async () => {
    const world = await startWorld();
    const sender = await connect(world, "general");
    const slow = await connect(world, "general");
    slow.connection.isFast = false;
    let mostBytes = 0;
    for (const number of numbers(1, 300)) {
      await post(world, sender.connection, "general", number, number);
      mostBytes = Math.max(mostBytes, slow.connection.session.outbox.bytes);
    }
    expect(mostBytes).toBeGreaterThan(OUTBOX_BYTES_MAX / 4);
    expect(mostBytes).toBeLessThanOrEqual(OUTBOX_BYTES_MAX);
    expect(sender.listener.seqs("general")).toEqual(numbers(1, 300));
  });

  it.each([1, 7, 100, 3000, ALL])(
    "FAN-1 FAN-2 hears every seq once and in order when it takes %i bytes at a time",
    async (bytes) => {
      const world = await startWorld();
      const sender = await connect(world, "general", "rust");
      const slow = await connect(world, "general", "rust");
      slow.connection.isFast = false;
      await post(world, sender.connection, "general", 1, 60);
      await post(world, sender.connection, "rust", 1, 40);
      expect(slow.connection.session.behind).toBe(true);
      await takeAll(world, slow.connection, bytes);
      await post(world, sender.connection, "general", 61, 62);
      await takeAll(world, slow.connection, bytes);
      expect(slow.listener.seqs("general")).toEqual(numbers(1, 62));
      expect(slow.listener.seqs("rust")).toEqual(numbers(1, 40));
      expect(slow.connection.fault).toBeUndefined();
      expect(slow.connection.session.behind).toBe(false);
    },
  );

  it("FAN-2 keeps its answers, and none of its commands is read until it has drained", async () => {
    const world = await startWorld();
    const sender = await connect(world, "general");
    const slow = await connect(world, "general");
    slow.connection.send({ _ct: "send_message", r: "general", c: "mine", k: "key" });
    await world.clock.settle();
    slow.connection.isFast = false;
    slow.connection.send({ _ct: "send_message", r: "general", c: "again", k: "key2" });
    await world.clock.settle();
    await post(world, sender.connection, "general", 3, 60);
    expect(slow.connection.session.behind).toBe(true);
    slow.connection.send({ _ct: "send_message", r: "general", c: "late", k: "key3" });
    slow.connection.send({ _ct: "nonsense" });
    await world.clock.settle();
    expect(slow.connection.unread).toBe(2);
    expect(world.records.map(({ body }) => body)).not.toContain('"late"');
    await takeAll(world, slow.connection, 500);
    expect(slow.connection.unread).toBe(0);
    expect(slow.listener.of("ack").map(({ k }) => k)).toEqual(["key", "key2", "key3"]);
    expect(slow.listener.of("error").map(({ code }) => code)).toEqual(["unknown_command"]);
    expect(slow.listener.seqs("general")).toEqual(numbers(1, 61));
  });

  it("FAN-2 hears who is there, in each of its rooms, before it is live again", async () => {
    const world = await startWorld();
    const sender = await connect(world, "general", "rust");
    const slow = await connect(world, "general", "rust");
    slow.connection.isFast = false;
    await post(world, sender.connection, "general", 1, 60);
    const newcomer = await connect(world, "general", "rust");
    const names = [sender, slow, newcomer].map(({ connection }) => connection.session.user.name);
    slow.listener.events.length = 0;
    await takeAll(world, slow.connection, ALL);
    const told = slow.listener.of("user_joined_room");
    expect(told.map(({ r }) => r)).toEqual(["general", "rust"]);
    for (const { us } of told) expect([...(us as string[])].sort()).toEqual([...names].sort());
    // All that it missed comes before the names, what is live after them.
    await post(world, sender.connection, "general", 61, 61);
    await takeAll(world, slow.connection, ALL);
    const story = slow.listener.story;
    expect(story.indexOf("user_message 60")).toBeLessThan(story.indexOf("user_joined_room"));
    expect(story.indexOf("user_joined_room")).toBeLessThan(story.indexOf("user_message 61"));
  });

  it("FAN-2 is read again also where it follows no room and its own answers were too many, twice over", async () => {
    const world = await startWorld();
    const { connection, listener } = await connect(world);
    connection.isFast = false;
    const commands = 300;
    for (const number of numbers(1, commands)) connection.send({ _ct: "join_room", r: `no room ${number}` });
    await world.clock.settle();
    expect(connection.session.behind).toBe(true);
    await takeAll(world, connection, 1000);
    expect(connection.unread).toBe(0);
    expect(listener.of("error").map(({ r }) => r)).toEqual(numbers(1, commands).map((number) => `no room ${number}`));
  });

  it("FAN-1 misses nothing of a room whose join answers are what it is too slow for", async () => {
    const world = await startWorld({ outboxBytesMax: 2000 });
    const sender = await connect(world, "general", "rust");
    const slow = await connect(world);
    slow.connection.isFast = false;
    // Fills the outbox up to a few bytes, whatever the length of an answer.
    const answerBytes = 150;
    while (slow.connection.session.outbox.bytes + answerBytes < 2000)
      slow.connection.send({ _ct: "leave_room", r: "rust" });
    slow.connection.send({ _ct: "join_room", r: "general" });
    await world.clock.settle();
    expect(slow.connection.session.behind).toBe(true);
    await post(world, sender.connection, "general", 1, 20);
    await takeAll(world, slow.connection, ALL);
    await post(world, sender.connection, "general", 21, 22);
    await takeAll(world, slow.connection, ALL);
    expect(slow.listener.seqs("general")).toEqual(numbers(1, 22));
  });

  it("FAN-2 is closed with `slow` after 30 s, not earlier, and completes by resuming", async () => {
    const world = await startWorld();
    const sender = await connect(world, "general");
    const slow = await connect(world, "general");
    await post(world, sender.connection, "general", 1, 3);
    slow.connection.isFast = false;
    await post(world, sender.connection, "general", 4, 4);
    await world.clock.advance(29_000);
    expect(slow.connection.isClosed).toBe(false);
    // It takes a little: the 30 s begin anew.
    slow.connection.take(ALL);
    await post(world, sender.connection, "general", 5, 6);
    await world.clock.advance(29_000);
    expect(slow.connection.isClosed).toBe(false);
    await world.clock.advance(3000);
    expect(slow.connection.isClosed).toBe(true);
    expect(slow.connection.session.ended).toBe(true);
    // If it takes something after all, it hears why.
    slow.connection.take(ALL);
    expect(slow.listener.story.at(-1)).toBe("error slow");
    const last = Math.max(...slow.listener.seqs("general"));
    const again = new Listener();
    const connection = await world.connect(again.heard);
    connection.send({ _ct: "join_room", r: "general", after: last });
    await world.clock.settle();
    expect([...slow.listener.seqs("general"), ...again.seqs("general")]).toEqual(numbers(1, 6));
  });

  it("WIRE-6 WIRE-8 gets the answers that its socket has no room for yet, also where it ends", async () => {
    const world = await startWorld();
    const slow = await connect(world, "general");
    slow.connection.isFast = false;
    for (const command of ["one", "two", "quit"]) {
      slow.connection.send({ _ct: command });
      await world.clock.settle();
    }
    expect(slow.connection.isClosed).toBe(true);
    slow.connection.take(ALL);
    expect(slow.listener.of("error").map(({ m }) => m)).toEqual([
      'there is no command "one"',
      'there is no command "two"',
    ]);
  });
});
