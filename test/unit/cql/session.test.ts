/** A session, on a client whose answers the test gives: as Cassandra gives them, and as ScyllaDB does. */
import type { Client, QueryOptions } from "cassandra-driver";
import { describe, expect, it } from "vitest";
import { systemChance, systemClock } from "../../../src/server/clock.ts";
import { loadDriver } from "../../../src/server/cql/driver.ts";
import { CqlSession } from "../../../src/server/cql/session.ts";

const driver = await loadDriver();

interface Asked {
  readonly query: unknown;
  readonly params: unknown;
  readonly options: QueryOptions;
}

/** A session whose client answers with `rows`, or as `answer` does. */
function sessionWith(answer: (asked: Asked) => { rows?: unknown[]; pageState?: string }) {
  const asked: Asked[] = [];
  const client = {
    execute: async (query: unknown, params: unknown, options: QueryOptions) => {
      asked.push({ query, params, options });
      return answer({ query, params, options });
    },
    batch: async (statements: unknown, options: QueryOptions) => {
      asked.push({ query: statements, params: undefined, options });
      return answer({ query: statements, params: undefined, options });
    },
    shutdown: async () => undefined,
    hosts: { values: () => ["10.0.0.3:9042", "10.0.0.1:9042", "10.0.0.2:9042"].map(hostAt) },
  };
  const session = new CqlSession({
    ...{ driver, keyspace: "k", clock: systemClock, chance: systemChance },
    client: client as unknown as Client,
  });
  return { session, asked };
}

const hostAt = (address: string) => ({ address, isUp: () => address !== "10.0.0.1:9042" });
const INSERT = "INSERT INTO names (name, owner) VALUES (?, ?) IF NOT EXISTS";

describe("a conditional write", () => {
  // As both databases answered, by name of column.
  const answers = {
    Cassandra: { applied: [{ "[applied]": true }], not: [{ "[applied]": false, name: "ada", owner: "1" }] },
    ScyllaDB: {
      applied: [{ "[applied]": true, name: null, owner: null }],
      not: [{ "[applied]": false, name: "ada", owner: "1" }],
    },
  };
  for (const [database, { applied, not }] of Object.entries(answers)) {
    it(`that is applied is the same by ${database}`, async () => {
      const { session, asked } = sessionWith(() => ({ rows: applied }));
      expect(await session.conditional(INSERT, ["ada", "1"])).toEqual({ applied: true, row: {} });
      // Never sent twice: the second would find what the first has done.
      expect(asked[0]?.options.isIdempotent).toBe(false);
    });
    it(`that is not applied gives what stands there, by ${database}`, async () => {
      const { session } = sessionWith(() => ({ rows: not }));
      const { applied: isApplied, row } = await session.conditional(INSERT, ["ada", "2"]);
      expect([isApplied, row["owner"]]).toEqual([false, "1"]);
    });
  }

  it("that is answered in another way is in doubt", async () => {
    for (const rows of [[], [{ name: "ada" }], undefined]) {
      const { session } = sessionWith(() => (rows === undefined ? {} : { rows }));
      await expect(session.conditional(INSERT, ["ada", "1"])).rejects.toMatchObject({ failure: "unknown" });
    }
  });
});

describe("a session", () => {
  it("asks with a quorum's consistency, reads after doubt serially, and repeats only what is safe to repeat", async () => {
    const { session, asked } = sessionWith(() => ({ rows: [] }));
    await session.rows("SELECT a", []);
    await session.serialRows("SELECT b", []);
    await session.write("INSERT c", []);
    await session.batch([{ query: "INSERT d", params: [1] }]);
    await session.atomicBatch([{ query: "INSERT e", params: [1] }]);
    await session.schema("CREATE f");
    const { localSerial } = driver.types.consistencies;
    expect(asked.map(({ options: { consistency, isIdempotent } }) => [consistency, isIdempotent])).toEqual([
      // The client's own: LOCAL_QUORUM.
      [undefined, true],
      [localSerial, true],
      [undefined, true],
      [undefined, true],
      [undefined, true],
      [undefined, false],
    ]);
    expect(asked.slice(3, 5).map(({ options }) => options.logged)).toEqual([false, true]);
  });

  it("changes the schema on the first node by its address of those that are up, as every other does", async () => {
    const { session, asked } = sessionWith(() => ({}));
    await session.schema("CREATE TABLE x (a int PRIMARY KEY)");
    expect(asked[0]?.options.host?.address).toBe("10.0.0.2:9042");
  });

  it("reads page after page, an empty one in between too, and no further than it is asked", async () => {
    const pages = [
      { rows: [{ a: 1 }], pageState: "x" },
      { rows: [], pageState: "y" },
      { rows: [{ a: 2 }], pageState: "z" },
      { rows: [{ a: 3 }] },
    ];
    const { session, asked } = sessionWith(() => pages[asked.length - 1] ?? {});
    const found: unknown[] = [];
    for await (const page of session.pages("SELECT a", [], 1)) found.push(...page);
    expect(found).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(asked.map(({ options }) => options.pageState)).toEqual([undefined, "x", "y", "z"]);
    asked.length = 0;
    for await (const page of session.pages("SELECT a", [], 1)) if (page.length > 0) break;
    expect(asked.length).toBe(1);
  });

  it("says what it was about to do where it fails, and what that means", async () => {
    const { session } = sessionWith(() => {
      throw new driver.errors.ResponseError(0x1100, "too slow");
    });
    await expect(session.write("INSERT INTO messages (a) VALUES (?)", [1])).rejects.toMatchObject({
      ...{ name: "CqlError", failure: "unknown", message: "INSERT INTO messages (a): too slow" },
    });
    const batch = [1, 2].map((a) => ({ query: "INSERT INTO messages (a) VALUES (?)", params: [a] }));
    await expect(session.batch(batch)).rejects.toThrow("INSERT INTO messages (a) (2 together): too slow");
  });

  it("asks nothing where there is nothing to write", async () => {
    const { session, asked } = sessionWith(() => ({}));
    await session.batch([]);
    expect(asked).toEqual([]);
  });

  it("asks nothing once it is closed, and may be closed again", async () => {
    const { session, asked } = sessionWith(() => ({ rows: [] }));
    await session.close();
    await session.close();
    await expect(session.rows("SELECT a", [])).rejects.toThrow(/closed/);
    await expect(session.batch([{ query: "INSERT", params: [] }])).rejects.toThrow(/closed/);
    expect(asked).toEqual([]);
  });
});
