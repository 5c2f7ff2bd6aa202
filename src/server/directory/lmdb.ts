/**
 * The embedded directory: an LMDB environment of its own. Touches its folder and nothing else.
 *
 * | key | value |
 * |---|---|
 * | `g`, session hash | the guest, as JSON |
 * | `n`, name | who has it and until when, as JSON |
 * | `x`, expiry (8 bytes, big endian), session hash, 0, name | those two as JSON: what is looked at when that time has passed |
 */
import type { LmdbEnvironment } from "../lmdb-environment.ts";
import { openLmdb } from "../lmdb-environment.ts";
import type { LmdbChanges, LmdbKeyView, LmdbView } from "../lmdb-view.ts";
import type { Uuid } from "../record.ts";
import { checkSeal, SEAL_BYTES, seal, writeNumber } from "../sealed-value.ts";
import type { Directory, Guest } from "./directory.ts";

/** Expiries that one commit works off. */
const EXPIRIES_MAX = 1000;

interface Held {
  readonly owner: Uuid;
  readonly expiresAt: number;
}

/** Session hash and name. */
type Expiry = readonly [string, string];

/** How the embedded directory is opened. */
export interface LmdbDirectoryOptions {
  /** Its folder; made when absent, but for `readOnly`. */
  readonly dir: string;
  /** Reads only, beside the server that writes. */
  readonly readOnly: boolean;
}

/** The directory in LMDB; made by `openLmdbDirectory`. */
export class LmdbDirectory implements Directory {
  readonly #environment: LmdbEnvironment;

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment;
  }

  /** Why the last change failed, until one succeeds. */
  get fault(): string | undefined {
    return this.#environment.fault;
  }

  saveGuest(sessionHash: string, guest: Guest, now: number): Promise<boolean> {
    return this.#environment.changeKeys((view, changes) => {
      const held = get<Held>(view, nameKey(guest.name));
      if (held !== undefined && held.expiresAt > now && held.owner !== guest.id) return false;
      const before = held?.owner === guest.id ? held.expiresAt : 0;
      put(changes, nameKey(guest.name), {
        owner: guest.id,
        expiresAt: Math.max(before, guest.expiresAt),
      } satisfies Held);
      const replaced = get<Guest>(view, guestKey(sessionHash));
      // What has to be looked at then nevertheless, another name or one that is kept for longer, stays.
      if (replaced?.name === guest.name && replaced.expiresAt < guest.expiresAt) {
        changes.remove(expiryKey(replaced.expiresAt, sessionHash, guest.name));
      }
      const { id, name, expiresAt } = guest;
      put(changes, guestKey(sessionHash), { id, name, expiresAt } satisfies Guest);
      put(changes, expiryKey(expiresAt, sessionHash, name), [sessionHash, name] satisfies Expiry);
      return true;
    });
  }

  findGuest(sessionHash: string, now: number): Promise<Guest | undefined> {
    return this.#environment.read((view) => {
      const guest = get<Guest>(view, guestKey(sessionHash));
      return guest !== undefined && guest.expiresAt > now ? guest : undefined;
    });
  }

  isNameTaken(name: string, now: number): Promise<boolean> {
    return this.#environment.read((view) => (get<Held>(view, nameKey(name))?.expiresAt ?? 0) > now);
  }

  async removeExpired(now: number): Promise<number> {
    let removed = 0;
    for (;;) {
      const { guests, left } = await this.#environment.change((view, changes) => removeExpired(view, changes, now));
      removed += guests;
      if (!left) return removed;
    }
  }

  close(): Promise<void> {
    return this.#environment.close();
  }
}

/** Opens the embedded directory. Throws a `StartError` where that can't be done. */
export async function openLmdbDirectory({ dir, readOnly }: LmdbDirectoryOptions): Promise<LmdbDirectory> {
  const advice = "put that folder back from a backup, or move it away and do without the guests in it";
  return new LmdbDirectory(await openLmdb({ dir, readOnly, isShared: true, advice }));
}

function removeExpired(view: LmdbView, changes: LmdbChanges, now: number): { guests: number; left: boolean } {
  const expiries: { readonly key: Buffer; readonly expiry: Expiry }[] = [];
  view.scan(expiryKey(0), expiryKey(now + 1), (key, value) => {
    expiries.push({ key, expiry: parse<Expiry>(value) });
    return expiries.length < EXPIRIES_MAX;
  });
  const gone = new Set<string>();
  for (const { key, expiry } of expiries) {
    const [sessionHash, name] = expiry;
    changes.remove(key);
    const guest = get<Guest>(view, guestKey(sessionHash));
    if (guest !== undefined && guest.expiresAt <= now) {
      changes.remove(guestKey(sessionHash));
      gone.add(sessionHash);
    }
    const held = get<Held>(view, nameKey(name));
    if (held !== undefined && held.expiresAt <= now) changes.remove(nameKey(name));
  }
  return { guests: gone.size, left: expiries.length === EXPIRIES_MAX };
}

const guestKey = (sessionHash: string): Buffer => Buffer.from(`g${sessionHash}`);
const nameKey = (name: string): Buffer => Buffer.from(`n${name}`);

/** With neither session nor name the lowest key of that time. */
function expiryKey(expiresAt: number, sessionHash = "", name = ""): Buffer {
  const key = Buffer.from(`x--------${sessionHash}\0${name}`);
  writeNumber(expiresAt, key, 1);
  return key;
}

function get<T>(view: LmdbKeyView, key: Buffer): T | undefined {
  const value = view.get(key);
  return value === undefined ? undefined : parse<T>(value);
}

function parse<T>(value: Buffer): T {
  checkSeal(value);
  return JSON.parse(value.toString("utf8", SEAL_BYTES)) as T;
}

function put(changes: LmdbChanges, key: Buffer, value: unknown): void {
  const json = JSON.stringify(value);
  const bytes = Buffer.alloc(SEAL_BYTES + Buffer.byteLength(json));
  bytes.write(json, SEAL_BYTES);
  changes.put(key, seal(bytes));
}
