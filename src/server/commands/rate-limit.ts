/**
 * Stage 2: how many messages a user may send, by a bucket of tokens for each: it holds `messagesBurst` and gains
 * `messagesPerSecond` a second. Sessions of one user share it.
 */
import type { Limits } from "../../protocol/limits.ts";
import type { Clock } from "../clock.ts";
import type { User } from "../fanout/session.ts";

interface Bucket {
  tokens: number;
  /** When `tokens` was true, in milliseconds on the monotonic clock. */
  at: number;
}

/** The buckets of all users who are here. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  // Weak: a user who is gone takes their bucket with them.
  readonly #buckets = new WeakMap<User, Bucket>();

  constructor(limits: Pick<Limits, "messagesPerSecond" | "messagesBurst">, clock: Clock) {
    this.#perSecond = limits.messagesPerSecond;
    this.#burst = limits.messagesBurst;
    this.#clock = clock;
  }

  /** Takes one token; `false` where there is none. Always `true` where no limit is set. */
  take(user: User): boolean {
    if (this.#perSecond === 0) return true;
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(user) ?? { tokens: this.#burst, at: now };
    this.#buckets.set(user, bucket);
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
