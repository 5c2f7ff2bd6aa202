/**
 * The embedded directory: an LMDB environment of its own, to which the commands of an operator may write beside the
 * server. Touches its folder and nothing else. What stands at which key is told by the files beside this one:
 *
 * | table | file |
 * |---|---|
 * | `g` `n` `k` `x` | lmdb-guests.ts |
 * | `a` `u` | lmdb-accounts.ts |
 * | `s` `S` `t` `T` `i` | lmdb-credentials.ts |
 * | `b` `m` | lmdb-rooms.ts |
 * | `y` | lmdb-expiring.ts |
 * | `d` | the number of this layout |
 *
 * lmdb-check.ts holds all of it against itself.
 */
import type { LmdbEnvironment } from "../lmdb/environment.ts";
import { openLmdb } from "../lmdb/environment.ts";
import type { LmdbChanges, LmdbView } from "../lmdb/view.ts";
import type { Uuid } from "../record.ts";
import { StartError } from "../start-error.ts";
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
import * as accounts from "./lmdb-accounts.ts";
import { checkDirectory, type DirectoryCheck } from "./lmdb-check.ts";
import * as credentials from "./lmdb-credentials.ts";
import { removeOver } from "./lmdb-expiring.ts";
import * as guests from "./lmdb-guests.ts";
import * as rooms from "./lmdb-rooms.ts";
import { get, keyOf, put } from "./lmdb-values.ts";

/** Expiries that one commit works off. */
const EXPIRIES_MAX = 1000;

/** 1: guests alone, before there was a number. 2: accounts, and for each name of a guest which are the same. */
const LAYOUT = 2;

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
      if (accounts.isAccountName(view, guest.name)) return false;
      return guests.saveGuest(view, changes, sessionHash, guest, now);
    });
  }

  findGuest(sessionHash: string, now: number): Promise<Guest | undefined> {
    return this.#environment.read((view) => guests.findGuest(view, sessionHash, now));
  }

  isNameTaken(name: string, now: number): Promise<boolean> {
    return this.#environment.read((view) => accounts.isAccountName(view, name) || guests.isGuestName(view, name, now));
  }

  async removeExpired(now: number): Promise<number> {
    let removed = 0;
    for (;;) {
      const { count, left } = await this.#environment.change((view, changes) => removeExpired(view, changes, now));
      removed += count;
      if (!left) return removed;
    }
  }

  createAccount(account: Account, now: number): Promise<boolean> {
    return this.#environment.changeKeys((view, changes) => {
      if (guests.isGuestNameAnyCase(view, account.name, now)) return false;
      return accounts.createAccount(view, changes, account);
    });
  }

  changeAccount(id: Uuid, change: AccountChange, now: number): Promise<Account | undefined> {
    return this.#environment.changeKeys((view, changes) => accounts.changeAccount(view, changes, id, change, now));
  }

  account(id: Uuid): Promise<Account | undefined> {
    return this.#environment.read((view) => accounts.account(view, id));
  }

  accountByName(name: string): Promise<Account | undefined> {
    return this.#environment.read((view) => accounts.accountByName(view, name));
  }

  accounts(prefix: string, after: string | undefined, limit: number): Promise<readonly Account[]> {
    return this.#environment.read((view) => accounts.accounts(view, prefix, after, limit));
  }

  saveSignIn(hash: string, signIn: SignIn): Promise<void> {
    return this.#environment.changeKeys((view, changes) => credentials.saveSignIn(view, changes, hash, signIn));
  }

  signIn(hash: string, now: number): Promise<SignIn | undefined> {
    return this.#environment.read((view) => credentials.signIn(view, hash, now));
  }

  removeSignIn(hash: string): Promise<void> {
    return this.#environment.changeKeys((view, changes) => credentials.removeSignIn(view, changes, hash));
  }

  removeCredentials(user: Uuid): Promise<void> {
    return this.#environment.change((view, changes) => credentials.removeCredentials(view, changes, user));
  }

  saveToken(hash: string, token: ApiToken): Promise<void> {
    return this.#environment.changeKeys((view, changes) => credentials.saveToken(view, changes, hash, token));
  }

  token(hash: string, now: number): Promise<ApiToken | undefined> {
    return this.#environment.read((view) => credentials.token(view, hash, now));
  }

  tokens(user: Uuid): Promise<readonly ApiToken[]> {
    return this.#environment.read((view) => credentials.tokens(view, user));
  }

  removeToken(user: Uuid, id: Uuid): Promise<boolean> {
    return this.#environment.changeKeys((view, changes) => credentials.removeToken(view, changes, user, id));
  }

  saveInvite(hash: string, expiresAt: number): Promise<void> {
    return this.#environment.changeKeys((view, changes) => credentials.saveInvite(view, changes, hash, expiresAt));
  }

  takeInvite(hash: string, now: number): Promise<boolean> {
    return this.#environment.changeKeys((view, changes) => credentials.takeInvite(view, changes, hash, now));
  }

  saveBan(ban: Ban): Promise<void> {
    return this.#environment.changeKeys((view, changes) => rooms.saveBan(view, changes, ban));
  }

  removeBan(room: Uuid, type: Ban["type"], subject: string): Promise<boolean> {
    return this.#environment.changeKeys((view, changes) => rooms.removeBan(view, changes, room, type, subject));
  }

  bans(now: number): Promise<readonly Ban[]> {
    return this.#environment.read((view) => rooms.bans(view, now));
  }

  moveMarkers(moves: readonly MarkerMove[]): Promise<void> {
    return this.#environment.changeKeys((view, changes) => rooms.moveMarkers(view, changes, moves));
  }

  markers(user: Uuid): Promise<ReadonlyMap<Uuid, ReadMarker>> {
    return this.#environment.read((view) => rooms.markers(view, user));
  }

  /** Looks through all of it. */
  check(): Promise<DirectoryCheck> {
    return this.#environment.read(checkDirectory);
  }

  writesElsewhere(): Promise<number> {
    return this.#environment.writesElsewhere();
  }

  close(): Promise<void> {
    return this.#environment.close();
  }
}

