/** Accounts of the directory in CQL that are made while nodes die, time out and meet: each is whole, or none. */
import { describe, expect, it } from "vitest";
import { CqlError } from "../../../src/server/cql/errors.ts";
import { type CqlDirectory, openCqlDirectory } from "../../../src/server/directory/cql.ts";
import type { Account } from "../../../src/server/directory/directory.ts";
import { accountOf } from "../../contract/directory-accounts.ts";
import { FakeCqlDatabase, type Request } from "../../support/fake-cql-database.ts";
import { uuidOf } from "../../support/log-records.ts";

const ALICE = accountOf(1, "Alice", { passwordHash: "hash" });
const OTHER = accountOf(2, "ALICE", { isAdmin: true });

async function openNode(database: FakeCqlDatabase, isDead: () => boolean = () => false): Promise<CqlDirectory> {
  return await openCqlDirectory({ session: await database.session(isDead), writer: "server" });
}

/** A database in which a node died after so many requests to make an account, and whether it had got an answer. */
async function afterDeath(requests: number): Promise<{ database: FakeCqlDatabase; made: boolean | undefined }> {
  const database = new FakeCqlDatabase("Cassandra");
  let opened = false;
  const node = await openNode(database, () => opened && database.requests.length >= requests);
  database.requests.length = 0;
  opened = true;
  const made = await node.createAccount(ALICE, 0).catch((error: unknown) => {
    expect(error).toBeInstanceOf(CqlError);
    return undefined;
  });
  return { database, made };
}

/** How many requests it takes to make an account. */
async function requestsOfOne(): Promise<number> {
  const { database } = await afterDeath(Number.POSITIVE_INFINITY);
  return database.requests.length;
}

/** All ways to come upon an account agree on whether it is there. */
async function isThere(
  node: CqlDirectory,
  account: Account,
  first: "by id" | "by name" | "in the list",
): Promise<boolean> {
  const ways = {
    "by id": () => node.account(account.id),
    "by name": () => node.accountByName(account.name),
    "in the list": async () => (await node.accounts("", undefined, 10)).find(({ id }) => id === account.id),
  };
  const found = await ways[first]();
  for (const ask of Object.values(ways)) expect(await ask()).toEqual(found);
  expect(await node.isNameTaken(account.name, 0)).toBe(found !== undefined);
  if (found !== undefined) expect(found).toStrictEqual(account);
  return found !== undefined;
}

describe("a node that dies while it makes an account", () => {
  it.each(["by id", "by name", "in the list"] as const)("leaves a whole one or none, found first %s", async (first) => {
    const requests = await requestsOfOne();
    expect(requests).toBeGreaterThan(3);
    const there: boolean[] = [];
    for (let count = 0; count <= requests; count += 1) {
      const { database, made } = await afterDeath(count);
      const node = await openNode(database);
      const found = await isThere(node, ALICE, first);
      if (made === true) expect(found).toBe(true);
      there.push(found);
      // Nobody is kept from a name that nobody has, nor from their id.
      expect(await node.createAccount(OTHER, 0), `after ${count}`).toBe(!found);
      if (!found) expect(await node.createAccount({ ...ALICE, name: "bob" }, 0)).toBe(true);
    }
    expect(there[0]).toBe(false);
    expect(there.at(-1)).toBe(true);
    // Once it is there it stays.
    expect(there.toSorted((a, b) => Number(a) - Number(b))).toEqual(there);
  });

  it("is finished by whoever wants its id or its name, once it has the name", async () => {
    for (const account of [OTHER, { ...ALICE, name: "bob" }, ALICE]) {
      const requests = await requestsOfOne();
      // All but the last step.
      const { database } = await afterDeath(requests - 1);
      const node = await openNode(database);
      expect(await node.createAccount(account, 0)).toBe(false);
      expect(await node.accountByName("alice")).toStrictEqual(ALICE);
      expect(await node.changeAccount(ALICE.id, { isAdmin: true }, 5)).toMatchObject({ name: "Alice", isAdmin: true });
    }
  });
});

/** Lets a request wait that `isIt` knows, once, until it is let go. */
function holdBack(database: FakeCqlDatabase, isIt: (request: Request) => boolean) {
  let letGo: () => void = () => undefined;
  let reached: () => void = () => undefined;
  const isReached = new Promise<void>((resolve) => {
    reached = resolve;
  });
  let isOver = false;
  database.before = async (request) => {
    if (isOver || !isIt(request)) return;
    isOver = true;
    reached();
    await new Promise<void>((resolve) => {
      letGo = resolve;
    });
  };
  return { isReached, letGo: () => letGo() };
}

