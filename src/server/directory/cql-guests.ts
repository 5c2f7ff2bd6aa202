/** The guests of the directory in CQL, by session. Touches the tables and names that it is handed. */
import { type ConditionalTable, put } from "./cql-conditional.ts";
import type { CqlNames } from "./cql-names.ts";
import type { Guest } from "./directory.ts";

/** The guests. */
export class CqlGuests {
  readonly #table: ConditionalTable<Guest>;
  readonly #names: CqlNames;

  constructor(table: ConditionalTable<Guest>, names: CqlNames) {
    this.#table = table;
    this.#names = names;
  }

  /** Keeps a guest; `false` where the name is somebody else's. */
  async save(sessionHash: string, guest: Guest, now: number): Promise<boolean> {
    // The name first: should the rest fail, it is theirs for a day and nobody else is hurt.
    if (!(await this.#names.claimForGuest(guest, now))) return false;
    const { id, name, expiresAt } = guest;
    return await this.#table.change([sessionHash], false, () => put({ id, name, expiresAt }, true));
  }

  /** The guest of a session who has not expired. */
  async find(sessionHash: string, now: number): Promise<Guest | undefined> {
    const guest = await this.#table.read(sessionHash);
    return guest !== undefined && guest.expiresAt > now ? guest : undefined;
  }

  /** Forgets guests who expired, and resolves with how many. */
  async removeExpired(now: number): Promise<number> {
    return await this.#table.removeOver(
      ({ expiresAt }) => expiresAt <= now,
      async () => undefined,
    );
  }
}
