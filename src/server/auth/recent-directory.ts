/**
 * Who a session is: what the directory said a moment ago of accounts, sign-ins and tokens, so that a request costs no
 * question to a database, and people who are here talk on while there is none. Touches the directory, for reading.
 */
import type { Clock } from "../clock.ts";
import type { Account, ApiToken, Directory, SignIn } from "../directory/directory.ts";
import type { Uuid } from "../record.ts";
import { isUuid } from "../uuid.ts";
import { RecentAnswers } from "./recent-answers.ts";

/** The directory, as it was a second ago at the earliest, or a minute where it can't be asked. */
export class RecentDirectory {
  readonly #clock: Clock;
  readonly #accounts: RecentAnswers<Account>;
  readonly #signIns: RecentAnswers<SignIn>;
  readonly #tokens: RecentAnswers<ApiToken>;

  constructor(directory: Directory, clock: Clock) {
    this.#clock = clock;
    this.#accounts = new RecentAnswers((id) => directory.account(id), clock);
    this.#signIns = new RecentAnswers((hash) => directory.signIn(hash, clock.now()), clock);
    this.#tokens = new RecentAnswers((hash) => directory.token(hash, clock.now()), clock);
  }

  /** The account of an id, disabled ones too. What is no id has none. */
  account(id: string): Promise<Account | undefined> {
    return isUuid(id) ? this.#accounts.get(id) : Promise.resolve(undefined);
  }

  /** The sign-in of a cookie's hash; `undefined` where there is none, or it has ended. */
  async signIn(hash: string): Promise<SignIn | undefined> {
    return this.#ifGood(await this.#signIns.get(hash));
  }

  /** The token of a hash; `undefined` where there is none, or it has ended. */
  async token(hash: string): Promise<ApiToken | undefined> {
    return this.#ifGood(await this.#tokens.get(hash));
  }

  /** Forgets what is known of a user: it changed. */
  forget(user: Uuid): void {
    this.#accounts.forget(user);
    this.#signIns.forgetWhere((signIn) => signIn.user === user);
    this.#tokens.forgetWhere((token) => token.user === user);
  }

  #ifGood<Value extends { readonly expiresAt: number | undefined }>(value: Value | undefined): Value | undefined {
    return (value?.expiresAt ?? Number.POSITIVE_INFINITY) > this.#clock.now() ? value : undefined;
  }
}
