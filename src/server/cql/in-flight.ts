/** Around the stages: how much is asked of the database at once. Touches nothing. */

/** Lets a number of tasks run at once, whoever brings them; the others wait, in the order in which they came. */
export class InFlight {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(tasksMax: number) {
    this.#free = tasksMax;
  }

  /**
   * Runs the tasks that `next` makes, each made only when it is its turn. Rejects, with the first failure, once those
   * that had begun have ended; what then had not begun never does.
   */
  async all(tasks: Iterable<() => Promise<void>>): Promise<void> {
    const running = new Set<Promise<void>>();
    let failure: { readonly error: unknown } | undefined;
    for (const task of tasks) {
      await this.#take();
      if (failure !== undefined) {
        this.#give();
        break;
      }
      const work = task()
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          running.delete(work);
          this.#give();
        });
      running.add(work);
    }
    await Promise.all(running);
    if (failure !== undefined) throw failure.error;
  }

  async #take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
