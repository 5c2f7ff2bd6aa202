/** Tests of bans as a node holds them, where the directory answers late. */
import { describe, expect, it } from "vitest";
import { Bans } from "../../../src/server/auth/bans.ts";
import type { Ban } from "../../../src/server/directory/directory.ts";
import { MemoryDirectory } from "../../../src/server/directory/memory.ts";
import { MemorySignals } from "../../../src/server/signals/memory.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { uuidOf } from "../../support/log-records.ts";

const ROOM = uuidOf(1);
const BAN: Ban = { room: ROOM, type: "user", subject: uuidOf(2), until: 60_000, by: uuidOf(3) };
const BANNED = { user: { id: BAN.subject, name: "Rude", isAdmin: false, isGuest: false }, address: "192.0.2.1" };

/** A directory whose answers about bans can be held up. */
class SlowDirectory extends MemoryDirectory {
  held: Promise<void> | undefined;

  override async bans(now: number): Promise<readonly Ban[]> {
    const { held } = this;
    const bans = await super.bans(now);
    await held;
    return bans;
  }
}

describe("bans", () => {
  it("hold from when they are answered, also where an older look at them comes to its end after that", async () => {
    const clock = new FakeClock(0);
    const directory = new SlowDirectory();
    const signals = new MemorySignals(() => undefined);
    const bans = new Bans({ node: "one", directory, signals, clock });
    let letGo = (): void => undefined;
    directory.held = new Promise((resolve) => {
      letGo = resolve;
    });
    const older = bans.load();
    // It has been answered with none, and the answer is on its way.
    await new Promise((resolve) => setImmediate(resolve));
    directory.held = undefined;
    await bans.add(BAN);
    expect(bans.find(BANNED, ROOM)).toEqual(BAN);
    letGo();
    await older;
    expect(bans.find(BANNED, ROOM)).toEqual(BAN);
    expect(await bans.lift(ROOM, BAN.type, BAN.subject)).toBe(true);
    expect(bans.find(BANNED, ROOM)).toBeUndefined();
  });
});
