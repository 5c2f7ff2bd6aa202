/**
 * Who a session is: accounts that were asked for a moment ago. Every request asks whose it is, and most come from few.
 * Touches the directory, for reading.
 */
import type { Clock } from "../clock.ts";
import type { Account, Directory } from "../directory/directory.ts";
import type { Uuid } from "../record.ts";
import { isUuid } from "../uuid.ts";

/** How old an answer may be, in milliseconds: what another process changed is seen within that time. */
const AGE_MS_MAX = 1_000;
/** Accounts that are kept. */
const ACCOUNTS_MAX = 10_000;

interface Answer {
  readonly account: Promise<Account | undefined>;
  /** When it was asked for. */
  readonly at: number;
}

/** Accounts, as they were a second ago at the earliest. */
export class AccountCache {
  readonly #directory: Directory;
  readonly #clock: Clock;
  /** Ascending by when it was asked for. */
  readonly #answers = new Map<Uuid, Answer>();

  constructor(directory: Directory, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /** The account of an id. What is no id has none. */
  async get(id: string): Promise<Account | undefined> {
    if (!isUuid(id)) return undefined;
    const known = this.#answers.get(id);
    if (known !== undefined && this.#clock.monotonic() - known.at < AGE_MS_MAX) return await known.account;
    const answer = { account: this.#directory.account(id), at: this.#clock.monotonic() };
    this.forget(id);
    this.#answers.set(id, answer);
    for (const [oldest] of this.#answers) {
      if (this.#answers.size <= ACCOUNTS_MAX) break;
      this.#answers.delete(oldest);
    }
    try {
      return await answer.account;
    } catch (error) {
      // Whoever asks next asks the directory.
      if (this.#answers.get(id) === answer) this.forget(id);
      throw error;
    }
  }

  /** Forgets an account: it changed. A question that is under way is not answered to anybody who asks from now on. */
  forget(id: Uuid): void {
    this.#answers.delete(id);
  }
}
