/**
 * Who a session is: people with a name of their own, how they come to have one, sign in and out, and have tokens.
 * Touches the directory, and tells by signal whose access may have ended.
 */
import type { Chance, Clock } from "../clock.ts";
import { CommandError } from "../commands/command-error.ts";
import type { AuthConfig } from "../config/config.ts";
import type { Account, ApiToken, Directory } from "../directory/directory.ts";
import type { Uuid } from "../record.ts";
import type { Signals } from "../signals/signals.ts";
import type { IdMaker } from "../uuid.ts";
import type { NewToken } from "./api-tokens.ts";
import { ApiTokens } from "./api-tokens.ts";
import type { Credential } from "./credential.ts";
import type { JwtIdentity } from "./jwt.ts";
import { namesOf } from "./jwt-names.ts";
import { Passwords, passwordFault } from "./passwords.ts";
import type { RecentDirectory } from "./recent-directory.ts";
import { hashSecret } from "./secrets.ts";
import { SignInThrottle } from "./sign-in-throttle.ts";
import type { NewSignIn, SignInTelemetry } from "./sign-ins.ts";
import { SignIns } from "./sign-ins.ts";
import type { User } from "./user.ts";
import { checkUserName } from "./user-name.ts";

/** How long an invite is good that was taken for an account that could not be made, in milliseconds. */
const INVITE_BACK_MS = 600_000;
/** Accounts in one answer to a search. */
const FOUND_MAX = 20;
/** The longest text that is searched for: that of the longest name, however it is put together. */
const PREFIX_LENGTH_MAX = 256;

/** What the accounts of a node need. */
export interface AccountsOptions {
  readonly node: string;
  readonly directory: Directory;
  /** Is told of what changes here, or elsewhere. */
  readonly recent: RecentDirectory;
  readonly signals: Signals;
  readonly auth: AuthConfig;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly ids: IdMaker;
  readonly telemetry: SignInTelemetry;
  /** Whether a guest who is here has a name, written down or not. */
  readonly isGuestName: (name: string) => boolean;
}

/** The accounts of a node. */
export class Accounts {
  readonly #options: AccountsOptions;
  readonly #passwords: Passwords;
  readonly #throttle: SignInThrottle;
  readonly #signIns: SignIns;
  readonly #tokens: ApiTokens;
  readonly #unsubscribe: () => void;

