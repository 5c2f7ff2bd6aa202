/**
 * What the directory in CQL asks of its database, so many requests at a time, and what must be done in turns. Touches the
 * session that it is handed.
 */
import type { CqlSession } from "../cql/session.ts";

/** What the directory needs of a session. */
export type DirectorySession = Pick<
  CqlSession,
  "rows" | "serialRows" | "pages" | "write" | "conditional" | "batch" | "chance"
>;

/** Requests that are under way at once at the most: what is more waits here, not in the database. */
const REQUESTS_MAX = 64;

/** A session that never has more than so many requests under way. What is read in pages is one at a time anyway. */
export function limited(session: DirectorySession): DirectorySession {
  const gate = new Gate(REQUESTS_MAX);
  return {
    chance: session.chance,
    rows: (query, params) => gate.pass(() => session.rows(query, params)),
    serialRows: (query, params) => gate.pass(() => session.serialRows(query, params)),
    pages: (query, params, pageRows) => session.pages(query, params, pageRows),
    write: (query, params) => gate.pass(() => session.write(query, params)),
    conditional: (query, params) => gate.pass(() => session.conditional(query, params)),
    batch: (statements) => gate.pass(() => session.batch(statements)),
  };
}

/** Lets so many work at once, the others in the order in which they came. */
class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#free = max;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

/**
 * Lets what is about the same thing work one after the other. The database would sort it out, but conditional writes
 * that meet there hold each other up until some time out.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Waits until all others that named this before are done, and works. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    const mine = (async () => {
      await before?.catch(() => undefined);
      return await work();
    })();
    this.#last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === mine) this.#last.delete(name);
    }
  }
}
