/**
 * Around the stages: the one connection of a process to its CQL database, which store and directory share. Prepared
 * statements, quorums, a limit to how long anything takes, and errors that say whether it may have been done.
 */
import type { Client, QueryOptions } from "cassandra-driver";
import { type Chance, type Clock, within } from "../clock.ts";
import { type CqlOptions, type Driver, loadDriver, makeClient, schemaHost } from "./driver.ts";
import { CqlError, cqlError } from "./errors.ts";
import { prepareKeyspace } from "./keyspace.ts";
import type { CqlRow, CqlValue } from "./rows.ts";

export type { CqlOptions } from "./driver.ts";

/** A statement and what stands for its `?`. */
export interface CqlStatement {
  readonly query: string;
  readonly params: readonly CqlValue[];
}

/** What became of a conditional write. */
export interface Conditional {
  readonly applied: boolean;
  /** What stood there where it was not applied: read it by name, and only the columns that you need. */
  readonly row: CqlRow;
}

/** How long a read may take, in milliseconds: somebody waits for it. */
const READ_TIMEOUT_MS = 5000;
/** How long a change of the schema may take, in milliseconds. */
const SCHEMA_TIMEOUT_MS = 20_000;
/** How long to wait until a keyspace that exists can be used, and between looks, in milliseconds. */
const KEYSPACE_WAIT_MS_MAX = 10_000;
const KEYSPACE_RETRY_MS = 100;
/** The protocol's code for a statement that can't be carried out as things are. */
const INVALID = 0x2200;
/** The most rows that a read without pages gives; whoever may have more reads pages. */
const ROWS_MAX = 5000;

/**
 * A connection. Reads and writes go to a quorum of the local data center, so that a read sees what was written before.
 * Rejections are `CqlError`s.
 */
export class CqlSession {
  readonly keyspace: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly #driver: Driver;
  readonly #client: Client;
  #closing: Promise<void> | undefined;

  constructor(options: { driver: Driver; client: Client; keyspace: string; clock: Clock; chance: Chance }) {
    this.#driver = options.driver;
    this.#client = options.client;
    this.keyspace = options.keyspace;
    this.clock = options.clock;
    this.chance = options.chance;
  }

  /** Reads rows, `ROWS_MAX` at the most: say LIMIT or a whole key. */
  rows(query: string, params: readonly CqlValue[]): Promise<readonly CqlRow[]> {
    return this.#rows(query, params, { readTimeout: READ_TIMEOUT_MS, fetchSize: ROWS_MAX, isIdempotent: true });
  }

