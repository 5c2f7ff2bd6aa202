/** Signals that wait to be sent to the other nodes. Pure. What has waited long is of no use to anybody and goes first. */

/** Bytes that wait at the most. */
const QUEUE_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes that are sent together, and that one signal may have: the topic takes no more than 1 MiB. */
const SENT_BYTES_MAX = 512 * 1024;
/** How long a signal may wait, in milliseconds. */
const WAIT_MS_MAX = 5_000;

/** Signals as JSON text, oldest first. */
export class SignalQueue {
  #waiting: { readonly text: string; readonly since: number }[] = [];
  #bytes = 0;
  /** How many were dropped so far. */
  dropped = 0;

  /** Adds one at a moment of the monotonic clock, and drops the oldest where there are too many. */
  add(text: string, now: number): void {
    if (text.length > SENT_BYTES_MAX) {
      this.dropped += 1;
      return;
    }
    this.#waiting.push({ text, since: now });
    this.#bytes += text.length;
    while (this.#bytes > QUEUE_BYTES_MAX) this.#drop();
  }

  /** Takes those that are sent together next. */
  take(now: number): readonly string[] {
    while ((this.#waiting[0]?.since ?? now) < now - WAIT_MS_MAX) this.#drop();
    let bytes = 0;
    let count = 0;
    for (const { text } of this.#waiting) {
      if (count > 0 && bytes + text.length > SENT_BYTES_MAX) break;
      bytes += text.length;
      count += 1;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count).map(({ text }) => text);
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }

  #drop(): void {
    this.#bytes -= this.#waiting.shift()?.text.length ?? 0;
    this.dropped += 1;
  }
}
