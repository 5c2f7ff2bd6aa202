/**
 * The guests of a node: names that nobody else has, one guest for one session text, and when they are written down.
 */
import { describe, expect, it } from "vitest";
import { GUEST_KNOWN_MS } from "../../../src/protocol/limits.ts";
import { Guests } from "../../../src/server/auth/guests.ts";
import { type Chance, systemChance } from "../../../src/server/clock.ts";
import { MemoryDirectory } from "../../../src/server/directory/memory.ts";
import { IdMaker } from "../../../src/server/uuid.ts";
import { HandClock } from "../../support/hand-clock.ts";

/** Chance that gives a few names again and again: bytes that repeat with a short period. */
function poorChance(period: number): Chance {
  let calls = 0;
  return (target) => {
    target.fill(calls % period);
    calls += 1;
  };
}

function open(chance: Chance = systemChance, directory = new MemoryDirectory(), clock = new HandClock()) {
  const elsewhere = new Set<string>();
  const ids = new IdMaker(clock, systemChance);
  return {
    guests: new Guests(directory, clock, chance, ids, (name) => elsewhere.has(name)),
    directory,
    clock,
    elsewhere,
  };
}

describe("guests", () => {
  it("WIRE-2 have a session of 21 characters and a name of 5, of the nanoid alphabet", async () => {
    const { guests } = open();
    for (let number = 0; number < 50; number++) {
      const guest = await guests.admit();
      expect(guest.token).toMatch(/^[\w-]{21}$/);
      expect(guest.name).toMatch(/^[\w-]{5}$/);
    }
  });

  it("WIRE-2 are never given the name of one whom another node has in a room", async () => {
    const { guests, elsewhere } = open(poorChance(3));
    const { name, token } = await guests.admit();
    await guests.leave(token);
    elsewhere.add(name);
    expect(guests.isHere(name)).toBe(true);
    const others = [await guests.admit(), await guests.admit()];
    expect(others.map((other) => other.name)).not.toContain(name);
  });

  it("WIRE-2 never share a name, however poor the chance and however many come at once", async () => {
    const { guests } = open(poorChance(61));
    const all = await Promise.all(Array.from({ length: 30 }, () => guests.admit()));
    expect(new Set(all.map(({ name }) => name)).size).toBe(30);
  });

  it("WIRE-2 never take the name of somebody who was written down and is away", async () => {
    const clock = new HandClock();
    const directory = new MemoryDirectory();
    const before = open(poorChance(7), directory, clock).guests;
    const known = await before.admit();
    await before.save(known.token);
    await before.leave(known.token);
    const { guests } = open(poorChance(7), directory, clock);
    const others = await Promise.all(Array.from({ length: 2 }, () => guests.admit()));
    expect(others.map(({ name }) => name)).not.toContain(known.name);
    await clock.advance(GUEST_KNOWN_MS);
    const later = open(poorChance(7), directory, clock).guests;
    expect((await later.admit()).name).toBe(known.name);
  });

  it("FAN-4 are one and the same for one session text, also where two come back at once", async () => {
    const directory = new MemoryDirectory();
    const before = open(systemChance, directory);
    const known = await before.guests.admit();
    await before.guests.save(known.token);
    const { guests } = open(systemChance, directory, before.clock);
    const [one, two] = await Promise.all([guests.back(known.token), guests.back(known.token)]);
    expect(one).toBe(two);
    expect(one).toMatchObject({ id: known.id, name: known.name, token: known.token });
    await guests.leave(known.token);
    expect(await guests.back(known.token)).toBe(one);
    expect(await guests.back("nobody")).toBeUndefined();
  });

  it("WIRE-11 are written down once, however often that is asked for at once", async () => {
    const { guests, directory } = open();
    let saves = 0;
    directory.beforeSave = async () => {
      saves += 1;
    };
    const guest = await guests.admit();
    expect(guests.isSaved(guest.token)).toBe(false);
    expect(await Promise.all([guests.save(guest.token), guests.save(guest.token)])).toEqual([true, true]);
    expect(await guests.save(guest.token)).toBe(true);
    expect(saves).toBe(1);
    expect(guests.isSaved(guest.token)).toBe(true);
    expect(await guests.save("nobody")).toBe(false);
  });

  it("WIRE-11 hear that their name was taken meanwhile, and are not written down", async () => {
    const { guests, directory, clock } = open();
    const guest = await guests.admit();
    const other = { id: "another id", name: guest.name, expiresAt: clock.now() + 1000 };
    await directory.saveGuest("another hash", other, clock.now());
    expect(await guests.save(guest.token)).toBe(false);
    expect(guests.isSaved(guest.token)).toBe(false);
  });

  it("WIRE-11 may be written down after a failure", async () => {
    const { guests, directory } = open();
    const guest = await guests.admit();
    directory.beforeSave = () => Promise.reject(new Error("full"));
    await expect(guests.save(guest.token)).rejects.toThrow("full");
    directory.beforeSave = undefined;
    expect(await guests.save(guest.token)).toBe(true);
  });

  it("WIRE-11 begin their day anew when they leave and while they are here", async () => {
    const { guests, clock } = open();
    const here = await guests.admit();
    const gone = await guests.admit();
    await guests.save(here.token);
    await guests.save(gone.token);
    await clock.advance(1000);
    await guests.leave(gone.token);
    await clock.advance(GUEST_KNOWN_MS - 1);
    await guests.refresh();
    expect(await guests.back(gone.token)).toMatchObject({ name: gone.name });
    await guests.leave(gone.token);
    await clock.advance(GUEST_KNOWN_MS);
    expect(await guests.back(gone.token)).toBeUndefined();
    expect(await guests.back(here.token)).toBe(here);
  });
});
