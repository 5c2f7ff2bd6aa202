/** Tests of the way from a command to the log: one append a turn, and who hears what when it fails. */
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../src/server/log/memory.ts";
import { Listener, type MemoryConnection, numbers } from "../../support/memory-transport.ts";
import { PLAIN_WORLD, World } from "../../support/simulation-world.ts";

interface Guest {
  readonly connection: MemoryConnection;
  readonly listener: Listener;
}

async function connect(world: World): Promise<Guest> {
  const listener = new Listener();
  const connection = await world.connect(listener.heard);
  connection.send({ _ct: "hello", v: 1 });
  connection.send({ _ct: "join_room", r: "general" });
  connection.send({ _ct: "join_room", r: "rust" });
  await world.clock.settle();
  return { connection, listener };
}

async function startWorld(limits: World["options"]["limits"] = {}): Promise<World> {
  const world = new World({ ...PLAIN_WORLD, limits });
  await world.start();
  return world;
}

const errors = ({ listener }: Guest) => listener.of("error").map(({ code, r, k }) => [code, r, k]);

describe("the appender", () => {
  it("LOG-4 appends once what one turn brought, in the order in which it came", async () => {
    const world = await startWorld();
    const commits: number[] = [];
    world.fate = (records) => {
      commits.push(records.length);
      return { delayMs: 0, outcome: "durable" };
    };
    const guests = [await connect(world), await connect(world)];
    for (const number of numbers(1, 30)) {
      guests[number % 2]?.connection.send({
        _ct: "send_message",
        r: number % 3 === 0 ? "rust" : "general",
        c: `${number}`,
      });
    }
    await world.clock.settle();
    expect(commits).toEqual([30]);
    expect(world.records.map(({ body }) => Number(JSON.parse(body)))).toEqual(numbers(1, 30));
  });

  it("CMD-1 acknowledges nothing before it is durable", async () => {
    const world = await startWorld();
    const guest = await connect(world);
    world.log.hold();
    guest.connection.send({ _ct: "send_message", r: "general", c: "x", k: "k" });
    await world.clock.advance(5000);
    expect(guest.listener.of("ack")).toEqual([]);
    expect(guest.listener.seqs("general")).toEqual([]);
    world.log.release();
    await world.clock.settle();
    expect(guest.listener.of("ack")).toHaveLength(1);
  });

  it.each<[Outcome, string, boolean]>([
    ["not_sent", "not_sent", false],
    ["unknown_lost", "unknown", false],
    ["unknown_kept", "unknown", true],
  ])(
    "CMD-5 tells each sender of a commit that ended %s, with room and key, and a retry is safe",
    async (outcome, code, isKept) => {
      const world = await startWorld();
      const [a, b, bystander] = [await connect(world), await connect(world), await connect(world)];
      world.fate = () => ({ delayMs: 5, outcome });
      a.connection.send({ _ct: "send_message", r: "general", c: "one", k: "key a" });
      a.connection.send({ _ct: "send_message", r: "rust", c: "two" });
      b.connection.send({ _ct: "send_message", r: "rust", c: "three", k: "key b" });
      await world.clock.advance(100);
      expect(errors(a)).toEqual([
        [code, "general", "key a"],
        [code, "rust", undefined],
      ]);
      expect(errors(b)).toEqual([[code, "rust", "key b"]]);
      expect(errors(bystander)).toEqual([]);
      expect(a.listener.of("ack")).toEqual([]);
      expect(bystander.listener.of("user_message")).toHaveLength(isKept ? 3 : 0);
      world.fate = () => ({ delayMs: 0, outcome: "durable" });
      a.connection.send({ _ct: "send_message", r: "general", c: "one", k: "key a" });
      await world.clock.advance(100);
      expect(a.listener.of("ack").map(({ k, q }) => [k, q])).toEqual([["key a", 1]]);
      expect(bystander.listener.seqs("general")).toEqual([1]);
    },
  );

  it("CMD-5 LOG-5 answers `unknown` within 10 s where the disk hangs, and `not_sent` for what only waited", async () => {
    const world = await startWorld();
    const guest = await connect(world);
    world.fate = () => ({ delayMs: 20_000, outcome: "durable" });
    guest.connection.send({ _ct: "send_message", r: "general", c: "in flight", k: "1" });
    await world.clock.advance(100);
    guest.connection.send({ _ct: "send_message", r: "general", c: "waiting", k: "2" });
    await world.clock.advance(10_000);
    expect(errors(guest).sort()).toEqual([
      ["not_sent", "general", "2"],
      ["unknown", "general", "1"],
    ]);
    await world.clock.advance(15_000);
    // The one that was on its way has appeared after all; the other never does.
    expect(guest.listener.of("user_message").map(({ k }) => k)).toEqual(["1"]);
    expect(guest.listener.of("ack")).toEqual([]);
  });

  it("CMD-5 refuses with `overloaded` what does not fit into the queue any more, and takes what fits", async () => {
    const world = await startWorld({ appendBytesMax: 20_000, appendQueueBytesMax: 40_000 });
    const guest = await connect(world);
    world.log.hold();
    for (const number of numbers(1, 20)) {
      guest.connection.send({ _ct: "send_message", r: "general", c: "x".repeat(4000), k: `${number}` });
      await world.clock.settle();
    }
    const refused = guest.listener.of("error");
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["overloaded"]));
    expect(refused.length).toBeGreaterThan(5);
    world.log.release();
    await world.clock.settle();
    const keys = [...refused, ...guest.listener.of("ack")].map(({ k }) => Number(k)).sort((x, y) => x - y);
    expect(keys).toEqual(numbers(1, 20));
    expect(world.records).toHaveLength(20 - refused.length);
  });

  it("LOG-5 cuts one turn into appends of `appendBytesMax`, so that a flood in one packet is no error", async () => {
    const world = await startWorld({ appendBytesMax: 20_000 });
    const guest = await connect(world);
    for (const number of numbers(1, 50)) {
      guest.connection.send({ _ct: "send_message", r: "general", c: "x".repeat(3000), k: `${number}` });
    }
    await world.clock.settle();
    expect(errors(guest)).toEqual([]);
    expect(guest.listener.of("ack").map(({ q }) => q)).toEqual(numbers(1, 50));
  });

  it("CMD-1 CMD-5 answers `unknown` where a durable record is not passed by the tail in time", async () => {
    const world = await startWorld();
    const guest = await connect(world);
    // Durable, and not seen: as with a log whose reader hangs.
    world.fate = () => ({ delayMs: 0, outcome: "durable" });
    const { bell } = world.disk;
    const ring = bell.ring;
    bell.ring = () => undefined;
    guest.connection.send({ _ct: "send_message", r: "general", c: "x", k: "k" });
    await world.clock.advance(11_000);
    expect(errors(guest)).toEqual([]);
    await world.clock.advance(3000);
    expect(errors(guest)).toEqual([["unknown", "general", "k"]]);
    bell.ring = ring;
    bell.ring();
    await world.clock.settle();
    expect(guest.listener.seqs("general")).toEqual([1]);
  });

  it("STOP-1 finishes what was accepted, takes nothing more, and says so", async () => {
    const world = await startWorld();
    const guest = await connect(world);
    world.fate = () => ({ delayMs: 500, outcome: "durable" });
    guest.connection.send({ _ct: "send_message", r: "general", c: "accepted", k: "1" });
    const stopping = world.core.stop();
    guest.connection.send({ _ct: "send_message", r: "general", c: "too late", k: "2" });
    await world.clock.drive(stopping, "the stop", 20_000);
    expect(guest.listener.of("ack").map(({ k }) => k)).toEqual(["1"]);
    expect(errors(guest)).toEqual([
      ["going_away", "general", "2"],
      ["going_away", undefined, undefined],
    ]);
    expect(world.records.map(({ body }) => body)).toEqual(['"accepted"']);
    expect(guest.connection.isClosed).toBe(true);
    expect(await world.store.checkpoint(0)).toBe(1);
  });
});
