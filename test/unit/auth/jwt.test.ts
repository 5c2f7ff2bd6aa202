/** Tokens of an identity provider: what is good, and every way to forge one that is known. */
import { createHmac, createPrivateKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JwtReader } from "../../../src/server/auth/jwt.ts";
import { openJwtKeys } from "../../../src/server/auth/jwt-keys.ts";
import { namesOf } from "../../../src/server/auth/jwt-names.ts";
import { checkUserName } from "../../../src/server/auth/user-name.ts";
import type { JwtConfig, JwtKeys } from "../../../src/server/config/config.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { authWorld, shown } from "../../support/auth-world.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const clock = new FakeClock(1_800_000_000_000);
const NOW = clock.now() / 1000;
const CLAIMS = { iss: "https://id.example", aud: "chat", sub: "42", name: "Alice", exp: NOW + 600 };
const BASE = {
  algorithm: "RS256",
  issuer: "https://id.example",
  audience: "chat",
  userClaim: "sub",
  nameClaim: "name",
};

let folder: string;
let pair: Awaited<ReturnType<typeof generateKeyPair>>;
let other: Awaited<ReturnType<typeof generateKeyPair>>;
let pem: string;
let reader: JwtReader;

async function readerOf(keys: JwtKeys, change: Partial<JwtConfig> = {}): Promise<JwtReader> {
  const jwt: JwtConfig = { ...BASE, adminClaim: undefined, keys, ...change };
  const failed = (error: unknown): void => {
    throw error;
  };
  return new JwtReader(jwt, await openJwtKeys({ jwt, clock, failed }), clock);
}

