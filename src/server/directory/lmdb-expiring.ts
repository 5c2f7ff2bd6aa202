/**
 * What the embedded directory forgets in its time: sign-ins, tokens, invites and bans. Beside each stands a note under
 * its hour, so that nobody has to look through all of them. Touches nothing that it is not handed.
 *
 * | key | value |
 * |---|---|
 * | `y`, expiry (8 bytes, big endian), key | nothing: what stands at that key is looked at when that time has passed |
 */

import { writeNumber } from "../lmdb/sealed-value.ts";
import type { LmdbChanges, LmdbKeyView, LmdbView } from "../lmdb/view.ts";
import { get, getIfWhole, put } from "./lmdb-values.ts";

const NOTE_BYTES = 9;

/** What has a time; `null` = for ever. */
export interface Expiring {
  readonly expiresAt: number | null;
}

/** What stands at a key and has not expired at `now`. */
export function getLive<T extends Expiring>(view: LmdbKeyView, key: Buffer, now: number): T | undefined {
  const value = get<T>(view, key);
  return value === undefined || isOver(value, now) ? undefined : value;
}

/** Whether a time has passed. */
export const isOver = ({ expiresAt }: Expiring, now: number): boolean => expiresAt !== null && expiresAt <= now;

/** Puts a value with its note, replacing what stood there. */
export function putExpiring(view: LmdbKeyView, changes: LmdbChanges, key: Buffer, value: Expiring): void {
  const before = getIfWhole<Expiring>(view, key);
  if (before !== undefined) removeExpiring(changes, key, before);
  put(changes, key, value);
  if (value.expiresAt !== null) put(changes, noteKey(value.expiresAt, key), null);
}

/** Removes a value with its note. */
export function removeExpiring(changes: LmdbChanges, key: Buffer, { expiresAt }: Expiring): void {
  changes.remove(key);
  if (expiresAt !== null) changes.remove(noteKey(expiresAt, key));
}

/**
 * Removes what expired at or before `now`, the oldest `limit` at the most, and returns how many those were and whether
 * more are left; `removed` hears of each. What is damaged goes as well: nobody can use it.
 */
export function removeOver(
  view: LmdbView,
  changes: LmdbChanges,
  now: number,
  limit: number,
  removed: (key: Buffer, value: Expiring | undefined) => void,
): { count: number; left: boolean } {
  const notes = view.keys(noteKey(0), noteKey(now + 1), limit);
  let count = 0;
  for (const note of notes) {
    changes.remove(note);
    const key = note.subarray(NOTE_BYTES);
    if (view.get(key) === undefined) continue;
    const value = getIfWhole<Expiring>(view, key);
    if (value !== undefined && !isOver(value, now)) continue;
    changes.remove(key);
    removed(key, value);
    count += 1;
  }
  return { count, left: notes.length === limit };
}

function noteKey(expiresAt: number, key: Buffer = Buffer.alloc(0)): Buffer {
  const note = Buffer.alloc(NOTE_BYTES + key.length, "y");
  writeNumber(expiresAt, note, 1);
  key.copy(note, NOTE_BYTES);
  return note;
}