describe("a slow node", () => {
  it("that claims a name after another has taken its id over loses, and frees the name", async () => {
    const database = new FakeCqlDatabase("ScyllaDB");
    const [slow, quick] = [await openNode(database), await openNode(database)];
    const claim = holdBack(database, ({ query }) => query.startsWith("INSERT INTO names"));
    const made = slow.createAccount(ALICE, 0);
    await claim.isReached;
    expect(await quick.createAccount({ ...ALICE, name: "bob" }, 0)).toBe(true);
    claim.letGo();
    expect(await made).toBe(false);
    expect(await slow.account(ALICE.id)).toEqual({ ...ALICE, name: "bob" });
    expect(await slow.accountByName("alice")).toBeUndefined();
    expect(await slow.isNameTaken("alice", 0)).toBe(false);
    expect((await slow.accounts("", undefined, 10)).map(({ name }) => name)).toEqual(["bob"]);
    expect(await quick.createAccount(OTHER, 0)).toBe(true);
    expect(await slow.accountByName("alice")).toEqual(OTHER);
  });

  it("that loses the name leaves no row behind", async () => {
    const database = new FakeCqlDatabase("ScyllaDB");
    const [slow, quick] = [await openNode(database), await openNode(database)];
    const claim = holdBack(database, ({ query }) => query.startsWith("INSERT INTO names"));
    const made = slow.createAccount(ALICE, 0);
    await claim.isReached;
    expect(await quick.createAccount(OTHER, 0)).toBe(true);
    claim.letGo();
    expect(await made).toBe(false);
    expect(database.rows("accounts").map(({ id }) => id)).toEqual([OTHER.id]);
  });
});

describe("a claim on a name that fails", () => {
  const outcomes = ["done", "accepted", "few", "lost"] as const;

  it.each(outcomes)("as %s is the one's whose id stands there when it is read serially", async (outcome) => {
    const database = new FakeCqlDatabase("Cassandra");
    const node = await openNode(database);
    let left = 1;
    database.fault = ({ query }) => {
      if (!query.startsWith("INSERT INTO names") || left === 0) return undefined;
      left -= 1;
      return outcome;
    };
    expect(await node.createAccount(ALICE, 0)).toBe(true);
    const claims = database.requests.filter(({ query }) => query.startsWith("INSERT INTO names"));
    expect(claims).toHaveLength(outcome === "lost" ? 2 : 1);
    const serial = database.requests.filter(({ isSerial }) => isSerial);
    expect(serial).toEqual([
      { query: "SELECT value FROM names WHERE name_key = ?", params: ["alice"], isSerial: true },
    ]);
    expect(await node.createAccount(OTHER, 0)).toBe(false);
    expect(await node.accountByName("alice")).toStrictEqual(ALICE);
  });

  it("while another claims it: only one of both has it", async () => {
    for (const outcome of outcomes) {
      const database = new FakeCqlDatabase("Cassandra");
      const [one, other] = [await openNode(database), await openNode(database)];
      let left = 2;
      database.fault = ({ query }) => (query.startsWith("INSERT INTO names") && left-- > 0 ? outcome : undefined);
      const made = await Promise.all([one.createAccount(ALICE, 0), other.createAccount(OTHER, 0)]);
      expect(made.filter(Boolean), outcome).toHaveLength(1);
      expect(await other.accountByName("alice")).toEqual(made[0] ? ALICE : OTHER);
      expect(await one.account(made[0] ? OTHER.id : ALICE.id)).toBeUndefined();
    }
  });

  it("again and again is said to be unknown, and is whole or nothing for whoever looks later", async () => {
    for (const outcome of outcomes) {
      const database = new FakeCqlDatabase("Cassandra");
      const node = await openNode(database);
      let isBroken = true;
      database.fault = ({ query }) => (isBroken && query.includes(" names ") ? outcome : undefined);
      const made = await node.createAccount(ALICE, 0).catch((error: unknown) => error);
      // What was done is found by the first look.
      if (outcome === "lost") expect(made).toMatchObject({ failure: "unknown" });
      else expect(made).toBe(true);
      isBroken = false;
      const found = await isThere(node, ALICE, "by name");
      expect(found).toBe(made === true);
      expect(await node.createAccount(OTHER, 0)).toBe(!found);
    }
  });
});

it("an account of which the list alone is left is given out to nobody", async () => {
  const database = new FakeCqlDatabase("Cassandra");
  const session = await database.session();
  const node = await openNode(database);
  await session.write("INSERT INTO account_list (shelf, name_key, id) VALUES ('all', ?, ?)", ["alan", uuidOf(9)]);
  await node.createAccount(ALICE, 0);
  await session.write("INSERT INTO account_list (shelf, name_key, id) VALUES ('all', ?, ?)", ["albert", ALICE.id]);
  await node.createAccount(accountOf(3, "alma"), 0);
  expect((await node.accounts("al", undefined, 1)).map(({ name }) => name)).toEqual(["Alice"]);
  expect((await node.accounts("al", undefined, 9)).map(({ name }) => name)).toEqual(["Alice", "alma"]);
  expect((await node.accounts("al", "alice", 1)).map(({ name }) => name)).toEqual(["alma"]);
});
