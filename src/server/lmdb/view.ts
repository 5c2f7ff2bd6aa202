/**
 * What one looks at in an LMDB environment, and what one asks to have changed. Touches nothing that it is not handed.
 */
import type { RootDatabase } from "lmdb";

/** What stands in an environment at one moment. Only valid while the function runs that it was handed to. */
export interface LmdbView {
  /** A copy of the value, or `undefined`. */
  get(key: Buffer): Buffer | undefined;
  /** Calls `visit` with what stands at `from` ≤ key < `to`, ascending, until it returns `false`. */
  scan(from: Buffer, to: Buffer, visit: (key: Buffer, value: Buffer) => boolean): void;
  /** The same, descending from the last key below `to`. */
  scanBack(from: Buffer, to: Buffer, visit: (key: Buffer, value: Buffer) => boolean): void;
  /** The keys alone of what stands at `from` ≤ key < `to`, ascending, `limit` at the most. */
  keys(from: Buffer, to: Buffer, limit: number): Buffer[];
  /** The last key of what stands at `from` ≤ key < `to`, or `undefined`. */
  lastKey(from: Buffer, to: Buffer): Buffer | undefined;
}

/** What one commit changes, in order: later ones win. Keys and values must stay as they are until it is through. */
export class LmdbChanges {
  readonly list: { readonly key: Buffer; readonly value: Buffer | undefined }[] = [];

  put(key: Buffer, value: Buffer): void {
    this.set(key, value);
  }

  remove(key: Buffer): void {
    this.set(key, undefined);
  }

  /** Puts a value, or removes it where there is none. */
  set(key: Buffer, value: Buffer | undefined): void {
    this.list.push({ key, value });
  }
}

/** What reads and changes single keys only, so that it may share a commit with others. */
export type LmdbKeyView = Pick<LmdbView, "get">;

/** What is committed now. */
export function viewOf(db: RootDatabase<Buffer, Buffer>): LmdbView {
  return {
    get: (key) => db.get(key),
    scan(from, to, visit) {
      for (const { key, value } of db.getRange({ start: from, end: to })) if (!visit(key, value)) break;
    },
    scanBack(from, to, visit) {
      const range = { start: to, end: from, reverse: true, exclusiveStart: true, inclusiveEnd: true };
      for (const { key, value } of db.getRange(range)) if (!visit(key, value)) break;
    },
    keys: (from, to, limit) => [...db.getKeys({ start: from, end: to, limit })],
    lastKey: (from, to) =>
      [...db.getKeys({ start: to, end: from, reverse: true, exclusiveStart: true, inclusiveEnd: true, limit: 1 })][0],
  };
}

/** What stands there once `changes` are made; only single keys show it. */
export function viewAfter(changes: LmdbChanges, view: LmdbView): LmdbView {
  const values = new Map<string, Buffer | undefined>();
  let seen = 0;
  const get = (key: Buffer): Buffer | undefined => {
    for (const { key: changed, value } of changes.list.slice(seen)) values.set(changed.toString("latin1"), value);
    seen = changes.list.length;
    const name = key.toString("latin1");
    return values.has(name) ? values.get(name) : view.get(key);
  };
  return { ...view, get };
}
