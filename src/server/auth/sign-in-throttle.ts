/**
 * Who a session is: how often a sign-in may fail, for one account and from one address. Pure, given the clock.
 */
import { createHash } from "node:crypto";
import type { ErrorName } from "../../protocol/error-codes.ts";
import type { Clock } from "../clock.ts";
import { CommandError } from "../commands/command-error.ts";
import { addressHolder } from "../config/addresses.ts";
import { nameKey } from "../name-key.ts";
import { Attempts } from "./attempts.ts";

/** Sign-ins that may fail at once, for an account and for an address. */
const FAILURES_MAX = 10;
/** Then one more after so long, in milliseconds: 40 guesses an hour at an account, from wherever they come. */
const FAILURE_EVERY_MS = 90_000;
/** Accounts that one address may make at once, and after how long one more, in milliseconds. */
const SIGN_UPS_MAX = 10;
const SIGN_UP_EVERY_MS = 360_000;
/** Accounts and addresses that are remembered, of each; about 10 MB when full. */
const KEYS_MAX = 50_000;

/** Somebody tries too often. */
export class TriedTooOften extends CommandError {
  /** When it makes sense to try again, in whole seconds from now. */
  readonly retryAfterSeconds: number;

  constructor(code: ErrorName, what: string, waitMs: number) {
    const seconds = Math.ceil(waitMs / 1000);
    super(code, `${what}; try again in ${seconds} s`);
    this.retryAfterSeconds = seconds;
  }
}

/** An attempt to sign in that has begun. It has been counted as a failure already, for others may run at once. */
export interface SignInAttempt {
  /** The password was right. */
  succeeded(): void;
  /** It could not be found out whether it is right. */
  cameToNothing(): void;
}

/** How often who may try what. */
export class SignInThrottle {
  readonly #accounts: Attempts;
  readonly #addresses: Attempts;
  readonly #signUps: Attempts;

  constructor(clock: Clock) {
    const failures = { clock, most: FAILURES_MAX, everyMs: FAILURE_EVERY_MS, keysMax: KEYS_MAX };
    this.#accounts = new Attempts(failures);
    this.#addresses = new Attempts(failures);
    this.#signUps = new Attempts({ clock, most: SIGN_UPS_MAX, everyMs: SIGN_UP_EVERY_MS, keysMax: KEYS_MAX });
  }

  /**
   * Begins an attempt under a name, whether there is such an account or not.
   * @throws TriedTooOften (`too_many_sign_ins`) where too many failed under that name or from that address
   */
  signIn(name: string, address: string): SignInAttempt {
    const account = digest(nameKey(name));
    const holder = digest(addressHolder(address));
    const waitMs = Math.max(this.#accounts.wait(account), this.#addresses.wait(holder));
    if (waitMs > 0) throw new TriedTooOften("too_many_sign_ins", "too many sign-ins failed", waitMs);
    this.#accounts.count(account);
    this.#addresses.count(holder);
    return {
      succeeded: () => {
        this.#accounts.forget(account);
        // Only this one: who has one account must not guess at others without end by signing in between.
        this.#addresses.takeBack(holder);
      },
      cameToNothing: () => {
        this.#accounts.takeBack(account);
        this.#addresses.takeBack(holder);
      },
    };
  }

  /**
   * Counts an account that is to be made.
   * @throws TriedTooOften (`too_fast`) where that address made too many lately
   */
  signUp(address: string): void {
    const holder = digest(addressHolder(address));
    const waitMs = this.#signUps.wait(holder);
    if (waitMs > 0) throw new TriedTooOften("too_fast", "too many accounts were made from this address", waitMs);
    this.#signUps.count(holder);
  }
}

/** Keys of one size, whatever somebody sends as a name. */
const digest = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, 22);
