/** What every adapter of the directory must do with accounts: the part of the contract that is about names. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Account, Directory, Guest } from "../../src/server/directory/directory.ts";
import { compareKeys, nameKey } from "../../src/server/name-key.ts";
import { uuidOf } from "../support/log-records.ts";
import type { ContractSize, WithDirectory } from "./directory.ts";

/** An account by number, changed as said. */
export const accountOf = (number: number, name: string, change: Partial<Account> = {}): Account => ({
  id: uuidOf(number),
  name,
  passwordHash: undefined,
  isAdmin: false,
  isDisabled: false,
  createdAt: 1000 + number,
  updatedAt: 1000 + number,
  ...change,
});

const guestOf = (number: number, name: string, expiresAt: number): Guest => ({ id: uuidOf(number), name, expiresAt });

/** All accounts whose name begins with `prefix`, asked for in pages. */
async function namesInPages(directory: Directory, prefix: string, limit: number): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const page = await directory.accounts(prefix, names.at(-1), limit);
    expect(page.length).toBeLessThanOrEqual(limit);
    names.push(...page.map(({ name }) => name));
    if (page.length < limit) return names;
  }
}

/** Declares the tests. */
export function accountContract(withDirectory: WithDirectory, { runs }: ContractSize): void {
  it("knows no account when it is new", () =>
    withDirectory(async (directory) => {
      expect(await directory.account(uuidOf(1))).toBeUndefined();
      expect(await directory.accountByName("alice")).toBeUndefined();
      expect(await directory.accounts("", undefined, 10)).toEqual([]);
      expect(await directory.changeAccount(uuidOf(1), { isAdmin: true }, 5)).toBeUndefined();
    }));

  it("finds an account by id, and by name without regard to case, after a restart too", () =>
    withDirectory(async (directory, { reopen }) => {
      const alice = accountOf(1, "Alice", { passwordHash: "$argon2id$…", isAdmin: true });
      const strauss = accountOf(2, "Strauß");
      expect(await directory.createAccount(alice, 0)).toBe(true);
      expect(await directory.createAccount(strauss, 0)).toBe(true);
      const check = async (opened: Directory): Promise<void> => {
        expect(await opened.account(alice.id)).toStrictEqual(alice);
        for (const name of ["Alice", "alice", "ALICE"]) expect(await opened.accountByName(name)).toStrictEqual(alice);
        for (const name of ["STRAUSS", "strauss"]) expect(await opened.accountByName(name)).toStrictEqual(strauss);
        expect(await opened.accountByName("alic")).toBeUndefined();
        expect(await opened.account("Alice")).toBeUndefined();
      };
      await check(directory);
      await check(await reopen());
    }));

  it("refuses a name or an id that an account has, and changes nothing then", () =>
    withDirectory(async (directory) => {
      const alice = accountOf(1, "Alice");
      await directory.createAccount(alice, 0);
      expect(await directory.createAccount(accountOf(2, "ALICE", { isAdmin: true }), 0)).toBe(false);
      expect(await directory.createAccount(accountOf(1, "bob", { isAdmin: true }), 0)).toBe(false);
      expect(await directory.account(uuidOf(1))).toEqual(alice);
      expect(await directory.account(uuidOf(2))).toBeUndefined();
      expect(await directory.accountByName("bob")).toBeUndefined();
      expect(await directory.createAccount(accountOf(2, "bob"), 0)).toBe(true);
    }));

  it("two at once for one name or one id: one wins", () =>
    withDirectory(async (directory) => {
      const spellings = ["alice", "Alice", "aLICE", "ALICE"];
      const accounts = Array.from({ length: 20 }, (_, index) => accountOf(index, spellings[index % 4] ?? ""));
      const made = await Promise.all(accounts.map((account) => directory.createAccount(account, 0)));
      expect(made.filter(Boolean)).toHaveLength(1);
      expect(await directory.accountByName("alice")).toEqual(accounts[made.indexOf(true)]);
      const same = await Promise.all(
        ["bob", "carol", "dave"].map((name) => directory.createAccount(accountOf(100, name), 0)),
      );
      expect(same.filter(Boolean)).toHaveLength(1);
      expect(await directory.accounts("", undefined, 10)).toHaveLength(2);
    }));

  it("a guest's name is no account's until they expire, in any case", () =>
    withDirectory(async (directory, { reopen }) => {
      await directory.saveGuest("one", guestOf(1, "aB-_9", 1000), 0);
      await directory.saveGuest("two", guestOf(2, "Ab-_9", 2000), 0);
      expect(await directory.createAccount(accountOf(3, "AB-_9"), 0)).toBe(false);
      expect(await directory.accountByName("AB-_9")).toBeUndefined();
      expect(await directory.removeExpired(1000)).toBe(1);
      // The other guest is still there, though the first is forgotten.
      expect(await directory.createAccount(accountOf(3, "AB-_9"), 1999)).toBe(false);
      const again = await reopen();
      expect(await again.createAccount(accountOf(3, "AB-_9"), 1999)).toBe(false);
      expect(await again.createAccount(accountOf(3, "AB-_9"), 2000)).toBe(true);
      expect(await again.removeExpired(2000)).toBe(1);
      expect(await again.accountByName("ab-_9")).toEqual(accountOf(3, "AB-_9"));
    }));

  it("an account's name is no guest's, in any case and for ever", () =>
    withDirectory(async (directory) => {
      await directory.createAccount(accountOf(1, "Alice"), 0);
      for (const name of ["Alice", "alice", "aliCE"]) {
        expect(await directory.isNameTaken(name, 1e15)).toBe(true);
        expect(await directory.saveGuest("hash", guestOf(2, name, 1000), 0)).toBe(false);
        // Nor that of the guest who has the account's own id.
        expect(await directory.saveGuest("hash", guestOf(1, name, 1000), 0)).toBe(false);
      }
      expect(await directory.findGuest("hash", 0)).toBeUndefined();
      expect(await directory.isNameTaken("alic", 0)).toBe(false);
      expect(await directory.saveGuest("hash", guestOf(2, "alic", 1000), 0)).toBe(true);
    }));

  it("a guest and an account at once for one name: one wins", () =>
    withDirectory(async (directory) => {
      for (let round = 0; round < 10; round += 1) {
        const asGuest = () => directory.saveGuest(`hash ${round}`, guestOf(100 + round, `Name${round}`, 1000), 0);
        const asAccount = () => directory.createAccount(accountOf(200 + round, `name${round}`), 0);
        const asked = round % 2 === 0 ? [asGuest(), asAccount()] : [asAccount(), asGuest()];
        expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(1);
      }
    }));

  it("changes what is asked and leaves the rest, two changes at once too", () =>
    withDirectory(async (directory, { reopen }) => {
      const alice = accountOf(1, "alice", { passwordHash: "first" });
      await directory.createAccount(alice, 0);
      await directory.createAccount(accountOf(2, "bob"), 0);
      const admin = { ...alice, isAdmin: true, updatedAt: 5000 };
      expect(await directory.changeAccount(alice.id, { isAdmin: true }, 5000)).toStrictEqual(admin);
      await Promise.all([
        directory.changeAccount(alice.id, { passwordHash: "second" }, 6000),
        directory.changeAccount(alice.id, { isDisabled: true }, 6000),
      ]);
      const both = { ...admin, passwordHash: "second", isDisabled: true, updatedAt: 6000 };
      expect(await directory.account(alice.id)).toStrictEqual(both);
      expect(await directory.changeAccount(alice.id, {}, 7000)).toStrictEqual({ ...both, updatedAt: 7000 });
      const again = await reopen();
      expect(await again.changeAccount(alice.id, { isDisabled: false, isAdmin: false }, 8000)).toStrictEqual({
        ...both,
        isDisabled: false,
        isAdmin: false,
        updatedAt: 8000,
      });
      expect(await again.account(uuidOf(2))).toStrictEqual(accountOf(2, "bob"));
    }));

  it("finds accounts by the beginning of their name without regard to case, in order and in pages", () =>
    withDirectory(async (directory) => {
      const inOrder = ["-_-", "Al", "ALEX", "alice", "Ali\u0301", "%", "ali_e", "ali b", "ali\uff5e", "ali🦊", "Ωmega"]
        .map((name) => name.normalize("NFC"))
        .toSorted((a, b) => compareKeys(nameKey(a), nameKey(b)));
      for (const [index, name] of inOrder.toReversed().entries()) {
        expect(await directory.createAccount(accountOf(index, name), 0)).toBe(true);
      }
      for (const prefix of ["", "a", "AL", "ali", "alí", "ali🦊", "ωM", "zz", "%", "_"]) {
        const found = inOrder.filter((name) => nameKey(name).startsWith(nameKey(prefix)));
        for (const limit of [1, 2, 5, 100]) expect(await namesInPages(directory, prefix, limit)).toEqual(found);
      }
      // By code points: what UTF-16 would put last comes before.
      expect((await namesInPages(directory, "ali", 3)).slice(-2)).toEqual(["ali\uff5e", "ali🦊"]);
      expect(await directory.accounts("", undefined, 0)).toEqual([]);
      // After a name that nobody has, and after one that the prefix is behind of.
      expect((await directory.accounts("", "AlF", 1)).map(({ name }) => name)).toEqual(["ali b"]);
      expect((await directory.accounts("ali", "%", 1)).map(({ name }) => name)).toEqual(["ali b"]);
      expect(await directory.accounts("ali", "zz", 10)).toEqual([]);
    }));

  it("any names come back in order, by any prefix and in any pages", async () => {
    const letter = fc.constantFrom(..."aAbBßıİσςΣéÉ-_% \u{1f600}\uff5e", "e\u0301", "ﬁ", "가");
    const name = fc.array(letter, { minLength: 1, maxLength: 5 }).map((letters) => letters.join("").normalize("NFC"));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { maxLength: 12, selector: nameKey }),
        fc.array(letter, { maxLength: 2 }).map((letters) => letters.join("")),
        fc.integer({ min: 1, max: 5 }),
        (names, prefix, limit) =>
          withDirectory(async (directory) => {
            const made = names.map((one, index) => directory.createAccount(accountOf(index, one), 0));
            expect(await Promise.all(made)).toEqual(names.map(() => true));
            const found = names
              .filter((one) => nameKey(one).startsWith(nameKey(prefix)))
              .toSorted((a, b) => compareKeys(nameKey(a), nameKey(b)));
            expect(await namesInPages(directory, prefix, limit)).toEqual(found);
          }),
      ),
      { numRuns: runs },
    );
  });

  it("after close nothing is taken and nothing is given", () =>
    withDirectory(async (directory) => {
      await directory.close();
      await expect(directory.createAccount(accountOf(1, "alice"), 0)).rejects.toThrow(/closed/);
      await expect(directory.account(uuidOf(1))).rejects.toThrow(/closed/);
      await expect(directory.moveMarkers([])).rejects.toThrow(/closed/);
    }));
}
