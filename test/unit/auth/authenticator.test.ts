/** Who somebody is: what counts in which mode, and for how long. */
import { describe, expect, it, vi } from "vitest";
import type { Credentials } from "../../../src/server/auth/authenticator.ts";
import { hashSecret } from "../../../src/server/auth/secrets.ts";
import { MemoryDirectory } from "../../../src/server/directory/memory.ts";
import { type AuthWorld, authWorld, shown, userOf } from "../../support/auth-world.ts";

// Hashes cost a processor; on a busy machine some dozens of them take longer than a test usually may.
vi.setConfig({ testTimeout: 60_000 });

const PASSWORD = { mode: "password", signUp: "open", guests: false } as const;
const HERE = "192.0.2.1";

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    (value) => value ?? "nobody",
    (error: { code: unknown }) => error.code,
  );

/** Who that is, by name; or `nobody`, or the code of the refusal. */
async function nameBy({ authenticator }: AuthWorld, some: Partial<Credentials>): Promise<unknown> {
  const found = await codeOf(authenticator.identify(shown(some)));
  return typeof found === "string" ? found : (found as { user: { name: string } }).user.name;
}

describe("in open mode", () => {
  it("AUTH-1 whoever names a user is that user: by bearer, then cookie, then the request", async () => {
    const world = authWorld();
    const [a, b, c] = [
      await world.add("a", undefined),
      await world.add("b", undefined),
      await world.add("c", undefined),
    ];
    expect(await nameBy(world, {})).toBe("nobody");
    expect(await nameBy(world, { named: c.id })).toBe("c");
    expect(await nameBy(world, { named: c.id, userIdCookie: b.id })).toBe("b");
    expect(await nameBy(world, { named: c.id, userIdCookie: b.id, bearer: a.id })).toBe("a");
    expect(await nameBy(world, { cookie: "x" })).toBe("nobody");
    const signedIn = await world.authenticator.identify(shown({ userIdCookie: a.id }));
    expect(signedIn).toEqual({ user: userOf(a), credential: { type: "open", user: a.id } });
  });

  it("nobody is a user that there is not, or one that is disabled", async () => {
    const world = authWorld();
    const gone = await world.add("gone", undefined, { isDisabled: true });
    for (const id of ["", "x", "x".repeat(10_000), "0190a5a0-0000-7000-8000-000000000000", gone.id]) {
      expect(await nameBy(world, { userIdCookie: id })).toBe("unauthorized");
      expect(await nameBy(world, { named: id })).toBe("unauthorized");
      expect(await nameBy(world, { bearer: id })).toBe("unauthorized");
    }
    expect(await world.authenticator.isValid({ type: "open", user: gone.id })).toBe(false);
  });
});

describe("in mode password", () => {
  it("AUTH-2 only a sign-in or a token counts", async () => {
    const world = authWorld({ auth: PASSWORD });
    const account = await world.add("alice", "correct horse", { isAdmin: true });
    expect(await nameBy(world, { userIdCookie: account.id, named: account.id })).toBe("nobody");
    expect(await nameBy(world, { bearer: account.id })).toBe("unauthorized");
    expect(await nameBy(world, { cookie: account.id })).toBe("unauthorized");
    const value = (await world.accounts.signIn({ name: "alice", password: "correct horse" }, HERE)).cookie?.value ?? "";
    expect(await world.authenticator.identify(shown({ cookie: value }))).toEqual({
      user: userOf(account),
      credential: { type: "sign_in", user: account.id, hash: hashSecret(value) },
    });
    const { token } = await world.accounts.createToken(userOf(account), "bot", undefined);
    expect(await world.authenticator.identify(shown({ bearer: token }))).toEqual({
      user: userOf(account),
      credential: { type: "token", user: account.id, hash: hashSecret(token) },
    });
    // One is not good in the place of the other, nor is the hash that the directory has.
    expect(await nameBy(world, { bearer: value })).toBe("unauthorized");
    expect(await nameBy(world, { cookie: token })).toBe("unauthorized");
    expect(await nameBy(world, { bearer: hashSecret(token) })).toBe("unauthorized");
    expect(await nameBy(world, { cookie: hashSecret(value) })).toBe("unauthorized");
    expect(await nameBy(world, { bearer: "wrong", cookie: value })).toBe("unauthorized");
    expect(await nameBy(world, { cookie: "x".repeat(100_000) })).toBe("unauthorized");
  });

  it("a sign-in ends with its time", async () => {
    const world = authWorld({ auth: { ...PASSWORD, sessionDays: 1 } });
    await world.add("alice", "correct horse");
    const cookie = (await world.accounts.signIn({ name: "alice", password: "correct horse" }, HERE)).cookie?.value;
    const credential = (await world.authenticator.identify(shown({ cookie })))?.credential;
    if (credential === undefined) throw new Error("is signed in");
    await world.clock.advance(86_399_999);
    expect(await world.authenticator.isValid(credential)).toBe(true);
    await world.clock.advance(1);
    expect(await world.authenticator.isValid(credential)).toBe(false);
    expect(await nameBy(world, { cookie })).toBe("unauthorized");
  });

  it("AUTH-2 a disabled account never passes, by whatever it was signed in with", async () => {
    const world = authWorld({ auth: PASSWORD });
    const account = await world.add("alice", "correct horse");
    const cookie = (await world.accounts.signIn({ name: "alice", password: "correct horse" }, HERE)).cookie?.value;
    const { token } = await world.accounts.createToken(userOf(account), "", undefined);
    const shows = [{ cookie }, { bearer: token }];
    const credentials = await Promise.all(shows.map(async (one) => await world.authenticator.identify(shown(one))));
    await world.directory.changeAccount(account.id, { isDisabled: true }, world.clock.now());
    // Changed by another process, it is seen within a second.
    await world.clock.advance(1_000);
    for (const one of shows) expect(await nameBy(world, one)).toBe("unauthorized");
    for (const found of credentials) {
      if (found !== undefined) expect(await world.authenticator.isValid(found.credential)).toBe(false);
    }
    expect(credentials.filter((found) => found !== undefined)).toHaveLength(2);
    const jwt = { type: "jwt", user: account.id, expiresAt: world.clock.now() + 1_000 } as const;
    expect(await world.authenticator.isValid(jwt)).toBe(false);
  });

  it("AUTH-2 who was found to be out does not come in again by what was so a moment ago", async () => {
    const world = authWorld({ auth: PASSWORD });
    const account = await world.add("alice", "correct horse");
    const { token, info } = await world.accounts.createToken(userOf(account), "", undefined);
    const credential = (await world.authenticator.identify(shown({ bearer: token })))?.credential;
    if (credential === undefined) throw new Error("is signed in");
    // By another process, which tells nobody.
    await world.directory.removeToken(account.id, info.id);
    expect(await nameBy(world, { bearer: token })).toBe("alice");
    expect(await world.authenticator.isValid(credential)).toBe(false);
    expect(await nameBy(world, { bearer: token })).toBe("unauthorized");
  });

  it("what was somebody's by open mode is not so any more", async () => {
    const directory = new MemoryDirectory();
    const open = authWorld({ directory });
    const account = await open.add("admin", "correct horse", { isAdmin: true });
    const { token } = await open.accounts.createToken(userOf(account), "planted", undefined);
    expect(await nameBy(open, { bearer: token })).toBe("admin");
    const world = authWorld({ directory, auth: PASSWORD });
    expect(await nameBy(world, { bearer: token })).toBe("unauthorized");
    expect(await nameBy(world, { bearer: token.replace("open_", "") })).toBe("unauthorized");
    expect(await world.authenticator.isValid({ type: "open", user: account.id })).toBe(false);
    // The other way round a token stays good: where a name is enough it proves more than that.
    const { token: proper } = await world.accounts.createToken(userOf(account), "", undefined);
    expect(await nameBy(open, { bearer: proper })).toBe("admin");
  });

  it("guests are where they are switched on", async () => {
    const guest = { type: "guest", user: "0190a5a0-0000-7000-8000-000000000000" } as const;
    expect(await authWorld({ auth: PASSWORD }).authenticator.isValid(guest)).toBe(false);
    expect(await authWorld({ auth: { ...PASSWORD, guests: true } }).authenticator.isValid(guest)).toBe(true);
  });
});

