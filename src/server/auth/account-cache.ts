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
/** How old an answer may be where the directory can't be asked: people who are here talk on, in milliseconds. */
const AGE_MS_MAX_WITHOUT_DIRECTORY = 60_000;
/** Accounts that are kept. */
const ACCOUNTS_MAX = 10_000;

interface Answer {
  readonly account: Promise<Account | undefined>;
  /** When it was asked for. */
  readonly at: number;
  /** What it was the last time that the directory said so, and when that was asked. */
  readonly before: { readonly account: Account; readonly at: number } | undefined;
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
    const now = this.#clock.monotonic();
    const known = this.#answers.get(id);
    if (known !== undefined && now - known.at < AGE_MS_MAX) {
      const account = await known.account;
      // Somebody who was not there a moment ago may have been made by another node since.
      if (account !== undefined) return account;
    }
    return await this.#ask(id, known, now);
  }

  async #ask(id: Uuid, known: Answer | undefined, now: number): Promise<Account | undefined> {
    const before = known?.before;
    const asked = this.#directory.account(id);
    const answer = { account: asked.catch((error: unknown) => asBefore(before, now, error)), at: now, before };
    this.#keep(id, answer);
    asked.then(
      (account) => {
        if (account === undefined || this.#answers.get(id) !== answer) return;
        this.#answers.set(id, { ...answer, before: { account, at: now } });
      },
      () => undefined,
    );
    try {
      return await answer.account;
    } catch (error) {
      // Whoever asks next asks the directory.
      if (this.#answers.get(id) === answer) this.forget(id);
      throw error;
    }
  }

  #keep(id: Uuid, answer: Answer): void {
    this.forget(id);
    this.#answers.set(id, answer);
    for (const [oldest] of this.#answers) {
      if (this.#answers.size <= ACCOUNTS_MAX) break;
      this.#answers.delete(oldest);
    }
  }

  /** Forgets an account: it changed. A question that is under way is not answered to anybody who asks from now on. */
  forget(id: Uuid): void {
    this.#answers.delete(id);
  }
}

/** What an account was a while ago, in place of the directory's word; throws `error` where that is too old. */
function asBefore(before: Answer["before"], now: number, error: unknown): Account {
  if (before === undefined || now - before.at > AGE_MS_MAX_WITHOUT_DIRECTORY) throw error;
  return before.account;
}
