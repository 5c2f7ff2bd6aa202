/**
 * What every adapter of the directory must do: the contract of `src/server/directory/directory.ts` as tests. Each
 * adapter runs it with its own way of opening one.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Directory, Guest } from "../../src/server/directory/directory.ts";
import { uuidOf } from "../support/log-records.ts";
import { accountContract } from "./directory-accounts.ts";
import { credentialContract } from "./directory-credentials.ts";
import { roomContract } from "./directory-rooms.ts";

/** A directory under test, empty. */
export interface OpenDirectory {
  readonly directory: Directory;
  /** Closes it and opens the same data again. */
  readonly reopen: () => Promise<Directory>;
  /** Closes what is open and removes everything. */
  readonly cleanup: () => Promise<void>;
}

/** How much the contract asks for: engines that other tests share are asked for less. */
export interface ContractSize {
  /** Sequences of steps that are tried. */
  readonly runs: number;
  /** What is saved and forgotten at once where there are many; even. */
  readonly many: number;
}

/** What a directory that has the machine to itself is asked for. */
const FULL_SIZE: ContractSize = { runs: 40, many: 2500 };

/** Runs a test on a directory of its own and removes that. */
export type WithDirectory = (body: (directory: Directory, opened: OpenDirectory) => Promise<void>) => Promise<void>;

const guest = (number: number, name: string, expiresAt: number): Guest => ({ id: uuidOf(number), name, expiresAt });

