/** Accounts: who may make one, sign in and out, and what an attacker at the sign-in page learns, which is nothing. */
import { describe, expect, it, vi } from "vitest";
import { Passwords } from "../../../src/server/auth/passwords.ts";
import { hashSecret } from "../../../src/server/auth/secrets.ts";
import type { Account } from "../../../src/server/directory/directory.ts";
import { MemoryDirectory } from "../../../src/server/directory/memory.ts";
import { authWorld, shown, userOf } from "../../support/auth-world.ts";

// Hashes cost a processor; on a busy machine some dozens of them take longer than a test usually may.
vi.setConfig({ testTimeout: 60_000 });

const PASSWORD = { mode: "password", signUp: "open" } as const;
const HERE = "192.0.2.1";
const alice = { name: "alice", password: "correct horse", invite: undefined };

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => "done",
    (error: { code: unknown }) => error.code,
  );

describe("an account", () => {
  it("is made with a name and a password, and can sign in", async () => {
    const { accounts, directory, clock, told } = authWorld({ auth: PASSWORD });
    const account = await accounts.create({ ...alice, name: "Ali\u0301ce" }, HERE);
    expect(account).toMatchObject({ name: "Al\u00edce", isAdmin: false, isDisabled: false, createdAt: clock.now() });
    expect(await directory.account(account.id)).toEqual(account);
    const { cookie, account: same } = await accounts.signIn({ name: "AL\u00cdCE", password: alice.password }, HERE);
    expect(same).toEqual(account);
    expect(cookie?.expiresAt).toBe(clock.now() + 30 * 86_400_000);
    expect(await directory.signIn(hashSecret(cookie?.value ?? ""), clock.now())).toMatchObject({ user: account.id });
    expect(told).toEqual(["signed_in"]);
  });

  it("is not made with a bad name or password, or a name that somebody has", async () => {
    const { accounts } = authWorld({ auth: PASSWORD, guestNames: ["gUEst"] });
    await accounts.create(alice, HERE);
    const tries = [
      [{ name: "" }, "bad_field"],
      [{ name: "a\u202eb" }, "bad_field"],
      [{ name: "bob", password: "short" }, "bad_field"],
      [{ name: "bob", password: undefined }, "bad_field"],
      [{ name: "bob", password: "x".repeat(257) }, "bad_field"],
      [{ name: "ALICE" }, "name_taken"],
      [{ name: "gUEst" }, "name_taken"],
    ] as const;
    for (const [change, code] of tries) {
      expect(await codeOf(accounts.create({ ...alice, ...change }, "192.0.2.2"))).toBe(code);
    }
  });

  it("goes to one of two who want the name at once", async () => {
    const { accounts } = authWorld({ auth: PASSWORD });
    const codes = await Promise.all([codeOf(accounts.create(alice, HERE)), codeOf(accounts.create(alice, HERE))]);
    expect(codes.sort()).toEqual(["done", "name_taken"]);
  });

  it("is made by an admin only where sign-up is closed, and always where tokens say who is who", async () => {
    for (const mode of ["open", "password", "jwt"] as const) {
      const { accounts } = authWorld({ auth: { mode, signUp: "closed" } });
      expect(await codeOf(accounts.create(alice, HERE))).toBe("sign_up_closed");
    }
  });

  it("takes an invite where one is needed, each once, and gives it back where nothing came of it", async () => {
    const { accounts, directory, clock } = authWorld({ auth: { ...PASSWORD, signUp: "invite" } });
    await directory.saveInvite(hashSecret("come in"), clock.now() + 1_000_000);
    expect(await codeOf(accounts.create(alice, HERE))).toBe("sign_up_closed");
    expect(await codeOf(accounts.create({ ...alice, invite: "let me" }, HERE))).toBe("sign_up_closed");
    await accounts.create({ ...alice, invite: "come in" }, HERE);
    expect(await codeOf(accounts.create({ ...alice, name: "bob", invite: "come in" }, HERE))).toBe("sign_up_closed");
    await directory.saveInvite(hashSecret("me too"), clock.now() + 1_000_000);
    expect(await codeOf(accounts.create({ ...alice, invite: "me too" }, HERE))).toBe("name_taken");
    const two = ["bob", "carol"].map((name) => codeOf(accounts.create({ ...alice, name, invite: "me too" }, HERE)));
    expect((await Promise.all(two)).sort()).toEqual(["done", "sign_up_closed"]);
  });

  it("is made ten times from one address, outside open mode", async () => {
    const { accounts } = authWorld({ auth: PASSWORD });
    const make = (name: string, address: string) => codeOf(accounts.create({ ...alice, name }, address));
    for (let number = 0; number < 10; number += 1) expect(await make(`user ${number}`, HERE)).toBe("done");
    expect(await make("one more", HERE)).toBe("too_fast");
    expect(await make("one more", "192.0.2.2")).toBe("done");
    const open = authWorld();
    for (let number = 0; number < 50; number += 1) {
      await open.accounts.create({ name: `user ${number}`, password: undefined, invite: undefined }, HERE);
    }
  });

  it("is found by the beginning of its name, unless it is disabled", async () => {
    const { accounts, add } = authWorld();
    for (const name of ["alice", "Albert", "bob"]) await add(name, undefined);
    await add("alfred", undefined, { isDisabled: true });
    const names = async (prefix: string) => (await accounts.search(prefix)).map(({ name }) => name);
    expect(await names("AL")).toEqual(["Albert", "alice"]);
    expect(await names("")).toEqual(["Albert", "alice", "bob"]);
    expect(await names("x".repeat(100_000))).toEqual([]);
    expect(await names("\ud800")).toEqual([]);
    for (let number = 0; number < 30; number += 1) await add(`many ${number}`, undefined);
    expect(await names("many")).toHaveLength(20);
  });

  it("is asked of the directory again after a second, and at once where it is told to have changed", async () => {
    const { accounts, directory, clock, signals, add } = authWorld();
    const account = await add("alice", undefined);
    let asked = 0;
    const ask = directory.account.bind(directory);
    directory.account = (id) => {
      asked += 1;
      return ask(id);
    };
    await Promise.all([accounts.account(account.id), accounts.account(account.id)]);
    expect(asked).toBe(1);
    await directory.changeAccount(account.id, { isDisabled: true }, clock.now());
    expect((await accounts.account(account.id))?.isDisabled).toBe(false);
    signals.publish({ type: "access", node: "another", user: account.id });
    expect((await accounts.account(account.id))?.isDisabled).toBe(true);
    await directory.changeAccount(account.id, { isDisabled: false }, clock.now());
    await clock.advance(1_000);
    expect((await accounts.account(account.id))?.isDisabled).toBe(false);
    // What is no id is not asked for: a key of any length would be the directory's problem.
    const before = asked;
    for (const id of ["", "x".repeat(10_000), account.id.toUpperCase(), `${account.id}'; DROP`]) {
      expect(await accounts.account(id)).toBeUndefined();
    }
    expect(asked).toBe(before);
  });

  it("is asked for again where the directory failed", async () => {
    const { accounts, directory, add } = authWorld();
    const account = await add("alice", undefined);
    const ask = directory.account.bind(directory);
    directory.account = () => Promise.reject(new Error("disk"));
    await expect(accounts.account(account.id)).rejects.toThrow("disk");
    directory.account = ask;
    expect(await accounts.account(account.id)).toEqual(account);
  });
});

