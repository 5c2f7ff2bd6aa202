/** Conditional writes of the directory in CQL: what databases answer, and what is done when they don't. */
import { expect, it } from "vitest";
import { systemChance, systemClock } from "../../../src/server/clock.ts";
import { loadDriver } from "../../../src/server/cql/driver.ts";
import { CqlSession } from "../../../src/server/cql/session.ts";
import { type CqlDirectory, openCqlDirectory } from "../../../src/server/directory/cql.ts";
import { ConditionalTable, leave, put, remove } from "../../../src/server/directory/cql-conditional.ts";
import { applyPublicRooms, publicRooms } from "../../../src/server/directory/cql-facts.ts";
import { limited } from "../../../src/server/directory/cql-requests.ts";
import { accountOf } from "../../contract/directory-accounts.ts";
import { FakeCqlDatabase, timedOut } from "../../support/fake-cql-database.ts";
import { uuidOf } from "../../support/log-records.ts";
import { until } from "../../support/until.ts";

const ALICE = uuidOf(1);
const STANDING = '{"expiresAt":1000,"takenBy":null}';

const openDirectory = async (database: FakeCqlDatabase): Promise<CqlDirectory> =>
  openCqlDirectory({ session: await database.session(), writer: "server" });

/**
 * Answers to one conditional write each. Cassandra's were recorded of 5.0.6. ScyllaDB's are those that its documentation
 * of lightweight transactions gives: always the columns, empty where there is no row, and as they were where it applied.
 */
const RECORDED = {
  Cassandra: {
    inserted: { "[applied]": true },
    notInserted: { "[applied]": false, hash: "one", value: STANDING },
    updated: { "[applied]": true },
    notUpdated: { "[applied]": false, value: STANDING },
    noRow: { "[applied]": false },
  },
  ScyllaDB: {
    inserted: { "[applied]": true, hash: null, value: null },
    notInserted: { "[applied]": false, hash: "one", value: STANDING },
    updated: { "[applied]": true, value: '{"expiresAt":5,"takenBy":null}' },
    notUpdated: { "[applied]": false, value: STANDING },
    noRow: { "[applied]": false, value: null },
  },
} as const;

/** A table whose database gives these rows, one for each conditional write; reads give nothing. */
async function answering(rows: readonly object[]): Promise<{ table: ConditionalTable<unknown>; queries: string[] }> {
  const left = [...rows];
  const queries: string[] = [];
  const client = {
    execute: async (query: string) => {
      queries.push(query);
      return { rows: query.startsWith("SELECT") ? [] : [left.shift()] };
    },
  };
  const parts = { driver: await loadDriver(), client: client as never, keyspace: "fake" };
  const session = new CqlSession({ ...parts, clock: systemClock, chance: systemChance });
  return { table: new ConditionalTable(session, "invites", ["hash"]), queries };
}

it.each(["Cassandra", "ScyllaDB"] as const)("knows what %s has done by the name of the column", async (flavour) => {
  const { inserted, notInserted, updated, notUpdated, noRow } = RECORDED[flavour];
  const next = { expiresAt: 7, takenBy: null };

  const insert = await answering([inserted]);
  expect(await insert.table.change(["one"], true, (before) => put(next, before))).toBeUndefined();
  expect(insert.queries).toEqual(["INSERT INTO invites (hash, value) VALUES (?, ?) IF NOT EXISTS"]);

  // What stands there is taken from the answer, without another read.
  const replaced = await answering([notInserted, updated]);
  expect(await replaced.table.change(["one"], true, (before) => put(next, before))).toEqual(JSON.parse(STANDING));
  expect(replaced.queries.at(-1)).toBe("UPDATE invites SET value = ? WHERE hash = ? IF value = ?");

  const overtaken = await answering([notInserted, notUpdated, updated]);
  expect(await overtaken.table.change(["one"], true, () => put(next, "done"))).toBe("done");
  expect(overtaken.queries).toHaveLength(3);

  const removed = await answering([notInserted, updated]);
  const take = await removed.table.change(["one"], true, (before) => (before === undefined ? put(1, 0) : remove(2)));
  expect([take, removed.queries.at(-1)]).toEqual([2, "DELETE FROM invites WHERE hash = ? IF value = ?"]);

  // Removed by another meanwhile.
  const gone = await answering([notInserted, noRow, inserted]);
  const seen: unknown[] = [];
  await gone.table.change(["one"], true, (before) => {
    seen.push(before);
    return put(next, undefined);
  });
  expect(seen).toEqual([undefined, JSON.parse(STANDING), undefined]);
});

