/** Passwords are argon2id hashes at the price that OWASP names, two at a time, and secrets are kept as hashes. */
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  checkPassword,
  hashPassword,
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
  Passwords,
  passwordFault,
} from "../../../src/server/auth/passwords.ts";
import { hashSecret, newSecret } from "../../../src/server/auth/secrets.ts";
import { systemChance } from "../../../src/server/clock.ts";
import { SeededRandom } from "../../support/fake-clock.ts";

// Hashes cost a processor; on a busy machine some dozens of them take longer than a test usually may.
vi.setConfig({ testTimeout: 60_000 });

describe("a password", () => {
  it("becomes an argon2id hash that says what it cost, another one each time", async () => {
    const one = await hashPassword("correct horse", systemChance);
    const other = await hashPassword("correct horse", systemChance);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(other);
    expect(await checkPassword(one, "correct horse")).toBe(true);
    expect(await checkPassword(one, "correct horsf")).toBe(false);
    expect(await checkPassword(one, "")).toBe(false);
  });

  it("is the same however its letters are put together", async () => {
    const encoded = await hashPassword("pass\u00e9 compos\u00e9", systemChance);
    expect(await checkPassword(encoded, "passe\u0301 compose\u0301")).toBe(true);
  });

  it("has a least and a greatest length in characters", () => {
    const wide = "\u{1f600}";
    expect(passwordFault(wide.repeat(PASSWORD_LENGTH_MIN))).toBeUndefined();
    expect(passwordFault(wide.repeat(PASSWORD_LENGTH_MIN - 1))).toContain("at least");
    expect(passwordFault(wide.repeat(PASSWORD_LENGTH_MAX))).toBeUndefined();
    expect(passwordFault(wide.repeat(PASSWORD_LENGTH_MAX + 1))).toContain("at most");
    // Decomposed, this is twice as long.
    expect(passwordFault("e\u0301".repeat(PASSWORD_LENGTH_MAX))).toBeUndefined();
  });
});

describe("the passwords of a server", () => {
  it("check against a hash, and against none at all", async () => {
    const passwords = new Passwords(systemChance);
    const encoded = await passwords.hash("correct horse");
    expect(await passwords.check(encoded, "correct horse")).toBe(true);
    expect(await passwords.check(encoded, "wrong horse")).toBe(false);
    expect(await passwords.check(undefined, "correct horse")).toBe(false);
    expect(await passwords.check(undefined, "")).toBe(false);
    expect(await passwords.check(encoded, "x".repeat(1_000_000))).toBe(false);
    // The text that stands in for one that is too long is nobody's way in.
    const empty = await hashPassword("", systemChance);
    expect(await passwords.check(empty, "x".repeat(1_000_000))).toBe(false);
  });

  it("AUTH-2 cost one check against one hash at the one price, whether there is such a hash or not", async () => {
    const checked: string[] = [];
    const passwords = new Passwords(systemChance, async (encoded, password) => {
      checked.push(encoded);
      return await checkPassword(encoded, password);
    });
    const encoded = await passwords.hash("correct horse");
    for (const against of [undefined, encoded, undefined]) {
      for (const password of ["correct horse", "", "x".repeat(60_000)]) {
        checked.length = 0;
        await passwords.check(against, password);
        expect(checked).toEqual([expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)]);
        if (against !== undefined) expect(checked).toEqual([against]);
      }
    }
  });

  it("refuse what comes when very many wait, and serve all the others", async () => {
    const passwords = new Passwords(systemChance);
    const encoded = await passwords.hash("correct horse");
    const asked = Array.from({ length: 300 }, () => passwords.check(encoded, "correct horse"));
    const results = await Promise.allSettled(asked);
    const served = results.filter((result) => result.status === "fulfilled" && result.value);
    const refused = results.filter((result) => result.status === "rejected");
    expect(served.length).toBe(258);
    expect(refused.length).toBe(42);
    for (const { reason } of refused) expect(reason).toMatchObject({ name: "CommandError", code: "unavailable" });
    expect(await passwords.check(encoded, "correct horse")).toBe(true);
  }, 120_000);
});

describe("a secret", () => {
  it("is 43 characters of base64url, and chance decides them all", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const secret = newSecret(new SeededRandom(seed).chance);
        expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
        expect(newSecret(new SeededRandom(seed).chance)).toBe(secret);
        expect(newSecret(new SeededRandom(seed + 1).chance)).not.toBe(secret);
        expect(hashSecret(secret)).toMatch(/^[A-Za-z0-9_-]{43}$/);
        expect(hashSecret(secret)).not.toBe(secret);
      }),
    );
  });
});
