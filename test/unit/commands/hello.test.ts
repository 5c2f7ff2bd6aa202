/** Tests of `hello` where the connection goes while the directory is being asked. */
import { describe, expect, it } from "vitest";
import { Listener } from "../../support/memory-transport.ts";
import { PLAIN_WORLD, World } from "../../support/simulation-world.ts";

/** Somebody who said `hello`, and went: the session text that they come back with. */
async function knownToken(world: World): Promise<string> {
  const connection = await world.connect(new Listener().heard);
  connection.send({ _ct: "hello", v: 1 });
  await world.clock.settle();
  const { token } = connection.session;
  connection.cut();
  await world.clock.settle();
  return token;
}

describe("hello of somebody whose connection goes meanwhile", () => {
  it("WIRE-11 leaves nobody here as the guest of an earlier session, whose day would never end", async () => {
    const world = new World(PLAIN_WORLD);
    const { guests } = await world.start();
    const token = await knownToken(world);
    const connection = await world.connect(new Listener().heard);
    connection.send({ _ct: "hello", v: 1, s: token });
    connection.cut();
    await world.clock.settle();
    // Only who is here is known without asking the directory.
    expect(guests.isSaved(token)).toBe(false);
    expect(world.complaints).toEqual([]);
  });

  it("WIRE-11 FAN-4 takes no session away from the same guest's other connection", async () => {
    const world = new World(PLAIN_WORLD);
    const { guests } = await world.start();
    const token = await knownToken(world);
    const other = await world.connect(new Listener().heard);
    other.send({ _ct: "hello", v: 1, s: token });
    const third = await world.connect(new Listener().heard);
    third.send({ _ct: "hello", v: 1, s: token });
    await world.clock.settle();
    // Now this one asks to be somebody else, and goes.
    third.send({ _ct: "hello", v: 1, s: await knownToken(world) });
    third.cut();
    await world.clock.settle();
    expect(guests.isSaved(token)).toBe(true);
  });

  it("WIRE-2 leaves no name taken where the one that it had was taken meanwhile", async () => {
    const world = new World(PLAIN_WORLD);
    const { guests } = await world.start();
    const connection = await world.connect(new Listener().heard);
    const { token, user } = connection.session;
    const expiresAt = world.clock.now() + 60_000;
    await world.directory.saveGuest("another", { id: "another", name: user.name, expiresAt }, world.clock.now());
    let admitted: string | undefined;
    const admit = guests.admit.bind(guests);
    guests.admit = async () => {
      const guest = await admit();
      admitted = guest.token;
      connection.cut();
      return guest;
    };
    connection.send({ _ct: "hello", v: 1 });
    await world.clock.settle();
    expect(admitted).toBeDefined();
    expect(admitted).not.toBe(token);
    // Somebody who is here could be come back to.
    expect(await guests.back(admitted ?? "")).toBeUndefined();
  });
});
