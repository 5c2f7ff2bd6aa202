/**
 * The accounts of the directory in CQL. Touches the tables and names that it is handed.
 *
 * An account is made in steps: its row, which nobody takes for an account yet; its place in the list of all, where it is
 * not given out; its name, from when on it is one; and then the row says so. Whoever comes upon a row in between looks
 * whether it has its name: if so they do the last step, for whoever made it may have died; if not it is nobody's, and the
 * next attempt with its id takes its place.
 */
import type { Chance } from "../clock.ts";
import { CqlError } from "../cql/errors.ts";
import { textIn, whole } from "../cql/rows.ts";
import { compareKeys, nameKey } from "../name-key.ts";
import type { Uuid } from "../record.ts";
import { type ConditionalTable, leave, put, remove } from "./cql-conditional.ts";
import type { AccountClaim, CqlNames } from "./cql-names.ts";
import type { DirectorySession } from "./cql-requests.ts";
import type { Account, AccountChange } from "./directory.ts";

/** An account as its row has it, by its id. */
export interface StoredAccount {
  readonly name: string;
  readonly passwordHash: string | null;
  readonly isAdmin: boolean;
  readonly isDisabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Which attempt to make it wrote this row; its claim on the name says the same. */
  readonly attempt: string;
  /** Whether the name is known to be this attempt's: before that it is no account. */
  readonly isNamed: boolean;
}

/** Attempts to make an account of one id that one of them may meet. */
const ATTEMPTS_MAX = 20;
/** Rows of the list of accounts that are read at once. */
const LIST_ROWS_MAX = 500;
/** After every id. */
const LAST_ID = "\u{10ffff}";

const LIST = "SELECT name_key, id FROM account_list WHERE shelf = 'all' AND (name_key, id) > (?, ?) LIMIT ?";
// One partition has all, a row for each of at most 300 bytes: 100,000 accounts are 30 MB at the most.
const INTO_LIST = "INSERT INTO account_list (shelf, name_key, id) VALUES ('all', ?, ?)";

/** The accounts. */
export class CqlAccounts {
  readonly #session: DirectorySession;
  readonly #table: ConditionalTable<StoredAccount>;
  readonly #names: CqlNames;

  constructor(session: DirectorySession, table: ConditionalTable<StoredAccount>, names: CqlNames) {
    this.#session = session;
    this.#table = table;
    this.#names = names;
  }

