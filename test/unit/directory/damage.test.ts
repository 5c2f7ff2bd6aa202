/** The embedded directory with values that were changed behind its back, and in folders of other versions. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { open as openLmdb } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLmdbDirectory } from "../../../src/server/directory/lmdb.ts";
import { DirectoryDamaged } from "../../../src/server/directory/lmdb-values.ts";
import { SEAL_BYTES, seal } from "../../../src/server/lmdb/sealed-value.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { accountOf } from "../../contract/directory-accounts.ts";
import { uuidOf } from "../../support/log-records.ts";

const RELEASED = fileURLToPath(new URL("../../fixtures/data-v1/folder/directory", import.meta.url));
const ALICE = uuidOf(1);
const ROOM = uuidOf(8);

let parent: string;
let dir: string;
const open = (readOnly = false) => openLmdbDirectory({ dir, readOnly });

async function withDatabase<T>(
  body: (database: ReturnType<typeof openLmdb<Buffer, Buffer>>) => Promise<T>,
): Promise<T> {
  const options = { path: dir, overlappingSync: false, encoding: "binary", keyEncoding: "binary" } as const;
  const database = openLmdb<Buffer, Buffer>(options);
  try {
    return await body(database);
  } finally {
    await database.close();
  }
}

/** Flips one bit in the last byte of what stands at each key that begins so, and returns how many those were. */
async function damage(start: string): Promise<number> {
  return await withDatabase(async (database) => {
    const found = [...database.getRange({ start: Buffer.from(start), end: Buffer.from(`${start}\xff`, "latin1") })];
    for (const { key, value } of found) {
      const changed = Buffer.from(value);
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 4;
      await database.put(key, changed);
    }
    return found.length;
  });
}

const keys = (): Promise<string[]> =>
  withDatabase(async (database) => [...database.getKeys({})].map((key) => key.toString("latin1")));

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "verbatim-directory-"));
  dir = join(parent, "directory");
});
afterEach(() => rm(parent, { recursive: true }));

