/** Stage 3: what an answer of a broker to a batch means for those who wait for it. Pure. */

/**
 * What becomes of a batch.
 * - `durable`: it is where the answer says.
 * - `later`: it was not taken; the same again, or with others, after a pause.
 * - `maybe`: it may have been taken; the very same again after a pause, until the broker says.
 * - `anew`: the broker does not know this writer any more; the same again as another, at the risk of a repeat.
 * - `repeated`: the broker has it already, and does not say where.
 * - `too_large`: less at once.
 * - `refused`: it will never be taken.
 */
export type Outcome = "durable" | "later" | "maybe" | "anew" | "repeated" | "too_large" | "refused";

const OUTCOMES: ReadonlyMap<number, Outcome> = new Map([
  [0, "durable"],
  // Too few replicas are in sync, or too much at once: the broker says so before it writes.
  [19, "later"],
  [89, "later"],
  // A leader that stops being one says 3 or 6 to those who wait for its replicas too, so the batch may be there.
  ...[-1, 2, 3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 20, 56, 74, 75, 100].map((code): [number, Outcome] => [code, "maybe"]),
  // Out of order, unknown producer, old epoch, no such mapping, fenced.
  ...[45, 59, 47, 49, 90].map((code): [number, Outcome] => [code, "anew"]),
  [46, "repeated"],
  [10, "too_large"],
  [18, "too_large"],
]);

/** What Kafka's number for an error means; what is not known here is refused. */
export const outcomeOf = (errorCode: number): Outcome => OUTCOMES.get(errorCode) ?? "refused";