  /** Makes an account. */
  async create(account: Account, now: number): Promise<boolean> {
    // Most that is refused is refused before anything is written.
    if (!(await this.#names.isFreeForAccount(account.name, now))) return false;
    const claim = { account: account.id, attempt: randomName(this.#session.chance) };
    if (!(await this.#begin(account, claim.attempt))) return false;
    await this.#session.write(INTO_LIST, [nameKey(account.name), account.id]);
    if (await this.#names.claimForAccount(account.name, claim, now)) return await this.#finish(claim);
    await this.#table.change([account.id], false, (row) =>
      row?.attempt === claim.attempt && !row.isNamed ? remove(undefined) : leave(undefined),
    );
    return false;
  }

  /** Changes an account. */
  async change(id: Uuid, change: AccountChange, now: number): Promise<Account | undefined> {
    // Finishes it where it is not.
    if ((await this.find(id)) === undefined) return undefined;
    return await this.#table.change<Account | undefined>([id], false, (row) => {
      if (row === undefined || !row.isNamed) return leave(undefined);
      const after: StoredAccount = {
        ...row,
        passwordHash: change.passwordHash ?? row.passwordHash,
        isAdmin: change.isAdmin ?? row.isAdmin,
        isDisabled: change.isDisabled ?? row.isDisabled,
        updatedAt: now,
      };
      return put(after, toAccount(id, after));
    });
  }

  /** The account of an id. */
  async find(id: Uuid): Promise<Account | undefined> {
    const row = await this.#table.read(id);
    if (row === undefined) return undefined;
    const isAccount = row.isNamed || (await this.#finishOther(id, row));
    return isAccount ? toAccount(id, row) : undefined;
  }

  /** The account of a name. */
  async findByName(name: string): Promise<Account | undefined> {
    const claim = await this.#names.claimOn(name);
    if (claim === undefined) return undefined;
    const row = await this.#table.read(claim.account);
    return row !== undefined && (await this.#holds(claim, row)) ? toAccount(claim.account, row) : undefined;
  }

  /** Whether a claim on a name belongs to an account. */
  async holds(claim: AccountClaim): Promise<boolean> {
    const row = await this.#table.read(claim.account);
    return row !== undefined && (await this.#holds(claim, row));
  }

  /** Accounts by the beginning of their names. */
  async list(prefix: string, after: string | undefined, limit: number): Promise<readonly Account[]> {
    const first = nameKey(prefix);
    const last = after === undefined ? undefined : nameKey(after);
    let from = last !== undefined && compareKeys(last, first) >= 0 ? [last, LAST_ID] : [first, ""];
    const found: Account[] = [];
    while (found.length < limit) {
      const count = Math.min(limit - found.length, LIST_ROWS_MAX);
      const rows = await this.#session.rows(LIST, [...from, count]);
      const entries = rows.map((row) => [whole(textIn(row, "name_key"), "name_key"), whole(textIn(row, "id"), "id")]);
      const own = entries.filter(([key = ""]) => key.startsWith(first));
      const accounts = await Promise.all(own.map(([key = "", id = ""]) => this.#listed(key, id)));
      found.push(...accounts.flatMap((account) => account ?? []));
      if (own.length < count) break;
      from = own.at(-1) ?? from;
    }
    return found;
  }

  /** Writes the row of an attempt: `false` where there is an account of that id. */
  async #begin(account: Account, attempt: string): Promise<boolean> {
    const { id, name, passwordHash, isAdmin, isDisabled, createdAt, updatedAt } = account;
    const stored: StoredAccount = {
      name,
      passwordHash: passwordHash ?? null,
      isAdmin,
      isDisabled,
      createdAt,
      updatedAt,
      attempt,
      isNamed: false,
    };
    let dead: string | undefined;
    for (let count = 0; count < ATTEMPTS_MAX; count += 1) {
      const other = await this.#table.change<StoredAccount | undefined>([id], count === 0, (row) => {
        if (row?.attempt === attempt) return leave(undefined);
        const isFree = row === undefined || (row.attempt === dead && !row.isNamed);
        return isFree ? put(stored, undefined) : leave(row);
      });
      if (other === undefined) return true;
      if (other.isNamed || (await this.#finishOther(id, other))) return false;
      // Should it only be slow, then it will find that its row is gone, and say that it failed.
      dead = other.attempt;
    }
    throw new CqlError("unavailable", "too many at once make an account of one id");
  }

  /** Says that the row of an attempt, which has its name, is an account: `false` where the row is another's. */
  async #finish({ account, attempt }: AccountClaim): Promise<boolean> {
    return await this.#table.change([account], false, (row) => {
      if (row?.attempt !== attempt) return leave(false);
      return put({ ...row, isNamed: true }, true);
    });
  }

  /** Finishes what another began, if it has its name. */
  async #finishOther(id: Uuid, { name, attempt }: StoredAccount): Promise<boolean> {
    const claim = await this.#names.claimOn(name);
    return claim?.account === id && claim.attempt === attempt && (await this.#finish(claim));
  }

  async #holds(claim: AccountClaim, row: StoredAccount): Promise<boolean> {
    if (row.attempt !== claim.attempt) return false;
    return row.isNamed || (await this.#finish(claim));
  }

  async #listed(key: string, id: Uuid): Promise<Account | undefined> {
    const account = await this.find(id);
    return account !== undefined && nameKey(account.name) === key ? account : undefined;
  }
}

function toAccount(id: Uuid, row: StoredAccount): Account {
  const { name, passwordHash, isAdmin, isDisabled, createdAt, updatedAt } = row;
  return { id, name, passwordHash: passwordHash ?? undefined, isAdmin, isDisabled, createdAt, updatedAt };
}

/** A name for an attempt that no other has. */
export function randomName(chance: Chance): string {
  const bytes = new Uint8Array(12);
  chance(bytes);
  return Buffer.from(bytes).toString("base64url");
}