describe("a sign-in", () => {
  it("AUTH-2 fails in the same words, and after the same work, for whatever reason", async () => {
    const { accounts, add, told } = authWorld({ auth: PASSWORD });
    await add("alice", alice.password);
    await add("disabled", alice.password, { isDisabled: true });
    await add("locked", undefined);
    const tries = [
      ["alice", "wrong horse"],
      ["alice", undefined],
      ["nobody", alice.password],
      ["disabled", alice.password],
      ["locked", alice.password],
      ["locked", ""],
      ["a\u202eb", alice.password],
      ["x".repeat(60_000), alice.password],
      ["alice", "x".repeat(60_000)],
    ] as const;
    const texts = new Set<string>();
    // Works as ever, and counts: how long a check takes depends on what else the machine does.
    const checks = vi.spyOn(Passwords.prototype, "check");
    for (const [at, [name, password]] of tries.entries()) {
      checks.mockClear();
      const error: unknown = await accounts.signIn({ name, password }, `192.0.2.${at}`).catch((reason) => reason);
      expect(error).toMatchObject({ code: "wrong_credentials" });
      texts.add((error as Error).message);
      expect(checks).toHaveBeenCalledOnce();
    }
    expect(texts.size).toBe(1);
    expect(told).toEqual(tries.map((_, at) => `wrong_credentials 192.0.2.${at}`));
  });

  it("AUTH-2 is throttled after ten that failed, also with the right password, and for names that nobody has", async () => {
    const { accounts, add, clock, told } = authWorld({ auth: PASSWORD });
    await add("alice", alice.password);
    for (const name of ["alice", "nobody"]) {
      for (let at = 0; at < 10; at += 1) {
        expect(await codeOf(accounts.signIn({ name, password: "guess" }, `198.51.100.${at}`))).toBe(
          "wrong_credentials",
        );
      }
      const error: unknown = await accounts.signIn({ name, password: alice.password }, HERE).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "too_many_sign_ins", retryAfterSeconds: 90 });
      for (let at = 0; at < 10; at += 1) await clock.advance(90_000);
    }
    expect(told.filter((line) => line.startsWith("too_many_sign_ins"))).toHaveLength(2);
    await accounts.signIn({ name: "alice", password: alice.password }, HERE);
  });

  it("that guesses a hundred times at once gets ten answers", async () => {
    const { accounts, add } = authWorld({ auth: PASSWORD });
    await add("alice", alice.password);
    const guesses = Array.from({ length: 100 }, (_, at) =>
      codeOf(accounts.signIn({ name: "alice", password: `guess ${at}` }, `192.0.2.${at}`)),
    );
    const codes = await Promise.all(guesses);
    expect(codes.filter((code) => code === "wrong_credentials")).toHaveLength(10);
    expect(codes.filter((code) => code === "too_many_sign_ins")).toHaveLength(90);
  });

  it("is not counted where it could not be found out whether it was right", async () => {
    const { accounts, add, directory } = authWorld({ auth: PASSWORD });
    await add("alice", alice.password);
    const ask = directory.accountByName.bind(directory);
    directory.accountByName = () => Promise.reject(new Error("disk"));
    for (let at = 0; at < 20; at += 1) {
      await expect(accounts.signIn(alice, HERE)).rejects.toThrow("disk");
    }
    directory.accountByName = ask;
    await accounts.signIn(alice, HERE);
  });

  it("needs a name alone in open mode, and is for the identity provider in mode jwt", async () => {
    const open = authWorld();
    const account = await open.add("alice", undefined);
    expect(await open.accounts.signIn({ name: "Alice", password: undefined }, HERE)).toEqual({
      account,
      cookie: undefined,
    });
    expect(await codeOf(open.accounts.signIn({ name: "bob", password: undefined }, HERE))).toBe("wrong_credentials");
    await open.add("gone", undefined, { isDisabled: true });
    expect(await codeOf(open.accounts.signIn({ name: "gone", password: undefined }, HERE))).toBe("wrong_credentials");
    const jwt = authWorld({ auth: { mode: "jwt", signUp: "closed" } });
    await jwt.add("alice", alice.password);
    expect(await codeOf(jwt.accounts.signIn(alice, HERE))).toBe("forbidden");
  });

  it("ends, and that is told", async () => {
    const { accounts, authenticator, accessChanged, add } = authWorld({ auth: PASSWORD });
    const account = await add("alice", alice.password);
    const cookie = (await accounts.signIn(alice, HERE)).cookie?.value;
    const signedIn = await authenticator.identify(shown({ cookie }));
    if (signedIn === undefined) throw new Error("is signed in");
    await accounts.signOut(signedIn.credential);
    expect(accessChanged).toEqual([account.id]);
    expect(await authenticator.isValid(signedIn.credential)).toBe(false);
    expect(await codeOf(authenticator.identify(shown({ cookie })))).toBe("unauthorized");
    await accounts.signOut({ type: "open", user: account.id });
    expect(accessChanged).toEqual([account.id]);
  });

  it("does not outlive a change of the password that came in between", async () => {
    const { accounts, add, directory, clock } = authWorld({ auth: PASSWORD });
    const account = await add("alice", alice.password);
    const save = directory.saveSignIn.bind(directory);
    for (const change of [{ passwordHash: "another" }, { isDisabled: true }]) {
      let hash = "";
      directory.saveSignIn = async (at, signIn) => {
        hash = at;
        await directory.changeAccount(account.id, change, clock.now());
        await directory.removeCredentials(account.id);
        await save(at, signIn);
      };
      expect(await codeOf(accounts.signIn(alice, HERE))).toBe("wrong_credentials");
      expect(await directory.signIn(hash, clock.now())).toBeUndefined();
      const { passwordHash = "" } = account;
      await directory.changeAccount(account.id, { passwordHash, isDisabled: false }, clock.now());
    }
  });
});

