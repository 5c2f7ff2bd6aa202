/**
 * The port of the directory: accounts, guests, sign-in sessions and tokens, bans, read markers: the little that is not
 * a record of a room. Adapters stand beside this file and pass `test/contract/directory.ts`.
 *
 * For all of it: a change resolves when it is durable and can be read back from then on. Hashes are what stands in
 * place of a secret, so that a stolen folder lets nobody in. Times are milliseconds since the epoch. What can't be had
 * right now rejects with a `PassingError` that passes: whoever asked is told to try again.
 */
import type { Uuid } from "../record.ts";

/** A guest who asked to be known again. */
export interface Guest {
  readonly id: Uuid;
  /** Five characters; what others see. */
  readonly name: string;
  /** Until when they are known. */
  readonly expiresAt: number;
}

/** Somebody with a name of their own. */
export interface Account {
  readonly id: Uuid;
  /** As its owner writes it: NFC, 1–64 characters. */
  readonly name: string;
  /** The encoded argon2id hash, or `undefined`: then nobody signs in with a password. */
  readonly passwordHash: string | undefined;
  readonly isAdmin: boolean;
  /** Nobody signs in, and what was signed in has ended. */
  readonly isDisabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What may change in an account; what is left out stays. */
export type AccountChange = Partial<Pick<Account, "passwordHash" | "isAdmin" | "isDisabled">>;

/** A browser that signed in, kept under the hash of its cookie. */
export interface SignIn {
  readonly user: Uuid;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A token for programs, kept under its hash. */
export interface ApiToken {
  readonly id: Uuid;
  readonly user: Uuid;
  /** What its owner calls it: 0–64 characters. */
  readonly label: string;
  readonly createdAt: number;
  /** `undefined` = until it is revoked. */
  readonly expiresAt: number | undefined;
}

/** Somebody may not be in a public room for a time. */
export interface Ban {
  readonly room: Uuid;
  readonly type: "user" | "address";
  /** The id of a user or guest, or an address. */
  readonly subject: string;
  readonly until: number;
  readonly by: Uuid;
}

/** How far somebody has read in a room. */
export interface ReadMarker {
  readonly seq: number;
  /** How many messages the room had had up to there: in one room two markers of one seq have the same. */
  readonly n: number;
}

/** A marker and whose it is. */
export interface MarkerMove extends ReadMarker {
  readonly user: Uuid;
  readonly room: Uuid;
}

/**
 * The directory. Accounts' names are unique under `nameKey` (no regard to case); guests' names, which differ in case
 * too, share the table: a guest never has a name that equals an account's under `nameKey`.
 */
export interface Directory {
  /**
   * Keeps a guest under the hash of their session, replacing what stood there, and resolves when that is durable:
   * `false`, and nothing written, where the name belongs to an account, or to somebody else who has not expired at
   * `now`. Two at once for one name: one wins. A name belongs to its guest until the latest `expiresAt` that was kept
   * with it, whatever becomes of the session.
   */
  saveGuest(sessionHash: string, guest: Guest, now: number): Promise<boolean>;

  /** The guest of a session, or `undefined` where there is none or it expired at or before `now`. */
  findGuest(sessionHash: string, now: number): Promise<Guest | undefined>;

  /** Whether a name belongs to an account, or to a guest who has not expired at `now`. */
  isNameTaken(name: string, now: number): Promise<boolean>;

  /**
   * Forgets guests, sign-ins, tokens, invites and bans that expired at or before `now`, and resolves with how many. Of
   * servers that do so at once each counts what it has removed itself.
   */
  removeExpired(now: number): Promise<number>;

  /**
   * Makes an account: `false`, and nothing written, where its name is taken by another account, or by a guest who has
   * not expired at `now`, or its id exists. Two at once for one name: one wins.
   */
  createAccount(account: Account, now: number): Promise<boolean>;

  /** Changes an account and gives it back with `updatedAt` = `now`; `undefined` where there is none. */
  changeAccount(id: Uuid, change: AccountChange, now: number): Promise<Account | undefined>;

  /** The account of an id. */
  account(id: Uuid): Promise<Account | undefined>;

  /** The account of a name, without regard to case. */
  accountByName(name: string): Promise<Account | undefined>;

  /**
   * Accounts whose name begins with `prefix` without regard to case, ascending by the code points of `nameKey`, after
   * the name `after`.
   */
  accounts(prefix: string, after: string | undefined, limit: number): Promise<readonly Account[]>;

  /** Keeps a sign-in. */
  saveSignIn(hash: string, signIn: SignIn): Promise<void>;
  /** The sign-in of a hash that has not expired at `now`. */
  signIn(hash: string, now: number): Promise<SignIn | undefined>;
  /** Ends a sign-in; harmless where there is none. */
  removeSignIn(hash: string): Promise<void>;
  /** Ends all sign-ins and tokens of a user. */
  removeCredentials(user: Uuid): Promise<void>;

  /** Keeps a token. */
  saveToken(hash: string, token: ApiToken): Promise<void>;
  /** The token of a hash that has not expired at `now`. */
  token(hash: string, now: number): Promise<ApiToken | undefined>;
  /** A user's tokens, ascending by `createdAt`; those that expired too, until they are forgotten. */
  tokens(user: Uuid): Promise<readonly ApiToken[]>;
  /** Revokes a token of a user: `false` where they have none of that id. */
  removeToken(user: Uuid, id: Uuid): Promise<boolean>;

  /** Keeps an invite to sign up, once. */
  saveInvite(hash: string, expiresAt: number): Promise<void>;
  /** Uses an invite up: `false` where there is none that has not expired at `now`. Two at once: one wins. */
  takeInvite(hash: string, now: number): Promise<boolean>;

  /** Keeps a ban, replacing one of the same room, type and subject. */
  saveBan(ban: Ban): Promise<void>;
  /** Lifts a ban: `false` where there was none. */
  removeBan(room: Uuid, type: Ban["type"], subject: string): Promise<boolean>;
  /** All bans that have not expired at `now`. */
  bans(now: number): Promise<readonly Ban[]>;

  /**
   * Moves markers; resolves once all are durable. One that stands further already stays. Where it rejects some may have
   * moved, and to move them again is harmless.
   */
  moveMarkers(moves: readonly MarkerMove[]): Promise<void>;
  /** A user's markers, by room. */
  markers(user: Uuid): Promise<ReadonlyMap<Uuid, ReadMarker>>;

  /**
   * A number that changes when somebody has written past this server: an operator's command beside it, which can't
   * signal what it did. Cheap enough to be asked every second. Where all writers signal it stays 0.
   */
  writesElsewhere(): Promise<number>;

  /** Finishes what is being written and lets go of everything. */
  close(): Promise<void>;
}
