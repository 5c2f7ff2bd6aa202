/**
 * Test support: a CQL database in memory, behind the driver's client, for the statements that the directory makes: so its
 * answers can be those of either database, and its writes can time out with an outcome that nobody knows.
 */
import type { Client } from "cassandra-driver";
import { systemChance, systemClock } from "../../src/server/clock.ts";
import { loadDriver } from "../../src/server/cql/driver.ts";
import { CqlSession } from "../../src/server/cql/session.ts";
import { CQL_DIRECTORY_MIGRATIONS } from "../../src/server/directory/cql-tables.ts";

/** Whose answers to conditional writes are given. */
export type Flavour = "Cassandra" | "ScyllaDB";

/**
 * What becomes of a conditional write that fails. With a timeout: nothing; it was done; or some replicas have accepted it,
 * so that a plain read misses it until a serial read or the next conditional write finishes it. `few`: so too, but the
 * answer is that there were too few replicas.
 */
export type Fault = "lost" | "done" | "accepted" | "few";

type Value = string | bigint | number | null;
type Row = Record<string, Value>;

/** A request as the driver got it. */
export interface Request {
  readonly query: string;
  readonly params: readonly Value[];
  readonly isSerial: boolean;
}

interface Stored {
  readonly row: Row;
  readonly time: bigint;
}

interface Table {
  readonly columns: readonly string[];
  readonly key: readonly string[];
  readonly rows: Map<string, Stored>;
}

/** The rejection that a replica's timeout gives. */
export const timedOut = (): Error => Object.assign(new Error("timed out"), { name: "ResponseError", code: 0x1100 });

const unavailable = (): Error => Object.assign(new Error("unavailable"), { name: "ResponseError", code: 0x1000 });

/** The database. Sessions are opened with `session`. */
export class FakeCqlDatabase {
  /** What becomes of a conditional write; `undefined`: it is done and answered. */
  fault: (request: Request) => Fault | undefined = () => undefined;
  /** Called before each request is done. */
  before: (request: Request) => Promise<void> = async () => undefined;
  readonly requests: Request[] = [];
  readonly #flavour: Flavour;
  readonly #tables = new Map<string, Table>();
  readonly #accepted = new Map<string, () => void>();
  #time = 0n;

