/**
 * Who a session is: from what a request or connection shows to a user, in the mode that is configured, the same at every
 * door. Touches the directory, for reading.
 */
import type { Clock } from "../clock.ts";
import { CommandError } from "../commands/command-error.ts";
import type { AuthConfig, AuthMode } from "../config/config.ts";
import type { Account, Directory } from "../directory/directory.ts";
import { isUuid } from "../uuid.ts";
import type { Accounts } from "./accounts.ts";
import { tokenHash } from "./api-tokens.ts";
import type { Credential, SignedIn } from "./credential.ts";
import type { JwtReader } from "./jwt.ts";
import type { RecentDirectory } from "./recent-directory.ts";
import { hashSecret } from "./secrets.ts";

/** Everything that may say who somebody is; `undefined` = not shown. */
export interface Credentials {
  /** The value of the sign-in cookie; in mode `jwt` it may hold the provider's token. */
  readonly cookie: string | undefined;
  /** The value of the cookie `user_id`: believed in open mode only. */
  readonly userIdCookie: string | undefined;
  /** A token: of `Authorization: Bearer`, or of `hello`. In open mode a user's id will do. */
  readonly bearer: string | undefined;
  /** Whom the request names, `sender_id` of a body say: believed in open mode only, and only without a cookie. */
  readonly named: string | undefined;
  readonly address: string;
}

/** What the authenticator needs. */
export interface AuthenticatorOptions {
  readonly auth: AuthConfig;
  readonly accounts: Accounts;
  readonly directory: Directory;
  readonly recent: RecentDirectory;
  readonly clock: Clock;
  /** In mode `jwt`. */
  readonly jwt: JwtReader | undefined;
}

const NOBODY: Promise<undefined> = Promise.resolve(undefined);

/** Says who somebody is. */
export class Authenticator {
  readonly mode: AuthMode;
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.mode = options.auth.mode;
    this.#options = options;
  }

  /**
   * Who somebody is: `undefined` where nothing was shown that counts in this mode. Throws `unauthorized` where what was
   * shown is wrong, has ended, or belongs to an account that is disabled. A bearer token goes before a cookie.
   */
  identify(shown: Credentials): Promise<SignedIn | undefined> {
    // Each request comes by: one promise fewer for every function on the way that need not be `async`.
    switch (this.mode) {
      case "open": {
        if (shown.bearer !== undefined && !isUuid(shown.bearer.toLowerCase())) return this.#byToken(shown.bearer);
        const named = shown.bearer ?? shown.userIdCookie ?? shown.named;
        return named === undefined ? NOBODY : this.#byName(named);
      }
      case "password":
        if (shown.bearer !== undefined) return this.#byToken(shown.bearer);
        return shown.cookie === undefined ? NOBODY : this.#bySignIn(shown.cookie);
      case "jwt": {
        const token = shown.bearer ?? shown.cookie;
        if (token === undefined) return NOBODY;
        // A JWT has dots in it. Tokens of our own are those that whoever runs the server made for programs.
        return token.includes(".") ? this.#byJwt(token) : this.#byToken(token);
      }
    }
  }

  /** Whether a credential that was good is so still. Asks the directory itself, never what is remembered of it. */
  async isValid(credential: Credential): Promise<boolean> {
    const isGood = await this.#isGood(credential);
    // Who is out is not to come in again by what was so a moment ago.
    if (!isGood) this.#options.recent.forget(credential.user);
    return isGood;
  }

  async #isGood(credential: Credential): Promise<boolean> {
    const { auth, directory, clock } = this.#options;
    const account = credential.type === "guest" ? undefined : await directory.account(credential.user);
    if (credential.type !== "guest" && (account === undefined || account.isDisabled)) return false;
    switch (credential.type) {
      case "guest":
        return auth.guests;
      case "open":
        return this.mode === "open";
      case "jwt":
        return credential.expiresAt > clock.now();
      case "sign_in":
        return (await directory.signIn(credential.hash, clock.now()))?.user === credential.user;
      case "token":
        return (await directory.token(credential.hash, clock.now()))?.user === credential.user;
    }
  }

  /** Open mode: whoever names a user is that user. An id may come in capitals, as everywhere. */
  async #byName(id: string): Promise<SignedIn> {
    const account = await this.#options.recent.account(id.toLowerCase());
    return signedIn(account, false, (user) => ({ type: "open", user }));
  }

  async #bySignIn(cookie: string): Promise<SignedIn> {
    const { recent } = this.#options;
    const hash = hashSecret(cookie);
    const signIn = await recent.signIn(hash);
    const account = signIn === undefined ? undefined : await recent.account(signIn.user);
    return signedIn(account, false, (user) => ({ type: "sign_in", user, hash }));
  }

  async #byToken(token: string): Promise<SignedIn> {
    const { recent } = this.#options;
    const hash = tokenHash(token, this.mode);
    const found = hash === undefined ? undefined : await recent.token(hash);
    const account = found === undefined ? undefined : await recent.account(found.user);
    return signedIn(account, false, (user) => ({ type: "token", user, hash: hash ?? "" }));
  }

  async #byJwt(token: string): Promise<SignedIn> {
    const { jwt, accounts } = this.#options;
    if (jwt === undefined) throw new Error("mode jwt needs its reader");
    const identity = await jwt.read(token);
    const account = await accounts.ofIdentity(identity);
    const { expiresAt } = identity;
    return signedIn(account, identity.isAdmin, (user) => ({ type: "jwt", user, expiresAt }));
  }
}

/** Somebody who is known; the same words whatever the reason is that they are not. */
function signedIn(
  account: Account | undefined,
  isAdminToo: boolean,
  credential: (user: string) => Credential,
): SignedIn {
  if (account === undefined || account.isDisabled) {
    throw new CommandError("unauthorized", "what you were signed in with is not valid here; sign in again");
  }
  const { id, name, isAdmin } = account;
  return { user: { id, name, isGuest: false, isAdmin: isAdmin || isAdminToo }, credential: credential(id) };
}
