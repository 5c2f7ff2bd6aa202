/**
 * The SDK: who wants to hear of what.
 */

/** The listeners of one thing. */
export class Listeners<Events> {
  readonly #byType = new Map<keyof Events, Set<(event: never) => void>>();

  /** Adds one. Returns what removes it. */
  on<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): () => void {
    // Wrapped, so that the same function may listen twice.
    const own = (event: Events[K]): void => listener(event);
    const all = this.#byType.get(type) ?? new Set();
    this.#byType.set(type, all.add(own));
    return () => {
      all.delete(own);
    };
  }

  /** Tells all that listen at this moment. One that throws keeps neither the others nor the client from going on. */
  tell<K extends keyof Events>(type: K, event: Events[K]): void {
    for (const listener of [...(this.#byType.get(type) ?? [])] as ((event: Events[K]) => void)[]) {
      try {
        listener(event);
      } catch (error) {
        // Nobody's mistake is swallowed: it shows where uncaught errors of the program show.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