it("looks before it decides to do nothing, though it took the row for new", async () => {
  const database = new FakeCqlDatabase("ScyllaDB");
  const table = new ConditionalTable<number>(await database.session(), "facts", ["name"]);
  await table.change(["one"], false, () => put(1, undefined));
  expect(await table.change(["one"], true, (before) => leave(before ?? "nothing"))).toBe(1);
});

it("one invite is one's, though taking it times out and was done", async () => {
  for (const fault of ["done", "accepted", "few", "lost"] as const) {
    const database = new FakeCqlDatabase("Cassandra");
    const [one, other] = [await openDirectory(database), await openDirectory(database)];
    await one.saveInvite("invite", 1000);
    let left = 2;
    database.fault = () => (left-- > 0 ? fault : undefined);
    const taken = await Promise.all([one, other, one, other].map((node) => node.takeInvite("invite", 0)));
    expect(taken.filter(Boolean), fault).toHaveLength(1);
  }
});

it("tells a removal from a second one, though the first times out", async () => {
  const ban = { room: uuidOf(8), type: "user", subject: "x", until: 1000, by: ALICE } as const;
  for (const fault of ["done", "accepted", "few", "lost"] as const) {
    const database = new FakeCqlDatabase("ScyllaDB");
    const directory = await openDirectory(database);
    await directory.saveBan(ban);
    let left = 1;
    database.fault = () => (left-- > 0 ? fault : undefined);
    expect(await directory.removeBan(ban.room, "user", "x")).toBe(true);
    expect(await directory.removeBan(ban.room, "user", "x")).toBe(false);
  }
});

it("gives up where nobody can say what became of a write, and says so", async () => {
  const database = new FakeCqlDatabase("Cassandra");
  const directory = await openDirectory(database);
  database.fault = () => "lost";
  await expect(directory.saveInvite("invite", 1000)).rejects.toMatchObject({ failure: "unknown" });
  const tries = database.requests.filter(({ query }) => query.startsWith("INSERT"));
  expect(tries).toHaveLength(4);
  // So it does where the look fails as well.
  database.before = async ({ isSerial }) => {
    if (isSerial) throw timedOut();
  };
  await expect(directory.saveInvite("invite", 1000)).rejects.toMatchObject({ failure: "unknown" });
});

it("does not try again what the database refuses", async () => {
  const database = new FakeCqlDatabase("Cassandra");
  const directory = await openDirectory(database);
  const asked = database.requests.length;
  database.before = async () => {
    throw Object.assign(new Error("no such column"), { name: "ResponseError", code: 0x2200 });
  };
  await expect(directory.saveInvite("invite", 1000)).rejects.toMatchObject({ failure: "refused" });
  expect(database.requests.length).toBe(asked + 1);
});

it("lets writers of one row take turns, so that they do not hold each other up in the database", async () => {
  const database = new FakeCqlDatabase("Cassandra");
  const directory = await openDirectory(database);
  await directory.createAccount(accountOf(1, "alice"), 0);
  database.requests.length = 0;
  await Promise.all(Array.from({ length: 30 }, (_, index) => directory.changeAccount(ALICE, { isAdmin: true }, index)));
  const writes = database.requests.filter(({ query }) => query.startsWith("UPDATE accounts"));
  // None of them met another.
  expect(writes).toHaveLength(30);
});