  constructor(options: AccountsOptions) {
    const ended = (user: Uuid): void => this.#accessChanged(user);
    this.#options = options;
    this.#passwords = new Passwords(options.chance);
    this.#throttle = new SignInThrottle(options.clock);
    this.#signIns = new SignIns({ ...options, passwords: this.#passwords, throttle: this.#throttle, ended });
    this.#tokens = new ApiTokens({ ...options, ended });
    this.#unsubscribe = options.signals.subscribe((signal) => {
      if (signal.type === "access") options.recent.forget(signal.user);
    });
  }

  /**
   * Makes an account. Throws `bad_field`, `name_taken`, `sign_up_closed` or `too_fast`. In open mode a password counts
   * for nothing: the account is locked in mode `password` until an operator sets one, or whoever came first could
   * take any name beforehand.
   */
  async create(
    ask: { readonly name: string; readonly password: string | undefined; readonly invite: string | undefined },
    address: string,
  ): Promise<Account> {
    const { auth, directory, clock } = this.#options;
    if (auth.signUp === "closed") throw new CommandError("sign_up_closed", "accounts are made by an admin here");
    const password = auth.mode === "open" ? undefined : (ask.password ?? "");
    const checked = checkUserName(ask.name);
    if ("problem" in checked) throw new CommandError("bad_field", `username ${checked.problem}`);
    const fault = password === undefined ? undefined : passwordFault(password);
    if (fault !== undefined) throw new CommandError("bad_field", `password: ${fault}`);
    if (auth.mode !== "open") this.#throttle.signUp(address);
    const invite = auth.signUp === "invite" ? await this.#takeInvite(ask.invite) : undefined;
    let account: Account | undefined;
    try {
      account = await this.#make(checked.name, password);
    } finally {
      // For another name, or another time.
      const isUnused = account === undefined && invite !== undefined;
      if (isUnused) await directory.saveInvite(invite, clock.now() + INVITE_BACK_MS);
    }
    if (account === undefined) throw new CommandError("name_taken", "the name belongs to somebody else");
    return account;
  }

  /** The account of an id, disabled ones too; as it was a second ago at the earliest. */
  async account(id: string): Promise<Account | undefined> {
    return await this.#options.recent.account(id);
  }

  /** Accounts whose name begins with `prefix` without regard to case, ascending; 20 at most. */
  async search(prefix: string): Promise<readonly Account[]> {
    if (prefix.length > PREFIX_LENGTH_MAX || /\p{Cs}/u.test(prefix)) return [];
    const found = await this.#options.directory.accounts(prefix.normalize("NFC"), undefined, FOUND_MAX);
    return found.filter(({ isDisabled }) => !isDisabled);
  }

  /**
   * Signs in. Throws `wrong_credentials`, in the same words and after the same work whatever was wrong, or
   * `too_many_sign_ins` (a `TriedTooOften`, which says when to try again).
   */
  async signIn(
    ask: { readonly name: string; readonly password: string | undefined },
    address: string,
  ): Promise<NewSignIn> {
    return await this.#signIns.signIn(ask.name, ask.password, address);
  }

  /** Ends a sign-in. What is no sign-in goes on: a token is revoked, other credentials end by themselves. */
  async signOut(credential: Credential): Promise<void> {
    await this.#signIns.signOut(credential);
  }

  /**
   * Changes somebody's own password, and ends all their sign-ins and tokens but the one that is given back. Throws
   * `wrong_credentials`, `too_many_sign_ins` or `bad_field`.
   */
  async changePassword(
    user: User,
    ask: { readonly current: string; readonly next: string },
    address: string,
  ): Promise<NewSignIn> {
    return await this.#signIns.changePassword(user, ask.current, ask.next, address);
  }

  /**
   * Makes a token for a program, whose secret is told this once. It is good for `goodForMs` milliseconds;
   * `undefined` = until it is revoked. Throws `bad_field`, `forbidden` or `too_many_tokens`.
   */
  async createToken(user: User, label: string, goodForMs: number | undefined): Promise<NewToken> {
    return await this.#tokens.create(user, label, goodForMs);
  }

  /** A user's tokens, ascending by when they were made. */
  async tokens(user: User): Promise<readonly ApiToken[]> {
    return await this.#options.directory.tokens(user.id);
  }

  /** Revokes a token; what was signed in with it ends. Throws `unknown_token` where the user has none of that id. */
  async revokeToken(user: User, id: string): Promise<void> {
    await this.#tokens.revoke(user, id);
  }

  /**
   * The account of somebody whom the identity provider knows, made on first sight, so that others can look them up.
   * Throws `unavailable` where no name can be found for them.
   */
  async ofIdentity(identity: JwtIdentity): Promise<Account> {
    const { directory, recent, clock, isGuestName } = this.#options;
    const known = await recent.account(identity.id);
    if (known !== undefined) return known;
    for (const name of namesOf(identity)) {
      if (isGuestName(name)) continue;
      const now = clock.now();
      await directory.createAccount(newAccount(identity.id, name, undefined, now), now);
      // Made now, or by another request at the same time.
      const account = await directory.account(identity.id);
      recent.forget(identity.id);
      if (account !== undefined) return account;
    }
    throw new CommandError("unavailable", "no name could be found for the account; try again");
  }

  /** Hears no more signals. */
  close(): void {
    this.#unsubscribe();
  }

  /** `undefined` where the name is taken. */
  async #make(name: string, password: string | undefined): Promise<Account | undefined> {
    const { directory, clock, ids, isGuestName } = this.#options;
    if (isGuestName(name) || (await directory.isNameTaken(name, clock.now()))) return undefined;
    const passwordHash = password === undefined ? undefined : await this.#passwords.hash(password);
    const now = clock.now();
    const account = newAccount(ids.make(), name, passwordHash, now);
    return (await directory.createAccount(account, now)) ? account : undefined;
  }

  async #takeInvite(invite: string | undefined): Promise<string> {
    const { directory, clock } = this.#options;
    const hash = hashSecret(invite ?? "");
    if (invite !== undefined && (await directory.takeInvite(hash, clock.now()))) return hash;
    throw new CommandError("sign_up_closed", "accounts are made with an invite here, and this one is not good");
  }

  #accessChanged(user: Uuid): void {
    const { recent, signals, node } = this.#options;
    recent.forget(user);
    signals.publish({ type: "access", node, user });
  }
}

function newAccount(id: Uuid, name: string, passwordHash: string | undefined, now: number): Account {
  return { id, name, passwordHash, isAdmin: false, isDisabled: false, createdAt: now, updatedAt: now };
}
