/**
 * Who has which name, in CQL: accounts and guests in one table, one row for all names that are the same without regard to
 * case, so that each claim is one conditional write. Touches the table that it is handed.
 *
 * A claim of an account holds only with the row of that account, which says by which attempt it was made: the row is
 * written first, the name second, and a claim whose row is gone or was made by another attempt is nobody's.
 */
import { nameKey } from "../name-key.ts";
import type { Uuid } from "../record.ts";
import { type ConditionalTable, leave, put, remove } from "./cql-conditional.ts";
import type { Guest } from "./directory.ts";

/** That an account has a name. */
export interface AccountClaim {
  readonly account: Uuid;
  /** What the attempt to make the account was called, which its row says too. */
  readonly attempt: string;
}

/** That a guest has a name for a time. */
interface GuestClaim {
  readonly name: string;
  readonly owner: Uuid;
  readonly expiresAt: number;
}

/** What stands under the key of a name. */
export interface NameHolders {
  readonly account: AccountClaim | null;
  /** By their exact names, each once. */
  readonly guests: readonly GuestClaim[];
}

/** The names of all accounts and guests. */
export class CqlNames {
  readonly #table: ConditionalTable<NameHolders>;
  readonly #holds: (claim: AccountClaim) => Promise<boolean>;

  /** `holds`: whether the account of a claim exists, made by the attempt that claimed. */
  constructor(table: ConditionalTable<NameHolders>, holds: (claim: AccountClaim) => Promise<boolean>) {
    this.#table = table;
    this.#holds = holds;
  }

  /** The claim of an account to a name, which may not hold. */
  async claimOn(name: string): Promise<AccountClaim | undefined> {
    return (await this.#table.read(nameKey(name)))?.account ?? undefined;
  }

  /** Whether an account has a name, or a guest exactly this one at `now`. */
  async isTaken(name: string, now: number): Promise<boolean> {
    const holders = await this.#table.read(nameKey(name));
    if (await this.#isAccounts(holders)) return true;
    return holders?.guests.some((guest) => guest.name === name && guest.expiresAt > now) ?? false;
  }

  /** Whether an account could have a name at `now`. */
  async isFreeForAccount(name: string, now: number): Promise<boolean> {
    const holders = await this.#table.read(nameKey(name));
    return !isGuests(holders, now) && !(await this.#isAccounts(holders));
  }

  /** Claims a name for an account: `false` where it belongs to somebody else. */
  claimForAccount(name: string, claim: AccountClaim, now: number): Promise<boolean> {
    return this.#table.change([nameKey(name)], true, async (holders) => {
      if (isGuests(holders, now)) return leave(false);
      const isOurs = holders?.account?.account === claim.account && holders.account.attempt === claim.attempt;
      if (!isOurs && (await this.#isAccounts(holders))) return leave(false);
      return put({ account: { account: claim.account, attempt: claim.attempt }, guests: [] }, true);
    });
  }

  /** Claims a name for a guest: `false` where it belongs to an account, or at `now` to another guest. */
  claimForGuest({ id, name, expiresAt }: Guest, now: number): Promise<boolean> {
    return this.#table.change([nameKey(name)], false, async (holders) => {
      if (await this.#isAccounts(holders)) return leave(false);
      const guests = holders?.guests ?? [];
      const held = guests.find((guest) => guest.name === name);
      if (held !== undefined && held.expiresAt > now && held.owner !== id) return leave(false);
      const before = held?.owner === id ? held.expiresAt : 0;
      const claim: GuestClaim = { name, owner: id, expiresAt: Math.max(before, expiresAt) };
      return put({ account: null, guests: [...guests.filter((guest) => guest.name !== name), claim] }, true);
    });
  }

  /** Frees the names of guests that expired at or before `now`. */
  async freeExpired(now: number): Promise<void> {
    for await (const page of this.#table.pages()) {
      const some = page.filter(({ value }) => value.guests.some(({ expiresAt }) => expiresAt <= now));
      const freed = some.map(({ key }) =>
        this.#table.change(key, false, (holders) => {
          if (holders === undefined) return leave(undefined);
          const guests = holders.guests.filter(({ expiresAt }) => expiresAt > now);
          if (guests.length === 0 && holders.account === null) return remove(undefined);
          return put({ account: holders.account, guests }, undefined);
        }),
      );
      await Promise.all(freed);
    }
  }

  async #isAccounts(holders: NameHolders | undefined): Promise<boolean> {
    return holders !== undefined && holders.account !== null && (await this.#holds(holders.account));
  }
}

const isGuests = (holders: NameHolders | undefined, now: number): boolean =>
  holders?.guests.some(({ expiresAt }) => expiresAt > now) ?? false;
