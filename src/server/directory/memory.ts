/** The directory in memory, for tests and simulations. Touches nothing outside of itself. */
import { compareKeys, nameKey } from "../name-key.ts";
import type { Uuid } from "../record.ts";
import type {
  Account,
  AccountChange,
  ApiToken,
  Ban,
  Directory,
  Guest,
  MarkerMove,
  ReadMarker,
  SignIn,
} from "./directory.ts";

/** What outlives the instance that wrote it, as a disk would. */
export class MemoryTables {
  /** By session hash. */
  readonly guests = new Map<string, Guest>();
  /** By name: who has it, and until when. */
  readonly names = new Map<string, { readonly owner: Uuid; readonly expiresAt: number }>();
  readonly accounts = new Map<Uuid, Account>();
  /** By the key of their name: the account. */
  readonly accountNames = new Map<string, Uuid>();
  /** By hash, like tokens and invites. */
  readonly signIns = new Map<string, SignIn>();
  readonly tokens = new Map<string, ApiToken>();
  readonly invites = new Map<string, { readonly expiresAt: number }>();
  /** By room, type and subject. */
  readonly bans = new Map<string, Ban>();
  /** By user, then room. */
  readonly markers = new Map<Uuid, Map<Uuid, ReadMarker>>();
}

/** The directory in memory. */
export class MemoryDirectory implements Directory {
  /** Set by a test: called before each save takes effect; reject to fail it, never settle to hang it. */
  beforeSave: (() => Promise<void>) | undefined = undefined;
  readonly #tables: MemoryTables;
  #closed = false;

  constructor(tables: MemoryTables = new MemoryTables()) {
    this.#tables = tables;
  }

