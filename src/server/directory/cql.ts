/**
 * The directory in a CQL database, which all nodes of a cluster share: any of them may write anything at any time. Touches
 * the session that it is handed, which it does not close. What stands in which table is told by `cql-tables.ts`.
 *
 * Whatever two may want at once is written on a condition, so that clocks do not matter, and a write that timed out is
 * looked for with a serial read before anything else is done.
 */
import { CqlError } from "../cql/errors.ts";
import type { Uuid } from "../record.ts";
import { CqlAccounts, randomName, type StoredAccount } from "./cql-accounts.ts";
import { ConditionalTable, put } from "./cql-conditional.ts";
import { CqlCredentials, type StoredInvite, type StoredToken } from "./cql-credentials.ts";
import { factTable } from "./cql-facts.ts";
import { CqlGuests } from "./cql-guests.ts";
import { type AccountClaim, CqlNames, type NameHolders } from "./cql-names.ts";
import { type DirectorySession, limited } from "./cql-requests.ts";
import { CqlRooms, type StoredBan } from "./cql-rooms.ts";
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

/** How the directory of a cluster is opened. */
export interface CqlDirectoryOptions {
  /** A connection to a keyspace with the tables of `CQL_DIRECTORY_MIGRATIONS`. */
  readonly session: DirectorySession;
  /**
   * Who writes: a server signals what it changed; an operator's command can't, so it leaves a mark for which each server
   * looks once a second.
   */
  readonly writer: "server" | "operator";
}

/** Where an operator's command leaves its mark. */
const OPERATOR_MARK = ["operator_wrote"];

