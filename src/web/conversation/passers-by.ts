/**
 * The web client, conversation: who came, who went, who is writing: told for a moment, then forgotten. Pure.
 */

/** How long a coming or going is told, in milliseconds. */
const TOLD_FOR_MS = 6_000;

/** How long somebody counts as writing after they said so, in milliseconds; they say so every 3 s. */
const WRITING_FOR_MS = 5_000;

/** Names that are told one by one; beyond that only how many there are. */
const NAMES_MAX = 3;

/** People remembered at once; in a crowd nobody reads names. */
const PEOPLE_MAX = 100;

/** Who came and went in the last moments, and who is writing. */
export class PassersBy {
  readonly #moves = new Map<string, { readonly status: "joined" | "left"; readonly until: number }>();
  readonly #writing = new Map<string, number>();

  /** Somebody came or went. Who comes back at once, or looks in for a moment, is told by what they did last. */
  moved(user: string, status: "joined" | "left", now: number): void {
    this.#moves.delete(user);
    if (this.#moves.size < PEOPLE_MAX) this.#moves.set(user, { status, until: now + TOLD_FOR_MS });
    if (status === "left") this.#writing.delete(user);
  }

  /** Somebody is writing. */
  writes(user: string, now: number): void {
    this.#writing.delete(user);
    if (this.#writing.size < PEOPLE_MAX) this.#writing.set(user, now + WRITING_FOR_MS);
  }

  /** Somebody said it. */
  said(user: string): void {
    this.#writing.delete(user);
  }

  /** Forgets what is over; returns when the next of the rest is, or `undefined`. */
  expire(now: number): number | undefined {
    for (const [user, { until }] of this.#moves) if (until <= now) this.#moves.delete(user);
    for (const [user, until] of this.#writing) if (until <= now) this.#writing.delete(user);
    const ends = [...[...this.#moves.values()].map(({ until }) => until), ...this.#writing.values()];
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** Who came and went, in words; empty where nobody did. */
  get comings(): string {
    const of = (wanted: "joined" | "left"): string[] =>
      [...this.#moves].filter(([, { status }]) => status === wanted).map(([user]) => user);
    return [sentence(of("joined"), "joined"), sentence(of("left"), "left")].filter((text) => text !== "").join(" · ");
  }

  /** Who is writing, in words; empty where nobody is. */
  get writing(): string {
    const names = [...this.#writing.keys()];
    return names.length === 0 ? "" : `${sentence(names, names.length === 1 ? "is writing" : "are writing")}…`;
  }
}

/** Directional marks keep a name from turning its surroundings around. */
const isolated = (name: string): string => `\u2068${name}\u2069`;

function sentence(names: readonly string[], verb: string): string {
  if (names.length === 0) return "";
  if (names.length > NAMES_MAX) return `${names.length} people ${verb}`;
  const last = isolated(names[names.length - 1] ?? "");
  const others = names.slice(0, -1).map(isolated).join(", ");
  return `${others === "" ? last : `${others} and ${last}`} ${verb}`;
}