/** Runs the contract against one adapter. */
export function directoryContract(
  name: string,
  open: () => Promise<OpenDirectory>,
  size: ContractSize = FULL_SIZE,
): void {
  const withDirectory: WithDirectory = async (body) => {
    const opened = await open();
    try {
      await body(opened.directory, opened);
    } finally {
      await opened.cleanup();
    }
  };

  describe(`directory: ${name}, accounts`, () => accountContract(withDirectory, size));
  describe(`directory: ${name}, sign-ins, tokens and invites`, () => credentialContract(withDirectory, size));
  describe(`directory: ${name}, bans and read markers`, () => roomContract(withDirectory));

  describe(`directory: ${name}`, () => {
    it("knows nobody when it is new", () =>
      withDirectory(async (directory) => {
        expect(await directory.findGuest("hash", 0)).toBeUndefined();
        expect(await directory.isNameTaken("alice", 0)).toBe(false);
        expect(await directory.removeExpired(1e15)).toBe(0);
      }));

    it("WIRE-11 finds a guest by session, after a restart too, until they expire", () =>
      withDirectory(async (directory, { reopen }) => {
        expect(await directory.saveGuest("hash", guest(1, "aB-_9", 1000), 0)).toBe(true);
        expect(await directory.findGuest("hash", 999)).toEqual(guest(1, "aB-_9", 1000));
        const again = await reopen();
        expect(await again.findGuest("hash", 999)).toEqual(guest(1, "aB-_9", 1000));
        expect(await again.findGuest("hash", 1000)).toBeUndefined();
        expect(await again.findGuest("other", 999)).toBeUndefined();
      }));

    it("a name belongs to one until it expires, and names differ by case", () =>
      withDirectory(async (directory) => {
        expect(await directory.saveGuest("one", guest(1, "alice", 1000), 0)).toBe(true);
        expect(await directory.isNameTaken("alice", 999)).toBe(true);
        expect(await directory.isNameTaken("Alice", 999)).toBe(false);
        expect(await directory.saveGuest("two", guest(2, "alice", 5000), 999)).toBe(false);
        expect(await directory.findGuest("two", 999)).toBeUndefined();
        expect(await directory.saveGuest("three", guest(3, "Alice", 5000), 999)).toBe(true);
        expect(await directory.isNameTaken("alice", 1000)).toBe(false);
        expect(await directory.saveGuest("two", guest(2, "alice", 5000), 1000)).toBe(true);
        expect(await directory.isNameTaken("alice", 4999)).toBe(true);
      }));

    it("a refusal changes nothing", () =>
      withDirectory(async (directory) => {
        await directory.saveGuest("one", guest(1, "alice", 1000), 0);
        await directory.saveGuest("two", guest(2, "bob", 1000), 0);
        expect(await directory.saveGuest("two", guest(2, "alice", 9000), 10)).toBe(false);
        expect(await directory.findGuest("two", 10)).toEqual(guest(2, "bob", 1000));
        expect(await directory.isNameTaken("bob", 999)).toBe(true);
        expect(await directory.isNameTaken("alice", 1000)).toBe(false);
      }));

    it("two at once for one name: one wins", () =>
      withDirectory(async (directory) => {
        const saved = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            directory.saveGuest(`hash ${index}`, guest(index, "alice", 1000), 0),
          ),
        );
        expect(saved.filter(Boolean)).toHaveLength(1);
        const winner = saved.indexOf(true);
        expect(await directory.findGuest(`hash ${winner}`, 0)).toEqual(guest(winner, "alice", 1000));
      }));

    it("WIRE-11 a guest who comes back is known for longer, and never for less because of another session", () =>
      withDirectory(async (directory) => {
        await directory.saveGuest("hash", guest(1, "alice", 1000), 0);
        expect(await directory.saveGuest("hash", guest(1, "alice", 2000), 500)).toBe(true);
        expect(await directory.findGuest("hash", 1500)).toEqual(guest(1, "alice", 2000));
        expect(await directory.saveGuest("second", guest(1, "alice", 1200), 600)).toBe(true);
        expect(await directory.isNameTaken("alice", 1999)).toBe(true);
        expect(await directory.saveGuest("other", guest(2, "alice", 9000), 1999)).toBe(false);
      }));

    it("forgets who expired, and says how many", () =>
      withDirectory(async (directory, { reopen }) => {
        await directory.saveGuest("one", guest(1, "alice", 1000), 0);
        await directory.saveGuest("two", guest(2, "bob", 2000), 0);
        await directory.saveGuest("three", guest(3, "carol", 1000), 0);
        await directory.saveGuest("three", guest(3, "carol", 3000), 0);
        expect(await directory.removeExpired(999)).toBe(0);
        expect(await directory.removeExpired(1000)).toBe(1);
        expect(await directory.removeExpired(1000)).toBe(0);
        const again = await reopen();
        // Asked at an hour when they would still be known, had they not been forgotten.
        expect(await again.findGuest("one", 0)).toBeUndefined();
        expect(await again.isNameTaken("alice", 0)).toBe(false);
        expect(await again.findGuest("two", 1000)).toEqual(guest(2, "bob", 2000));
        expect(await again.findGuest("three", 2999)).toEqual(guest(3, "carol", 3000));
        expect(await again.removeExpired(3000)).toBe(2);
        expect(await again.isNameTaken("carol", 0)).toBe(false);
      }));

    it("forgets many at once", () =>
      withDirectory(async (directory) => {
        await Promise.all(
          Array.from({ length: size.many }, (_, index) =>
            directory.saveGuest(`hash ${index}`, guest(index, `n${index}`, 1000 + (index % 2)), 0),
          ),
        );
        expect(await directory.removeExpired(1000)).toBe(size.many / 2);
        expect(await directory.removeExpired(1001)).toBe(size.many / 2);
      }));

    it("a session that another guest takes over keeps both names for their time", () =>
      withDirectory(async (directory) => {
        await directory.saveGuest("hash", guest(1, "alice", 1000), 0);
        await directory.saveGuest("hash", guest(2, "bob", 500), 0);
        expect(await directory.findGuest("hash", 0)).toEqual(guest(2, "bob", 500));
        expect(await directory.isNameTaken("alice", 999)).toBe(true);
        expect(await directory.removeExpired(500)).toBe(1);
        expect(await directory.removeExpired(1000)).toBe(0);
        expect(await directory.isNameTaken("alice", 0)).toBe(false);
      }));

    it("a name that was kept for longer is forgotten in its own time", () =>
      withDirectory(async (directory) => {
        await directory.saveGuest("hash", guest(1, "alice", 1000), 0);
        await directory.saveGuest("hash", guest(1, "alice", 500), 0);
        await directory.saveGuest("other", guest(2, "bob", 1000), 0);
        await directory.saveGuest("other", guest(3, "carol", 1000), 0);
        expect(await directory.removeExpired(500)).toBe(1);
        expect(await directory.isNameTaken("alice", 0)).toBe(true);
        expect(await directory.removeExpired(1000)).toBe(1);
        for (const name of ["alice", "bob", "carol"]) expect(await directory.isNameTaken(name, 0)).toBe(false);
      }));

    it("after close nothing is taken and nothing is given", () =>
      withDirectory(async (directory) => {
        await directory.close();
        await expect(directory.saveGuest("hash", guest(1, "alice", 1), 0)).rejects.toThrow(/closed/);
        await expect(directory.findGuest("hash", 0)).rejects.toThrow(/closed/);
        await directory.close();
      }));

    it("saves, sweeps and restarts in any order give what two plain tables give", async () => {
      const step = fc.record({
        do: fc.constantFrom("save", "save", "save", "sweep", "reopen"),
        session: fc.nat(2),
        owner: fc.nat(2),
        name: fc.nat(2),
        lives: fc.nat(20),
        passes: fc.nat(8),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), (steps) =>
          withDirectory(async (first, { reopen }) => {
            let directory = first;
            let now = 0;
            const guests = new Map<string, Guest>();
            const names = new Map<string, { owner: string; expiresAt: number }>();
            for (const { do: what, session, owner, name: nameIndex, lives, passes } of steps) {
              now += passes;
              const hash = `hash ${session}`;
              const saved = guest(owner, `name ${nameIndex}`, now + lives);
              if (what === "save") {
                const held = names.get(saved.name);
                const free = held === undefined || held.expiresAt <= now || held.owner === saved.id;
                expect(await directory.saveGuest(hash, saved, now)).toBe(free);
                if (free) {
                  const before = held?.owner === saved.id ? held.expiresAt : 0;
                  names.set(saved.name, { owner: saved.id, expiresAt: Math.max(before, saved.expiresAt) });
                  guests.set(hash, saved);
                }
              } else if (what === "sweep") {
                const gone = [...guests].filter(([, { expiresAt }]) => expiresAt <= now);
                for (const [key] of gone) guests.delete(key);
                for (const [key, { expiresAt }] of names) if (expiresAt <= now) names.delete(key);
                expect(await directory.removeExpired(now)).toBe(gone.length);
              } else {
                directory = await reopen();
              }
              for (const at of [0, now]) {
                for (const key of ["hash 0", "hash 1", "hash 2"]) {
                  const known = guests.get(key);
                  expect(await directory.findGuest(key, at)).toEqual((known?.expiresAt ?? 0) > at ? known : undefined);
                }
                for (const key of ["name 0", "name 1", "name 2"]) {
                  expect(await directory.isNameTaken(key, at)).toBe((names.get(key)?.expiresAt ?? 0) > at);
                }
              }
            }
          }),
        ),
        { numRuns: size.runs },
      );
    });
  });
}
