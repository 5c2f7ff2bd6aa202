/**
 * Load tool and tests, the verdict: what the delivery check found wrong, in exact counts with the first examples.
 * Touches nothing but its own counts.
 */

/**
 * What can be wrong with a delivery.
 * - `lost`: a receiver never saw a message that it was due.
 * - `duplicate`: a receiver saw a message again.
 * - `misordered`: a receiver saw a message after one that stands behind it, by its sender's numbers or in the order in
 *   which the room's other receivers saw them.
 * - `hole`: a seq was skipped; counted in seqs.
 * - `renumbered`: two receivers saw one message under two seqs.
 * - `never_sent`: a message came that nobody sent.
 * - `refused`: a message came of which the server had said that it would not.
 */
export const FINDING_KINDS = [
  "lost",
  "duplicate",
  "misordered",
  "hole",
  "renumbered",
  "never_sent",
  "refused",
] as const;

/** One of `FINDING_KINDS`. */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** Findings in numbers, with the first few of each kind as text. */
export interface Findings {
  readonly counts: Readonly<Record<FindingKind, number>>;
  readonly examples: readonly string[];
}

/** How many examples of a kind are kept: enough to see a pattern, little enough to print. */
const EXAMPLES_PER_KIND_MAX = 5;

/** Collects findings; counting goes on long after the examples are full. */
export class FindingLog {
  readonly #counts: Record<FindingKind, number> = {
    lost: 0,
    duplicate: 0,
    misordered: 0,
    hole: 0,
    renumbered: 0,
    never_sent: 0,
    refused: 0,
  };
  readonly #examples = new Map<FindingKind, string[]>();

  /** Counts `count` findings; `describe` is only called while there is room for one more example. */
  add(kind: FindingKind, count: number, describe: () => string): void {
    this.#counts[kind] += count;
    const examples = this.#examples.get(kind) ?? [];
    if (examples.length >= EXAMPLES_PER_KIND_MAX) return;
    examples.push(`${kind}: ${describe()}`);
    this.#examples.set(kind, examples);
  }

  /** Everything found so far, all kinds together. */
  get total(): number {
    let total = 0;
    for (const kind of FINDING_KINDS) total += this.#counts[kind];
    return total;
  }

  /** A copy of the findings as they stand. */
  read(): Findings {
    return { counts: { ...this.#counts }, examples: [...this.#examples.values()].flat() };
  }

  /** Takes over what another log found, its examples while there is room. */
  merge(findings: Findings): void {
    for (const kind of FINDING_KINDS) {
      this.#counts[kind] += findings.counts[kind];
      const prefix = `${kind}: `;
      for (const text of findings.examples) {
        if (text.startsWith(prefix)) this.add(kind, 0, () => text.slice(prefix.length));
      }
    }
  }

  /** A log that begins with what this one holds. */
  fork(): FindingLog {
    const copy = new FindingLog();
    for (const kind of FINDING_KINDS) copy.#counts[kind] = this.#counts[kind];
    for (const [kind, examples] of this.#examples) copy.#examples.set(kind, [...examples]);
    return copy;
  }
}

/** How many findings there are in all. */
export function findingCount(findings: Findings): number {
  return FINDING_KINDS.reduce((sum, kind) => sum + findings.counts[kind], 0);
}
