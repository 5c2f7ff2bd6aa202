/** Signals within one process: the embedded server's, and what simulations use. Touches nothing outside of itself. */
import type { Signal, Signals } from "./signals.ts";

/** Publish and subscribe within one process. */
export class MemorySignals implements Signals {
  readonly #listeners = new Set<(signal: Signal) => void>();
  /** Signals that wait because a listener published while it was being told one. */
  readonly #waiting: Signal[] = [];
  #telling = false;
  #closed = false;
  readonly #listenerFailed: (error: unknown) => void;

  /** `listenerFailed` hears what a listener threw; it must not throw itself. */
  constructor(listenerFailed: (error: unknown) => void) {
    this.#listenerFailed = listenerFailed;
  }

  publish(signal: Signal): void {
    if (this.#closed) return;
    this.#waiting.push(signal);
    // Whoever publishes from within a listener is told after the signal at hand, or listeners would see two orders.
    if (this.#telling) return;
    this.#telling = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#tell(next);
    this.#telling = false;
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    // A wrapper of its own, so that one function may listen twice and each end by itself.
    const own = (signal: Signal): void => listener(signal);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    this.#waiting.length = 0;
  }

  #tell(signal: Signal): void {
    for (const listener of [...this.#listeners]) {
      // One that was taken away by another listener hears nothing more.
      if (!this.#listeners.has(listener)) continue;
      try {
        listener(signal);
      } catch (error) {
        this.#listenerFailed(error);
      }
    }
  }
}
