/** The embedded directory, written by two processes at once: a server and the commands of its operator. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LmdbDirectory } from "../../../src/server/directory/lmdb.ts";
import { openLmdbDirectory } from "../../../src/server/directory/lmdb.ts";
import { accountOf } from "../../contract/directory-accounts.ts";
import { uuidOf } from "../../support/log-records.ts";
import { type Program, startProgram } from "../../support/programs.ts";
import { until } from "../../support/until.ts";

const CHILD = fileURLToPath(new URL("../../support/directory-child.mjs", import.meta.url));
const BUILT = fileURLToPath(new URL("../../../dist/server/directory/lmdb.js", import.meta.url));
const SECOND = 1000;
/** What another process may take, on a machine that is busy with others. */
const WITHIN_MS = 30 * SECOND;

let dir: string;
let directory: LmdbDirectory;
const children: Program[] = [];

async function startChild(name: string): Promise<Program> {
  const child = startProgram(process.execPath, [CHILD, dir, name], { cwd: tmpdir(), env: {} });
  children.push(child);
  await child.printed(/ready/, WITHIN_MS);
  return child;
}

/** Lets a child work, and resolves with the number that it says then. */
async function ask(child: Program, word: string, number: number): Promise<number> {
  child.write(`${word} ${number}\n`);
  return Number((await child.printed(new RegExp(`^${word}: (\\d+)$`, "m"), WITHIN_MS))[1]);
}

/** Works off numbers one after another, and resolves with how many succeeded. */
async function count(length: number, work: (number: number) => Promise<boolean>): Promise<number> {
  let succeeded = 0;
  for (let number = 0; number < length; number += 1) if (await work(number)) succeeded += 1;
  return succeeded;
}

describe("the embedded directory in two processes", { timeout: 2 * WITHIN_MS }, () => {
  beforeEach(async () => {
    if (!existsSync(BUILT)) throw new Error("dist/ is missing: npm run build");
    dir = join(await mkdtemp(join(tmpdir(), "verbatim-directory-")), "directory");
    directory = await openLmdbDirectory({ dir, readOnly: false });
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await child.end("SIGKILL");
    await directory.close();
    await rm(join(dir, ".."), { recursive: true });
  });

  it("each sees at once what the other wrote, and can tell that there was something", async () => {
    expect(await directory.writesElsewhere()).toBe(0);
    await directory.createAccount(accountOf(1, "alice"), 0);
    expect(await directory.writesElsewhere()).toBe(0);
    const child = await startChild("1");
    expect(await ask(child, "names", 3)).toBe(3);
    expect(await directory.accountByName("name 1 2")).toMatchObject({ name: "Name 1 2" });
    const written = await directory.writesElsewhere();
    expect(written).toBe(3);
    expect(await directory.createAccount(accountOf(2, "NAME 1 1"), 0)).toBe(false);
    await directory.changeAccount(uuidOf(1), { isAdmin: true }, 5);
    expect(await directory.writesElsewhere()).toBe(written);
    await directory.saveInvite("invite 0", 1000);
    expect(await ask(child, "invites", 2)).toBe(1);
    expect(await directory.takeInvite("invite 0", 0)).toBe(false);
    expect(await directory.writesElsewhere()).toBe(written + 1);
  });

  it("what another wrote is seen by one who looked a moment before, and has had no turn since", async () => {
    expect(await directory.accountByName("name 1 2")).toBeUndefined();
    const { stdout } = spawnSync(process.execPath, [CHILD, dir, "1"], { input: "names 3\n", encoding: "utf8" });
    expect(stdout).toContain("names: 3");
    expect(await directory.accountByName("name 1 2")).toMatchObject({ name: "Name 1 2" });
    expect(await directory.createAccount(accountOf(2, "NAME 1 1"), 0)).toBe(false);
  });

  it("a name goes to one of two who want it at once in two processes, and an invite lets one in", async () => {
    const length = 150;
    /** Lets both want the same names at once, and gives how many the one got that got fewer. */
    const meet = async (child: Program, round: number): Promise<number> => {
      // One begins with the first name and one with the last, so that whoever is faster, they meet.
      const [theirs, ours] = await Promise.all([
        ask(child, "names", length),
        count(length, (done) => {
          const number = length - 1 - done;
          return directory.createAccount(accountOf(round * length + number, `NAME ${round} ${number}`), 0);
        }),
      ]);
      expect(theirs + ours).toBe(length);
      const accounts = await directory.accounts(`name ${round} `, undefined, 10 * length);
      expect(accounts).toHaveLength(length);
      expect(accounts.filter(({ name }) => name.startsWith("NAME"))).toHaveLength(ours);
      return Math.min(theirs, ours);
    };
    let round = 1;
    let child = await startChild(String(round));
    // Where the machine let one run alone until it had all names, they did not meet, which proves nothing.
    while ((await meet(child, round)) === 0) {
      round += 1;
      child = await startChild(String(round));
    }

    await Promise.all(Array.from({ length }, (_, number) => directory.saveInvite(`invite ${number}`, 1000)));
    const [taken, tookHere] = await Promise.all([
      ask(child, "invites", length),
      count(length, (number) => directory.takeInvite(`invite ${number}`, 0)),
    ]);
    expect(taken + tookHere).toBe(length);
  });

  it("nothing is lost where both write large commits and the file grows under them", async () => {
    const first = await startChild("1");
    const second = await startChild("2");
    const each = 3000;
    const own = Array.from({ length: each }, (_, number) =>
      directory.createAccount(accountOf(0x10_000 + number, `0 in a crowd ${number}`), 0),
    );
    const [one, two, made] = await Promise.all([
      ask(first, "crowd", each),
      ask(second, "crowd", each),
      Promise.all(own),
    ]);
    expect([one, two, made.filter(Boolean).length]).toEqual([each, each, each]);
    for (const name of ["0", "1", "2"]) {
      expect(await directory.accounts(`${name} in a crowd`, undefined, 10 * each)).toHaveLength(each);
    }
  });

  it("a process that writes without a pause keeps no other from writing, and one that is killed leaves nothing locked", async () => {
    for (const name of ["1", "2", "3"]) {
      const child = await startChild(name);
      child.write("forever\n");
      await child.printed(/begun/, WITHIN_MS);
      await until(
        WITHIN_MS,
        // Its first has the seq 0, and it may be killed before it gets through with another.
        () => "its second write",
        async () => ((await directory.markers(name)).get("room")?.seq ?? 0) > 0 || undefined,
      );
      for (let number = 0; number < 20; number += 1) await directory.saveInvite(`${name} ${number}`, 1000);
      await child.end("SIGKILL");
      // The first write also finds a commit that was cut in the middle of being told to readers.
      expect(await directory.takeInvite(`${name} 19`, 0)).toBe(true);
      const seq = (await directory.markers(name)).get("room")?.seq ?? 0;
      expect(seq).toBeGreaterThan(0);
      await directory.moveMarkers([{ user: name, room: "room", seq: seq + 1, n: 0 }]);
      expect((await directory.markers(name)).get("room")).toEqual({ seq: seq + 1, n: 0 });
    }
  });
});