it("never has more requests under way than so many", async () => {
  const database = new FakeCqlDatabase("Cassandra");
  let underWay = 0;
  let most = 0;
  const waiting: (() => void)[] = [];
  database.before = async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise<void>((resolve) => waiting.push(resolve));
    underWay -= 1;
  };
  const session = limited(await database.session());
  const asked = Array.from({ length: 200 }, (_, index) =>
    session.rows("SELECT value FROM facts WHERE name = ?", [`${index}`]),
  );
  await until(
    5000,
    () => `${waiting.length} requests under way`,
    () => waiting.length === 64 || undefined,
  );
  for (let answered = 0; answered < 200; ) {
    await until(
      5000,
      () => `${answered} answers`,
      () => waiting.length > 0 || undefined,
    );
    answered += waiting.length;
    for (const go of waiting.splice(0)) go();
  }
  await Promise.all(asked);
  expect(most).toBe(64);
});

it("a failure lets the next one go on", async () => {
  const database = new FakeCqlDatabase("Cassandra");
  const session = limited(await database.session());
  const broken = Array.from({ length: 100 }, () => session.rows("SELECT value FROM nothing", []).catch(() => "failed"));
  expect(new Set(await Promise.all(broken))).toEqual(new Set(["failed"]));
  expect(await session.rows("SELECT value FROM facts", [])).toEqual([]);
});

it("closing waits for what is under way", async () => {
  const database = new FakeCqlDatabase("Cassandra");
  const directory = await openDirectory(database);
  let go: () => void = () => undefined;
  database.before = () =>
    new Promise((resolve) => {
      go = resolve;
      database.before = async () => undefined;
    });
  const order: string[] = [];
  const saved = directory.saveInvite("invite", 1000).then(() => order.push("saved"));
  const closed = directory.close().then(() => order.push("closed"));
  await expect(directory.takeInvite("invite", 0)).rejects.toThrow(/closed/);
  go();
  await Promise.all([saved, closed]);
  expect(order).toEqual(["saved", "closed"]);
});

it("an operator's change stands, though its mark can't be left", async () => {
  const database = new FakeCqlDatabase("Cassandra");
  const operator = await openCqlDirectory({ session: await database.session(), writer: "operator" });
  const server = await openDirectory(database);
  database.before = async ({ query }) => {
    if (/facts/.test(query)) throw timedOut();
  };
  await operator.saveInvite("invite", 1000);
  database.before = async () => undefined;
  expect(await server.writesElsewhere()).toBe(0);
  expect(await server.takeInvite("invite", 0)).toBe(true);
});

it("a mark is looked for by one at a time, and found once the database is back", async () => {
  const database = new FakeCqlDatabase("Cassandra");
  const operator = await openCqlDirectory({ session: await database.session(), writer: "operator" });
  const server = await openDirectory(database);
  await operator.saveInvite("invite", 1000);
  const asked = database.requests.length;
  database.before = async () => {
    throw timedOut();
  };
  expect(await Promise.all([server.writesElsewhere(), server.writesElsewhere()])).toEqual([0, 0]);
  expect(database.requests.length).toBe(asked + 1);
  database.before = async () => undefined;
  expect(await Promise.all([server.writesElsewhere(), server.writesElsewhere()])).toEqual([1, 1]);
  expect(await server.writesElsewhere()).toBe(1);
});

it("says which table holds what can't be read", async () => {
  const database = new FakeCqlDatabase("Cassandra");
  const session = await database.session();
  await session.conditional("INSERT INTO facts (name, value) VALUES (?, ?) IF NOT EXISTS", [
    "public_rooms",
    "{not JSON",
  ]);
  await expect(publicRooms(session)).rejects.toThrow("a value in the table facts can't be read");
});

it("two who apply public rooms at once: those of one stand whole", async () => {
  const database = new FakeCqlDatabase("ScyllaDB");
  const rooms = (name: string) => [1, 2, 3].map((number) => ({ name: `${name} ${number}`, description: name }));
  const sessions = [await database.session(), await database.session()];
  await Promise.all(sessions.map((session, index) => applyPublicRooms(session, rooms(`file ${index}`))));
  const standing = await publicRooms(await database.session());
  expect([rooms("file 0"), rooms("file 1")]).toContainEqual(standing);
});