/** The directory in CQL; made by `openCqlDirectory`. */
export class CqlDirectory implements Directory {
  readonly #marks: ConditionalTable<string>;
  readonly #accounts: CqlAccounts;
  readonly #names: CqlNames;
  readonly #guests: CqlGuests;
  readonly #credentials: CqlCredentials;
  readonly #rooms: CqlRooms;
  readonly #newMark: (() => string) | undefined;
  readonly #underWay = new Set<Promise<unknown>>();
  #lastMark: string | undefined;
  #marksSeen = 0;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor({ session: whole, writer }: CqlDirectoryOptions, mark: string | undefined) {
    const session = limited(whole);
    const table = <T>(name: string, ...columns: readonly string[]) => new ConditionalTable<T>(session, name, columns);
    const holds = (claim: AccountClaim): Promise<boolean> => this.#accounts.holds(claim);
    this.#names = new CqlNames(table<NameHolders>("names", "name_key"), holds);
    this.#accounts = new CqlAccounts(session, table<StoredAccount>("accounts", "id"), this.#names);
    this.#guests = new CqlGuests(table<Guest>("guests", "session_hash"), this.#names);
    this.#credentials = new CqlCredentials(session, {
      signIns: table<SignIn>("sign_ins", "hash"),
      tokens: table<StoredToken>("api_tokens", "hash"),
      invites: table<StoredInvite>("invites", "hash"),
    });
    this.#rooms = new CqlRooms(session, table<StoredBan>("bans", "shelf", "room", "type", "subject"));
    this.#marks = factTable<string>(session);
    this.#newMark = writer === "operator" ? () => randomName(session.chance) : undefined;
    this.#lastMark = mark;
  }

  saveGuest(sessionHash: string, guest: Guest, now: number): Promise<boolean> {
    return this.#change(() => this.#guests.save(sessionHash, guest, now));
  }

  findGuest(sessionHash: string, now: number): Promise<Guest | undefined> {
    return this.#read(() => this.#guests.find(sessionHash, now));
  }

  isNameTaken(name: string, now: number): Promise<boolean> {
    return this.#read(() => this.#names.isTaken(name, now));
  }

  /** Looks through everything that has a time; nodes that do so at once share the work. */
  removeExpired(now: number): Promise<number> {
    return this.#read(async () => {
      await this.#names.freeExpired(now);
      let count = 0;
      for (const part of [this.#guests, this.#credentials, this.#rooms]) count += await part.removeExpired(now);
      return count;
    });
  }

  createAccount(account: Account, now: number): Promise<boolean> {
    return this.#change(() => this.#accounts.create(account, now));
  }

  changeAccount(id: Uuid, change: AccountChange, now: number): Promise<Account | undefined> {
    return this.#change(() => this.#accounts.change(id, change, now));
  }

  account(id: Uuid): Promise<Account | undefined> {
    return this.#read(() => this.#accounts.find(id));
  }

  accountByName(name: string): Promise<Account | undefined> {
    return this.#read(() => this.#accounts.findByName(name));
  }

  accounts(prefix: string, after: string | undefined, limit: number): Promise<readonly Account[]> {
    return this.#read(() => this.#accounts.list(prefix, after, limit));
  }

  saveSignIn(hash: string, signIn: SignIn): Promise<void> {
    return this.#change(() => this.#credentials.saveSignIn(hash, signIn));
  }

  signIn(hash: string, now: number): Promise<SignIn | undefined> {
    return this.#read(() => this.#credentials.signIn(hash, now));
  }

  removeSignIn(hash: string): Promise<void> {
    return this.#change(() => this.#credentials.removeSignIn(hash));
  }

  removeCredentials(user: Uuid): Promise<void> {
    return this.#change(() => this.#credentials.removeCredentials(user));
  }

  saveToken(hash: string, token: ApiToken): Promise<void> {
    return this.#change(() => this.#credentials.saveToken(hash, token));
  }

  token(hash: string, now: number): Promise<ApiToken | undefined> {
    return this.#read(() => this.#credentials.token(hash, now));
  }

  tokens(user: Uuid): Promise<readonly ApiToken[]> {
    return this.#read(() => this.#credentials.tokens(user));
  }

  removeToken(user: Uuid, id: Uuid): Promise<boolean> {
    return this.#change(() => this.#credentials.removeToken(user, id));
  }

  saveInvite(hash: string, expiresAt: number): Promise<void> {
    return this.#change(() => this.#credentials.saveInvite(hash, expiresAt));
  }

  takeInvite(hash: string, now: number): Promise<boolean> {
    return this.#change(() => this.#credentials.takeInvite(hash, now));
  }

  saveBan(ban: Ban): Promise<void> {
    return this.#change(() => this.#rooms.saveBan(ban));
  }

  removeBan(room: Uuid, type: Ban["type"], subject: string): Promise<boolean> {
    return this.#change(() => this.#rooms.removeBan(room, type, subject));
  }

  bans(now: number): Promise<readonly Ban[]> {
    return this.#read(() => this.#rooms.bans(now));
  }

  moveMarkers(moves: readonly MarkerMove[]): Promise<void> {
    return this.#change(() => this.#rooms.moveMarkers(moves));
  }

  markers(user: Uuid): Promise<ReadonlyMap<Uuid, ReadMarker>> {
    return this.#read(() => this.#rooms.markers(user));
  }

  writesElsewhere(): Promise<number> {
    return this.#read(async () => {
      // Asked every second, and one answer may take several.
      this.#looking ??= this.#look();
      await this.#looking;
      return this.#marksSeen;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
  }

  async #read<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new Error("the directory is closed");
    const done = work();
    this.#underWay.add(done);
    try {
      return await done;
    } finally {
      this.#underWay.delete(done);
    }
  }

  async #look(): Promise<void> {
    try {
      const mark = await this.#marks.read(...OPERATOR_MARK);
      if (mark !== this.#lastMark) this.#marksSeen += 1;
      this.#lastMark = mark;
    } catch (error) {
      // A database that is away is told of by whoever needs it; the mark will still be there.
      if (!(error instanceof CqlError) || error.failure === "refused") throw error;
    } finally {
      this.#looking = undefined;
    }
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    return this.#read(async () => {
      const result = await work();
      const mark = this.#newMark?.();
      // What was done is done: where the mark can't be left, servers find it when they look at everything again.
      if (mark !== undefined) {
        await this.#marks.change(OPERATOR_MARK, false, () => put(mark, undefined)).catch(() => undefined);
      }
      return result;
    });
  }
}

/** Opens the directory of a cluster. Rejects with a `CqlError` where its tables can't be read. */
export async function openCqlDirectory(options: CqlDirectoryOptions): Promise<CqlDirectory> {
  return new CqlDirectory(options, await factTable<string>(options.session).read(...OPERATOR_MARK));
}
