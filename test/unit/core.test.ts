/** Tests of the pipeline as a whole: how it stops where a part of it hangs, and what it tells of its readiness. */
import { describe, expect, it } from "vitest";
import { Listener, type MemoryConnection } from "../support/memory-transport.ts";
import { PLAIN_WORLD, World } from "../support/simulation-world.ts";

/** The longest that the pipeline may take to stop, in milliseconds: adapters and process have to end after it. */
const STOP_WITHIN_MS = 9_000;

async function join(world: World): Promise<{ connection: MemoryConnection; listener: Listener }> {
  const listener = new Listener();
  const connection = await world.connect(listener.heard);
  connection.send({ _ct: "join_room", r: "general" });
  await world.clock.settle();
  return { connection, listener };
}

describe("stopping", () => {
  it("STOP-1 tells everybody in time, also where the log's disk hangs and one of them takes nothing", async () => {
    const world = new World(PLAIN_WORLD);
    const core = await world.start();
    const { connection, listener } = await join(world);
    const { connection: deaf } = await join(world);
    deaf.isFast = false;
    world.fate = () => ({ delayMs: 60_000, outcome: "durable" });
    connection.send({ _ct: "send_message", r: "general", c: "never flushed" });
    await world.clock.settle();
    await world.clock.drive(core.stop(), "the stop", STOP_WITHIN_MS);
    expect(listener.story.at(-1)).toBe("error going_away");
    expect([connection.isClosed, deaf.isClosed]).toEqual([true, true]);
  });

  it("STOP-1 takes no longer where the store hangs", async () => {
    const world = new World(PLAIN_WORLD);
    const core = await world.start();
    const { connection, listener } = await join(world);
    world.store.holdWrites();
    connection.send({ _ct: "send_message", r: "general", c: "in the log" });
    await world.clock.advance(1000);
    await world.clock.drive(core.stop(), "the stop", STOP_WITHIN_MS);
    expect(listener.story.slice(-2)).toEqual(["user_message 1", "error going_away"]);
    expect(world.complaints.map(({ msg }) => msg)).toEqual([
      "the store did not take the last writes in time; they are in the log and follow at the next start",
    ]);
  });

  it("STOP-1 tells nobody that the others leave, for all of them do: it is the last that they hear", async () => {
    const world = new World(PLAIN_WORLD);
    const core = await world.start();
    const all = [await join(world), await join(world), await join(world)];
    await world.clock.drive(core.stop(), "the stop", STOP_WITHIN_MS);
    for (const { listener } of all) {
      expect(listener.story.filter((line) => line.endsWith("left"))).toEqual([]);
      expect(listener.story.at(-1)).toBe("error going_away");
    }
  });
});
