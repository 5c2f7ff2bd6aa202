/** The data folder: its making, its format, its lock, and the one line that refuses it. */
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDataFolder, readDataFolder } from "../../../src/server/data-folder/data-folder.ts";
import type { DataFormat, Migration } from "../../../src/server/data-folder/data-format.ts";
import { DATA_FORMAT, MIGRATIONS } from "../../../src/server/data-folder/data-format.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { startProgram } from "../../support/programs.ts";

const FORMAT: DataFormat = { format: 1, partitions: 1, hash: "murmur2", keyWindow: 131_072, foldVersion: 1 };
const CHILD = fileURLToPath(new URL("../../support/data-folder-child.mjs", import.meta.url));
const BUILT = fileURLToPath(new URL("../../../dist/server/data-folder/data-folder.js", import.meta.url));

let parent: string;
let dir: string;

/** The one line that a start is refused with. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  const { message } = error as StartError;
  expect(message).not.toContain("\n");
  return message;
}

const onDisk = async (): Promise<unknown> => JSON.parse(await readFile(join(dir, "format.json"), "utf8"));

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "verbatim-folder-"));
  dir = join(parent, "data");
});
afterEach(() => rm(parent, { recursive: true }));

describe("a data folder", () => {
  it("is made when absent, for its owner alone, with its format", async () => {
    dir = join(parent, "some", "where", "data");
    const folder = await openDataFolder(dir, FORMAT);
    expect(folder).toMatchObject({
      dir,
      log: join(dir, "log"),
      store: join(dir, "store"),
      directory: join(dir, "directory"),
      format: FORMAT,
    });
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect(await onDisk()).toEqual(FORMAT);
    expect((await readdir(dir)).toSorted()).toEqual(["format.json", "lock"]);
    folder.close();
  });

  it("is found as it was left, its format untouched", async () => {
    (await openDataFolder(dir, FORMAT)).close();
    const before = await stat(join(dir, "format.json"));
    const folder = await openDataFolder(dir, FORMAT);
    expect(folder.format).toEqual(FORMAT);
    expect((await stat(join(dir, "format.json"))).mtimeMs).toBe(before.mtimeMs);
    folder.close();
  });

  it("is written by this program in the newest format that it knows", () => {
    expect(DATA_FORMAT).toBe(FORMAT.format);
    expect(MIGRATIONS.map(({ to }) => to)).toEqual(Array.from({ length: DATA_FORMAT - 1 }, (_, index) => index + 2));
  });

  it("PROJ-5 is refused where partitions, hash, key window or fold version differ, and says which", async () => {
    (await openDataFolder(dir, FORMAT)).close();
    for (const [field, value] of [
      ["partitions", 12],
      ["hash", "other"],
      ["keyWindow", 8],
      ["foldVersion", 2],
    ] as const) {
      const line = await refusal(openDataFolder(dir, { ...FORMAT, [field]: value }));
      expect(line).toContain(`${field} ${FORMAT[field]}`);
      expect(line).toContain(`${value}`);
      expect(line).toContain(dir);
    }
    expect(await onDisk()).toEqual(FORMAT);
    (await openDataFolder(dir, FORMAT)).close();
  });

  it("LOG-6 is refused where its format is newer", async () => {
    await mkdir(dir);
    await writeFile(join(dir, "format.json"), JSON.stringify({ ...FORMAT, format: 2, more: "unknown" }));
    expect(await refusal(openDataFolder(dir, FORMAT))).toMatch(/has format 2, .* up to format 1: .*newer version/);
  });

  it("LOG-6 is migrated step by step where its format is older, each step written down before the next", async () => {
    (await openDataFolder(dir, FORMAT)).close();
    const steps: unknown[] = [];
    const migration = (to: number, change: Partial<DataFormat>, fails = false): Migration => ({
      to,
      what: `makes ${to}`,
      run: async (path, before) => {
        steps.push([to, before.format, path]);
        if (fails) throw new Error("the power is gone");
        return { ...before, ...change };
      },
    });
    const wanted = { ...FORMAT, format: 3, keyWindow: 5 };
    const second = migration(2, {});
    expect(await refusal(openDataFolder(dir, wanted, [migration(3, {}, true), second]))).toContain("the power is gone");
    expect(await onDisk()).toEqual({ ...FORMAT, format: 2 });
    const folder = await openDataFolder(dir, wanted, [second, migration(3, { keyWindow: 5 })]);
    expect(folder.format).toEqual(wanted);
    folder.close();
    expect(await onDisk()).toEqual(wanted);
    expect(steps).toEqual([
      [2, 1, dir],
      [3, 2, dir],
      [3, 2, dir],
    ]);
  });

  it("LOG-6 is refused where a migration is missing", async () => {
    (await openDataFolder(dir, FORMAT)).close();
    const line = await refusal(openDataFolder(dir, { ...FORMAT, format: 2 }, []));
    expect(line).toMatch(/has format 1, .* format 2/);
    expect(await onDisk()).toEqual(FORMAT);
  });

  it("STOP-1 is refused where format.json makes no sense", async () => {
    await mkdir(dir);
    const wrong = ["", "{", "null", "[]", "{}", JSON.stringify({ ...FORMAT, partitions: "1" }), '{"format":-1}'];
    for (const text of [...wrong, JSON.stringify({ ...FORMAT, keyWindow: 0.5 })]) {
      await writeFile(join(dir, "format.json"), text);
      expect(await refusal(openDataFolder(dir, FORMAT))).toMatch(/format\.json is damaged: .*backup/);
    }
  });

  it("STOP-1 is refused where there is a log without a format", async () => {
    await mkdir(join(dir, "log"), { recursive: true });
    expect(await refusal(openDataFolder(dir, FORMAT))).toMatch(/has log but no format\.json/);
    expect(existsSync(join(dir, "format.json"))).toBe(false);
  });

  it("STOP-1 is refused, with what to do, where it is no folder or its parent is none", async () => {
    await writeFile(dir, "a file");
    expect(await refusal(openDataFolder(dir, FORMAT))).toMatch(/is not a folder: choose another .*--data/);
    expect(await refusal(openDataFolder(join(dir, "below"), FORMAT))).toMatch(/is not a folder/);
  });

  it("STOP-1 is refused, with what to do, where it can't be written or read", async () => {
    await mkdir(join(dir, "lock"), { recursive: true });
    expect(await refusal(openDataFolder(dir, FORMAT))).toContain(dir);
    await rm(join(dir, "lock"), { recursive: true });
    await mkdir(join(dir, "format.json"));
    expect(await refusal(openDataFolder(dir, FORMAT))).toContain(dir);
    await rm(join(dir, "format.json"), { recursive: true });
    // /proc takes no folders, not even root's.
    if (process.platform === "linux") {
      expect(await refusal(openDataFolder("/proc/verbatim", FORMAT))).toMatch(/\/proc\/verbatim .*--data/);
    }
    if (process.getuid?.() !== 0) {
      await chmod(dir, 0o500);
      expect(await refusal(openDataFolder(dir, FORMAT))).toMatch(/give this user access/);
      await chmod(dir, 0o700);
    }
    // None of these refusals holds it.
    (await openDataFolder(dir, FORMAT)).close();
  });

  it("a refusal leaves it free", async () => {
    (await openDataFolder(dir, FORMAT)).close();
    await refusal(openDataFolder(dir, { ...FORMAT, partitions: 2 }));
    (await openDataFolder(dir, FORMAT)).close();
  });

  it("STOP-1 is read beside whoever has it open, and not made by it", async () => {
    expect(await refusal(readDataFolder(dir))).toMatch(/does not exist/);
    expect(existsSync(dir)).toBe(false);
    await mkdir(dir);
    expect(await refusal(readDataFolder(dir))).toMatch(/is no data folder/);
    const folder = await openDataFolder(dir, FORMAT);
    const { close, ...paths } = folder;
    expect(await readDataFolder(dir)).toEqual(paths);
    close();
  });
});

describe("the lock of a data folder", () => {
  beforeEach(() => {
    if (!existsSync(BUILT)) throw new Error("dist/ is missing: npm run build");
  });
  const child = () => startProgram(process.execPath, [CHILD, dir, JSON.stringify(FORMAT)], { cwd: tmpdir(), env: {} });

  it("STOP-1 refuses a second opening in the same process, and says which process has it", async () => {
    const folder = await openDataFolder(dir, FORMAT);
    const line = await refusal(openDataFolder(dir, FORMAT));
    expect(line).toContain(`${dir} is in use`);
    expect(line).toContain(`process ${process.pid}`);
    folder.close();
    (await openDataFolder(dir, FORMAT)).close();
  });

  it("STOP-1 refuses a second process", async () => {
    const folder = await openDataFolder(dir, FORMAT);
    const second = child();
    const [line] = await second.printed(/^.+$/m, 10_000);
    expect(line).toContain(
      `StartError: data folder ${dir} is in use by another Verbatim server (process ${process.pid})`,
    );
    expect(await second.ended).toEqual({ code: 0, signal: null });
    folder.close();
    const third = child();
    await third.printed(/^opened/m, 10_000);
    await third.end("SIGKILL");
  });

  it("STOP-1 dies with its process: after kill -9 the folder opens at once", async () => {
    for (let round = 0; round < 3; round++) {
      const holder = child();
      const [, pid] = await holder.printed(/^opened (\d+)/m, 10_000);
      expect(await refusal(openDataFolder(dir, FORMAT))).toContain(`process ${pid}`);
      await holder.end("SIGKILL");
      (await openDataFolder(dir, FORMAT)).close();
    }
  });
});