  constructor(flavour: Flavour) {
    this.#flavour = flavour;
    for (const statement of CQL_DIRECTORY_MIGRATIONS.flatMap(({ statements }) => statements)) {
      const [, name = "", body = ""] = /^CREATE TABLE IF NOT EXISTS (\w+) \((.*)\)$/s.exec(statement) ?? [];
      const columns = [...body.matchAll(/(\w+) (?:text|bigint)/g)].map(([, column = ""]) => column);
      const key = /PRIMARY KEY \(([^)]*)\)/.exec(body)?.[1]?.split(", ") ?? columns.slice(0, 1);
      this.#tables.set(name, { columns, key, rows: new Map() });
    }
  }

  /** A session as a node has it; `isDead`: none of its requests gets there. */
  async session(isDead: () => boolean = () => false): Promise<CqlSession> {
    const driver = await loadDriver();
    const ask = async (query: string, params: readonly Value[], options: Record<string, unknown> = {}) => {
      const isSerial = options["consistency"] === driver.types.consistencies.localSerial;
      const request = { query: query.replaceAll(/\s+/g, " "), params, isSerial };
      if (isDead()) throw timedOut();
      this.requests.push(request);
      await this.before(request);
      return this.#answer(request, options);
    };
    const client = {
      execute: ask,
      batch: async (statements: readonly { query: string; params: Value[] }[]) => {
        for (const { query, params } of statements) await ask(query, params);
        return { rows: [] };
      },
      shutdown: async () => undefined,
    };
    const parts = { driver, client: client as unknown as Client, keyspace: "fake", clock: systemClock };
    return new CqlSession({ ...parts, chance: systemChance });
  }

  /** All rows of a table, as a quorum has them. */
  rows(table: string): readonly Row[] {
    return [...this.#table(table).rows.values()].map(({ row }) => row);
  }

  #answer(request: Request, options: Record<string, unknown>): { rows: Row[]; pageState?: string | undefined } {
    const { query } = request;
    if (query.startsWith("SELECT ")) return this.#select(request, options);
    if (!/ IF /.test(query)) {
      this.#write(request).effect?.();
      return { rows: [] };
    }
    const fault = this.fault(request);
    const { name, place, effect, row } = this.#write(request);
    if (fault === "done") effect?.();
    const isAccepted = fault === "accepted" || fault === "few";
    if (isAccepted && effect !== undefined) this.#accepted.set(`${name} ${place}`, effect);
    if (fault !== undefined) throw fault === "few" ? unavailable() : timedOut();
    effect?.();
    return { rows: [this.#conditionalAnswer(request, effect !== undefined, row)] };
  }

  /** As recorded of Apache Cassandra 5.0.6, and as ScyllaDB's documentation has it. */
  #conditionalAnswer({ query }: Request, applied: boolean, row: Row | undefined): Row {
    const said = { "[applied]": applied as unknown as Value };
    const isInsert = query.startsWith("INSERT");
    if (this.#flavour === "ScyllaDB") {
      const { columns } = this.#table(tableOf(query));
      const shown = isInsert ? columns : ["value"];
      return { ...said, ...Object.fromEntries(shown.map((column) => [column, row?.[column] ?? null])) };
    }
    if (applied || row === undefined) return said;
    return isInsert ? { ...said, ...row } : { ...said, value: row["value"] ?? null };
  }

  /** What a write would do; without an effect where its condition does not hold. */
  #write({ query, params }: Request): {
    readonly name: string;
    readonly place: string;
    readonly effect: (() => void) | undefined;
    readonly row: Row | undefined;
  } {
    const name = tableOf(query);
    const table = this.#table(name);
    const bound = [...params];
    const named = new Map<string, Value>();
    const set = /INTO \w+ \(([^)]*)\) VALUES \(([^)]*)\)/.exec(query);
    if (set === null) {
      // UPDATE binds its value first, and the condition comes last.
      for (const [, column = ""] of query.replace(/ IF .*/, "").matchAll(/(\w+) = \?/g)) {
        named.set(column, bound.shift() ?? null);
      }
    } else {
      const values = (set[2] ?? "").split(", ");
      for (const [index, column] of (set[1] ?? "").split(", ").entries()) {
        named.set(column, values[index] === "?" ? (bound.shift() ?? null) : (values[index] ?? "").replaceAll("'", ""));
      }
    }
    const place = placeOf(table.key.map((column) => named.get(column) ?? null));
    this.#finish(`${name} ${place}`, / IF /.test(query));
    const standing = table.rows.get(place);
    const time = /USING TIMESTAMP \?/.test(query) ? BigInt(bound.shift() ?? 0) : ++this.#time;
    const condition = / IF NOT EXISTS/.test(query) ? null : / IF /.test(query) ? bound.shift() : undefined;
    const holds = condition === undefined || (standing?.row["value"] ?? null) === condition;
    const effect = (): void => {
      if (query.startsWith("DELETE")) table.rows.delete(place);
      else if (standing === undefined || (table.rows.get(place)?.time ?? -1n) < time) {
        table.rows.set(place, { row: Object.fromEntries(named), time });
      }
    };
    return { name, place, effect: holds ? effect : undefined, row: standing?.row };
  }

  #select({ query, params, isSerial }: Request, options: Record<string, unknown>) {
    const name = tableOf(query);
    const table = this.#table(name);
    const bound = [...params];
    const equal = [...query.matchAll(/(\w+) = (\?|'\w+')/g)].map(([, column = "", value = ""]): [string, Value] => [
      column,
      value === "?" ? (bound.shift() ?? null) : value.replaceAll("'", ""),
    ]);
    if (isSerial) this.#finish(`${name} ${placeOf(equal.map(([, value]) => value))}`, true);
    const above = /\((\w+), (\w+)\) > \(\?, \?\)/.exec(query);
    const from = above === null ? undefined : placeOf([bound.shift() ?? null, bound.shift() ?? null]);
    const limit = /LIMIT \?/.test(query) ? Number(bound.shift()) : Number.POSITIVE_INFINITY;
    const places = [...table.rows.keys()].sort(comparePlaces);
    const found = places.flatMap((place) => {
      const row = table.rows.get(place)?.row;
      if (row === undefined || equal.some(([column, value]) => row[column] !== value)) return [];
      if (
        from !== undefined &&
        comparePlaces(placeOf([row[above?.[1] ?? ""] ?? null, row[above?.[2] ?? ""] ?? null]), from) <= 0
      )
        return [];
      return [{ place, row }];
    });
    const { pageState, fetchSize } = options as { pageState?: string; fetchSize?: number };
    const rest = found.filter(({ place }) => pageState === undefined || comparePlaces(place, pageState) > 0);
    const page = rest.slice(0, Math.min(limit, fetchSize ?? 5000));
    const hasMore = page.length < Math.min(rest.length, limit);
    return { rows: page.map(({ row }) => row), pageState: hasMore ? page.at(-1)?.place : undefined };
  }

  #finish(place: string, isAsked: boolean): void {
    if (!isAsked) return;
    this.#accepted.get(place)?.();
    this.#accepted.delete(place);
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined)
      throw Object.assign(new Error(`no table ${name}`), { name: "ResponseError", code: 0x2200 });
    return table;
  }
}

const tableOf = (query: string): string => /(?:FROM|INTO|UPDATE) (\w+)/.exec(query)?.[1] ?? "";

const placeOf = (key: readonly Value[]): string => JSON.stringify(key.map(String));

/** Orders keys as both databases order texts: by their UTF-8. */
function comparePlaces(a: string, b: string): number {
  const [left, right] = [a, b].map((place) => JSON.parse(place) as string[]);
  for (const [index, text] of (left ?? []).entries()) {
    const order = Buffer.compare(Buffer.from(text), Buffer.from(right?.[index] ?? ""));
    if (order !== 0) return order;
  }
  return 0;
}
