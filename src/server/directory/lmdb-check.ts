/**
 * Looks through an embedded directory from its first key to its last: each value must be as it was written, and what
 * stands at two keys must agree, or somebody is not found, or is not signed out. Touches nothing that it is not handed.
 */
import type { LmdbView } from "../lmdb/view.ts";
import { nameKey } from "../name-key.ts";
import type { Uuid } from "../record.ts";
import type { Account, ApiToken, SignIn } from "./directory.ts";
import { account, accountNameKey } from "./lmdb-accounts.ts";
import { signInOf, tokenOf } from "./lmdb-credentials.ts";
import { sameNamesKey } from "./lmdb-guests.ts";
import { checkValue, DirectoryDamaged, get, keyOf, parse } from "./lmdb-values.ts";

/** What a look through a directory found. */
export interface DirectoryCheck {
  readonly accounts: number;
  /** Everything that can be read, accounts and notes that lead from one thing to another among it. */
  readonly values: number;
  /** What is wrong, each as a sentence's worth. */
  readonly findings: readonly string[];
}

/** Every key of the tables: they are letters. What LMDB's own commits are counted by stands above them. */
const FIRST = Buffer.of(0);
const BEYOND = Buffer.of(0x7f);

/** Looks at everything at one moment. */
export function checkDirectory(view: LmdbView): DirectoryCheck {
  const findings: string[] = [];
  let accounts = 0;
  let values = 0;
  view.scan(FIRST, BEYOND, (key, value) => {
    let isWhole = false;
    try {
      checkValue(key, value);
      isWhole = true;
      values += 1;
      const table = key.toString("latin1", 0, 1);
      if (table === "a") accounts += 1;
      const fault = AGREEMENTS[table]?.(view, key, value);
      if (fault !== undefined) findings.push(fault);
    } catch (error) {
      if (!(error instanceof DirectoryDamaged)) throw error;
      // What a whole value leads to is told where the look comes by that.
      if (!isWhole) findings.push(`${error.message}, at ${showKey(key)}`);
    }
    return true;
  });
  return { accounts, values, findings };
}

type Agreement = (view: LmdbView, key: Buffer, value: Buffer) => string | undefined;

/** Table → what is wrong with where a value of it leads, or `undefined`. A damaged value throws `DirectoryDamaged`. */
const AGREEMENTS: Readonly<Record<string, Agreement>> = {
  a(view, key, value) {
    const { id, name } = parse<Account>(key, value);
    if (get<Uuid>(view, accountNameKey(name)) === id) return undefined;
    return `the account ${JSON.stringify(name)} (${id}) is not found by its name`;
  },
  u(view, key, value) {
    const id = parse<Uuid>(key, value);
    const found = account(view, id);
    if (found !== undefined && nameKey(found.name) === textOf(key)) return undefined;
    return `the name ${JSON.stringify(textOf(key))} leads to no account (${id})`;
  },
  n(view, key) {
    const name = textOf(key);
    // A folder from before there were accounts has no number and no such notes; the next start writes both.
    if (view.get(keyOf("d")) === undefined) return undefined;
    if (get<readonly string[]>(view, sameNamesKey(name))?.includes(name)) return undefined;
    return `the guest's name ${JSON.stringify(name)} could be given to an account as well`;
  },
  s(view, key, value) {
    const { user } = parse<SignIn>(key, value);
    if (view.get(signInOf(user, textOf(key))) !== undefined) return undefined;
    return `a sign-in of user ${user} would stay when all of that user's are ended`;
  },
  t(view, key, value) {
    const { user, id } = parse<ApiToken>(key, value);
    if (get<string>(view, tokenOf(user, id)) === textOf(key)) return undefined;
    return `the token ${id} of user ${user} can't be revoked`;
  },
};

const textOf = (key: Buffer): string => key.toString("utf8", 1);

/** A key for a person: other bytes than text stand as their numbers. Hashes are told too; none of them lets anybody in. */
const showKey = (key: Buffer): string => JSON.stringify(key.toString("latin1").replaceAll("\0", " "));
