/**
 * Around the stages: the tables and their changes, as numbered migrations that run once each. The table `migrations` says
 * which ran; one node at a time runs them, and where two should believe that it is their turn nothing is lost, for each
 * statement is safe to repeat.
 */
import { type Chance, within } from "../clock.ts";
import { CqlError } from "./errors.ts";
import { numberIn, whole } from "./rows.ts";
import type { CqlSession } from "./session.ts";

/** One change of the schema. */
export interface Migration {
  /** Unique among all migrations of the program, in the order in which they run. Never used twice. */
  readonly number: number;
  /** What it is for, in a few words. */
  readonly name: string;
  /** CQL, each safe to repeat (`IF NOT EXISTS`). */
  readonly statements: readonly string[];
}

const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS migrations (
  number int PRIMARY KEY, name text, applied_at timestamp)`;
// Conditional writes have a table of their own.
const LOCK_TABLE = `CREATE TABLE IF NOT EXISTS migration_lock (name text PRIMARY KEY, holder text)`;

/** How long a lock holds for a node that has died, in seconds; longer than any statement takes. */
const LOCK_SECONDS = 30;
/** How long to wait before the lock is tried again, in milliseconds. */
const LOCK_RETRY_MS = 250;
/** How long to wait for another node's migrations, in milliseconds. */
const LOCK_WAIT_MS_MAX = 120_000;

/** Runs those that have not run yet, in their order, and resolves with their numbers. Rejects with a `CqlError`. */
export async function migrate(session: CqlSession, migrations: readonly Migration[]): Promise<readonly number[]> {
  const ordered = inOrder(migrations);
  if ((await checkMigrated(session, ordered)).length === 0) return [];
  // Even where they are listed: each waits until all nodes have them.
  await session.schema(MIGRATIONS_TABLE);
  await session.schema(LOCK_TABLE);
  const lock = new MigrationLock(session);
  await lock.take();
  try {
    const missing = new Set(await checkMigrated(session, ordered));
    const ran: number[] = [];
    for (const { number, name, statements } of ordered) {
      if (!missing.has(number)) continue;
      for (const statement of statements) {
        await lock.renew();
        await session.schema(statement);
      }
      const query = "INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)";
      await session.write(query, [number, name, new Date(session.clock.now())]);
      ran.push(number);
    }
    return ran;
  } finally {
    await lock.release();
  }
}

/** The numbers of those that have not run yet, ascending. */
export async function checkMigrated(session: CqlSession, migrations: readonly Migration[]): Promise<readonly number[]> {
  const numbers = inOrder(migrations).map(({ number }) => number);
  if (!(await session.hasTable("migrations"))) return numbers;
  const rows = await session.rows("SELECT number FROM migrations", []).catch((error: unknown) => {
    // Another node is making the table this very moment: not every node of the database has it yet.
    if (error instanceof CqlError && error.failure === "refused") return [];
    throw error;
  });
  const ran = new Set(rows.map((row) => whole(numberIn(row, "number"), "number")));
  return numbers.filter((number) => !ran.has(number));
}

function inOrder(migrations: readonly Migration[]): Migration[] {
  const ordered = migrations.toSorted((a, b) => a.number - b.number);
  const twice = ordered.find(({ number }, index) => ordered[index - 1]?.number === number);
  if (twice !== undefined) throw new RangeError(`there are two migrations ${twice.number}`);
  return ordered;
}

/** Whose turn it is to migrate. */
class MigrationLock {
  readonly #session: CqlSession;
  readonly #holder: string;

  constructor(session: CqlSession) {
    this.#session = session;
    this.#holder = randomName(session.chance);
  }

  /** Waits until it is this node's turn. */
  async take(): Promise<void> {
    const { clock } = this.#session;
    const until = clock.monotonic() + LOCK_WAIT_MS_MAX;
    while (!(await this.#try())) {
      if (clock.monotonic() > until) {
        throw new CqlError("unavailable", "another node has been migrating the database for two minutes");
      }
      await within(clock, LOCK_RETRY_MS, new Promise(() => undefined));
    }
  }

  /** Makes it hold on; rejects where the turn was lost. */
  async renew(): Promise<void> {
    const query = `UPDATE migration_lock USING TTL ${LOCK_SECONDS} SET holder = ? WHERE name = 'turn' IF holder = ?`;
    if ((await this.#session.conditional(query, [this.#holder, this.#holder])).applied) return;
    throw new CqlError("unavailable", "another node has begun to migrate the database: start again");
  }

  /** Lets the next one. A failure is none: the lock ends by itself. */
  async release(): Promise<void> {
    const query = "DELETE FROM migration_lock WHERE name = 'turn' IF holder = ?";
    await this.#session.conditional(query, [this.#holder]).catch(() => undefined);
  }

  async #try(): Promise<boolean> {
    const query = `INSERT INTO migration_lock (name, holder) VALUES ('turn', ?) IF NOT EXISTS USING TTL ${LOCK_SECONDS}`;
    try {
      return (await this.#session.conditional(query, [this.#holder])).applied;
    } catch (error) {
      if (!(error instanceof CqlError) || error.failure !== "unknown") throw error;
      const [row] = await this.#session.serialRows("SELECT holder FROM migration_lock WHERE name = 'turn'", []);
      return row?.["holder"] === this.#holder;
    }
  }
}

function randomName(chance: Chance): string {
  const bytes = new Uint8Array(8);
  chance(bytes);
  return Buffer.from(bytes).toString("hex");
}
