/**
 * The embedded directory: an LMDB environment of its own. Touches its folder and nothing else.
 *
 * | key | value |
 * |---|---|
 * | `g`, session hash | the guest, as JSON |
 * | `n`, name | who has it and until when, as JSON |
 * | `x`, expiry (8 bytes, big endian), session hash | the name, as JSON: what is looked at when that time has passed |
 */
import type { LmdbChanges, LmdbEnvironment, LmdbKeyView, LmdbView } from "../lmdb-environment.ts";
import { openLmdb } from "../lmdb-environment.ts";
import type { Uuid } from "../record.ts";
import { checkSeal, SEAL_BYTES, seal, writeNumber } from "../sealed-value.ts";
import type { Directory, Guest } from "./directory.ts";

/** Expiries that one commit works off. */
const EXPIRIES_MAX = 1000;

interface Held {
  readonly owner: Uuid;
  readonly expiresAt: number;
}

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
      // Another name's expiry stays, for that name has to be looked at then.
      if (replaced?.name === guest.name) changes.remove(expiryKey(replaced.expiresAt, sessionHash));
      const { id, name, expiresAt } = guest;
      put(changes, guestKey(sessionHash), { id, name, expiresAt } satisfies Guest);
      put(changes, expiryKey(expiresAt, sessionHash), name);
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

/** Opens the embedded directory. Rejects with what the driver or the file system said. */
export async function openLmdbDirectory(options: LmdbDirectoryOptions): Promise<LmdbDirectory> {
  return new LmdbDirectory(await openLmdb(options));
}

function removeExpired(view: LmdbView, changes: LmdbChanges, now: number): { guests: number; left: boolean } {
  const expiries: { readonly key: Buffer; readonly name: string }[] = [];
  view.scan(expiryKey(0, ""), expiryKey(now + 1, ""), (key, value) => {
    expiries.push({ key, name: parse<string>(value) });
    return expiries.length < EXPIRIES_MAX;
  });
  let guests = 0;
  for (const { key, name } of expiries) {
    changes.remove(key);
    const sessionHash = expirySession(key);
    const guest = get<Guest>(view, guestKey(sessionHash));
    if (guest !== undefined && guest.name === name && guest.expiresAt <= now) {
      changes.remove(guestKey(sessionHash));
      guests += 1;
    }
    const held = get<Held>(view, nameKey(name));
    if (held !== undefined && held.expiresAt <= now) changes.remove(nameKey(name));
  }
  return { guests, left: expiries.length === EXPIRIES_MAX };
}

const guestKey = (sessionHash: string): Buffer => Buffer.from(`g${sessionHash}`);
const nameKey = (name: string): Buffer => Buffer.from(`n${name}`);

function expiryKey(expiresAt: number, sessionHash: string): Buffer {
  const key = Buffer.from(`x--------${sessionHash}`);
  writeNumber(expiresAt, key, 1);
  return key;
}

const expirySession = (key: Buffer): string => key.toString("utf8", 9);

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
