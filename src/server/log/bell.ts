/** Stage 3: wakes whoever waits for more of the log. Touches nothing. */

/** Any number wait; one ring wakes them all. */
export class Bell {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next ring, or when `signal` aborts; at once where it has. */
  wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  /** Wakes all who wait now. */
  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
