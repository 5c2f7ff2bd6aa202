/**
 * Sign-ins, tokens and invites of the embedded directory, each under the hash of its secret. Touches nothing that it is
 * not handed.
 *
 * | key | value |
 * |---|---|
 * | `s`, hash | the sign-in |
 * | `S`, user, 0, hash | nothing: the sign-in is that user's |
 * | `t`, hash | the token |
 * | `T`, user, 0, id | the token's hash |
 * | `i`, hash | until when the invite holds |
 */
import type { LmdbChanges, LmdbKeyView, LmdbView } from "../lmdb/view.ts";
import type { Uuid } from "../record.ts";
import type { ApiToken, SignIn } from "./directory.ts";
import type { Expiring } from "./lmdb-expiring.ts";
import { getLive, putExpiring, removeExpiring } from "./lmdb-expiring.ts";
import { afterAll, get, getIfWhole, keyOf, parse, put } from "./lmdb-values.ts";

/** `null` stands for `undefined`. */
type StoredToken = Omit<ApiToken, "expiresAt"> & Expiring;

/** Keeps a sign-in, replacing one of the same hash. */
export function saveSignIn(view: LmdbKeyView, changes: LmdbChanges, hash: string, signIn: SignIn): void {
  const { user, createdAt, expiresAt } = signIn;
  removeSignIn(view, changes, hash);
  const stored: SignIn = { user, createdAt, expiresAt };
  putExpiring(view, changes, signInKey(hash), stored);
  put(changes, signInOf(user, hash), null);
}

/** The sign-in of a hash. */
export function signIn(view: LmdbKeyView, hash: string, now: number): SignIn | undefined {
  return getLive<SignIn>(view, signInKey(hash), now);
}

/** Ends a sign-in. */
export function removeSignIn(view: LmdbKeyView, changes: LmdbChanges, hash: string): void {
  const key = signInKey(hash);
  changes.remove(key);
  const found = getIfWhole<SignIn>(view, key);
  if (found === undefined) return;
  removeExpiring(changes, key, found);
  changes.remove(signInOf(found.user, hash));
}

/** Keeps a token. */
export function saveToken(view: LmdbKeyView, changes: LmdbChanges, hash: string, token: ApiToken): void {
  const { id, user, label, createdAt, expiresAt } = token;
  const stored: StoredToken = { id, user, label, createdAt, expiresAt: expiresAt ?? null };
  putExpiring(view, changes, tokenKey(hash), stored);
  put(changes, tokenOf(user, id), hash);
}

/** The token of a hash. */
export function token(view: LmdbKeyView, hash: string, now: number): ApiToken | undefined {
  return toToken(getLive<StoredToken>(view, tokenKey(hash), now));
}

/** A user's tokens, those that expired and are not forgotten yet among them. */
export function tokens(view: LmdbView, user: Uuid): ApiToken[] {
  const hashes: string[] = [];
  const own = tokenOf(user, "");
  view.scan(own, afterAll(own), (key, value) => {
    hashes.push(parse<string>(key, value));
    return true;
  });
  const found = hashes.flatMap((hash) => toToken(get<StoredToken>(view, tokenKey(hash))) ?? []);
  return found.sort((a, b) => a.createdAt - b.createdAt);
}

/** Revokes a token. */
export function removeToken(view: LmdbKeyView, changes: LmdbChanges, user: Uuid, id: Uuid): boolean {
  const hash = get<string>(view, tokenOf(user, id));
  if (hash === undefined) return false;
  changes.remove(tokenOf(user, id));
  // It ends, readable or not.
  removeExpiring(changes, tokenKey(hash), getIfWhole<StoredToken>(view, tokenKey(hash)) ?? { expiresAt: null });
  return true;
}

/** Ends all sign-ins and tokens of a user. */
export function removeCredentials(view: LmdbView, changes: LmdbChanges, user: Uuid): void {
  const signIns = signInOf(user, "");
  for (const key of view.keys(signIns, afterAll(signIns), Number.MAX_SAFE_INTEGER)) {
    removeSignIn(view, changes, key.toString("utf8", signIns.length));
    changes.remove(key);
  }
  const own = tokenOf(user, "");
  for (const key of view.keys(own, afterAll(own), Number.MAX_SAFE_INTEGER)) {
    removeToken(view, changes, user, key.toString("utf8", own.length));
  }
}

/** Keeps an invite. */
export function saveInvite(view: LmdbKeyView, changes: LmdbChanges, hash: string, expiresAt: number): void {
  putExpiring(view, changes, inviteKey(hash), { expiresAt } satisfies Expiring);
}

/** Uses an invite up. */
export function takeInvite(view: LmdbKeyView, changes: LmdbChanges, hash: string, now: number): boolean {
  const invite = getLive<Expiring>(view, inviteKey(hash), now);
  if (invite === undefined) return false;
  removeExpiring(changes, inviteKey(hash), invite);
  return true;
}

/** Removes what stands beside a sign-in or token that expired. */
export function forgetBeside(changes: LmdbChanges, key: Buffer, value: Expiring | undefined): void {
  if (value === undefined) return;
  const table = key.toString("latin1", 0, 1);
  if (table === "s") changes.remove(signInOf((value as SignIn).user, key.toString("utf8", 1)));
  if (table === "t") changes.remove(tokenOf((value as StoredToken).user, (value as StoredToken).id));
}

function toToken(stored: StoredToken | undefined): ApiToken | undefined {
  return stored === undefined ? undefined : { ...stored, expiresAt: stored.expiresAt ?? undefined };
}

const signInKey = (hash: string): Buffer => keyOf("s", hash);
/** Says that a sign-in is a user's. */
export const signInOf = (user: Uuid, hash: string): Buffer => keyOf("S", user, hash);
const tokenKey = (hash: string): Buffer => keyOf("t", hash);
/** Where the hash of a user's token stands. */
export const tokenOf = (user: Uuid, id: Uuid): Buffer => keyOf("T", user, id);
const inviteKey = (hash: string): Buffer => keyOf("i", hash);
