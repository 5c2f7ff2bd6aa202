/**
 * The directory in CQL while its database stands still, dies and comes back: what was promised to somebody is theirs
 * alone, and what nobody knows the outcome of is whole or nothing. Starts a database of its own.
 */

import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCassandra } from "../../scripts/engines/cassandra.mjs";
import type { Engine } from "../../scripts/engines/engine.mjs";
import { CqlError } from "../../src/server/cql/errors.ts";
import { type CqlDirectory, openCqlDirectory } from "../../src/server/directory/cql.ts";
import { CQL_DIRECTORY_MIGRATIONS } from "../../src/server/directory/cql-tables.ts";
import { accountOf } from "../contract/directory-accounts.ts";
import { type TestKeyspace, testKeyspace } from "../support/cql-keyspace.ts";
import { uuidOf } from "../support/log-records.ts";
import { until } from "../support/until.ts";

/** Long enough that the database lets go of what it was doing when it wakes. */
const STANDS_STILL_MS = 5000;
/** How much is done before, between and after the faults. */
const SOME = 20;

let cassandra: Engine;
let keyspace: TestKeyspace;
let nodes: readonly CqlDirectory[];

beforeAll(async () => {
  cassandra = await startCassandra();
  keyspace = await testKeyspace(cassandra.address, CQL_DIRECTORY_MIGRATIONS, true);
  const sessions = [keyspace.session, await keyspace.connect()];
  nodes = await Promise.all(sessions.map((session) => openCqlDirectory({ session, writer: "server" })));
}, 180_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await keyspace.drop();
  await cassandra.remove();
});

/** What two nodes were answered who wanted the same thing; `undefined` where nobody knows. */
type Answers = readonly (boolean | undefined)[];

/** Lets both nodes want the same; what can't be answered must say so. */
async function both(want: (node: CqlDirectory, index: number) => Promise<boolean>): Promise<Answers> {
  const asked = nodes.map((node, index) =>
    want(node, index).catch((error: unknown) => {
      expect(error).toBeInstanceOf(CqlError);
      expect((error as CqlError).failure).not.toBe("refused");
      return undefined;
    }),
  );
  return await Promise.all(asked);
}

const accountAt = (round: number, index: number) =>
  accountOf(2 * round + index, index === 0 ? `Name${round}` : `NAME${round}`);
const guestAt = (round: number, index: number) => ({
  id: uuidOf(2 * round + index),
  name: `g${round}`,
  expiresAt: 1000,
});

it("CMD-3 gives nothing to two, and to nobody half of it", { timeout: 240_000 }, async ({ annotate }) => {
  const accounts: Answers[] = [];
  const guests: Answers[] = [];
  const invites: Answers[] = [];
  const saved = new Set<number>();
  let answered = 0;
  let isOver = false;

  const work = async (): Promise<void> => {
    for (let round = 0; !isOver; round += 1) {
      const invite = await both(async (node, index) => {
        if (index === 0) await node.saveInvite(`invite ${round}`, 1000);
        return true;
      });
      if (invite[0] === true) saved.add(round);
      accounts.push(await both((node, index) => node.createAccount(accountAt(round, index), 0)));
      guests.push(await both((node, index) => node.saveGuest(`${round} ${index}`, guestAt(round, index), 0)));
      invites.push(await both((node) => node.takeInvite(`invite ${round}`, 0)));
      const isAnswered = ![accounts, guests, invites].some((all) => all.at(-1)?.includes(undefined));
      if (isAnswered) answered += 1;
      // Where there is no connection all is refused at once: nobody asks so often.
      else await delay(500);
    }
  };
  const done = (more: number): Promise<true> => {
    const target = answered + more;
    return until(
      60_000,
      () => `${answered} of ${target} rounds`,
      () => answered >= target || undefined,
    );
  };

  const working = work();
  await done(SOME);
  cassandra.pause();
  // What the fault is: how long it stands still.
  await delay(STANDS_STILL_MS);
  cassandra.resume();
  await done(SOME);
  await cassandra.kill();
  await cassandra.start();
  await done(SOME);
  isOver = true;
  await working;

  const unknown = [...accounts, ...guests, ...invites].flat().filter((answer) => answer === undefined).length;
  await annotate(`${accounts.length} rounds, ${unknown} answers that nobody knew`);
  expect(unknown).toBeGreaterThan(0);
  const [node, other] = nodes as readonly [CqlDirectory, CqlDirectory];
  const listed = new Set((await node.accounts("name", undefined, 100_000)).map(({ id }) => id));
  for (const [round, answers] of accounts.entries()) {
    const said = `round ${round}: ${answers.join()}`;
    const found = await other.accountByName(`name${round}`);
    const winner = answers.indexOf(true);
    expect(answers.filter((answer) => answer === true).length, said).toBeLessThanOrEqual(1);
    if (winner !== -1) expect(found, said).toEqual(accountAt(round, winner));
    for (const index of [0, 1]) {
      const isFound = found?.id === accountAt(round, index).id;
      if (answers[index] === false) expect(isFound, said).toBe(false);
      expect(await node.account(accountAt(round, index).id), said).toEqual(isFound ? found : undefined);
      expect(listed.has(accountAt(round, index).id), said).toBe(isFound);
    }
    expect(await node.createAccount(accountOf(1_000_000 + round, `nAmE${round}`), 0), said).toBe(found === undefined);
  }
  for (const [round, answers] of guests.entries()) {
    const winner = answers.indexOf(true);
    expect(answers.filter((answer) => answer === true).length).toBeLessThanOrEqual(1);
    if (winner !== -1) expect(await other.findGuest(`${round} ${winner}`, 0)).toEqual(guestAt(round, winner));
  }
  for (const [round, answers] of invites.entries()) {
    const said = `round ${round}: ${answers.join()}`;
    expect(answers.filter((answer) => answer === true).length, said).toBeLessThanOrEqual(1);
    const isLeft = await other.takeInvite(`invite ${round}`, 0);
    if (answers.includes(true)) expect(isLeft, said).toBe(false);
    if (saved.has(round) && answers.every((answer) => answer === false)) expect(isLeft, said).toBe(true);
  }
});
