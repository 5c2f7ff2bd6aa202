/**
 * Who a session is: how somebody signs in with a password, and out. Touches the directory.
 */
import type { Chance, Clock } from "../clock.ts";
import { CommandError } from "../commands/command-error.ts";
import type { AuthConfig } from "../config/config.ts";
import type { Account, Directory } from "../directory/directory.ts";
import type { Uuid } from "../record.ts";
import type { Credential } from "./credential.ts";
import type { Passwords } from "./passwords.ts";
import { passwordFault } from "./passwords.ts";
import { hashSecret, newSecret } from "./secrets.ts";
import type { SignInAttempt, SignInThrottle } from "./sign-in-throttle.ts";
import { TriedTooOften } from "./sign-in-throttle.ts";
import type { User } from "./user.ts";
import { checkUserName } from "./user-name.ts";

const DAY_MS = 86_400_000;

/** Whose sign-ins are counted, and told. */
export interface SignInTelemetry {
  signedIn(): void;
  /** `code`: wrong credentials, or too many attempts. The address may stand in a log line, never in a label. */
  signInRefused(code: "wrong_credentials" | "too_many_sign_ins", address: string): void;
}

/** What a browser keeps: the value of its cookie, and until when (milliseconds since the epoch). */
export interface SignInCookie {
  readonly value: string;
  readonly expiresAt: number;
}

/** Somebody who signed in. `cookie`: `undefined` in open mode, where the account's id is enough. */
export interface NewSignIn {
  readonly account: Account;
  readonly cookie: SignInCookie | undefined;
}

/** What sign-ins need. */
export interface SignInsOptions {
  readonly directory: Directory;
  readonly auth: AuthConfig;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly telemetry: SignInTelemetry;
  readonly passwords: Passwords;
  readonly throttle: SignInThrottle;
  /** Hears whose access may have ended. */
  readonly ended: (user: Uuid) => void;
}

/** Signs people in and out. */
export class SignIns {
  readonly #options: SignInsOptions;

  constructor(options: SignInsOptions) {
    this.#options = options;
  }

  /** Throws `wrong_credentials`, in the same words and after the same work whatever was wrong, or a `TriedTooOften`. */
  async signIn(name: string, password: string | undefined, address: string): Promise<NewSignIn> {
    const { mode } = this.#options.auth;
    if (mode === "jwt") throw new CommandError("forbidden", "sign in with a token of your identity provider here");
    if (mode === "open") {
      const account = await this.#byName(name);
      if (account === undefined || account.isDisabled) throw wrongCredentials();
      return { account, cookie: undefined };
    }
    const account = await this.#tryPassword(name, password ?? "", address);
    const cookie = await this.#save(account);
    this.#options.telemetry.signedIn();
    return { account, cookie };
  }

  /** Ends a sign-in. What is no sign-in goes on: a token is revoked, other credentials end by themselves. */
  async signOut(credential: Credential): Promise<void> {
    if (credential.type !== "sign_in") return;
    await this.#options.directory.removeSignIn(credential.hash);
    this.#options.ended(credential.user);
  }

  /** As `Accounts.changePassword`. */
  async changePassword(user: User, current: string, next: string, address: string): Promise<NewSignIn> {
    const { auth, directory, clock, passwords, ended } = this.#options;
    if (auth.mode !== "password") throw new CommandError("forbidden", "there are no passwords here");
    const fault = passwordFault(next);
    if (fault !== undefined) throw new CommandError("bad_field", `password: ${fault}`);
    await this.#tryPassword(user.name, current, address);
    const passwordHash = await passwords.hash(next);
    const account = await directory.changeAccount(user.id, { passwordHash }, clock.now());
    if (account === undefined) throw wrongCredentials();
    await directory.removeCredentials(user.id);
    ended(user.id);
    return { account, cookie: await this.#save(account) };
  }

  /** The account whose password this is; throws where there is none, or too many attempts failed. */
  async #tryPassword(name: string, password: string, address: string): Promise<Account> {
    const attempt = this.#begin(name, address);
    try {
      const account = await this.#byName(name);
      const isRight = await this.#options.passwords.check(account?.passwordHash, password);
      if (isRight && account !== undefined && !account.isDisabled) {
        attempt.succeeded();
        return account;
      }
    } catch (error) {
      attempt.cameToNothing();
      throw error;
    }
    this.#options.telemetry.signInRefused("wrong_credentials", address);
    throw wrongCredentials();
  }

  #begin(name: string, address: string): SignInAttempt {
    try {
      return this.#options.throttle.signIn(name, address);
    } catch (error) {
      if (error instanceof TriedTooOften) this.#options.telemetry.signInRefused("too_many_sign_ins", address);
      throw error;
    }
  }

  async #save({ id, passwordHash }: Account): Promise<SignInCookie> {
    const { auth, directory, clock, chance } = this.#options;
    const value = newSecret(chance);
    const createdAt = clock.now();
    const expiresAt = createdAt + auth.sessionDays * DAY_MS;
    await directory.saveSignIn(hashSecret(value), { user: id, createdAt, expiresAt });
    // The password may have been changed, or the account disabled, while this one was checked: then all that had been
    // signed in was ended, and this would be left over.
    const now = await directory.account(id);
    if (now === undefined || now.isDisabled || now.passwordHash !== passwordHash) {
      await directory.removeSignIn(hashSecret(value));
      throw wrongCredentials();
    }
    return { value, expiresAt };
  }

  async #byName(name: string): Promise<Account | undefined> {
    const checked = checkUserName(name);
    return "name" in checked ? await this.#options.directory.accountByName(checked.name) : undefined;
  }
}

const wrongCredentials = (): CommandError =>
  new CommandError("wrong_credentials", "there is no such account, or the password is another");