async function file(name: string, text: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const sign = async (claims: Record<string, unknown>, header: Record<string, unknown> = {}, key = pair.privateKey) =>
  await new SignJWT(claims).setProtectedHeader({ alg: "RS256", ...header }).sign(key);

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const refusalOf = async (token: string, by = reader): Promise<string> =>
  await by.read(token).then(
    () => "was taken",
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );

const INVALID = "unauthorized: the token is not valid here";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verbatim-jwt-"));
  pair = await generateKeyPair("RS256", { extractable: true });
  other = await generateKeyPair("RS256", { extractable: true });
  pem = await exportSPKI(pair.publicKey);
  reader = await readerOf({ type: "public_key_file", path: await file("key.pem", `\n${pem}\n`) });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a token", () => {
  it("AUTH-3 names somebody until it ends: the same one whatever else it says", async () => {
    const identity = await reader.read(await sign(CLAIMS));
    expect(identity).toMatchObject({ name: "Alice", isAdmin: false, expiresAt: CLAIMS.exp * 1000 });
    const again = await reader.read(await sign({ ...CLAIMS, name: "Bob", aud: ["x", "chat"], exp: NOW + 1 }));
    expect(again.id).toBe(identity.id);
    expect((await reader.read(await sign({ ...CLAIMS, sub: "43" }))).id).not.toBe(identity.id);
    const elsewhere = await readerOf({ type: "public_key_file", path: join(folder, "key.pem") }, { issuer: "other" });
    expect((await elsewhere.read(await sign({ ...CLAIMS, iss: "other" }))).id).not.toBe(identity.id);
  });

  it("may name them by another claim, and by a number", async () => {
    const keys = { type: "public_key_file", path: join(folder, "key.pem") } as const;
    const by = await readerOf(keys, { userClaim: "employee", nameClaim: "nick" });
    const one = await by.read(await sign({ ...CLAIMS, employee: 7, nick: "Al" }));
    expect(one.name).toBe("Al");
    expect((await by.read(await sign({ ...CLAIMS, employee: "7", nick: 5 }))).id).toBe(one.id);
    for (const employee of ["", null, {}, ["7"], true, 1.5, 2 ** 60, "x".repeat(257), undefined]) {
      expect(await refusalOf(await sign({ ...CLAIMS, employee }), by)).toBe(INVALID);
    }
  });

  it("makes an admin by the claim that is configured, and by nothing like it", async () => {
    const keys = { type: "public_key_file", path: join(folder, "key.pem") } as const;
    const isAdmin = async (by: JwtReader, claims: Record<string, unknown>): Promise<boolean> =>
      (await by.read(await sign({ ...CLAIMS, ...claims }))).isAdmin;
    expect(await isAdmin(reader, { admin: true, isAdmin: true, roles: ["admin"] })).toBe(false);
    const flag = await readerOf(keys, { adminClaim: { name: "admin", value: undefined } });
    expect(await isAdmin(flag, { admin: true })).toBe(true);
    for (const admin of ["true", 1, [true], {}, null]) expect(await isAdmin(flag, { admin })).toBe(false);
    const role = await readerOf(keys, { adminClaim: { name: "roles", value: "chat" } });
    expect(await isAdmin(role, { roles: "chat" })).toBe(true);
    expect(await isAdmin(role, { roles: ["x", "chat"] })).toBe(true);
    for (const roles of ["chat2", ["CHAT"], { chat: true }, true]) expect(await isAdmin(role, { roles })).toBe(false);
    const inherited = await readerOf(keys, { adminClaim: { name: "__proto__", value: undefined } });
    expect(await isAdmin(inherited, {})).toBe(false);
  });

  it.each<readonly [string, Record<string, unknown>, string]>([
    ["of another issuer", { iss: "https://id.example.evil" }, INVALID],
    ["of no issuer", { iss: undefined }, INVALID],
    ["for another audience", { aud: "mail" }, INVALID],
    ["for no audience", { aud: undefined }, INVALID],
    ["that has expired", { exp: NOW }, "unauthorized: the token has expired"],
    ["that expired a moment ago", { exp: NOW - 4 }, "unauthorized: the token has expired"],
    ["that expired long ago", { exp: NOW - 3600 }, "unauthorized: the token has expired"],
    ["that never expires", { exp: undefined }, INVALID],
    ["that expires at a text", { exp: "2099" }, INVALID],
    ["that is not valid yet", { nbf: NOW + 60 }, INVALID],
    ["of nobody", { sub: undefined }, INVALID],
  ])("%s is refused", async (_what, change, refusal) => {
    expect(await refusalOf(await sign({ ...CLAIMS, ...change }))).toBe(refusal);
  });

  it("may come from a provider whose clock is a little ahead", async () => {
    expect((await reader.read(await sign({ ...CLAIMS, nbf: NOW + 5, iat: NOW + 5 }))).name).toBe("Alice");
  });

  it("AUTH-3 is refused without a signature, however `none` is written", async () => {
    for (const alg of ["none", "None", "NONE", "", undefined, null, 0]) {
      for (const signature of ["", "AA"]) {
        expect(await refusalOf(`${part({ alg, typ: "JWT" })}.${part(CLAIMS)}.${signature}`)).toBe(INVALID);
      }
    }
    expect(await refusalOf(`${part({ alg: "none" })}.${part(CLAIMS)}`)).toBe(INVALID);
  });

  it("AUTH-3 is refused where the algorithm was swapped for one that takes the public key as a secret", async () => {
    for (const secret of [pem, pem.trim(), `${pem}\n`, `\n${pem}\n`]) {
      const signed = `${part({ alg: "HS256" })}.${part(CLAIMS)}`;
      const signature = createHmac("sha256", secret).update(signed).digest("base64url");
      expect(await refusalOf(`${signed}.${signature}`)).toBe(INVALID);
    }
  });

  it("AUTH-3 is refused with another algorithm of the same key, with another key, and changed by one letter", async () => {
    const pkcs8 = createPrivateKey(await exportPKCS8(pair.privateKey));
    for (const alg of ["RS384", "RS512", "PS256"]) {
      const token = await new SignJWT(CLAIMS).setProtectedHeader({ alg }).sign(pkcs8);
      expect(await refusalOf(token)).toBe(INVALID);
    }
    expect(await refusalOf(await sign(CLAIMS, {}, other.privateKey))).toBe(INVALID);
    const token = await sign(CLAIMS);
    const [header = "", payload = "", signature = ""] = token.split(".");
    expect(await refusalOf(`${header}.${part({ ...CLAIMS, sub: "1" })}.${signature}`)).toBe(INVALID);
    for (let at = 0; at < token.length - 1; at += 37) {
      const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      expect(await refusalOf(changed), `at ${at}`).toBe(INVALID);
    }
    expect(await refusalOf(`${header}.${payload}.`)).toBe(INVALID);
  });

  it("AUTH-3 is refused with an extension that must be understood, and its own key, or the address of one, is not looked at", async () => {
    const sealed = async (header: Record<string, unknown>, key = pair.privateKey): Promise<string> => {
      const signed = `${part({ alg: "RS256", ...header })}.${part(CLAIMS)}`;
      const pkcs8 = createPrivateKey(await exportPKCS8(key));
      const { sign: signBytes } = await import("node:crypto");
      return `${signed}.${signBytes("sha256", Buffer.from(signed), pkcs8).toString("base64url")}`;
    };
    expect(await refusalOf(await sealed({}))).toBe("was taken");
    for (const crit of [["exp"], ["b64"], ["x"], [], "x", null, [1]]) {
      expect(await refusalOf(await sealed({ crit, x: 1, b64: false })), JSON.stringify(crit)).toBe(INVALID);
    }
    const jwk = await exportJWK(other.publicKey);
    for (const header of [
      { jwk },
      { jku: "http://127.0.0.1:1/keys" },
      { x5u: "http://127.0.0.1:1/" },
      { kid: "../../etc" },
    ]) {
      expect(await refusalOf(await sealed(header, other.privateKey))).toBe(INVALID);
    }
  });

  it("is refused where it is none at all, or far too long", async () => {
    const huge = await sign({ ...CLAIMS, more: "x".repeat(9_000) });
    for (const text of [
      "",
      ".",
      "..",
      "...",
      "a.b.c",
      "a.b.c.d.e",
      "\u0000.\u0000.\u0000",
      huge,
      "x".repeat(1e6),
      "é.é.é",
    ]) {
      expect(await refusalOf(text)).toBe(INVALID);
    }
    expect(await refusalOf(`${part([])}.${part(CLAIMS)}.AA`)).toBe(INVALID);
    expect(await refusalOf(`${part({ alg: "RS256" })}.${part([1])}.AA`)).toBe(INVALID);
  });
});

