/** The directory in CQL as several nodes have it: what two want at once, what an operator changed, ids that look like CQL. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CqlDirectory, openCqlDirectory } from "../../src/server/directory/cql.ts";
import {
  agreeOnFacts,
  applyPublicRooms,
  type ClusterFacts,
  publicRooms,
  readFacts,
} from "../../src/server/directory/cql-facts.ts";
import { CQL_DIRECTORY_MIGRATIONS } from "../../src/server/directory/cql-tables.ts";
import { MemoryDirectory } from "../../src/server/directory/memory.ts";
import { accountOf } from "../contract/directory-accounts.ts";
import { type TestKeyspace, testKeyspace } from "../support/cql-keyspace.ts";
import { directoryStep, everythingIn } from "../support/directory-steps.ts";
import { engines } from "../support/engines.ts";
import { uuidOf } from "../support/log-records.ts";

let keyspace: TestKeyspace;
/** Two nodes, each with its own connection. */
let one: CqlDirectory;
let other: CqlDirectory;
let operator: CqlDirectory;

beforeAll(async () => {
  keyspace = await testKeyspace(engines().cql, CQL_DIRECTORY_MIGRATIONS);
  one = await openCqlDirectory({ session: keyspace.session, writer: "server" });
  other = await openCqlDirectory({ session: await keyspace.connect(), writer: "server" });
  operator = await openCqlDirectory({ session: await keyspace.connect(), writer: "operator" });
});
afterEach(() => keyspace.empty());
afterAll(async () => {
  await Promise.all([one.close(), other.close(), operator.close()]);
  await keyspace.drop();
});

const ALICE = uuidOf(1);
const ROUNDS = 50;

describe("two nodes at once", () => {
  it("one name for two accounts: one wins, and both nodes say who, 50 times", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [mine, yours] = [accountOf(2 * round, `Name${round}`), accountOf(2 * round + 1, `NAME${round}`)];
      const made = await Promise.all([one.createAccount(mine, 0), other.createAccount(yours, 0)]);
      expect(made.filter(Boolean), `round ${round}`).toHaveLength(1);
      const winner = made[0] ? mine : yours;
      for (const directory of [one, other]) {
        expect(await directory.accountByName(`name${round}`)).toEqual(winner);
        expect(await directory.account(winner.id)).toEqual(winner);
        expect(await directory.account(made[0] ? yours.id : mine.id)).toBeUndefined();
      }
    }
    expect(await one.accounts("", undefined, 1000)).toHaveLength(ROUNDS);
    // Nobody who lost has left a row behind.
    expect(await keyspace.session.rows("SELECT id FROM accounts", [])).toHaveLength(ROUNDS);
  });

  it("one id for two accounts, of one name or of two: one wins", async () => {
    for (let round = 0; round < ROUNDS / 2; round += 1) {
      const mine = accountOf(round, `mine${round}`);
      const yours = { ...accountOf(round, round % 2 === 0 ? mine.name : `yours${round}`), createdAt: 5 };
      const made = await Promise.all([one.createAccount(mine, 0), other.createAccount(yours, 0)]);
      expect(made.filter(Boolean), `round ${round}`).toHaveLength(1);
      const winner = made[0] ? mine : yours;
      expect(await other.account(winner.id)).toEqual(winner);
      expect(await one.accountByName(winner.name)).toEqual(winner);
      // The name of the other is free.
      expect(await one.isNameTaken(`yours${round}`, 0)).toBe(winner.name === `yours${round}`);
    }
  });

  it("one name for a guest and an account, or for two guests: one wins", async () => {
    for (let round = 0; round < ROUNDS / 2; round += 1) {
      const guest = (number: number) => ({ id: uuidOf(1000 + number), name: `Name${round}`, expiresAt: 1000 });
      const first = round % 2 === 0 ? one : other;
      const second = round % 2 === 0 ? other : one;
      const made = await Promise.all([
        first.saveGuest(`first ${round}`, guest(1), 0),
        second.saveGuest(`second ${round}`, guest(2), 0),
        second.createAccount(accountOf(round, `name${round}`), 0),
      ]);
      expect(made.filter(Boolean), `round ${round}`).toHaveLength(1);
      expect(await first.isNameTaken(`Name${round}`, 999)).toBe(true);
    }
  });

  it("the name of a guest whose time is over: one of those who want it wins", async () => {
    for (let round = 0; round < ROUNDS / 5; round += 1) {
      const name = `name${round}`;
      await one.saveGuest("old", { id: uuidOf(1), name, expiresAt: 1000 }, 0);
      const made = await Promise.all([
        one.saveGuest("new", { id: uuidOf(2), name, expiresAt: 9000 }, 1000),
        other.createAccount(accountOf(100 + round, name), 1000),
      ]);
      expect(made.filter(Boolean)).toHaveLength(1);
    }
  });

  it("one invite: one takes it", async () => {
    for (let round = 0; round < ROUNDS / 2; round += 1) {
      await one.saveInvite(`invite ${round}`, 1000);
      const taken = await Promise.all([one, other, one, other].map((node) => node.takeInvite(`invite ${round}`, 0)));
      expect(taken.filter(Boolean), `round ${round}`).toHaveLength(1);
    }
  });

  it("changes of one account: none is lost", async () => {
    await one.createAccount(accountOf(1, "alice"), 0);
    for (let round = 0; round < ROUNDS / 5; round += 1) {
      await Promise.all([
        one.changeAccount(ALICE, { passwordHash: `hash ${round}` }, round),
        other.changeAccount(ALICE, { isAdmin: round % 2 === 0 }, round),
      ]);
      const expected = { passwordHash: `hash ${round}`, isAdmin: round % 2 === 0, updatedAt: round };
      expect(await one.account(ALICE)).toMatchObject(expected);
    }
  });

  it("the further marker stands, whichever node moved it last", async () => {
    const move = (seq: number) => [{ user: ALICE, room: uuidOf(8), seq, n: seq }];
    await one.moveMarkers(move(7));
    await other.moveMarkers(move(5));
    expect((await one.markers(ALICE)).get(uuidOf(8))?.seq).toBe(7);
    await Promise.all([9, 12, 10].flatMap((seq) => [one.moveMarkers(move(seq)), other.moveMarkers(move(seq - 1))]));
    expect((await other.markers(ALICE)).get(uuidOf(8))?.seq).toBe(12);
  });

  it("forget what expired, each only once", async () => {
    const count = 60;
    const saved = Array.from({ length: count }, (_, index) =>
      one.saveSignIn(`hash ${index}`, { user: ALICE, createdAt: 0, expiresAt: 1000 }),
    );
    await Promise.all(saved);
    const removed = await Promise.all([one.removeExpired(1000), other.removeExpired(1000)]);
    expect((removed[0] ?? 0) + (removed[1] ?? 0)).toBe(count);
    expect(await keyspace.session.rows("SELECT hash FROM sign_ins_by_user WHERE user = ?", [ALICE])).toEqual([]);
  });
});

