/**
 * Who a session is: answers that were given a moment ago. Every request asks whose it is, and most come from few. Touches
 * what it asks, and nothing else.
 */
import type { Clock } from "../clock.ts";

/** How old an answer may be, in milliseconds: what another process changed is seen within that time. */
const AGE_MS_MAX = 1_000;
/** How old an answer may be where nobody can be asked: people who are here talk on, in milliseconds. */
const AGE_MS_MAX_WITHOUT_ANSWER = 60_000;
/** Answers that are kept. */
const ANSWERS_MAX = 10_000;

interface Answer<Value> {
  readonly value: Promise<Value | undefined>;
  /** When it was asked for. */
  readonly at: number;
  /** What it was the last time that it was told, and when that was asked. */
  readonly before: { readonly value: Value; readonly at: number } | undefined;
}

/** Values by key, as they were a second ago at the earliest. */
export class RecentAnswers<Value> {
  readonly #ask: (key: string) => Promise<Value | undefined>;
  readonly #clock: Clock;
  /** Ascending by when it was asked for. */
  readonly #answers = new Map<string, Answer<Value>>();

  /** `ask` looks a key up where it is kept; `undefined` = there is none. */
  constructor(ask: (key: string) => Promise<Value | undefined>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** The value of a key; rejects where that can't be asked and is not known from a minute ago either. */
  async get(key: string): Promise<Value | undefined> {
    const now = this.#clock.monotonic();
    const known = this.#answers.get(key);
    if (known !== undefined && now - known.at < AGE_MS_MAX) {
      const value = await known.value;
      // It was asked before this one came, and another node may have made it since.
      if (value !== undefined) return value;
    }
    // Who asked and who came after go on in that order, as the requests of one connection have to: all wait for one promise.
    return await this.#askAnew(key, known, now).value;
  }

  /** Forgets a key: its value changed. A question that is under way is not answered to anybody who asks from now on. */
  forget(key: string): void {
    this.#answers.delete(key);
  }

  /** As `forget`, for all keys whose value matches, and for those of which it is not known yet. */
  forgetWhere(matches: (value: Value) => boolean): void {
    for (const [key, { before }] of this.#answers) {
      if (before === undefined || matches(before.value)) this.forget(key);
    }
  }

  #askAnew(key: string, known: Answer<Value> | undefined, now: number): Answer<Value> {
    const before = known?.before;
    const asked = this.#ask(key);
    const answer = { value: asked.catch((error: unknown) => asBefore(before, now, error)), at: now, before };
    this.#keep(key, answer);
    asked.then(
      (value) => {
        if (this.#answers.get(key) !== answer) return;
        // Whoever makes keys up takes no place of those who have one.
        if (value === undefined) this.forget(key);
        else this.#answers.set(key, { ...answer, before: { value, at: now } });
      },
      () => undefined,
    );
    answer.value.catch(() => {
      // Whoever asks next asks anew.
      if (this.#answers.get(key) === answer) this.forget(key);
    });
    return answer;
  }

  #keep(key: string, answer: Answer<Value>): void {
    this.forget(key);
    this.#answers.set(key, answer);
    for (const [oldest] of this.#answers) {
      if (this.#answers.size <= ANSWERS_MAX) break;
      this.#answers.delete(oldest);
    }
  }
}

/** What a value was a while ago, in place of an answer; throws `error` where that is too old. */
function asBefore<Value>(before: Answer<Value>["before"], now: number, error: unknown): Value {
  if (before === undefined || now - before.at > AGE_MS_MAX_WITHOUT_ANSWER) throw error;
  return before.value;
}
