/**
 * What the embedded directory knows of somebody in a room: bans and read markers. Touches nothing that it is not handed.
 *
 * | key | value |
 * |---|---|
 * | `b`, room, 0, type, 0, subject | the ban |
 * | `m`, user, 0, room | the marker: seq and n (8 bytes each, big endian) behind the seal |
 */

import { readNumber, SEAL_BYTES, seal, writeNumber } from "../lmdb/sealed-value.ts";
import type { LmdbChanges, LmdbKeyView, LmdbView } from "../lmdb/view.ts";
import type { Uuid } from "../record.ts";
import type { Ban, MarkerMove, ReadMarker } from "./directory.ts";
import type { Expiring } from "./lmdb-expiring.ts";
import { isOver, putExpiring, removeExpiring } from "./lmdb-expiring.ts";
import { afterAll, checkValue, getIfWhole, keyOf, parse } from "./lmdb-values.ts";

type StoredBan = Omit<Ban, "until"> & Expiring & { readonly expiresAt: number };

/** Keeps a ban, replacing one of the same room, type and subject. */
export function saveBan(view: LmdbKeyView, changes: LmdbChanges, { room, type, subject, until, by }: Ban): void {
  const stored: StoredBan = { room, type, subject, by, expiresAt: until };
  putExpiring(view, changes, banKey(room, type, subject), stored);
}

/** Lifts a ban. */
export function removeBan(
  view: LmdbKeyView,
  changes: LmdbChanges,
  room: Uuid,
  type: Ban["type"],
  subject: string,
): boolean {
  const key = banKey(room, type, subject);
  if (view.get(key) === undefined) return false;
  // It is lifted, readable or not.
  removeExpiring(changes, key, getIfWhole<StoredBan>(view, key) ?? { expiresAt: null });
  return true;
}

/** All bans that have not expired. */
export function bans(view: LmdbView, now: number): Ban[] {
  const found: Ban[] = [];
  view.scan(keyOf("b"), afterAll(keyOf("b")), (key, value) => {
    const stored = parse<StoredBan>(key, value);
    const { room, type, subject, by, expiresAt } = stored;
    if (!isOver(stored, now)) found.push({ room, type, subject, until: expiresAt, by });
    return true;
  });
  return found;
}

/** Moves markers forward. */
export function moveMarkers(view: LmdbKeyView, changes: LmdbChanges, moves: readonly MarkerMove[]): void {
  const furthest = new Map<string, MarkerMove>();
  for (const move of moves) {
    const name = `${move.user}\0${move.room}`;
    if (move.seq > (furthest.get(name)?.seq ?? -1)) furthest.set(name, move);
  }
  for (const [name, { seq, n }] of furthest) {
    const key = keyOf("m", name);
    const value = view.get(key);
    // One that is damaged is healed by the next move.
    if (value !== undefined && seqOf(value) >= seq) continue;
    changes.put(key, markerValue(seq, n));
  }
}

/** A user's markers, by room. */
export function markers(view: LmdbView, user: Uuid): Map<Uuid, ReadMarker> {
  const found = new Map<Uuid, ReadMarker>();
  const own = keyOf("m", user, "");
  view.scan(own, afterAll(own), (key, value) => {
    checkValue(key, value);
    const marker = { seq: readNumber(value, SEAL_BYTES), n: readNumber(value, SEAL_BYTES + 8) };
    found.set(key.toString("utf8", own.length), marker);
    return true;
  });
  return found;
}

function seqOf(value: Buffer): number {
  try {
    checkValue(Buffer.from("m"), value);
    return readNumber(value, SEAL_BYTES);
  } catch {
    return -1;
  }
}

function markerValue(seq: number, n: number): Buffer {
  const value = Buffer.alloc(SEAL_BYTES + 16);
  writeNumber(seq, value, SEAL_BYTES);
  writeNumber(n, value, SEAL_BYTES + 8);
  return seal(value);
}

const banKey = (room: Uuid, type: Ban["type"], subject: string): Buffer => keyOf("b", room, type, subject);
