/** Tests of several nodes over one log and one store: they number alike, one writes, and whoever is left goes on. */
import { describe, expect, it } from "vitest";
import { READ_WITHIN_MS } from "../../src/protocol/limits.ts";
import type { Actor } from "../../src/server/auth/user.ts";
import { publicRoomId } from "../../src/server/uuid.ts";
import { type ClusterNode, ClusterWorld } from "../support/cluster-world.ts";
import { Listener, MemoryConnection } from "../support/memory-transport.ts";
import { foldAll } from "../support/simulation-projector.ts";

const PARTITIONS = 4;
/** Longer than it takes to give up a node that is silent, and to write what it left. */
const GIVEN_UP_MS = 20_000;

/** Makes an account on a node, and gives it as whoever asks. */
async function person(world: ClusterWorld, node: ClusterNode, name: string): Promise<Actor> {
  const made = node.core.accounts.create({ name, password: undefined, invite: undefined }, "127.0.0.1");
  const { id } = await world.clock.drive(made, "an account", 5000);
  return { user: { id, name, isGuest: false, isAdmin: false }, address: "127.0.0.1" };
}

async function chat(world: ClusterWorld, node: ClusterNode, who: Actor, others: readonly Actor[]): Promise<string> {
  const members = others.map(({ user }) => user.id);
  const made = node.core.api.createChat(who, { name: "team", members, direct: false });
  return (await world.clock.drive(made, "a chat", 5000)).chat.id;
}

/** One node, and a chat of somebody in it; the world has that seed. */
async function oneWithChat(seed: number) {
  const world = new ClusterWorld(seed, PARTITIONS);
  const one = await world.start();
  const ann = await person(world, one, "Ann");
  return { world, one, ann, id: await chat(world, one, ann, []) };
}

/** Holds the store against what the fold makes of the log. */
async function expectStored(world: ClusterWorld): Promise<void> {
  for (const [partition, records] of world.records.entries()) {
    const expected = foldAll(records);
    expect(await world.store.checkpoint(partition)).toBe(records.length);
    for (const room of new Set(records.map((record) => record.room))) {
      const rows = await world.store.range(room, 1, Number.MAX_SAFE_INTEGER, { records: 1e6, bytes: 1e9 });
      expect(rows).toEqual(expected.filter(({ record }) => record.room === room));
    }
  }
}

