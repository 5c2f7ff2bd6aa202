/** Reading the environment and the file: what is taken, what is left, what is refused. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readSources } from "../../../src/server/config/env.ts";
import { readRoomsFile } from "../../../src/server/rooms-file.ts";

describe("reading the sources", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "verbatim-env-"));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  it("takes our variables, and leaves empty ones and those of others", () => {
    vi.stubEnv("VERBATIM_TCP", "127.0.0.1:1");
    vi.stubEnv("VERBATIM_HTTP", "");
    vi.stubEnv("VERBATIMLY", "x");
    const { env, file, folder: here } = readSources(new Map(), undefined);
    expect(env.get("VERBATIM_TCP")).toBe("127.0.0.1:1");
    expect(env.has("VERBATIM_HTTP")).toBe(false);
    expect(env.has("VERBATIMLY")).toBe(false);
    expect(file).toBeUndefined();
    expect(here).toBe(process.cwd());
  });

  it("reads the file that the flag names, else the one of the environment", async () => {
    const [byFlag, byEnv] = [join(folder, "flag.yaml"), join(folder, "env.yaml")];
    await writeFile(byFlag, "flag: 1");
    await writeFile(byEnv, "env: 1");
    vi.stubEnv("VERBATIM_CONFIG", byEnv);
    expect(readSources(new Map(), byFlag).file).toEqual({ path: byFlag, text: "flag: 1" });
    const { file, env } = readSources(new Map(), undefined);
    expect(file).toEqual({ path: byEnv, text: "env: 1" });
    expect(env.has("VERBATIM_CONFIG")).toBe(false);
  });

  it("names the source of a file that can't be read", () => {
    const none = join(folder, "none.yaml");
    expect(() => readSources(new Map(), none)).toThrow(
      `--config: the configuration file ${none} can't be read (there is no such file)`,
    );
    vi.stubEnv("VERBATIM_CONFIG", folder);
    expect(() => readSources(new Map(), undefined)).toThrow(
      `VERBATIM_CONFIG: the configuration file ${folder} can't be read (it is a folder)`,
    );
  });

  it("knows the rooms file that comes with the package", async () => {
    const rooms = await readRoomsFile(readSources(new Map(), undefined).shippedRooms);
    expect(rooms).toHaveLength(24);
    expect(rooms.map(({ name }) => name)).toEqual(expect.arrayContaining(["general", "rust"]));
  });
});
