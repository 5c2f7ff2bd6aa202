/** What every adapter of the directory must do with bans and read markers. */
import { expect, it } from "vitest";
import type { Ban, MarkerMove } from "../../src/server/directory/directory.ts";
import { uuidOf } from "../support/log-records.ts";
import type { WithDirectory } from "./directory.ts";

const ALICE = uuidOf(1);
const ROOM = uuidOf(8);
/** Whose id begins with the room's, and with Alice's. */
const LONGER_ROOM = `${ROOM}0`;
const LONGER_USER = `${ALICE}0`;

const banOf = (subject: string, until: number, change: Partial<Ban> = {}): Ban => ({
  room: ROOM,
  type: "address",
  subject,
  until,
  by: ALICE,
  ...change,
});

const bySubject = (bans: readonly Ban[]): Ban[] =>
  bans.toSorted((a, b) => `${a.subject} ${a.room} ${a.type}`.localeCompare(`${b.subject} ${b.room} ${b.type}`));

/** Declares the tests. */
export function roomContract(withDirectory: WithDirectory): void {
  it("keeps a ban until it expires or is lifted, after a restart too", () =>
    withDirectory(async (directory, { reopen }) => {
      const bans = [
        banOf("10.0.0.1", 1000),
        banOf("10.0.0.1", 3000, { room: LONGER_ROOM }),
        banOf("10.0.0.1", 3000, { type: "user" }),
        banOf("2001:db8::1", 2000),
      ];
      for (const ban of bans) await directory.saveBan(ban);
      expect(bySubject(await directory.bans(999))).toStrictEqual(bySubject(bans));
      const again = await reopen();
      expect(bySubject(await again.bans(1000))).toStrictEqual(bySubject(bans.slice(1)));
      expect(await again.removeBan(ROOM, "user", "10.0.0.1")).toBe(true);
      expect(await again.removeBan(ROOM, "user", "10.0.0.1")).toBe(false);
      expect(await again.removeBan(ROOM, "user", "2001:db8::1")).toBe(false);
      expect(bySubject(await again.bans(1999))).toStrictEqual(bySubject([bans[1], bans[3]] as Ban[]));
      expect(await again.bans(3000)).toEqual([]);
    }));

  it("a ban that is set again has its new time and its new author", () =>
    withDirectory(async (directory) => {
      await directory.saveBan(banOf("10.0.0.1", 1000));
      await directory.saveBan(banOf("10.0.0.1", 2000, { by: uuidOf(2) }));
      expect(await directory.removeExpired(1000)).toBe(0);
      expect(await directory.bans(1999)).toStrictEqual([banOf("10.0.0.1", 2000, { by: uuidOf(2) })]);
      await directory.saveBan(banOf("10.0.0.1", 500));
      expect(await directory.bans(500)).toEqual([]);
      expect(await directory.removeExpired(500)).toBe(1);
      expect(await directory.removeExpired(2000)).toBe(0);
    }));

  it("a marker moves forward only, each user's and room's by itself, after a restart too", () =>
    withDirectory(async (directory, { reopen }) => {
      expect(await directory.markers(ALICE)).toEqual(new Map());
      await directory.moveMarkers([]);
      await directory.moveMarkers([
        { user: ALICE, room: ROOM, seq: 10, n: 7 },
        { user: ALICE, room: LONGER_ROOM, seq: 0, n: 0 },
        { user: LONGER_USER, room: ROOM, seq: 3, n: 3 },
      ]);
      await directory.moveMarkers([
        { user: ALICE, room: ROOM, seq: 9, n: 6 },
        { user: LONGER_USER, room: ROOM, seq: 4, n: 3 },
      ]);
      await directory.moveMarkers([{ user: ALICE, room: ROOM, seq: 10, n: 1 }]);
      const alices = new Map([
        [ROOM, { seq: 10, n: 7 }],
        [LONGER_ROOM, { seq: 0, n: 0 }],
      ]);
      expect(await directory.markers(ALICE)).toEqual(alices);
      const again = await reopen();
      expect(await again.markers(ALICE)).toEqual(alices);
      expect(await again.markers(LONGER_USER)).toEqual(new Map([[ROOM, { seq: 4, n: 3 }]]));
      expect(await again.markers(ROOM)).toEqual(new Map());
      const far = Number.MAX_SAFE_INTEGER;
      await again.moveMarkers([{ user: ALICE, room: ROOM, seq: far, n: far - 1 }]);
      expect((await again.markers(ALICE)).get(ROOM)).toEqual({ seq: far, n: far - 1 });
    }));

  it("of several moves of one marker the furthest counts, in one call and in many at once", () =>
    withDirectory(async (directory) => {
      const move = (seq: number): MarkerMove => ({ user: ALICE, room: ROOM, seq, n: seq * 2 });
      await directory.moveMarkers([move(3), move(9), move(5)]);
      expect((await directory.markers(ALICE)).get(ROOM)).toEqual({ seq: 9, n: 18 });
      await Promise.all([14, 12, 20, 13, 19].map((seq) => directory.moveMarkers([move(seq), move(seq - 1)])));
      expect((await directory.markers(ALICE)).get(ROOM)).toEqual({ seq: 20, n: 40 });
    }));

  it("moves thousands at once", () =>
    withDirectory(async (directory) => {
      const moves = (seq: number): MarkerMove[] =>
        Array.from({ length: 5000 }, (_, index) => ({
          user: uuidOf(index % 100),
          room: uuidOf(1_000_000 + index),
          seq: seq + index,
          n: index,
        }));
      await Promise.all([directory.moveMarkers(moves(1)), directory.moveMarkers(moves(2))]);
      for (const user of [0, 1, 99]) {
        const markers = await directory.markers(uuidOf(user));
        expect(markers.size).toBe(50);
        for (const [room, { seq, n }] of markers) {
          expect([seq, n]).toEqual([n + 2, Number.parseInt(room.slice(24), 16) - 1_000_000]);
        }
      }
    }));
}