describe("a token", () => {
  it("is listed without its secret, and revoked, which is told", async () => {
    const world = authWorld({ auth: PASSWORD });
    const user = userOf(await world.add("alice", undefined));
    const other = userOf(await world.add("bob", undefined));
    const { token, info } = await world.accounts.createToken(user, "bo\u0301t", undefined);
    expect(info).toMatchObject({ user: user.id, label: "b\u00f3t", expiresAt: undefined });
    expect(await world.accounts.tokens(user)).toEqual([info]);
    expect(JSON.stringify(await world.accounts.tokens(user))).not.toContain(token);
    const credential = (await world.authenticator.identify(shown({ bearer: token })))?.credential;
    if (credential === undefined) throw new Error("is signed in");
    expect(await codeOf(world.accounts.revokeToken(other, info.id))).toBe("unknown_token");
    expect(await codeOf(world.accounts.revokeToken(user, "x".repeat(10_000)))).toBe("unknown_token");
    expect(await world.authenticator.isValid(credential)).toBe(true);
    await world.accounts.revokeToken(user, info.id);
    expect(world.accessChanged).toEqual([user.id]);
    expect(await world.authenticator.isValid(credential)).toBe(false);
    expect(await nameBy(world, { bearer: token })).toBe("unauthorized");
    expect(await codeOf(world.accounts.revokeToken(user, info.id))).toBe("unknown_token");
  });

  it("ends with its time", async () => {
    const world = authWorld({ auth: PASSWORD });
    const user = userOf(await world.add("alice", undefined));
    const { token } = await world.accounts.createToken(user, "", 1_000);
    expect(await nameBy(world, { bearer: token })).toBe("alice");
    await world.clock.advance(1_000);
    expect(await nameBy(world, { bearer: token })).toBe("unauthorized");
  });

  it("is refused to guests, with a bad label or time, beyond a hundred, and where tokens come from elsewhere", async () => {
    const world = authWorld({ auth: PASSWORD });
    const user = userOf(await world.add("alice", undefined));
    const make = (label: string, goodForMs: number | undefined) =>
      codeOf(world.accounts.createToken(user, label, goodForMs).then(() => "made"));
    expect(await codeOf(world.accounts.createToken({ ...user, isGuest: true }, "", undefined))).toBe("forbidden");
    for (const label of ["x".repeat(65), "a\nb", "\ud800"]) expect(await make(label, undefined)).toBe("bad_field");
    for (const time of [-1, 0, Number.NaN, 1e300]) expect(await make("", time)).toBe("bad_field");
    expect(await make("\u{1f600}".repeat(64), 1)).toBe("made");
    for (let number = 0; number < 99; number += 1) expect(await make("", undefined)).toBe("made");
    expect(await make("", undefined)).toBe("too_many_tokens");
    await world.clock.advance(1);
    expect(await make("", undefined)).toBe("made");
    const jwt = authWorld({ auth: { mode: "jwt", signUp: "closed" } });
    expect(await codeOf(jwt.accounts.createToken(user, "", undefined))).toBe("forbidden");
  });
});
