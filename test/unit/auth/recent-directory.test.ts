/** Tests of what the directory said a moment ago: never old for long, and still there where the directory is not. */
import { describe, expect, it } from "vitest";
import { RecentDirectory } from "../../../src/server/auth/recent-directory.ts";
import type { Account, ApiToken, SignIn } from "../../../src/server/directory/directory.ts";
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
const SIGN_IN: SignIn = { user: ANN.id, createdAt: 0, expiresAt: 10_000_000 };
const TOKEN: ApiToken = { id: uuidOf(9), user: ANN.id, label: "bot", createdAt: 0, expiresAt: undefined };

/** A directory that counts the questions, and fails or waits as the test wants. */
class CountingDirectory extends MemoryDirectory {
  asked = 0;
  fault: Error | undefined;
  held: Promise<void> | undefined;

  override async account(id: string) {
    return await this.#answer(() => super.account(id));
  }
  override async signIn(hash: string, now: number) {
    return await this.#answer(() => super.signIn(hash, now));
  }
  override async token(hash: string, now: number) {
    return await this.#answer(() => super.token(hash, now));
  }
  async #answer<T>(answer: () => Promise<T>): Promise<T> {
    this.asked += 1;
    if (this.fault !== undefined) throw this.fault;
    const value = await answer();
    await this.held;
    return value;
  }
}

function world() {
  const clock = new FakeClock(0);
  const directory = new CountingDirectory();
  return { clock, directory, recent: new RecentDirectory(directory, clock) };
}

/** The three things that are asked for, each put into a directory and then asked for. */
const KINDS = [
  {
    what: "an account",
    put: async (directory: MemoryDirectory) => void (await directory.createAccount(ANN, 0)),
    get: (recent: RecentDirectory) => recent.account(ANN.id),
    value: ANN,
  },
  {
    what: "a sign-in",
    put: (directory: MemoryDirectory) => directory.saveSignIn("hash", SIGN_IN),
    get: (recent: RecentDirectory) => recent.signIn("hash"),
    value: SIGN_IN,
  },
  {
    what: "a token",
    put: (directory: MemoryDirectory) => directory.saveToken("hash", TOKEN),
    get: (recent: RecentDirectory) => recent.token("hash"),
    value: TOKEN,
  },
] as const;

describe.each(KINDS)("$what that was asked for a moment ago", ({ put, get, value }) => {
  it("is asked for once a second at the most, and once by all who ask at a time", async () => {
    const { clock, directory, recent } = world();
    await put(directory);
    const order: number[] = [];
    const all = await Promise.all(
      Array.from({ length: 5 }, async (_, index) => {
        const got = await get(recent);
        order.push(index);
        return got;
      }),
    );
    expect(all).toEqual(Array.from({ length: 5 }, () => value));
    // What one connection asks for, one behind the other, goes on in that order.
    expect(order).toEqual([0, 1, 2, 3, 4]);
    await clock.advance(999);
    expect(await get(recent)).toEqual(value);
    expect(directory.asked).toBe(1);
    await clock.advance(1);
    expect(await get(recent)).toEqual(value);
    expect(directory.asked).toBe(2);
  });

  it("is not remembered where it was not there: another node may make it the moment after", async () => {
    const { directory, recent } = world();
    expect(await get(recent)).toBeUndefined();
    await put(directory);
    expect(await get(recent)).toEqual(value);
  });

  it("is known for a minute where the directory is down, no longer, and not where it was not known before", async () => {
    const { clock, directory, recent } = world();
    await put(directory);
    await get(recent);
    directory.fault = new Error("down");
    await clock.advance(30_000);
    expect(await get(recent)).toEqual(value);
    await expect(get(new RecentDirectory(directory, clock))).rejects.toThrow("down");
    await clock.advance(31_000);
    await expect(get(recent)).rejects.toThrow("down");
    directory.fault = undefined;
    expect(await get(recent)).toEqual(value);
  });

  it("is forgotten where its user changed, also where the directory is down, and nobody else's is", async () => {
    const { directory, recent } = world();
    await put(directory);
    await get(recent);
    recent.forget(uuidOf(2));
    directory.fault = new Error("down");
    expect(await get(recent)).toEqual(value);
    recent.forget(ANN.id);
    await expect(get(recent)).rejects.toThrow("down");
  });

  it("is asked for anew where its user changed while it was being asked for", async () => {
    const { directory, recent } = world();
    await put(directory);
    let letGo: (() => void) | undefined;
    directory.held = new Promise((resolve) => {
      letGo = resolve;
    });
    const early = get(recent);
    recent.forget(ANN.id);
    const late = get(recent);
    expect(directory.asked).toBe(2);
    letGo?.();
    expect(await Promise.all([early, late])).toEqual([value, value]);
  });

  it("keeps its place while ten thousand others are asked for that are not there", async () => {
    const { directory, recent } = world();
    await put(directory);
    await get(recent);
    for (let number = 0; number < 10_001; number += 1) {
      await Promise.all([
        recent.account(uuidOf(100 + number)),
        recent.signIn(`x${number}`),
        recent.token(`x${number}`),
      ]);
    }
    const { asked } = directory;
    await get(recent);
    expect(directory.asked).toBe(asked);
  });
});

describe("what has an end", () => {
  it("ends with its time, though it was asked for a moment ago", async () => {
    const { clock, directory, recent } = world();
    await directory.saveSignIn("hash", { ...SIGN_IN, expiresAt: clock.now() + 500 });
    await directory.saveToken("hash", { ...TOKEN, expiresAt: clock.now() + 500 });
    expect([await recent.signIn("hash"), await recent.token("hash")]).not.toContain(undefined);
    await clock.advance(500);
    expect([await recent.signIn("hash"), await recent.token("hash")]).toEqual([undefined, undefined]);
  });

  it("and what changed elsewhere, is seen a second later", async () => {
    const { clock, directory, recent } = world();
    await directory.createAccount(ANN, 0);
    await directory.saveSignIn("hash", SIGN_IN);
    await Promise.all([recent.account(ANN.id), recent.signIn("hash")]);
    await directory.changeAccount(ANN.id, { isDisabled: true }, 1);
    await directory.removeSignIn("hash");
    await clock.advance(1000);
    expect((await recent.account(ANN.id))?.isDisabled).toBe(true);
    expect(await recent.signIn("hash")).toBeUndefined();
  });
});
