/** Tests of the way from a cursor to live: from memory, from the store, and while records keep coming. */
import { describe, expect, it } from "vitest";
import { unpacked } from "../../../src/server/store/packed-rows.ts";
import { Listener, type MemoryConnection, numbers } from "../../support/memory-transport.ts";
import { PLAIN_WORLD, World } from "../../support/simulation-world.ts";

const ALL = Number.MAX_SAFE_INTEGER;

async function startWorld(limits: World["options"]["limits"]): Promise<World> {
  const world = new World({ ...PLAIN_WORLD, limits });
  await world.start();
  return world;
}

async function connect(world: World): Promise<{ connection: MemoryConnection; listener: Listener }> {
  const listener = new Listener();
  const connection = await world.connect(listener.heard);
  connection.send({ _ct: "hello", v: 1 });
  await world.clock.settle();
  return { connection, listener };
}

/** A connection that posts one message after the other. */
async function poster(world: World): Promise<(room: string, from: number, to: number) => Promise<void>> {
  const { connection } = await connect(world);
  const joined = new Set<string>();
  return async (room, from, to) => {
    if (!joined.has(room)) connection.send({ _ct: "join_room", r: room });
    joined.add(room);
    for (const number of numbers(from, to)) {
      connection.send({ _ct: "send_message", r: room, c: `message ${number}` });
      await world.clock.settle();
    }
  };
}

/** All in memory; some there and some in the store; all in the store. */
const MEMORY: readonly number[] = [1024 * 1024, 4000, 300];

describe.each(MEMORY)("catching up with %i bytes of recent events", (recentBytesMax) => {
  it("FAN-1 tells everything after a seq, or the last so many, and then goes on live", async () => {
    const world = await startWorld({ recentBytesMax });
    const post = await poster(world);
    await post("general", 1, 60);
    await world.clock.advance(1000);
    for (const [join, first] of [
      [{ after: 0 }, 1],
      [{ after: 25 }, 26],
      [{ after: 59 }, 60],
      [{ after: 60 }, 61],
      [{ last: 10 }, 51],
      [{ last: 0 }, 61],
      [{ last: 1000 }, 1],
      [{}, 61],
    ] as const) {
      const { connection, listener } = await connect(world);
      connection.send({ _ct: "join_room", r: "general", ...join });
      await world.clock.settle();
      expect(listener.seqs("general")).toEqual(numbers(first, 60));
      const caughtUp = Object.keys(join).length === 0 ? [] : [{ _et: "caught_up", r: "general", q: 60 }];
      expect(listener.of("caught_up")).toEqual(caughtUp);
      expect(listener.story.slice(0, 4)).toEqual([
        "login_successful",
        "login_successful",
        "user_joined_room",
        "room_participation joined",
      ]);
      connection.cut();
    }
  });

  it("FAN-1 joins two sides without gap or repeat, whenever one comes and however slowly it takes", async () => {
    const world = await startWorld({ recentBytesMax, outboxBytesMax: 20_000 });
    const post = await poster(world);
    const listeners: Listener[] = [];
    const slow: MemoryConnection[] = [];
    for (const number of numbers(1, 120)) {
      // In the same turn as a message of somebody else, before it or after it.
      const { connection, listener } = await connect(world);
      listeners.push(listener);
      connection.isFast = number % 3 !== 0;
      if (!connection.isFast) slow.push(connection);
      const posting = post("general", number, number);
      connection.send({ _ct: "join_room", r: "general", after: Math.max(0, number - 1 - (number % 40)) });
      await posting;
      for (const each of slow) each.take(170);
      if (number % 10 === 0) await world.clock.advance(100);
    }
    for (const each of slow) each.isFast = true;
    for (const each of slow) each.take(ALL);
    await world.clock.advance(5000);
    listeners.forEach((listener, index) => {
      const first = Math.max(0, index - ((index + 1) % 40)) + 1;
      expect(listener.seqs("general")).toEqual(numbers(first, 120));
      const story = listener.story;
      const at = story.findIndex((line) => line.startsWith("caught_up"));
      // `caught_up` names the last one told before it.
      const told = story.slice(0, at).filter((line) => line.startsWith("user_message"));
      expect(story[at]).toBe(`caught_up ${told.at(-1)?.split(" ")[1] ?? first - 1}`);
    });
  });
});