  /** The same data in a new instance, as after a restart; this one is closed. */
  reopen(): MemoryDirectory {
    this.#closed = true;
    return new MemoryDirectory(this.#tables);
  }

  saveGuest(sessionHash: string, guest: Guest, now: number): Promise<boolean> {
    return this.#change(({ guests, names, accountNames }) => {
      const held = names.get(guest.name);
      if (accountNames.has(nameKey(guest.name))) return false;
      if (held !== undefined && held.expiresAt > now && held.owner !== guest.id) return false;
      const before = held?.owner === guest.id ? held.expiresAt : 0;
      names.set(guest.name, { owner: guest.id, expiresAt: Math.max(before, guest.expiresAt) });
      guests.set(sessionHash, { ...guest });
      return true;
    });
  }

  findGuest(sessionHash: string, now: number): Promise<Guest | undefined> {
    return this.#read(({ guests }) => live(guests.get(sessionHash), now));
  }

  isNameTaken(name: string, now: number): Promise<boolean> {
    return this.#read(
      ({ names, accountNames }) => accountNames.has(nameKey(name)) || live(names.get(name), now) !== undefined,
    );
  }

  removeExpired(now: number): Promise<number> {
    return this.#read(({ guests, names, signIns, tokens, invites, bans }) => {
      removeOver(names, now);
      let removed = 0;
      for (const table of [guests, signIns, tokens, invites]) removed += removeOver(table, now);
      for (const [key, { until }] of bans) if (until <= now && bans.delete(key)) removed += 1;
      return removed;
    });
  }

  createAccount(account: Account, now: number): Promise<boolean> {
    return this.#change(({ names, accounts, accountNames }) => {
      const key = nameKey(account.name);
      const isGuests = [...names].some(([name, held]) => nameKey(name) === key && live(held, now) !== undefined);
      if (isGuests || accountNames.has(key) || accounts.has(account.id)) return false;
      accounts.set(account.id, { ...account });
      accountNames.set(key, account.id);
      return true;
    });
  }

  changeAccount(id: Uuid, change: AccountChange, now: number): Promise<Account | undefined> {
    return this.#change(({ accounts }) => {
      const before = accounts.get(id);
      if (before === undefined) return undefined;
      const after = { ...before, ...change, updatedAt: now };
      accounts.set(id, after);
      return after;
    });
  }

  account(id: Uuid): Promise<Account | undefined> {
    return this.#read(({ accounts }) => accounts.get(id));
  }

  accountByName(name: string): Promise<Account | undefined> {
    return this.#read(({ accounts, accountNames }) => accounts.get(accountNames.get(nameKey(name)) ?? ""));
  }

  accounts(prefix: string, after: string | undefined, limit: number): Promise<readonly Account[]> {
    return this.#read(({ accounts, accountNames }) => {
      const [first, last] = [nameKey(prefix), after === undefined ? undefined : nameKey(after)];
      const keys = [...accountNames.keys()].filter((key) => key.startsWith(first));
      const rest = keys.filter((key) => last === undefined || compareKeys(key, last) > 0).toSorted(compareKeys);
      return rest.slice(0, Math.max(0, limit)).flatMap((key) => accounts.get(accountNames.get(key) ?? "") ?? []);
    });
  }

  saveSignIn(hash: string, signIn: SignIn): Promise<void> {
    return this.#change(({ signIns }) => void signIns.set(hash, { ...signIn }));
  }

  signIn(hash: string, now: number): Promise<SignIn | undefined> {
    return this.#read(({ signIns }) => live(signIns.get(hash), now));
  }

  removeSignIn(hash: string): Promise<void> {
    return this.#change(({ signIns }) => void signIns.delete(hash));
  }

  removeCredentials(user: Uuid): Promise<void> {
    return this.#change(({ signIns, tokens }) => {
      for (const table of [signIns, tokens]) {
        for (const [hash, credential] of table) if (credential.user === user) table.delete(hash);
      }
    });
  }

  saveToken(hash: string, token: ApiToken): Promise<void> {
    return this.#change(({ tokens }) => void tokens.set(hash, { ...token }));
  }

  token(hash: string, now: number): Promise<ApiToken | undefined> {
    return this.#read(({ tokens }) => live(tokens.get(hash), now));
  }

  tokens(user: Uuid): Promise<readonly ApiToken[]> {
    return this.#read(({ tokens }) => {
      const own = [...tokens.values()].filter((token) => token.user === user);
      return own.toSorted((a, b) => a.createdAt - b.createdAt);
    });
  }

  removeToken(user: Uuid, id: Uuid): Promise<boolean> {
    return this.#change(({ tokens }) => {
      for (const [hash, token] of tokens) if (token.user === user && token.id === id) return tokens.delete(hash);
      return false;
    });
  }

  saveInvite(hash: string, expiresAt: number): Promise<void> {
    return this.#change(({ invites }) => void invites.set(hash, { expiresAt }));
  }

  takeInvite(hash: string, now: number): Promise<boolean> {
    return this.#change(({ invites }) => live(invites.get(hash), now) !== undefined && invites.delete(hash));
  }

  saveBan(ban: Ban): Promise<void> {
    return this.#change(({ bans }) => void bans.set(banKey(ban.room, ban.type, ban.subject), { ...ban }));
  }

  removeBan(room: Uuid, type: Ban["type"], subject: string): Promise<boolean> {
    return this.#change(({ bans }) => bans.delete(banKey(room, type, subject)));
  }

  bans(now: number): Promise<readonly Ban[]> {
    return this.#read(({ bans }) => [...bans.values()].filter(({ until }) => until > now));
  }

  moveMarkers(moves: readonly MarkerMove[]): Promise<void> {
    return this.#change(({ markers }) => {
      for (const { user, room, seq, n } of moves) {
        const own = markers.get(user) ?? new Map<Uuid, ReadMarker>();
        markers.set(user, own);
        if (seq > (own.get(room)?.seq ?? -1)) own.set(room, { seq, n });
      }
    });
  }

  markers(user: Uuid): Promise<ReadonlyMap<Uuid, ReadMarker>> {
    return this.#read(({ markers }) => new Map(markers.get(user)));
  }

  /** Nobody else can write to it. */
  writesElsewhere(): Promise<number> {
    return this.#read(() => 0);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #read<T>(look: (tables: MemoryTables) => T): Promise<T> {
    this.#checkOpen();
    return look(this.#tables);
  }

  async #change<T>(make: (tables: MemoryTables) => T): Promise<T> {
    this.#checkOpen();
    await this.beforeSave?.();
    return await this.#read(make);
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("the directory is closed");
  }
}

interface Expiring {
  readonly expiresAt: number | undefined;
}

/** What has not expired at `now`. */
function live<T extends Expiring>(value: T | undefined, now: number): T | undefined {
  return value !== undefined && (value.expiresAt ?? Number.POSITIVE_INFINITY) > now ? value : undefined;
}

function removeOver(table: Map<string, Expiring>, now: number): number {
  let removed = 0;
  for (const [key, value] of table) if (live(value, now) === undefined && table.delete(key)) removed += 1;
  return removed;
}

const banKey = (room: Uuid, type: Ban["type"], subject: string): string => `${room} ${type} ${subject}`;
