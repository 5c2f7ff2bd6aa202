/**
 * The guests of the embedded directory, and the names that they have for a time. Touches nothing that it is not handed.
 *
 * | key | value |
 * |---|---|
 * | `g`, session hash | the guest |
 * | `n`, name | who has it and until when |
 * | `k`, key of a name | all names in `n` that have it |
 * | `x`, expiry (8 bytes, big endian), session hash, 0, name | those two: what is looked at when that time has passed |
 */

import { writeNumber } from "../lmdb/sealed-value.ts";
import type { LmdbChanges, LmdbKeyView, LmdbView } from "../lmdb/view.ts";
import { nameKey } from "../name-key.ts";
import type { Uuid } from "../record.ts";
import type { Guest } from "./directory.ts";
import { afterAll, get, keyOf, parse, put } from "./lmdb-values.ts";

interface Held {
  readonly owner: Uuid;
  readonly expiresAt: number;
}

/** Session hash and name. */
type Expiry = readonly [string, string];

/** Keeps a guest; `false` where the name is somebody else's. That it is no account's has been looked at. */
export function saveGuest(
  view: LmdbKeyView,
  changes: LmdbChanges,
  sessionHash: string,
  { id, name, expiresAt }: Guest,
  now: number,
): boolean {
  const held = get<Held>(view, heldKey(name));
  if (held !== undefined && held.expiresAt > now && held.owner !== id) return false;
  const before = held?.owner === id ? held.expiresAt : 0;
  put(changes, heldKey(name), { owner: id, expiresAt: Math.max(before, expiresAt) } satisfies Held);
  if (held === undefined) put(changes, sameNamesKey(name), [...(get<string[]>(view, sameNamesKey(name)) ?? []), name]);
  const replaced = get<Guest>(view, guestKey(sessionHash));
  // What has to be looked at then nevertheless, another name or one that is kept for longer, stays.
  if (replaced?.name === name && replaced.expiresAt < expiresAt) {
    changes.remove(expiryKey(replaced.expiresAt, sessionHash, name));
  }
  put(changes, guestKey(sessionHash), { id, name, expiresAt } satisfies Guest);
  put(changes, expiryKey(expiresAt, sessionHash, name), [sessionHash, name] satisfies Expiry);
  return true;
}

/** The guest of a session who has not expired. */
export function findGuest(view: LmdbKeyView, sessionHash: string, now: number): Guest | undefined {
  const guest = get<Guest>(view, guestKey(sessionHash));
  return guest !== undefined && guest.expiresAt > now ? guest : undefined;
}

/** Whether a guest has exactly this name at `now`. */
export function isGuestName(view: LmdbKeyView, name: string, now: number): boolean {
  return (get<Held>(view, heldKey(name))?.expiresAt ?? 0) > now;
}

/** Whether a guest has this name at `now`, without regard to case. */
export function isGuestNameAnyCase(view: LmdbKeyView, name: string, now: number): boolean {
  return (get<string[]>(view, sameNamesKey(name)) ?? []).some((same) => isGuestName(view, same, now));
}

/** Forgets guests and names that expired, those of the oldest `limit` notes at the most. */
export function removeExpiredGuests(
  view: LmdbView,
  changes: LmdbChanges,
  now: number,
  limit: number,
): { count: number; left: boolean } {
  const expiries: { readonly key: Buffer; readonly expiry: Expiry }[] = [];
  view.scan(expiryKey(0), expiryKey(now + 1), (key, value) => {
    expiries.push({ key, expiry: parse<Expiry>(key, value) });
    return expiries.length < limit;
  });
  const gone = new Set<string>();
  const freed = new Set<string>();
  for (const { key, expiry } of expiries) {
    const [sessionHash, name] = expiry;
    changes.remove(key);
    const guest = get<Guest>(view, guestKey(sessionHash));
    if (guest !== undefined && guest.expiresAt <= now) {
      changes.remove(guestKey(sessionHash));
      gone.add(sessionHash);
    }
    const held = get<Held>(view, heldKey(name));
    if (held !== undefined && held.expiresAt <= now) freed.add(name);
  }
  free(view, changes, freed);
  return { count: gone.size, left: expiries.length === limit };
}

/** Notes for each name which others are the same without regard to case, as folders from before accounts don't have it. */
export function noteSameNames(view: LmdbView, changes: LmdbChanges): void {
  const names = new Map<string, string[]>();
  view.scan(keyOf("n"), afterAll(keyOf("n")), (key) => {
    const name = key.toString("utf8", 1);
    const same = names.get(nameKey(name));
    if (same === undefined) names.set(nameKey(name), [name]);
    else same.push(name);
    return true;
  });
  for (const [key, same] of names) put(changes, keyOf("k", key), same);
}

function free(view: LmdbKeyView, changes: LmdbChanges, freed: ReadonlySet<string>): void {
  for (const key of new Set([...freed].map(nameKey))) {
    const same = (get<string[]>(view, keyOf("k", key)) ?? []).filter((name) => !freed.has(name));
    if (same.length > 0) put(changes, keyOf("k", key), same);
    else changes.remove(keyOf("k", key));
  }
  for (const name of freed) changes.remove(heldKey(name));
}

const guestKey = (sessionHash: string): Buffer => keyOf("g", sessionHash);
const heldKey = (name: string): Buffer => keyOf("n", name);
/** Where all names stand that are the same as this one without regard to case. */
export const sameNamesKey = (name: string): Buffer => keyOf("k", nameKey(name));

/** With neither session nor name the lowest key of that time. */
function expiryKey(expiresAt: number, sessionHash = "", name = ""): Buffer {
  const key = keyOf("x--------", `${sessionHash}\0${name}`);
  writeNumber(expiresAt, key, 1);
  return key;
}