describe("a session that is slow while it catches up", () => {
  it("FAN-1 FAN-2 hears caught_up only after what it is about, also where both were let go of", async () => {
    const world = await startWorld({ recentBytesMax: 300, outboxBytesMax: 3000 });
    const post = await poster(world);
    await post("general", 1, 4);
    await post("rust", 1, 1);
    await world.clock.advance(1000);
    const { connection, listener } = await connect(world);
    connection.send({ _ct: "join_room", r: "rust" });
    await world.clock.settle();
    // The store takes its time, and meanwhile the socket is full.
    world.store.hooks.beforeRead = () =>
      new Promise((resolve) => {
        world.clock.after(100, resolve);
      });
    connection.send({ _ct: "join_room", r: "general", after: 0 });
    await world.clock.settle();
    connection.isFast = false;
    await post("rust", 2, 2);
    await world.clock.advance(200);
    // The page and `caught_up` wait behind what the socket has not taken; then there is too much.
    expect([...connection.session.followings.values()].map(({ live }) => live)).toEqual([true, true]);
    await post("rust", 3, 40);
    expect(connection.session.behind).toBe(true);
    connection.isFast = true;
    connection.take(ALL);
    await world.clock.advance(3000);
    const general = listener.events.filter(
      ({ r, _et }) => r === "general" && (_et === "caught_up" || _et === "user_message"),
    );
    expect(general.map(({ _et, q }) => `${_et} ${String(q)}`)).toEqual([
      ...numbers(1, 4).map((q) => `user_message ${q}`),
      "caught_up 4",
    ]);
    expect(listener.seqs("rust")).toEqual(numbers(2, 40));
  });

  it("FAN-1 hears a line that is longer than its whole outbox, alone: it was written under larger limits", async () => {
    const world = await startWorld({ outboxBytesMax: 1500 });
    const { connection, listener } = await connect(world);
    const { connection: other, listener: heard } = await connect(world);
    for (const each of [connection, other]) each.send({ _ct: "join_room", r: "general" });
    await world.clock.settle();
    other.isFast = false;
    for (const length of [10, 5000, 10, 3000]) {
      connection.send({ _ct: "send_message", r: "general", c: "x".repeat(length) });
      await world.clock.settle();
    }
    for (let rounds = 0; rounds < 20; rounds++) {
      other.take(ALL);
      await world.clock.settle();
    }
    expect(listener.seqs("general")).toEqual(numbers(1, 4));
    expect(heard.seqs("general")).toEqual(numbers(1, 4));
  });
});

describe("a store that can't be read", () => {
  it("PROJ-4 FAN-1 delays what only it has, and neither live delivery nor a room that is in memory", async () => {
    const world = await startWorld({ recentBytesMax: 64 * 1024 });
    const post = await poster(world);
    // More than memory holds, so that the beginning of the room is in the store alone.
    const { connection: talker } = await connect(world);
    talker.send({ _ct: "join_room", r: "general" });
    for (const number of numbers(1, 100)) {
      talker.send({ _ct: "send_message", r: "general", c: `${number}`.padEnd(2000) });
      await world.clock.settle();
    }
    await post("rust", 1, 3);
    await world.clock.advance(1000);
    world.store.hooks.beforeRead = () => Promise.reject(new Error("not now"));
    const { connection, listener } = await connect(world);
    connection.send({ _ct: "join_room", r: "general", after: 0 });
    connection.send({ _ct: "join_room", r: "rust", after: 1 });
    await world.clock.advance(4000);
    expect(listener.seqs("rust")).toEqual([2, 3]);
    await post("rust", 4, 4);
    expect(listener.seqs("rust")).toEqual([2, 3, 4]);
    expect(listener.seqs("general")).toEqual([]);
    world.store.hooks.beforeRead = undefined;
    await world.clock.advance(3000);
    await post("general", 101, 101);
    expect(listener.seqs("general")).toEqual(numbers(1, 101));
  });

  it("CMD-2 answers `unavailable` after 2 s where the store has not come so far, and the page once it has", async () => {
    const world = await startWorld({ recentBytesMax: 300 });
    const release = world.store.holdWrites();
    const post = await poster(world);
    await post("general", 1, 20);
    const { connection, listener } = await connect(world);
    connection.send({ _ct: "history", r: "general", after: 0 });
    await world.clock.advance(1900);
    expect(listener.of("error")).toEqual([]);
    await world.clock.advance(200);
    expect(listener.of("error")).toMatchObject([{ code: "unavailable", r: "general" }]);
    connection.send({ _ct: "history", r: "general", after: 0 });
    await world.clock.advance(500);
    release();
    await world.clock.advance(500);
    expect(listener.of("history").map(({ ms }) => (ms as { q: number }[]).map(({ q }) => q))).toEqual([numbers(1, 20)]);
  });

  it("FAN-1 raises an alarm at a hole below the checkpoint, writes it again, and then tells all", async () => {
    const world = await startWorld({ recentBytesMax: 300 });
    const post = await poster(world);
    await post("general", 1, 20);
    await world.clock.advance(1000);
    const { range } = world.store;
    let lost = 1;
    // A row that the store lost, until it is written once more.
    world.store.range = async (...of) => {
      const rows = await range.apply(world.store, of);
      return rows.filter(({ seq }) => seq !== 7 || lost === 0);
    };
    world.store.hooks.beforeWrite = (batch) => {
      if (unpacked(batch.records).some(({ seq }) => seq === 7)) lost = 0;
      return Promise.resolve();
    };
    const { connection, listener } = await connect(world);
    connection.send({ _ct: "join_room", r: "general", after: 0 });
    await world.clock.advance(500);
    expect(world.complaints.map(({ msg }) => msg)).toContain(
      "the store has a hole below its checkpoint; it is projected again",
    );
    await world.clock.advance(5000);
    expect(lost).toBe(0);
    expect(listener.seqs("general")).toEqual(numbers(1, 20));
  });
});