describe("a damaged embedded directory", () => {
  beforeEach(async () => {
    const directory = await open();
    await directory.createAccount(accountOf(1, "alice"), 0);
    await directory.createAccount(accountOf(2, "bob"), 0);
    await directory.saveGuest("session", { id: uuidOf(3), name: "aB-_9", expiresAt: 1000 }, 0);
    for (const hash of ["one", "two"]) {
      await directory.saveSignIn(hash, { user: ALICE, createdAt: 0, expiresAt: 1000 });
      const id = uuidOf(hash.length + hash.charCodeAt(0));
      await directory.saveToken(hash, { id, user: ALICE, label: hash, createdAt: 0, expiresAt: 1000 });
      await directory.saveInvite(hash, 1000);
      await directory.saveBan({ room: ROOM, type: "address", subject: hash, until: 1000, by: ALICE });
    }
    await directory.moveMarkers([{ user: ALICE, room: ROOM, seq: 5, n: 4 }]);
    await directory.close();
  });

  it("LOG-6 says what can't be read, and gives what stands beside it", async () => {
    for (const start of [`a${ALICE}`, "gsession", "sone", "tone", "ione", `b${ROOM}\0address\0one`, `m${ALICE}`]) {
      expect(await damage(start), start).toBe(1);
    }
    const directory = await open();
    const refused: readonly [string, () => Promise<unknown>][] = [
      ["an account", () => directory.account(ALICE)],
      ["an account", () => directory.accountByName("Alice")],
      ["an account", () => directory.accounts("", undefined, 10)],
      ["an account", () => directory.changeAccount(ALICE, { isAdmin: true }, 0)],
      ["a guest", () => directory.findGuest("session", 0)],
      ["a sign-in", () => directory.signIn("one", 0)],
      ["a token", () => directory.token("one", 0)],
      ["a token", () => directory.tokens(ALICE)],
      ["an invite", () => directory.takeInvite("one", 0)],
      ["a ban", () => directory.bans(0)],
      ["a read marker", () => directory.markers(ALICE)],
    ];
    for (const [what, ask] of refused) {
      const error = await ask().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error, what).toBeInstanceOf(DirectoryDamaged);
      expect((error as Error).message).toBe(`${what} in the directory fails its checksum`);
    }
    // The name stays taken, though nobody can say whose it is.
    expect(await directory.createAccount(accountOf(9, "ALICE"), 0)).toBe(false);
    expect(await directory.isNameTaken("alice", 0)).toBe(true);
    expect(await directory.accounts("b", undefined, 10)).toEqual([accountOf(2, "bob")]);
    expect(await directory.signIn("two", 0)).toBeDefined();
    expect(await directory.token("two", 0)).toBeDefined();
    expect(await directory.takeInvite("two", 0)).toBe(true);
    await directory.close();
  });

  it("LOG-6 a look through all of it names what can't be read, once each, and what no longer agrees", async () => {
    const whole = await open(true);
    const { accounts, values, findings } = await whole.check();
    await whole.close();
    expect([accounts, findings]).toEqual([2, []]);
    const withoutGenerations = (await keys()).filter((key) => !key.startsWith("ÿ"));
    expect(values).toBe(withoutGenerations.length);

    for (const start of [`a${ALICE}`, "sone", `m${ALICE}`]) expect(await damage(start), start).toBe(1);
    await withDatabase(async (database) => {
      const token = withoutGenerations.find((key) => key.startsWith("T")) ?? "";
      for (const key of ["ubob", "kab-_9", token, `S${ALICE}\0two`]) {
        expect(await database.remove(Buffer.from(key)), key).toBe(true);
      }
    });
    const directory = await open(true);
    const found = await directory.check();
    await directory.close();
    expect(found.accounts).toBe(1);
    expect(found.findings).toEqual([
      `an account in the directory fails its checksum, at "a${ALICE}"`,
      `the account "bob" (${uuidOf(2)}) is not found by its name`,
      `a read marker in the directory fails its checksum, at "m${ALICE} ${ROOM}"`,
      'the guest\'s name "aB-_9" could be given to an account as well',
      'a sign-in in the directory fails its checksum, at "sone"',
      `a sign-in of user ${ALICE} would stay when all of that user's are ended`,
      expect.stringMatching(`^the token [0-9a-f-]{36} of user ${ALICE} can't be revoked$`) as string,
    ]);

    // A name that leads to somebody else leads to nobody who is meant.
    await withDatabase((database) => database.remove(Buffer.from(`a${ALICE}`)));
    const again = await open(true);
    expect((await again.check()).findings).toContain(`the name "alice" leads to no account (${ALICE})`);
    await again.close();
  });

  it("lets what is damaged be ended, replaced and forgotten", async () => {
    for (const start of ["sone", "tone", "ione", `b${ROOM}\0address\0one`, `m${ALICE}`]) await damage(start);
    const directory = await open();
    await directory.moveMarkers([{ user: ALICE, room: ROOM, seq: 3, n: 3 }]);
    expect(await directory.markers(ALICE)).toEqual(new Map([[ROOM, { seq: 3, n: 3 }]]));
    await directory.saveBan({ room: ROOM, type: "address", subject: "one", until: 3000, by: ALICE });
    expect((await directory.bans(1000)).map(({ subject }) => subject)).toEqual(["one"]);
    await directory.removeCredentials(ALICE);
    expect(await directory.tokens(ALICE)).toEqual([]);
    expect(await directory.signIn("one", 0)).toBeUndefined();
    // The guest, the other invite and ban, and the invite that can't be read.
    expect(await directory.removeExpired(1000)).toBe(4);
    expect(await directory.takeInvite("one", 0)).toBe(false);
    expect((await directory.bans(0)).map(({ subject }) => subject)).toEqual(["one"]);
    await directory.close();
  });

  it("leaves nothing behind of what has ended", async () => {
    const directory = await open();
    await directory.removeCredentials(ALICE);
    await directory.removeExpired(1000);
    await directory.close();
    const tables = new Set((await keys()).map((key) => key[0]));
    expect([...tables].toSorted()).toEqual(["a", "d", "m", "u", "ÿ"]);
    expect((await keys()).filter((key) => key.startsWith("ÿ"))).toHaveLength(2);
  });

  it("refuses a key that is too long before anything of it is written", async () => {
    const directory = await open();
    const moves = [
      { user: ALICE, room: ROOM, seq: 6, n: 5 },
      { user: ALICE, room: "x".repeat(2000), seq: 1, n: 1 },
    ];
    await expect(directory.moveMarkers(moves)).rejects.toThrow(/1024 at the most/);
    expect((await directory.markers(ALICE)).get(ROOM)).toEqual({ seq: 5, n: 4 });
    await directory.close();
  });
});

describe("a directory of another version", () => {
  it("LOG-6 from before there were accounts: a name that a guest in it has is no account's, in any case", async () => {
    await cp(RELEASED, dir, { recursive: true });
    const names = (await keys()).filter((key) => key.startsWith("n")).map((key) => key.slice(1));
    expect(names.length).toBeGreaterThan(0);
    const reader = await open(true);
    expect((await reader.check()).findings).toEqual([]);
    for (const name of names) expect(await reader.isNameTaken(name, 0)).toBe(true);
    await reader.close();
    const directory = await open();
    for (const [index, name] of names.entries()) {
      for (const spelt of [name, name.toUpperCase(), name.toLowerCase()]) {
        expect(await directory.createAccount(accountOf(index, spelt), 0)).toBe(false);
      }
    }
    await directory.removeExpired(1e15);
    for (const [index, name] of names.entries()) {
      expect(await directory.createAccount(accountOf(index, name.toUpperCase()), 0)).toBe(true);
    }
    await directory.close();
  });

  it("LOG-6 that is newer: refuses, and says what to do", async () => {
    await (await open()).close();
    await withDatabase(async (database) => {
      const layout = seal(Buffer.concat([Buffer.alloc(SEAL_BYTES), Buffer.from("3")]));
      await database.put(Buffer.from("d"), layout);
    });
    for (const readOnly of [false, true]) {
      const error = await open(readOnly).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(StartError);
      expect((error as Error).message).toMatch(/directory has layout 3, .*use the version that wrote it$/);
    }
  });
});