describe("an operator's command", () => {
  it("is seen by every server, and what a server writes is not", async () => {
    const before = [await one.writesElsewhere(), await other.writesElsewhere()];
    await one.createAccount(accountOf(1, "alice"), 0);
    await one.removeCredentials(ALICE);
    expect([await one.writesElsewhere(), await other.writesElsewhere()]).toEqual(before);
    await operator.changeAccount(ALICE, { isDisabled: true }, 5);
    expect(await other.account(ALICE)).toMatchObject({ isDisabled: true });
    for (const [index, node] of [one, other].entries()) {
      const seen = await node.writesElsewhere();
      expect(seen).not.toBe(before[index]);
      expect(await node.writesElsewhere()).toBe(seen);
    }
  });

  it("from before a server opened is none to it", async () => {
    await operator.saveInvite("invite", 1000);
    const late = await openCqlDirectory({ session: keyspace.session, writer: "server" });
    expect(await late.writesElsewhere()).toBe(0);
    await operator.saveInvite("invite", 1000);
    expect(await late.writesElsewhere()).toBe(1);
    await late.close();
  });
});

describe("what nodes agree on", () => {
  const facts = (topicId: string): ClusterFacts => ({
    partitions: 12,
    hash: "murmur2",
    keyWindow: 131_072,
    foldVersion: 1,
    topicId,
    format: 1,
  });

  it("PROJ-5 the facts that are written first stand, whoever comes at once or later", async () => {
    expect(await readFacts(keyspace.session)).toBeUndefined();
    const sessions = [keyspace.session, await keyspace.connect()];
    const agreed = await Promise.all(sessions.map((session, index) => agreeOnFacts(session, facts(`topic ${index}`))));
    expect(agreed[0]).toEqual(agreed[1]);
    expect(["topic 0", "topic 1"]).toContain(agreed[0]?.topicId);
    expect(await agreeOnFacts(keyspace.session, facts("late"))).toEqual(agreed[0]);
    expect(await readFacts(keyspace.session)).toEqual(agreed[0]);
  });

  it("the public rooms are those that were applied last, in their order", async () => {
    const room = (name: string) => ({ name, description: `about ${name} 'quoted' ☂` });
    expect(await publicRooms(keyspace.session)).toEqual([]);
    await applyPublicRooms(keyspace.session, [room("zebra"), room("apple"), room("middle")]);
    expect(await publicRooms(keyspace.session)).toEqual([room("zebra"), room("apple"), room("middle")]);
    await applyPublicRooms(keyspace.session, [room("middle"), room("new"), room("zebra")]);
    expect(await publicRooms(keyspace.session)).toEqual([room("middle"), room("new"), room("zebra")]);
  });
});

