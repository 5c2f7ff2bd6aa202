/** What every adapter of the directory must do with sign-ins, tokens and invites. */
import { expect, it } from "vitest";
import type { ApiToken, SignIn } from "../../src/server/directory/directory.ts";
import { uuidOf } from "../support/log-records.ts";
import type { ContractSize, WithDirectory } from "./directory.ts";

const ALICE = uuidOf(1);
/** Whose id begins with Alice's. */
const ALICES_NAMESAKE = `${ALICE}0`;

const signInOf = (user: string, expiresAt: number): SignIn => ({ user, createdAt: 10, expiresAt });

const tokenOf = (number: number, user: string, change: Partial<ApiToken> = {}): ApiToken => ({
  id: uuidOf(1000 + number),
  user,
  label: `token ${number}`,
  createdAt: number,
  expiresAt: undefined,
  ...change,
});

/** Declares the tests. */
export function credentialContract(withDirectory: WithDirectory, { many }: ContractSize): void {
  it("finds a sign-in by its hash until it expires or ends, after a restart too", () =>
    withDirectory(async (directory, { reopen }) => {
      await directory.saveSignIn("one", signInOf(ALICE, 1000));
      await directory.saveSignIn("two", signInOf(ALICE, 2000));
      expect(await directory.signIn("one", 999)).toStrictEqual(signInOf(ALICE, 1000));
      expect(await directory.signIn("one", 1000)).toBeUndefined();
      expect(await directory.signIn("On", 0)).toBeUndefined();
      const again = await reopen();
      expect(await again.signIn("one", 999)).toStrictEqual(signInOf(ALICE, 1000));
      await again.removeSignIn("one");
      await again.removeSignIn("one");
      await again.removeSignIn("nobody's");
      expect(await again.signIn("one", 0)).toBeUndefined();
      expect(await again.signIn("two", 1999)).toStrictEqual(signInOf(ALICE, 2000));
    }));

  it("a sign-in that is kept again has its new time, whichever is longer", () =>
    withDirectory(async (directory) => {
      await directory.saveSignIn("one", signInOf(ALICE, 1000));
      await directory.saveSignIn("one", signInOf(ALICE, 2000));
      expect(await directory.removeExpired(1000)).toBe(0);
      expect(await directory.signIn("one", 1999)).toStrictEqual(signInOf(ALICE, 2000));
      await directory.saveSignIn("one", signInOf(ALICE, 500));
      expect(await directory.signIn("one", 500)).toBeUndefined();
      expect(await directory.removeExpired(500)).toBe(1);
      expect(await directory.signIn("one", 0)).toBeUndefined();
      expect(await directory.removeExpired(2000)).toBe(0);
    }));

  it("finds a token by its hash and all of a user by when they were made, after a restart too", () =>
    withDirectory(async (directory, { reopen }) => {
      const [first, second, third] = [
        tokenOf(3, ALICE, { label: "" }),
        tokenOf(2, ALICE, { createdAt: 7, expiresAt: 1000 }),
        tokenOf(1, ALICE, { createdAt: 9, label: 'the "bot" ☂\n' }),
      ];
      await directory.saveToken("c", third);
      await directory.saveToken("a", first);
      await directory.saveToken("b", second);
      await directory.saveToken("other", tokenOf(4, ALICES_NAMESAKE));
      const again = await reopen();
      expect(await again.tokens(ALICE)).toStrictEqual([first, second, third]);
      expect(await again.tokens(ALICES_NAMESAKE)).toStrictEqual([tokenOf(4, ALICES_NAMESAKE)]);
      expect(await again.tokens(uuidOf(9))).toEqual([]);
      expect(await again.token("a", 1e15)).toStrictEqual(first);
      expect(await again.token("b", 999)).toStrictEqual(second);
      expect(await again.token("b", 1000)).toBeUndefined();
      expect(await again.token("d", 0)).toBeUndefined();
    }));

  it("revokes a token of its user, once, and nobody else's", () =>
    withDirectory(async (directory) => {
      await directory.saveToken("a", tokenOf(1, ALICE));
      await directory.saveToken("b", tokenOf(2, ALICE, { expiresAt: 1000 }));
      expect(await directory.removeToken(ALICES_NAMESAKE, tokenOf(1, ALICE).id)).toBe(false);
      expect(await directory.removeToken(ALICE, uuidOf(5))).toBe(false);
      expect(await directory.token("a", 0)).toBeDefined();
      const revoked = await Promise.all([1, 2, 3].map(() => directory.removeToken(ALICE, tokenOf(1, ALICE).id)));
      expect(revoked.filter(Boolean)).toHaveLength(1);
      expect(await directory.token("a", 0)).toBeUndefined();
      expect(await directory.removeToken(ALICE, tokenOf(2, ALICE).id)).toBe(true);
      expect(await directory.tokens(ALICE)).toEqual([]);
      expect(await directory.removeExpired(1e15)).toBe(0);
    }));

  it("ends all sign-ins and tokens of one user, and of nobody else", () =>
    withDirectory(async (directory, { reopen }) => {
      for (let number = 0; number < 5; number += 1) {
        await directory.saveSignIn(`alice ${number}`, signInOf(ALICE, 1000));
        await directory.saveSignIn(`other ${number}`, signInOf(ALICES_NAMESAKE, 1000));
        await directory.saveToken(`alice ${number}`, tokenOf(number, ALICE, { expiresAt: 1000 }));
        await directory.saveToken(`other ${number}`, tokenOf(100 + number, ALICES_NAMESAKE));
      }
      await directory.removeCredentials(ALICE);
      await directory.removeCredentials(uuidOf(77));
      const again = await reopen();
      expect(await again.tokens(ALICE)).toEqual([]);
      expect(await again.tokens(ALICES_NAMESAKE)).toHaveLength(5);
      for (let number = 0; number < 5; number += 1) {
        expect(await again.signIn(`alice ${number}`, 0)).toBeUndefined();
        expect(await again.token(`alice ${number}`, 0)).toBeUndefined();
        expect(await again.signIn(`other ${number}`, 0)).toBeDefined();
        expect(await again.token(`other ${number}`, 0)).toBeDefined();
      }
      expect(await again.removeExpired(1000)).toBe(5);
    }));

  it("an invite lets one in, once, until it expires; two at once: one wins", () =>
    withDirectory(async (directory, { reopen }) => {
      await directory.saveInvite("a", 1000);
      await directory.saveInvite("b", 1000);
      expect(await directory.takeInvite("c", 0)).toBe(false);
      const taken = await Promise.all(Array.from({ length: 10 }, () => directory.takeInvite("a", 999)));
      expect(taken.filter(Boolean)).toHaveLength(1);
      const again = await reopen();
      expect(await again.takeInvite("a", 0)).toBe(false);
      expect(await again.takeInvite("b", 1000)).toBe(false);
      expect(await again.takeInvite("b", 999)).toBe(true);
      expect(await again.removeExpired(1000)).toBe(0);
    }));

  it("forgets what expired, of every sort, and says how many", () =>
    withDirectory(async (directory, { reopen }) => {
      await directory.saveGuest("guest", { id: uuidOf(5), name: "aB-_9", expiresAt: 1000 }, 0);
      await directory.saveSignIn("a", signInOf(ALICE, 1000));
      await directory.saveToken("a", tokenOf(1, ALICE, { expiresAt: 1000 }));
      await directory.saveInvite("a", 1000);
      await directory.saveBan({ room: uuidOf(8), type: "address", subject: "::1", until: 1000, by: ALICE });
      await directory.saveSignIn("b", signInOf(ALICE, 1001));
      await directory.saveToken("b", tokenOf(2, ALICE));
      expect(await directory.removeExpired(999)).toBe(0);
      expect(await directory.removeExpired(1000)).toBe(5);
      expect(await directory.removeExpired(1000)).toBe(0);
      const again = await reopen();
      // Asked at an hour when they would still be there, had they not been forgotten.
      expect(await again.signIn("a", 0)).toBeUndefined();
      expect(await again.token("a", 0)).toBeUndefined();
      expect(await again.takeInvite("a", 0)).toBe(false);
      expect(await again.bans(0)).toEqual([]);
      expect(await again.tokens(ALICE)).toStrictEqual([tokenOf(2, ALICE)]);
      expect(await again.signIn("b", 1000)).toBeDefined();
      expect(await again.removeExpired(1e15)).toBe(1);
    }));

  it("forgets many at once", () =>
    withDirectory(async (directory) => {
      await Promise.all(
        Array.from({ length: many }, (_, index) => directory.saveSignIn(`${index}`, signInOf(ALICE, 1000))),
      );
      await directory.saveInvite("later", 2000);
      expect(await directory.removeExpired(1000)).toBe(many);
      expect(await directory.removeExpired(2000)).toBe(1);
    }));
}
