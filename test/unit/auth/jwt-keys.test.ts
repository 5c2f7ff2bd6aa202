/** Keys that are fetched: kept while they are young, asked for again when a new one is needed, and never too often. */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { JwtReader } from "../../../src/server/auth/jwt.ts";
import { openJwtKeys } from "../../../src/server/auth/jwt-keys.ts";
import type { JwtConfig } from "../../../src/server/config/config.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { type JsonServer, startJsonServer } from "../../support/json-server.ts";
import { until } from "../../support/until.ts";

interface Signer {
  readonly kid: string;
  readonly keys: Awaited<ReturnType<typeof generateKeyPair>>;
}

let provider: JsonServer;
let clock: HandClock;
let failures: unknown[];
let reader: JwtReader;
let first: Signer;
let second: Signer;

const signer = async (kid: string): Promise<Signer> => ({
  kid,
  keys: await generateKeyPair("ES256", { extractable: true }),
});

const setOf = async (...signers: readonly Signer[]): Promise<string> =>
  JSON.stringify({
    keys: await Promise.all(signers.map(async ({ kid, keys }) => ({ ...(await exportJWK(keys.publicKey)), kid }))),
  });

const token = async ({ kid, keys }: Signer, named = kid): Promise<string> =>
  await new SignJWT({ iss: "i", aud: "a", sub: "s", exp: clock.now() / 1000 + 1e6 })
    .setProtectedHeader({ alg: "ES256", kid: named })
    .sign(keys.privateKey);

const codeOf = async (text: string): Promise<string> =>
  await reader.read(text).then(
    () => "taken",
    (error: { code: string }) => error.code,
  );

beforeAll(async () => {
  [first, second] = [await signer("1"), await signer("2")];
});

beforeEach(async () => {
  provider = await startJsonServer({});
  provider.answer = { status: 200, body: await setOf(first) };
  clock = new HandClock();
  failures = [];
  const jwt: JwtConfig = {
    ...{ algorithm: "ES256", issuer: "i", audience: "a", userClaim: "sub", nameClaim: "name", adminClaim: undefined },
    keys: { type: "jwks_url", url: provider.url },
  };
  reader = new JwtReader(jwt, await openJwtKeys({ jwt, clock, failed: (error) => failures.push(error) }), clock);
});

afterEach(async () => {
  await provider.close();
});

describe("keys of a provider", () => {
  it("are fetched when they are first needed, once for all who ask", async () => {
    expect(provider.asked).toBe(0);
    const one = await token(first);
    expect(await Promise.all(Array.from({ length: 20 }, () => codeOf(one)))).toEqual(Array(20).fill("taken"));
    expect(provider.asked).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it("are fetched again for a new one, but not for every forged one", async () => {
    expect(await codeOf(await token(first))).toBe("taken");
    provider.answer = { status: 200, body: await setOf(first, second) };
    expect(await codeOf(await token(second))).toBe("unauthorized");
    await clock.advance(30_000);
    expect(await codeOf(await token(second))).toBe("taken");
    expect(provider.asked).toBe(2);
    await clock.advance(30_000);
    for (let number = 0; number < 50; number += 1) {
      expect(await codeOf(await token(first, `forged ${number}`))).toBe("unauthorized");
    }
    expect(provider.asked).toBe(3);
    expect(await codeOf(await token(first, "2"))).toBe("unauthorized");
  });

  it("are good no longer once the provider has taken them back", async () => {
    expect(await codeOf(await token(first))).toBe("taken");
    provider.answer = { status: 200, body: await setOf(second) };
    await clock.advance(600_001);
    // Whoever comes now does not wait for the answer; whoever comes after it does hear of it.
    expect(await codeOf(await token(first))).toBe("taken");
    await until(
      5_000,
      () => "the new keys",
      async () => ((await codeOf(await token(first))) === "unauthorized" ? true : undefined),
    );
    expect(await codeOf(await token(second))).toBe("taken");
  });

  it("stay good for a day while the provider can't be reached, and come back with it", async () => {
    const one = await token(first);
    expect(await codeOf(one)).toBe("taken");
    provider.answer = { status: 500, body: "sorry" };
    for (let hour = 0; hour < 24; hour += 1) {
      expect(await codeOf(one)).toBe("taken");
      await clock.advance(3_600_000);
    }
    await clock.advance(1);
    expect(await codeOf(one)).toBe("unavailable");
    expect(failures.length).toBeGreaterThan(1);
    await clock.advance(2_000);
    provider.answer = { status: 200, body: await setOf(first) };
    expect(await codeOf(one)).toBe("taken");
  });

  it.each<readonly [string, NonNullable<JsonServer["answer"]>]>([
    ["an error", { status: 503, body: '{"keys":[]}' }],
    ["a page", { status: 200, body: "<html>" }],
    ["no keys", { status: 200, body: '{"keys":[]}' }],
    ["something else", { status: 200, body: '{"keys":"x"}' }],
    ["another address", { status: 302, body: "", headers: { location: "http://127.0.0.1:1/" } }],
    ["far too much", { status: 200, body: `{"keys":[],"x":"${"x".repeat(600_000)}"}` }],
  ])("are not to be had where the provider answers with %s; it is asked again later", async (_what, answer) => {
    const good = provider.answer;
    provider.answer = answer;
    const one = await token(first);
    expect(await codeOf(one)).toBe("unavailable");
    expect(failures).toHaveLength(1);
    provider.answer = good;
    expect(await codeOf(one)).toBe("unavailable");
    expect(provider.asked).toBe(1);
    await clock.advance(2_000);
    expect(await codeOf(one)).toBe("taken");
  });

  it("are not waited for longer than five seconds", async () => {
    provider.answer = undefined;
    const answer = codeOf(await token(first));
    await until(
      5_000,
      () => "the question",
      () => (provider.asked === 1 ? true : undefined),
    );
    await clock.advance(5_000);
    expect(await answer).toBe("unavailable");
    expect(String(failures[0])).toContain("no answer within 5000 ms");
  });
});