describe("a password", () => {
  it("is changed by whoever knows it, and ends whatever else was signed in", async () => {
    const { accounts, authenticator, accessChanged, add } = authWorld({ auth: PASSWORD });
    const user = userOf(await add("alice", alice.password));
    const old = (await accounts.signIn(alice, HERE)).cookie?.value;
    const { token } = await accounts.createToken(user, "bot", undefined);
    const ask = { current: "wrong horse", next: "another horse" };
    expect(await codeOf(accounts.changePassword(user, ask, HERE))).toBe("wrong_credentials");
    expect(await codeOf(accounts.changePassword(user, { ...ask, next: "x" }, HERE))).toBe("bad_field");
    const { cookie } = await accounts.changePassword(user, { ...ask, current: alice.password }, HERE);
    expect(accessChanged).toEqual([user.id]);
    expect(await codeOf(authenticator.identify(shown({ cookie: old })))).toBe("unauthorized");
    expect(await codeOf(authenticator.identify(shown({ bearer: token })))).toBe("unauthorized");
    expect((await authenticator.identify(shown({ cookie: cookie?.value })))?.user).toEqual(user);
    expect(await codeOf(accounts.signIn(alice, HERE))).toBe("wrong_credentials");
    await accounts.signIn({ name: "alice", password: "another horse" }, HERE);
  });

  it("is guessed at by this way no more than by the other, and there is none elsewhere", async () => {
    const { accounts, add } = authWorld({ auth: PASSWORD });
    const user = userOf(await add("alice", alice.password));
    const ask = { current: "guess", next: "another horse" };
    for (let at = 0; at < 10; at += 1) await codeOf(accounts.changePassword(user, ask, `192.0.2.${at}`));
    expect(await codeOf(accounts.changePassword(user, ask, HERE))).toBe("too_many_sign_ins");
    expect(await codeOf(accounts.signIn(alice, HERE))).toBe("too_many_sign_ins");
    const open = authWorld();
    const bob = userOf(await open.add("bob", alice.password));
    expect(await codeOf(open.accounts.changePassword(bob, { ...ask, current: alice.password }, HERE))).toBe(
      "forbidden",
    );
  });

  it("AUTH-2 that was given in open mode is none: the account is locked until an admin sets one", async () => {
    const directory = new MemoryDirectory();
    const account = await authWorld({ directory }).accounts.create(alice, HERE);
    expect(account.passwordHash).toBeUndefined();
    const { accounts } = authWorld({ auth: PASSWORD, directory });
    expect(await codeOf(accounts.signIn(alice, HERE))).toBe("wrong_credentials");
    expect(await codeOf(accounts.signIn({ ...alice, password: "" }, HERE))).toBe("wrong_credentials");
    const { passwordHash = "" } = (await authWorld({ directory }).add("tmp", alice.password)) as Account;
    await directory.changeAccount(account.id, { passwordHash }, 1);
    await accounts.signIn(alice, HERE);
  });
});