describe("several nodes", () => {
  it("CMD-4 make a chat on one and post to it on the other in the same moment, and are never refused", async () => {
    const world = new ClusterWorld(1, PARTITIONS);
    const [one, two] = [await world.start(), await world.start()];
    const ann = await person(world, one, "Ann");
    const ben = await person(world, two, "Ben");
    for (let number = 0; number < 100; number++) {
      const id = await chat(world, number % 2 === 0 ? one : two, ann, [ben]);
      const posted = (number % 2 === 0 ? two : one).core.api.post(ben, id, `hello ${number}`, undefined);
      expect((await world.clock.drive(posted, "a post", 5000)).seq).toBe(2);
    }
    await world.clock.advance(2000);
    await expectStored(world);
  });

  it("CMD-4 decide nothing where they have not heard from the log lately", async () => {
    const { world, one, ann, id } = await oneWithChat(6);
    one.log.hears = () => false;
    const posted = one.core.api.post(ann, id, "into the dark", undefined);
    await expect(world.clock.drive(posted, "a refusal", READ_WITHIN_MS)).rejects.toMatchObject({ code: "unavailable" });
    one.log.hears = () => true;
    const again = one.core.api.post(ann, id, "heard", undefined);
    expect((await world.clock.drive(again, "a post", 5000)).seq).toBe(2);
  });

  it("CMD-4 wait a moment to hear from the log again, as one must that stood still, and refuse nobody then", async () => {
    const { world, one, ann, id } = await oneWithChat(7);
    const listener = new Listener();
    const guest = await world.clock.drive(MemoryConnection.open(one.core, listener.heard), "a session", 5000);
    one.log.hears = () => false;
    const posted = one.core.api.post(ann, id, "awake", undefined);
    guest.send({ _ct: "join_room", r: "general" });
    guest.send({ _ct: "send_message", r: "general", c: "awake" });
    await world.clock.advance(READ_WITHIN_MS / 2);
    expect(listener.story).toEqual(["login_successful"]);
    one.log.hears = () => true;
    expect((await world.clock.drive(posted, "a post", 1000)).seq).toBe(2);
    await world.clock.advance(100);
    expect(listener.story.slice(1)).toEqual(["user_joined_room", "room_participation joined", "user_message 1"]);
  });

  it("CMD-4 wait out a silence once, however many commands somebody has sent, and the next one again", async () => {
    const world = new ClusterWorld(9, PARTITIONS);
    const one = await world.start();
    const listener = new Listener();
    const guest = await world.clock.drive(MemoryConnection.open(one.core, listener.heard), "a session", 5000);
    one.log.hears = () => false;
    for (let number = 0; number < 100; number++) guest.send({ _ct: "join_room", r: "general" });
    await world.clock.advance(READ_WITHIN_MS - 100);
    expect(listener.story).toEqual(["login_successful"]);
    await world.clock.advance(200);
    expect(listener.story.slice(1)).toEqual(Array.from({ length: 100 }, () => "error unavailable"));

    one.log.hears = () => true;
    await world.clock.advance(200);
    one.log.hears = () => false;
    guest.send({ _ct: "join_room", r: "general" });
    await world.clock.advance(READ_WITHIN_MS / 2);
    one.log.hears = () => true;
    await world.clock.advance(200);
    expect(listener.story.slice(101)).toEqual(["user_joined_room", "room_participation joined"]);
  });

  it("FAN-1 take a client at its word for a record that another node told it, and wait until they hear of it", async () => {
    const { world, one, ann, id } = await oneWithChat(10);
    const listener = new Listener();
    const session = await world.clock.drive(MemoryConnection.open(one.core, listener.heard), "a session", 5000);
    session.send({ _ct: "join_room", r: "general" });
    session.send({ _ct: "send_message", r: "general", c: "heard by all" });
    await world.clock.drive(one.core.api.post(ann, id, "heard by all", undefined), "a post", 5000);
    session.send({ _ct: "leave_room", r: "general" });
    await world.clock.advance(100);
    const before = listener.story.length;

    // One more record in each room, of which this node hears nothing as long as nobody rings.
    for (const { records } of world.disk.partitions) {
      for (const said of records.filter(({ kind }) => kind === "message")) {
        records.push({ ...said, id: publicRoomId(`another than ${said.id}`) });
      }
    }
    session.send({ _ct: "join_room", r: "general", after: 2 });
    const read = one.core.api.markRead(ann, id, 3);
    await world.clock.advance(READ_WITHIN_MS / 2);
    expect(listener.story.slice(before)).toEqual([]);
    world.disk.bell.ring();
    expect(await world.clock.drive(read, "a marker", 1000)).toMatchObject({ seq: 3 });
    await world.clock.advance(100);
    expect(listener.story.slice(before)).toEqual(["user_joined_room", "room_participation joined", "caught_up 2"]);

    // And there is an end to what is taken at its word.
    session.send({ _ct: "leave_room", r: "general" });
    session.send({ _ct: "join_room", r: "general", after: 3 });
    await world.clock.advance(100);
    expect(listener.story.at(-1)).toBe("error bad_field");
    const beyond = one.core.api.markRead(ann, id, 4);
    await expect(world.clock.drive(beyond, "a refusal", 1000)).rejects.toMatchObject({ code: "bad_field" });
  });

  it("CMD-4 STOP-1 let nobody wait for the log when they stop: each has an answer", async () => {
    const { world, one, ann, id } = await oneWithChat(8);
    one.log.hears = () => false;
    const begin = world.clock.monotonic();
    let answeredAt: number | undefined;
    const posted = one.core.api.post(ann, id, "too late", undefined).finally(() => {
      answeredAt = world.clock.monotonic();
    });
    posted.catch(() => undefined);
    await world.clock.advance(200);
    await world.clock.drive(one.core.stop(), "the stop", 10_000);
    await expect(posted).rejects.toMatchObject({ code: "unavailable" });
    expect((answeredAt ?? Number.POSITIVE_INFINITY) - begin).toBe(200);
  });

  it("CMD-2 read back on each what was posted on the other, while only one writes it to the store", async () => {
    const world = new ClusterWorld(2, PARTITIONS);
    const nodes = [await world.start(), await world.start(), await world.start()];
    await world.clock.advance(2000);
    const before = nodes.map((node) => node.written());
    const ann = await person(world, nodes[0] as ClusterNode, "Ann");
    const chats: string[] = [];
    for (let number = 0; number < 8; number++) chats.push(await chat(world, nodes[number % 3] as ClusterNode, ann, []));
    for (let number = 0; number < 60; number++) {
      const node = nodes[number % 3] as ClusterNode;
      const room = chats[number % 8] as string;
      await world.clock.drive(node.core.api.post(ann, room, `message ${number}`, `k${number}`), "a post", 5000);
      const page = node.core.api.messages(ann, room, { before: undefined, after: undefined, limit: 3 });
      expect((await world.clock.drive(page, "a page", 5000)).messages[0]?.content).toBe(`message ${number}`);
    }
    await world.clock.advance(2000);
    await expectStored(world);
    const written = nodes.map((node, index) => node.written() - (before[index] ?? 0));
    expect(written.reduce((sum, count) => sum + count, 0)).toBe(world.records.flat().length);
    expect(written.filter((count) => count > 0).length).toBeGreaterThan(1);
  });

  it("PROJ-3 go on where one was killed: the others write what it left, and nothing twice", async () => {
    const world = new ClusterWorld(3, PARTITIONS);
    const [one, two] = [await world.start(), await world.start()];
    await world.clock.advance(2000);
    const ann = await person(world, one, "Ann");
    const chats: string[] = [];
    for (let number = 0; number < 8; number++) chats.push(await chat(world, one, ann, []));
    for (const id of chats) {
      await world.clock.drive(one.core.api.post(ann, id, "before", undefined), "a post", 5000);
    }
    one.kill();
    for (const id of chats) {
      await world.clock.drive(two.core.api.post(ann, id, "after", undefined), "a post", 5000);
    }
    await world.clock.advance(GIVEN_UP_MS);
    await expectStored(world);
  });

  it("PROJ-3 are not disturbed by one that was stopped and wakes with old work in hand", async () => {
    const world = new ClusterWorld(4, PARTITIONS);
    const [one, two] = [await world.start(), await world.start()];
    await world.clock.advance(2000);
    const ann = await person(world, one, "Ann");
    const chats: string[] = [];
    for (let number = 0; number < 8; number++) chats.push(await chat(world, two, ann, []));
    // Both have all of it in hand and neither has written.
    one.pause();
    for (let number = 0; number < 40; number++) {
      const posted = two.core.api.post(ann, chats[number % 8] as string, `message ${number}`, undefined);
      await world.clock.drive(posted, "a post", 5000);
      await world.clock.advance(1000);
    }
    await expectStored(world);
    const checkpoints = await Promise.all(world.records.map((_, partition) => world.store.checkpoint(partition)));
    one.resume();
    await world.clock.advance(5000);
    const after = await Promise.all(world.records.map((_, partition) => world.store.checkpoint(partition)));
    expect(after).toEqual(checkpoints);
    const posted = one.core.api.post(ann, chats[0] as string, "awake", undefined);
    expect((await world.clock.drive(posted, "a post", 5000)).content).toBe("awake");
    await world.clock.advance(2000);
    await expectStored(world);
  });

  it("PROJ-4 deliver while the store is down, tell how much waits once over all, and catch up", async () => {
    const world = new ClusterWorld(5, PARTITIONS);
    const nodes = [await world.start(), await world.start()];
    await world.clock.advance(2000);
    const ann = await person(world, nodes[0] as ClusterNode, "Ann");
    const id = await chat(world, nodes[0] as ClusterNode, ann, []);
    await world.clock.advance(2000);
    world.store.hooks.beforeWrite = () => Promise.reject(new Error("down"));
    for (let number = 0; number < 30; number++) {
      const node = nodes[number % 2] as ClusterNode;
      await world.clock.drive(node.core.api.post(ann, id, `message ${number}`, undefined), "a post", 5000);
    }
    await world.clock.advance(3000);
    const lags: number[] = [];
    for (const { telemetry } of nodes) {
      lags.push(Number(/^consumer_lag (\d+)$/m.exec(await telemetry.render())?.[1]));
    }
    expect([...lags].sort((a, b) => a - b)).toEqual([0, 30]);
    world.store.hooks.beforeWrite = undefined;
    await world.clock.advance(3000);
    await expectStored(world);
  });
});