describe("keys in files", () => {
  it("are a secret, a set of keys, or a public key, each for its algorithm", async () => {
    const secret = "0123456789abcdef0123456789abcdef";
    const shared = await readerOf(
      { type: "secret_file", path: await file("secret", `${secret}\n`) },
      { algorithm: "HS256" },
    );
    const hmac = await new SignJWT(CLAIMS).setProtectedHeader({ alg: "HS256" }).sign(Buffer.from(secret));
    expect((await shared.read(hmac)).name).toBe("Alice");
    expect(await refusalOf(await sign(CLAIMS), shared)).toBe(INVALID);

    const both = [await exportJWK(pair.publicKey), await exportJWK(other.publicKey)];
    const path = await file("jwks.json", JSON.stringify({ keys: both }));
    const set = await readerOf({ type: "jwks_file", path });
    // Without `kid` either of the two may be meant.
    expect((await set.read(await sign(CLAIMS))).name).toBe("Alice");
    expect((await set.read(await sign(CLAIMS, {}, other.privateKey))).name).toBe("Alice");
    const third = await generateKeyPair("RS256");
    expect(await refusalOf(await sign(CLAIMS, {}, third.privateKey), set)).toBe(INVALID);
    expect(await refusalOf(hmac, set)).toBe(INVALID);

    for (const [alg, options] of [
      ["ES256", {}],
      ["EdDSA", { crv: "Ed25519" }],
    ] as const) {
      const keys = await generateKeyPair(alg, { ...options, extractable: true });
      const by = await readerOf(
        { type: "public_key_file", path: await file(`${alg}.pem`, await exportSPKI(keys.publicKey)) },
        { algorithm: alg },
      );
      expect((await by.read(await sign(CLAIMS, { alg }, keys.privateKey))).name).toBe("Alice");
      expect(await refusalOf(await sign(CLAIMS), by)).toBe(INVALID);
    }
  });

  it.each<readonly [string, JwtKeys["type"], string, string, string]>([
    [
      "a short secret",
      "secret_file",
      "HS256",
      "0123456789abcdef0123456789abcde\r\n",
      "HS256 needs 32 bytes, it has 31",
    ],
    ["no key", "public_key_file", "RS256", "hello", "--jwt-public-key-file"],
    ["a key for something else", "public_key_file", "ES256", "RSA", "--jwt-public-key-file"],
    ["no JSON", "jwks_file", "RS256", "{", "--jwt-jwks-file"],
    ["no set", "jwks_file", "RS256", "{}", "--jwt-jwks-file"],
    ["an empty set", "jwks_file", "RS256", '{"keys":[]}', "there is no key in it"],
  ])("are refused at the start: %s", async (_what, type, algorithm, text, words) => {
    const path = await file("wrong", text === "RSA" ? pem : text);
    const error = await readerOf({ type, path } as JwtKeys, { algorithm }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartError);
    expect((error as Error).message).toContain(words);
    expect((error as Error).message).toContain(path);
    expect((error as Error).message).not.toContain("\n");
    if (type === "secret_file") expect((error as Error).message).not.toContain("0123456789abcdef");
  });

  it("are refused at the start where there is no such file", async () => {
    await expect(readerOf({ type: "secret_file", path: join(folder, "missing") })).rejects.toThrow("ENOENT");
  });
});