/**
 * Opens the embedded directory and brings its layout up to this version's. Throws a `StartError` where that can't be
 * done.
 */
export async function openLmdbDirectory({ dir, readOnly }: LmdbDirectoryOptions): Promise<LmdbDirectory> {
  const advice = "put that folder back from a backup, or move it away and do without the people in it";
  const environment = await openLmdb({ dir, readOnly, isShared: true, advice });
  try {
    const isOurs = (view: LmdbView): boolean => {
      const layout = get<number>(view, keyOf("d")) ?? 1;
      if (layout <= LAYOUT) return layout === LAYOUT;
      throw new StartError(`${dir} has layout ${layout}, this version writes ${LAYOUT}: use the version that wrote it`);
    };
    const isUpToDate = await environment.read(isOurs);
    if (!isUpToDate && !readOnly) {
      await environment.change((view, changes) => {
        if (isOurs(view)) return;
        guests.noteSameNames(view, changes);
        put(changes, keyOf("d"), LAYOUT);
      });
    }
    return new LmdbDirectory(environment);
  } catch (error) {
    await environment.close();
    if (error instanceof StartError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new StartError(`${dir} can't be used (${said}): ${advice}`, { cause: error });
  }
}

function removeExpired(view: LmdbView, changes: LmdbChanges, now: number): { count: number; left: boolean } {
  const expired = guests.removeExpiredGuests(view, changes, now, EXPIRIES_MAX);
  const over = removeOver(view, changes, now, EXPIRIES_MAX, (key, value) =>
    credentials.forgetBeside(changes, key, value),
  );
  return { count: expired.count + over.count, left: expired.left || over.left };
}
