/**
 * The accounts of the embedded directory. Touches nothing that it is not handed.
 *
 * | key | value |
 * |---|---|
 * | `a`, id | the account |
 * | `u`, key of its name | its id |
 */
import type { LmdbChanges, LmdbKeyView, LmdbView } from "../lmdb/view.ts";
import { nameKey } from "../name-key.ts";
import type { Uuid } from "../record.ts";
import type { Account, AccountChange } from "./directory.ts";
import { afterAll, get, keyOf, parse, put } from "./lmdb-values.ts";

/** `null` stands for `undefined`. */
type StoredAccount = Omit<Account, "passwordHash"> & { readonly passwordHash: string | null };

/** Makes an account; `false` where an account has its name or id. That no guest has the name has been looked at. */
export function createAccount(view: LmdbKeyView, changes: LmdbChanges, account: Account): boolean {
  if (isAccountName(view, account.name) || view.get(accountKey(account.id)) !== undefined) return false;
  put(changes, accountNameKey(account.name), account.id);
  putAccount(changes, account);
  return true;
}

/** Changes an account. */
export function changeAccount(
  view: LmdbKeyView,
  changes: LmdbChanges,
  id: Uuid,
  { passwordHash, isAdmin, isDisabled }: AccountChange,
  now: number,
): Account | undefined {
  const before = account(view, id);
  if (before === undefined) return undefined;
  const after: Account = {
    ...before,
    passwordHash: passwordHash ?? before.passwordHash,
    isAdmin: isAdmin ?? before.isAdmin,
    isDisabled: isDisabled ?? before.isDisabled,
    updatedAt: now,
  };
  putAccount(changes, after);
  return after;
}

/** The account of an id. */
export function account(view: LmdbKeyView, id: Uuid): Account | undefined {
  const stored = get<StoredAccount>(view, accountKey(id));
  return stored === undefined ? undefined : { ...stored, passwordHash: stored.passwordHash ?? undefined };
}

/** The account of a name. */
export function accountByName(view: LmdbKeyView, name: string): Account | undefined {
  const id = get<Uuid>(view, accountNameKey(name));
  return id === undefined ? undefined : account(view, id);
}

/** Whether an account has this name. */
export const isAccountName = (view: LmdbKeyView, name: string): boolean => view.get(accountNameKey(name)) !== undefined;

/** Accounts by the beginning of their names. */
export function accounts(view: LmdbView, prefix: string, after: string | undefined, limit: number): Account[] {
  const first = accountNameKey(prefix);
  // The next key that there can be.
  const next = after === undefined ? first : Buffer.concat([accountNameKey(after), Buffer.of(0)]);
  const ids: Uuid[] = [];
  if (limit > 0) {
    view.scan(Buffer.compare(next, first) > 0 ? next : first, afterAll(first), (key, value) => {
      ids.push(parse<Uuid>(key, value));
      return ids.length < limit;
    });
  }
  return ids.flatMap((id) => account(view, id) ?? []);
}

function putAccount(changes: LmdbChanges, value: Account): void {
  const { id, name, passwordHash, isAdmin, isDisabled, createdAt, updatedAt } = value;
  put(changes, accountKey(id), {
    id,
    name,
    passwordHash: passwordHash ?? null,
    isAdmin,
    isDisabled,
    createdAt,
    updatedAt,
  } satisfies StoredAccount);
}

const accountKey = (id: Uuid): Buffer => keyOf("a", id);
/** Where an account of that name is found. */
export const accountNameKey = (name: string): Buffer => keyOf("u", nameKey(name));
