/** Beside all stages: much to do of one kind, so much of it at a time. Pure. */

/**
 * Does something for each of many, `count` at a time: one by one takes long where each is asked of another machine, and
 * all at once would keep everybody else from being answered. Rejects with the first failure; what runs by then runs on.
 */
export async function atOnce<T>(count: number, all: Iterable<T>, work: (one: T) => Promise<void>): Promise<void> {
  const iterator = all[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: count }, worker));
}
