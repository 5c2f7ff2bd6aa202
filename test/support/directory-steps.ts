/**
 * Everything that can be asked of a directory, as steps that fast-check puts in any order, and all that a directory says
 * afterwards: so two of them can be compared.
 */
import fc from "fast-check";
import type { Directory } from "../../src/server/directory/directory.ts";
import { accountOf } from "../contract/directory-accounts.ts";
import { uuidOf } from "./log-records.ts";

const small = fc.nat(3);
const name = fc.constantFrom("al", "AL", "aL", "bob", "straße", "STRASSE");
const kind = fc.constantFrom("address" as const, "user" as const);

/** A question or a change, put to either directory at an hour. */
type Step = (directory: Directory, now: number) => Promise<unknown>;

const user = (number: number): string => uuidOf(number);
const token = (number: number, owner: number, expiresAt: number | undefined) => ({
  id: uuidOf(100 + number),
  user: user(owner),
  label: `${number}`,
  createdAt: number,
  expiresAt,
});

/** Everything there is to do; each written so that it can be shown where the test fails. */
export const directoryStep: fc.Arbitrary<{ readonly said: string; readonly run: Step }> = fc.oneof(
  fc.tuple(small, small, name, fc.nat(20)).map(([hash, id, called, lives]) => ({
    said: `guest ${hash} ${id} ${called} ${lives}`,
    run: (directory: Directory, now: number) =>
      directory.saveGuest(`h${hash}`, { id: user(id), name: called, expiresAt: now + lives }, now),
  })),
  fc.tuple(small, name).map(([id, called]) => ({
    said: `account ${id} ${called}`,
    run: (directory: Directory, now: number) => directory.createAccount(accountOf(id, called), now),
  })),
  fc.tuple(small, fc.boolean()).map(([id, isAdmin]) => ({
    said: `change ${id} ${isAdmin}`,
    run: (directory: Directory, now: number) => directory.changeAccount(user(id), { isAdmin }, now),
  })),
  fc.tuple(small, small, fc.nat(20)).map(([hash, id, lives]) => ({
    said: `sign in ${hash} ${id} ${lives}`,
    run: (directory: Directory, now: number) =>
      directory.saveSignIn(`h${hash}`, { user: user(id), createdAt: now, expiresAt: now + lives }),
  })),
  small.map((hash) => ({
    said: `sign out ${hash}`,
    run: (directory: Directory) => directory.removeSignIn(`h${hash}`),
  })),
  // A token's hash and id go together, as each is made once.
  fc.tuple(small, small, fc.option(fc.nat(20))).map(([number, owner, lives]) => ({
    said: `token ${number} ${owner} ${lives}`,
    run: (directory: Directory, now: number) =>
      directory.saveToken(`h${number} ${owner}`, token(number, owner, lives === null ? undefined : now + lives)),
  })),
  fc.tuple(small, small).map(([number, owner]) => ({
    said: `revoke ${number} ${owner}`,
    run: (directory: Directory) => directory.removeToken(user(owner), token(number, owner, 0).id),
  })),
  small.map((id) => ({ said: `end ${id}`, run: (directory: Directory) => directory.removeCredentials(user(id)) })),
  fc.tuple(small, fc.nat(20)).map(([hash, lives]) => ({
    said: `invite ${hash} ${lives}`,
    run: (directory: Directory, now: number) => directory.saveInvite(`h${hash}`, now + lives),
  })),
  small.map((hash) => ({
    said: `take ${hash}`,
    run: (directory: Directory, now: number) => directory.takeInvite(`h${hash}`, now),
  })),
  fc.tuple(small, kind, small, fc.nat(20)).map(([room, type, subject, lasts]) => ({
    said: `ban ${room} ${type} ${subject} ${lasts}`,
    run: (directory: Directory, now: number) =>
      directory.saveBan({ room: user(room), type, subject: `${subject}`, until: now + lasts, by: user(0) }),
  })),
  fc.tuple(small, kind, small).map(([room, type, subject]) => ({
    said: `unban ${room} ${type} ${subject}`,
    run: (directory: Directory) => directory.removeBan(user(room), type, `${subject}`),
  })),
  // How many messages there were up to a seq follows from the seq.
  fc.array(fc.record({ user: small, room: small, seq: fc.nat(9) }), { maxLength: 5 }).map((moves) => ({
    said: `move ${JSON.stringify(moves)}`,
    run: (directory: Directory) =>
      directory.moveMarkers(
        moves.map(({ user: whose, room, seq }) => ({
          user: user(whose),
          room: user(room),
          seq,
          n: Math.ceil(seq / 2),
        })),
      ),
  })),
  fc.constant({ said: "sweep", run: (directory: Directory, now: number) => directory.removeExpired(now) }),
);

/** All that a directory says, at an hour. */
export async function everythingIn(directory: Directory, now: number): Promise<unknown> {
  const numbers = [0, 1, 2, 3];
  const byHash = (ask: (hash: string) => Promise<unknown>) => Promise.all(numbers.map((number) => ask(`h${number}`)));
  const byUser = (ask: (id: string) => Promise<unknown>) => Promise.all(numbers.map((number) => ask(user(number))));
  const bans = await directory.bans(now);
  return {
    accounts: await directory.accounts("", undefined, 100),
    byName: await Promise.all(["AL", "Bob", "strasse"].map((called) => directory.accountByName(called))),
    byId: await byUser((id) => directory.account(id)),
    taken: await Promise.all(["al", "AL", "aL", "STRASSE"].map((called) => directory.isNameTaken(called, now))),
    guests: await byHash((hash) => directory.findGuest(hash, now)),
    signIns: await byHash((hash) => directory.signIn(hash, now)),
    // Made in one millisecond, tokens have no order.
    tokens: await byUser(async (id) => (await directory.tokens(id)).map((one) => JSON.stringify(one)).toSorted()),
    bans: bans.map((ban) => JSON.stringify([ban.room, ban.type, ban.subject, ban.until, ban.by])).toSorted(),
    markers: await byUser(async (id) => [...(await directory.markers(id))].toSorted()),
  };
}
