/**
 * Stage 2: how many messages a user may send, by a bucket of tokens for each: it holds `messagesBurst` and gains
 * `messagesPerSecond` a second. Sessions of one user share it.
 */
import type { Limits } from "../../protocol/limits.ts";
import type { User } from "../auth/user.ts";
import type { Clock } from "../clock.ts";
import type { Uuid } from "../record.ts";

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
  // By id, so that whoever connects anew does not begin anew.
  readonly #buckets = new Map<Uuid, Bucket>();

  constructor(limits: Pick<Limits, "messagesPerSecond" | "messagesBurst">, clock: Clock) {
    this.#perSecond = limits.messagesPerSecond;
    this.#burst = limits.messagesBurst;
    this.#clock = clock;
  }

  /** Takes one token; `false` where there is none. Always `true` where no limit is set. */
  take(user: User): boolean {
    if (this.#perSecond === 0) return true;
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(user.id) ?? { tokens: this.#burst, at: now };
    this.#buckets.set(user.id, bucket);
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Forgets the buckets that are full again: called now and then. */
  sweep(): void {
    if (this.#perSecond === 0) return;
    const fullSince = this.#clock.monotonic() - (this.#burst / this.#perSecond) * 1000;
    for (const [user, { at }] of this.#buckets) if (at < fullSince) this.#buckets.delete(user);
  }
}
