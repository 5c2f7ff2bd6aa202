/**
 * The web client, conversation: when the screen is brought up to date. Once a frame however much happens, and with a
 * rest after each, so that typing comes first.
 */
import type { PageTime } from "./page-time.ts";

/** Between two frames there is at least so many times what the last one took. */
const REST_FACTOR = 3;

/** But never more than this, in milliseconds. */
const REST_MS_MAX = 250;

/** Draws when it is time. */
export class FramePace {
  readonly #time: PageTime;
  readonly #draw: () => void;
  #cancel: (() => void) | undefined;
  #notBefore = 0;
  #isStopped = false;

  constructor(time: PageTime, draw: () => void) {
    this.#time = time;
    this.#draw = draw;
  }

  /** Something has changed: draws with one of the next frames. */
  soon(): void {
    if (this.#cancel !== undefined || this.#isStopped) return;
    const restMs = this.#notBefore - this.#time.now();
    this.#cancel = restMs > 0 ? this.#time.later(restMs, this.#onFrame) : this.#time.frame(this.#onFrame);
  }

  /** Somebody waits for what has changed: draws with the next frame, without a rest. */
  next(): void {
    this.#forget();
    this.#notBefore = 0;
    this.soon();
  }

  /** Draws at once. */
  now(): void {
    if (this.#isStopped) return;
    this.#forget();
    this.#draw();
  }

  /** Draws no more. */
  stop(): void {
    this.#isStopped = true;
    this.#forget();
  }

  readonly #onFrame = (): void => {
    const begun = this.#time.now();
    this.now();
    // When the frame is painted one sees what it took; so much rest it needs before the next.
    this.#time.later(0, () => {
      const tookMs = this.#time.now() - begun;
      this.#notBefore = begun + tookMs + Math.min(REST_MS_MAX, tookMs * REST_FACTOR);
    });
  };

  #forget(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
