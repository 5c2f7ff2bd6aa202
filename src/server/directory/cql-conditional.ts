/**
 * Tables of the directory in CQL that are written under conditions alone: a key, and a value that is replaced only where
 * it is still the one that was looked at. So several nodes may write at once, their clocks may differ, and none of them
 * undoes what it has not seen. Touches the session that it is handed.
 */
import { CqlError } from "../cql/errors.ts";
import { type CqlRow, textIn, whole } from "../cql/rows.ts";
import { type DirectorySession, Turns } from "./cql-requests.ts";

/** How often one change begins anew because another node was faster. */
const ROUNDS_MAX = 50;
/** How many writes of one change may end with nobody knowing what became of them. */
const UNKNOWN_MAX = 3;
/** Rows that are read at once where all are looked through: few, for between them may stand what was removed of late. */
const PAGE_ROWS = 200;

/** What to make of a value: what to put in its place, if anything, and what to tell whoever asked. */
export interface Decision<T, R> {
  readonly write: { readonly value: T | undefined } | undefined;
  readonly result: R;
}

/** Leaves it as it is. */
export const leave = <R>(result: R): Decision<never, R> => ({ write: undefined, result });
/** Puts a value in its place. */
export const put = <T, R>(value: T, result: R): Decision<T, R> => ({ write: { value }, result });
/** Removes it. */
export const remove = <R>(result: R): Decision<never, R> => ({ write: { value: undefined }, result });

/**
 * Decides on what stands at a key. MUST be safe to ask again, of what it has itself put there too: `unsure` says that an
 * earlier write of the same change may have been done.
 */
export type Decide<T, R> = (before: T | undefined, unsure: boolean) => Decision<T, R> | Promise<Decision<T, R>>;

/** What became of a write: whether it was done, if that is known, and what stands there. */
interface Replaced {
  readonly outcome: "done" | "not done" | "unknown";
  readonly text: string | undefined;
}

/** A table of texts and values; values are JSON, and never `undefined` within. The first column is the partition. */
export class ConditionalTable<T> {
  readonly #session: DirectorySession;
  readonly #name: string;
  readonly #columns: readonly string[];
  readonly #turns = new Turns();
  readonly #select: string;
  readonly #where: string;
  readonly #insert: string;

  constructor(session: DirectorySession, name: string, columns: readonly string[]) {
    this.#session = session;
    this.#name = name;
    this.#columns = columns;
    this.#where = `WHERE ${columns.map((column) => `${column} = ?`).join(" AND ")}`;
    this.#select = `SELECT value FROM ${name} ${this.#where}`;
    const marks = columns.map(() => "?, ").join("");
    this.#insert = `INSERT INTO ${name} (${columns.join(", ")}, value) VALUES (${marks}?) IF NOT EXISTS`;
  }

  /** The value of a key. */
  async read(...key: readonly string[]): Promise<T | undefined> {
    return this.#parse(await this.#text(key, false));
  }

  /**
   * Changes the value of a key as `decide` says, once nobody else changes it meanwhile. `isNew`: most likely nothing
   * stands there, so don't look first. Rejects with a `CqlError`: `unknown` where nobody knows what became of it.
   */
  change<R>(key: readonly string[], isNew: boolean, decide: Decide<T, R>): Promise<R> {
    return this.#turns.take(key[0] ?? "", async () => {
      let isSeen = !isNew;
      let before = isNew ? undefined : await this.#text(key, false);
      let unknown = 0;
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        const { write, result } = await decide(this.#parse(before), unknown > 0);
        const after = textOf(write?.value);
        const isWrite = write !== undefined && after !== before;
        if (!isWrite && isSeen) return result;
        const { outcome, text } = isWrite ? await this.#replace(key, before, after) : await this.#look(key);
        if (outcome === "done") return result;
        if (outcome === "unknown") unknown += 1;
        if (unknown > UNKNOWN_MAX) break;
        before = text;
        isSeen = true;
      }
      const failure = unknown > 0 ? "unknown" : "unavailable";
      throw new CqlError(failure, `a value in the table ${this.#name} could not be changed, for others change it too`);
    });
  }

  /** All keys and values, page by page, in no order. */
  async *pages(): AsyncGenerator<readonly { readonly key: readonly string[]; readonly value: T }[], void, undefined> {
    const query = `SELECT ${this.#columns.join(", ")}, value FROM ${this.#name}`;
    for await (const rows of this.#session.pages(query, [], PAGE_ROWS)) {
      yield rows.flatMap((row) => {
        const value = this.#parse(textIn(row, "value"));
        return value === undefined ? [] : [{ key: this.#keyIn(row), value }];
      });
    }
  }

  /** Removes what `isOver` of all keys and values, telling `removed` of each; resolves with how many those were. */
  async removeOver(
    isOver: (value: T) => boolean,
    removed: (value: T, key: readonly string[]) => Promise<void>,
  ): Promise<number> {
    let count = 0;
    for await (const page of this.pages()) {
      const over = page.filter(({ value }) => isOver(value));
      const gone = over.map(async ({ key, value }) => {
        // It may have been replaced since, or removed by another node, which counts it then.
        const isGone = await this.change(key, false, (before, unsure) =>
          before === undefined ? leave(unsure) : isOver(before) ? remove(true) : leave(false),
        );
        if (!isGone) return;
        await removed(value, key);
        count += 1;
      });
      await Promise.all(gone);
    }
    return count;
  }

  /** Puts `after` where `before` stands, either of which may be nothing; otherwise says what stands there. */
  async #replace(key: readonly string[], before: string | undefined, after: string | undefined): Promise<Replaced> {
    try {
      const { applied, row } = await this.#session.conditional(...this.#replacement(key, before, after));
      return applied ? { outcome: "done", text: after } : { outcome: "not done", text: textIn(row, "value") };
    } catch (error) {
      // Even one that too few replicas were there for may have been decided before they went.
      if (!(error instanceof CqlError) || error.failure === "refused") throw error;
      // A serial read settles what was under way, and says what stands there now.
      const text = await this.#text(key, true).catch((again: unknown) => {
        throw new CqlError(error.failure, error.message, { cause: again });
      });
      return { outcome: "unknown", text };
    }
  }

  async #look(key: readonly string[]): Promise<Replaced> {
    return { outcome: "not done", text: await this.#text(key, false) };
  }

  #replacement(
    key: readonly string[],
    before: string | undefined,
    after: string | undefined,
  ): readonly [query: string, params: readonly string[]] {
    if (before === undefined) return [this.#insert, [...key, after ?? ""]];
    if (after === undefined) return [`DELETE FROM ${this.#name} ${this.#where} IF value = ?`, [...key, before]];
    return [`UPDATE ${this.#name} SET value = ? ${this.#where} IF value = ?`, [after, ...key, before]];
  }

  async #text(key: readonly string[], isSerial: boolean): Promise<string | undefined> {
    // Not even a question to the database, which takes no empty partition key.
    if (key[0] === "") return undefined;
    const read = isSerial ? this.#session.serialRows : this.#session.rows;
    const [row] = await read.call(this.#session, this.#select, key);
    return row === undefined ? undefined : textIn(row, "value");
  }

  #keyIn(row: CqlRow): readonly string[] {
    return this.#columns.map((column) => whole(textIn(row, column), column));
  }

  #parse(text: string | undefined): T | undefined {
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new Error(`a value in the table ${this.#name} can't be read`, { cause: error });
    }
  }
}

const textOf = (value: unknown): string | undefined => (value === undefined ? undefined : JSON.stringify(value));