describe("somebody whom a token names", () => {
  const jwtAuth = { mode: "jwt", signUp: "closed", guests: false } as const;

  it("has an account from the first sight on, by the name of then, and is the same for every token", async () => {
    const world = authWorld({ auth: jwtAuth, clock, jwt: reader });
    const who = async (token: string) => (await world.authenticator.identify(shown({ bearer: token })))?.user;
    const tokens = await Promise.all(Array.from({ length: 5 }, () => sign({ ...CLAIMS, name: " Al\u0301ice " })));
    const users = await Promise.all(tokens.map(who));
    expect(new Set(users.map((user) => user?.id)).size).toBe(1);
    expect(users[0]).toMatchObject({
      name: "A\u013aice",
      isAdmin: false,
    });
    expect((await who(await sign({ ...CLAIMS, name: "Renamed" })))?.name).toBe(users[0]?.name);
    expect((await world.accounts.search("a")).map(({ id }) => id)).toEqual([users[0]?.id]);
    const found = await world.authenticator.identify(shown({ cookie: tokens[0] ?? "" }));
    expect(found?.credential).toEqual({ type: "jwt", user: users[0]?.id, expiresAt: CLAIMS.exp * 1000 });
  });

  it("is an admin as long as the token says so, and nobody where the account is disabled", async () => {
    const keys = { type: "public_key_file", path: join(folder, "key.pem") } as const;
    const jwt = await readerOf(keys, { adminClaim: { name: "admin", value: undefined } });
    const world = authWorld({ auth: jwtAuth, clock, jwt });
    const admin = await world.authenticator.identify(shown({ bearer: await sign({ ...CLAIMS, admin: true }) }));
    expect(admin?.user.isAdmin).toBe(true);
    const token = await sign(CLAIMS);
    const plain = await world.authenticator.identify(shown({ bearer: token }));
    expect(plain?.user).toEqual({ ...admin?.user, isAdmin: false });
    await world.directory.changeAccount(plain?.user.id ?? "", { isDisabled: true }, 1);
    world.signals.publish({ type: "access", node: "n", user: plain?.user.id ?? "" });
    await expect(world.authenticator.identify(shown({ bearer: token }))).rejects.toMatchObject({
      code: "unauthorized",
    });
    if (plain !== undefined) expect(await world.authenticator.isValid(plain.credential)).toBe(false);
  });

  it("is believed by nothing else: no cookie of open mode, no name in a request, no token of open mode", async () => {
    const world = authWorld({ auth: jwtAuth, clock, jwt: reader });
    const account = await world.add("alice", undefined);
    expect(await world.authenticator.identify(shown({ userIdCookie: account.id, named: account.id }))).toBeUndefined();
    for (const bearer of [account.id, "", "x", "open_x"]) {
      await expect(world.authenticator.identify(shown({ bearer }))).rejects.toMatchObject({ code: "unauthorized" });
    }
  });

  it("gets another name where theirs is somebody else's or can't be had, the same one each time", async () => {
    const id = "3f2a91bc-7d10-5a6b-8c9d-0e1f2a3b4c5d";
    const identity = (name: string | undefined) => ({ id, name, isAdmin: false, expiresAt: 0 });
    expect(namesOf(identity("Alice"))).toEqual([
      ...["Alice", "Alice-3f2a", "Alice-3f2a91bc7d10", "user-3f2a91bc7d105a6b8c9d0e1f2a3b4c5d"],
    ]);
    for (const name of [undefined, "", "  ", "a\u202eb", "a\nb", "x".repeat(65)]) {
      expect(namesOf(identity(name))[0]).toBe("user-3f2a91bc");
    }
    for (const name of ["x".repeat(64), "\u{1f600}".repeat(64), `${"y".repeat(49)} ${"z".repeat(10)}`]) {
      for (const tried of namesOf(identity(name))) expect(checkUserName(tried)).toEqual({ name: tried });
    }
    const world = authWorld({ auth: jwtAuth, clock, guestNames: ["Alice-3f2a"] });
    await world.add("ALICE", undefined);
    expect((await world.accounts.ofIdentity(identity("Alice"))).name).toBe("Alice-3f2a91bc7d10");
    await world.clock.advance(1_000);
    expect((await world.accounts.ofIdentity(identity("Another"))).name).toBe("Alice-3f2a91bc7d10");
  });
});