  /** Reads what conditional writes have left, those that are under way included: after one whose outcome is unknown. */
  serialRows(query: string, params: readonly CqlValue[]): Promise<readonly CqlRow[]> {
    return this.#rows(query, params, {
      consistency: this.#driver.types.consistencies.localSerial,
      readTimeout: READ_TIMEOUT_MS,
      fetchSize: ROWS_MAX,
      isIdempotent: true,
    });
  }

  /** Reads rows, up to `pageRows` at a time; the next ones are read when they are asked for. */
  async *pages(
    query: string,
    params: readonly CqlValue[],
    pageRows: number,
  ): AsyncGenerator<readonly CqlRow[], void, undefined> {
    let pageState: string | undefined;
    do {
      const result = await this.#execute(query, params, {
        readTimeout: READ_TIMEOUT_MS,
        fetchSize: pageRows,
        isIdempotent: true,
        ...(pageState === undefined ? {} : { pageState }),
      });
      pageState = result.pageState ?? undefined;
      // An empty page may have others after it.
      if (result.rows.length > 0) yield result.rows;
    } while (pageState !== undefined);
  }

  /** Writes. The statement MUST be safe to repeat: it is, on another node, where the first did not answer. */
  async write(query: string, params: readonly CqlValue[]): Promise<void> {
    await this.#execute(query, params, { isIdempotent: true });
  }

  /**
   * Writes only where a condition holds (`IF …`), and says whether it did. Never repeated: where it rejects with
   * `unknown`, look with `serialRows` what became of it. Tables that are written so MUST NOT be written otherwise.
   */
  async conditional(query: string, params: readonly CqlValue[]): Promise<Conditional> {
    const [row] = await this.#rows(query, params, { isIdempotent: false });
    const applied = row?.["[applied]"];
    if (row === undefined || typeof applied !== "boolean") {
      throw new CqlError("unknown", "a conditional write was not answered as one");
    }
    // Applied, one database gives nothing else and the other all columns, empty: nobody is to rely on either.
    return { applied, row: applied ? {} : row };
  }

  /** Writes several rows of one partition of one table together. Safe to repeat, as for `write`. */
  async batch(statements: readonly CqlStatement[]): Promise<void> {
    await this.#batch(statements, false);
  }

  /** Writes to several partitions or tables so that, once any is written, all will be. Costs more than `batch`. */
  async atomicBatch(statements: readonly CqlStatement[]): Promise<void> {
    await this.#batch(statements, true);
  }

  /**
   * Changes the schema, and waits until all nodes agree. Always on the same node, as far as the nodes of this program
   * see the same ones up: two that make the same table on different ones would make two tables.
   */
  async schema(query: string): Promise<void> {
    const host = schemaHost(this.#client);
    await this.#execute(query, [], {
      prepare: false,
      isIdempotent: false,
      readTimeout: SCHEMA_TIMEOUT_MS,
      ...(host === undefined ? {} : { host }),
    });
  }

  /** Whether the keyspace has a table. */
  async hasTable(name: string): Promise<boolean> {
    const query = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?";
    return (await this.rows(query, [this.keyspace, name])).length > 0;
  }

  /** Lets go of the database; may be called again. What is under way is given up. */
  close(): Promise<void> {
    this.#closing ??= this.#client.shutdown();
    return this.#closing;
  }

  async #rows(query: string, params: readonly CqlValue[], options: QueryOptions): Promise<readonly CqlRow[]> {
    return (await this.#execute(query, params, options)).rows ?? [];
  }

  async #execute(query: string, params: readonly CqlValue[], options: QueryOptions) {
    if (this.#closing !== undefined) throw new CqlError("unavailable", "the connection to the database is closed");
    try {
      return await this.#client.execute(query, [...params], options);
    } catch (error) {
      throw cqlError(firstWords(query), error);
    }
  }

  async #batch(statements: readonly CqlStatement[], logged: boolean): Promise<void> {
    const [first] = statements;
    if (first === undefined) return;
    if (this.#closing !== undefined) throw new CqlError("unavailable", "the connection to the database is closed");
    try {
      await this.#client.batch(statements as { query: string; params: CqlValue[] }[], { logged, isIdempotent: true });
    } catch (error) {
      throw cqlError(`${firstWords(first.query)} (${statements.length} together)`, error);
    }
  }
}

/**
 * Connects. Makes the keyspace where it is missing, if `createKeyspace`. Rejects with a `CqlError`: `unavailable` where
 * it may be there later, `refused` where somebody has to change something.
 */
export async function openCql(
  options: CqlOptions,
  { clock, chance, createKeyspace }: { clock: Clock; chance: Chance; createKeyspace: boolean },
): Promise<CqlSession> {
  const driver = await loadDriver();
  const datacenter = await prepareKeyspace(driver, options, createKeyspace);
  const until = clock.monotonic() + KEYSPACE_WAIT_MS_MAX;
  for (;;) {
    const client = makeClient(driver, options, { keyspace: options.keyspace, datacenter });
    try {
      await client.connect();
      return new CqlSession({ driver, client, keyspace: options.keyspace, clock, chance });
    } catch (error) {
      await client.shutdown();
      // Another node is making the keyspace this very moment: it is listed a little before it can be used.
      if (!isKeyspaceMissing(error) || clock.monotonic() > until) throw cqlError("connecting to the database", error);
      await within(clock, KEYSPACE_RETRY_MS, new Promise(() => undefined));
    }
  }
}

function isKeyspaceMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === INVALID;
}

/** What a statement does and to what, for messages. */
function firstWords(query: string): string {
  return query.trim().split(/\s+/, 4).join(" ");
}
