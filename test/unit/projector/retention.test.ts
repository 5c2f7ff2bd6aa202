/** Tests of retention: what is removed, what is kept, and what those hear who come back too late. */
import { describe, expect, it } from "vitest";
import { Listener, numbers } from "../../support/memory-transport.ts";
import { PLAIN_WORLD, World } from "../../support/simulation-world.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const ROOM = "general";

async function startWorld(retention: World["options"]["retention"], recentBytesMax: number): Promise<World> {
  const world = new World({ ...PLAIN_WORLD, retention, limits: { recentBytesMax } });
  await world.start();
  return world;
}

async function guest(world: World, join: object): Promise<Listener> {
  const listener = new Listener();
  const connection = await world.connect(listener.heard);
  connection.send({ _ct: "hello", v: 1 });
  connection.send({ _ct: "join_room", r: ROOM, ...join });
  await world.clock.settle();
  return listener;
}

async function post(world: World, from: number, to: number): Promise<void> {
  const connection = await world.connect(() => undefined);
  connection.send({ _ct: "join_room", r: ROOM });
  for (const number of numbers(from, to)) {
    connection.send({ _ct: "send_message", r: ROOM, c: `message ${number}` });
    await world.clock.settle();
  }
  connection.cut();
  await world.clock.advance(1000);
}

/** Events in memory, or hardly any: what is told must not differ. */
describe.each([1024 * 1024, 500])("retention, with %i bytes of recent events", (recentBytesMax) => {
  it("PROJ-3 leaves the newest messages of each room, and says `reset` to who comes from before them", async () => {
    const world = await startWorld({ messages: 10, days: undefined }, recentBytesMax);
    await post(world, 1, 50);
    await world.clock.advance(MINUTE_MS);
    const id = world.roomId(ROOM);
    expect(await world.store.floor(id)).toBe(41);
    const late = await guest(world, { after: 3 });
    expect(late.of("reset")).toEqual([{ _et: "reset", r: ROOM, oldest: 41 }]);
    expect(late.seqs(ROOM)).toEqual(numbers(41, 50));
    expect(late.of("caught_up")).toEqual([{ _et: "caught_up", r: ROOM, q: 50 }]);
    // Nothing is missing for who has seen the one before the oldest.
    const inTime = await guest(world, { after: 40 });
    expect(inTime.of("reset")).toEqual([]);
    expect(inTime.seqs(ROOM)).toEqual(numbers(41, 50));
    // Who asks for the last so many does not count on what came before.
    const last = await guest(world, { last: 30 });
    expect(last.of("reset")).toEqual([]);
    expect(last.seqs(ROOM)).toEqual(numbers(41, 50));
  });

  it("PROJ-3 leaves what is younger than so many days, and counts on after it removed everything", async () => {
    const world = await startWorld({ messages: undefined, days: 2 }, recentBytesMax);
    await post(world, 1, 10);
    await world.clock.advance(DAY_MS);
    await post(world, 11, 20);
    await world.clock.advance(DAY_MS + MINUTE_MS);
    expect((await guest(world, { after: 0 })).seqs(ROOM)).toEqual(numbers(11, 20));
    await world.clock.advance(DAY_MS);
    const nothing = await guest(world, { after: 5 });
    expect(nothing.of("reset")).toEqual([{ _et: "reset", r: ROOM, oldest: 21 }]);
    expect(nothing.of("caught_up")).toEqual([{ _et: "caught_up", r: ROOM, q: 20 }]);
    await post(world, 21, 22);
    expect(nothing.seqs(ROOM)).toEqual([21, 22]);
    // Heads are kept: nothing that was removed is numbered again, nor after a restart.
    world.crash();
    await world.start();
    await post(world, 23, 23);
    expect((await guest(world, { after: 20 })).seqs(ROOM)).toEqual([21, 22, 23]);
  });

  it("PROJ-3 does not bring back what it removed when the log is written again", async () => {
    const world = await startWorld({ messages: 5, days: undefined }, recentBytesMax);
    await post(world, 1, 20);
    await world.clock.advance(MINUTE_MS);
    world.crash();
    await world.start();
    await world.clock.advance(1000);
    const late = await guest(world, { after: 0 });
    expect(late.seqs(ROOM)).toEqual(numbers(16, 20));
  });
});