describe("ids and texts", () => {
  const EVIL = [
    "'; DROP TABLE accounts; --",
    "' OR '1'='1",
    "x') IF NOT EXISTS; TRUNCATE names; --",
    "?",
    "$$ $$",
    '{"account":null}',
    "\u0000",
    "%_\\",
  ];

  it("CMD-3 that look like CQL are data", async () => {
    for (const [index, evil] of EVIL.entries()) {
      const account = { ...accountOf(index, evil), id: `${evil} id`, passwordHash: evil };
      expect(await one.createAccount(account, 0), evil).toBe(true);
      await one.saveSignIn(evil, { user: account.id, createdAt: 0, expiresAt: 1000 });
      await one.saveToken(evil, { id: evil, user: evil, label: evil, createdAt: 0, expiresAt: undefined });
      await one.saveInvite(evil, 1000);
      await one.saveBan({ room: evil, type: "address", subject: evil, until: 1000, by: evil });
      await one.moveMarkers([{ user: evil, room: evil, seq: 1, n: 1 }]);
      expect(await one.saveGuest(evil, { id: evil, name: `${evil}g`, expiresAt: 1000 }, 0)).toBe(true);
    }
    expect(await one.bans(0)).toHaveLength(EVIL.length);
    expect(await one.accounts("", undefined, 100)).toHaveLength(EVIL.length);
    for (const evil of EVIL) {
      expect(await one.accountByName(evil)).toMatchObject({ id: `${evil} id`, passwordHash: evil });
      expect((await one.accounts(evil, undefined, 1))[0]?.name).toBe(evil);
      expect((await one.signIn(evil, 0))?.user).toBe(`${evil} id`);
      expect((await one.tokens(evil)).map(({ label }) => label)).toEqual([evil]);
      expect(await one.removeToken(evil, evil)).toBe(true);
      expect(await one.takeInvite(evil, 0)).toBe(true);
      expect(await one.removeBan(evil, "address", evil)).toBe(true);
      expect([...(await one.markers(evil)).keys()]).toEqual([evil]);
      expect((await one.findGuest(evil, 0))?.name).toBe(`${evil}g`);
      await one.removeCredentials(`${evil} id`);
      expect(await one.signIn(evil, 0)).toBeUndefined();
    }
  });

  it("CMD-3 that are empty are nobody's", async () => {
    expect(await one.account("")).toBeUndefined();
    expect(await one.accountByName("")).toBeUndefined();
    expect(await one.isNameTaken("", 0)).toBe(false);
    expect(await one.findGuest("", 0)).toBeUndefined();
    expect(await one.signIn("", 0)).toBeUndefined();
    expect(await one.token("", 0)).toBeUndefined();
    expect(await one.tokens("")).toEqual([]);
    expect(await one.markers("")).toEqual(new Map());
    expect(await one.takeInvite("", 0)).toBe(false);
    expect(await one.removeToken("", "")).toBe(false);
    expect(await one.removeBan("", "user", "")).toBe(false);
    await one.removeSignIn("");
    await one.removeCredentials("");
  });
});

it("CQL and memory answer alike, whatever is asked of two nodes in whatever order", async () => {
  const runs = 8;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ step: directoryStep, passes: fc.nat(8), atOther: fc.boolean() }), { maxLength: 25 }),
      async (steps) => {
        const memory = new MemoryDirectory();
        try {
          let now = 0;
          for (const { step, passes, atOther } of steps) {
            now += passes;
            expect(await step.run(atOther ? other : one, now), step.said).toEqual(await step.run(memory, now));
          }
          expect(await everythingIn(one, now)).toEqual(await everythingIn(memory, now));
          // At an hour when all would still be there that was not forgotten.
          expect(await everythingIn(other, 0)).toEqual(await everythingIn(memory, 0));
        } finally {
          await keyspace.empty();
        }
      },
    ),
    { numRuns: runs },
  );
});
