/** Tests of the accounts that were asked for a moment ago: never old for long, and still there where the directory is not. */
import { describe, expect, it } from "vitest";
import { AccountCache } from "../../../src/server/auth/account-cache.ts";
import type { Account } from "../../../src/server/directory/directory.ts";
import { MemoryDirectory } from "../../../src/server/directory/memory.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { uuidOf } from "../../support/log-records.ts";

const ANN: Account = {
  id: uuidOf(1),
  name: "Ann",
  passwordHash: undefined,
  isAdmin: false,
  isDisabled: false,
  createdAt: 0,
  updatedAt: 0,
};

function cache() {
  const clock = new FakeClock(0);
  const directory = new MemoryDirectory();
  let asked = 0;
  let fault: Error | undefined;
  const account = directory.account.bind(directory);
  directory.account = async (id) => {
    asked += 1;
    if (fault !== undefined) throw fault;
    return await account(id);
  };
  return {
    ...{ clock, directory, accounts: new AccountCache(directory, clock) },
    asked: () => asked,
    fail: (error: Error | undefined) => {
      fault = error;
    },
  };
}

describe("the accounts that were asked for a moment ago", () => {
  it("asks the directory once a second at the most, and sees then what was changed elsewhere", async () => {
    const { clock, directory, accounts, asked } = cache();
    await directory.createAccount(ANN, 0);
    for (let times = 0; times < 5; times++) expect(await accounts.get(ANN.id)).toEqual(ANN);
    expect(asked()).toBe(1);
    await directory.changeAccount(ANN.id, { isDisabled: true }, 1);
    await clock.advance(1000);
    expect((await accounts.get(ANN.id))?.isDisabled).toBe(true);
    accounts.forget(ANN.id);
    await accounts.get(ANN.id);
    expect(asked()).toBe(3);
  });

  it("does not remember that somebody is not there: another node may make them the moment after", async () => {
    const { directory, accounts } = cache();
    expect(await accounts.get(ANN.id)).toBeUndefined();
    await directory.createAccount(ANN, 0);
    expect(await accounts.get(ANN.id)).toEqual(ANN);
  });

  it("goes on with what it knows for a minute where the directory is down, no longer, and not for whom it does not know", async () => {
    const { clock, directory, accounts, fail } = cache();
    await directory.createAccount(ANN, 0);
    await accounts.get(ANN.id);
    fail(new Error("down"));
    await clock.advance(30_000);
    expect(await accounts.get(ANN.id)).toEqual(ANN);
    await expect(accounts.get(uuidOf(2))).rejects.toThrow("down");
    await clock.advance(31_000);
    await expect(accounts.get(ANN.id)).rejects.toThrow("down");
    fail(undefined);
    expect(await accounts.get(ANN.id)).toEqual(ANN);
  });

  it("forgets somebody who changed, also where the directory is down", async () => {
    const { directory, accounts, fail } = cache();
    await directory.createAccount(ANN, 0);
    await accounts.get(ANN.id);
    accounts.forget(ANN.id);
    fail(new Error("down"));
    await expect(accounts.get(ANN.id)).rejects.toThrow("down");
  });
});
