/** The directory in memory, for tests and simulations. Touches nothing outside of itself. */
import type { Uuid } from "../record.ts";
import type { Directory, Guest } from "./directory.ts";

/** What outlives the instance that wrote it, as a disk would. */
interface MemoryTables {
  /** By session hash. */
  readonly guests: Map<string, Guest>;
  /** By name: who has it, and until when. */
  readonly names: Map<string, { readonly owner: Uuid; readonly expiresAt: number }>;
}

/** The directory in memory. */
export class MemoryDirectory implements Directory {
  /** Set by a test: called before each save takes effect; reject to fail it, never settle to hang it. */
  beforeSave: (() => Promise<void>) | undefined = undefined;
  readonly #tables: MemoryTables;
  #closed = false;

  constructor(tables: MemoryTables = { guests: new Map(), names: new Map() }) {
    this.#tables = tables;
  }

  /** The same data in a new instance, as after a restart; this one is closed. */
  reopen(): MemoryDirectory {
    this.#closed = true;
    return new MemoryDirectory(this.#tables);
  }

  async saveGuest(sessionHash: string, guest: Guest, now: number): Promise<boolean> {
    this.#checkOpen();
    await this.beforeSave?.();
    this.#checkOpen();
    const held = this.#tables.names.get(guest.name);
    if (held !== undefined && held.expiresAt > now && held.owner !== guest.id) return false;
    const before = held?.owner === guest.id ? held.expiresAt : 0;
    this.#tables.names.set(guest.name, { owner: guest.id, expiresAt: Math.max(before, guest.expiresAt) });
    this.#tables.guests.set(sessionHash, { ...guest });
    return true;
  }

  async findGuest(sessionHash: string, now: number): Promise<Guest | undefined> {
    this.#checkOpen();
    const guest = this.#tables.guests.get(sessionHash);
    return guest !== undefined && guest.expiresAt > now ? guest : undefined;
  }

  async isNameTaken(name: string, now: number): Promise<boolean> {
    this.#checkOpen();
    return (this.#tables.names.get(name)?.expiresAt ?? 0) > now;
  }

  async removeExpired(now: number): Promise<number> {
    this.#checkOpen();
    let removed = 0;
    for (const [sessionHash, guest] of this.#tables.guests) {
      if (guest.expiresAt > now) continue;
      this.#tables.guests.delete(sessionHash);
      removed += 1;
    }
    for (const [name, held] of this.#tables.names) {
      if (held.expiresAt <= now) this.#tables.names.delete(name);
    }
    return removed;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("the directory is closed");
  }
}
