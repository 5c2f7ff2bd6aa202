/**
 * What `npm pack` makes is the whole product: installed into an empty folder, with nothing of the checkout around, it
 * serves with `npx verbatim serve` and keeps what it acknowledged over a `kill -9`.
 */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanCheckout, tempFolder } from "../support/clean-checkout.ts";
import { connectLineClient } from "../support/line-client.ts";
import type { Program } from "../support/programs.ts";
import { runProgram, startProgram } from "../support/programs.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";

const PACK_WITHIN_MS = 60_000;
const INSTALL_WITHIN_MS = 120_000;
const START_WITHIN_MS = 30_000;

/** `npx verbatim serve`, without flags that a person would not give, on free ports. */
const SERVE = ["verbatim", "serve", "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"];

describe("the package", () => {
  const checkout = cleanCheckout("pack");
  const home = tempFolder("installed");
  const running: Program[] = [];
  let files: readonly string[] = [];

  beforeAll(async () => {
    // The tools that build it; the package itself brings nothing of them.
    symlinkSync(join(PROJECT_ROOT, "node_modules"), join(checkout.path, "node_modules"));
    const packing = { cwd: checkout.path, env: {}, withinMs: PACK_WITHIN_MS };
    await runProgram("npm", ["pack"], packing);
    const [tarball = ""] = readdirSync(checkout.path).filter((name) => name.endsWith(".tgz"));
    const listing = await runProgram("tar", ["-tzf", tarball], packing);
    files = listing
      .trimEnd()
      .split("\n")
      .map((path) => path.replace(/^package\//, ""));

    mkdirSync(home.path, { recursive: true });
    writeFileSync(join(home.path, "package.json"), '{ "name": "home", "version": "1.0.0", "private": true }\n');
    const installing = { cwd: home.path, env: {}, withinMs: INSTALL_WITHIN_MS };
    await runProgram("npm", ["install", "--no-audit", "--no-fund", join(checkout.path, tarball)], installing);
  }, PACK_WITHIN_MS + INSTALL_WITHIN_MS);

  afterAll(async () => {
    await Promise.allSettled(running.map((program) => program.end("SIGKILL")));
    checkout.remove();
    home.remove();
  });

  /** Serves from the installed package; resolves with the port. */
  async function serve(): Promise<{ readonly program: Program; readonly port: number }> {
    const program = startProgram("npx", SERVE, { cwd: home.path, env: {} });
    running.push(program);
    const listening = await program.printed(/"tcp":"127\.0\.0\.1:(\d+)"/, START_WITHIN_MS);
    return { program, port: Number(listening[1]) };
  }

  it("holds the program, its rooms and its papers, and nothing else", () => {
    expect(files).toEqual(expect.arrayContaining(["package.json", "dist/bin.js", "resources/rooms.json"]));
    expect(files).toEqual(expect.arrayContaining(["README.md", "SPEC.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"]));
    const strangers = files.filter(
      (path) => !/^(dist|resources|docs)\/|^[A-Z]+\.md$|^LICENSE$|^package\.json$/.test(path),
    );
    expect(strangers).toEqual([]);
  });

  it("exports the golden exchanges of the wire, for whoever writes a client", async () => {
    const script = 'import("verbatim-chat/golden").then((golden) => console.log(golden.GOLDEN_EXCHANGES.length))';
    const printed = await runProgram("node", ["--eval", script], {
      cwd: home.path,
      env: {},
      withinMs: START_WITHIN_MS,
    });
    expect(Number(printed)).toBeGreaterThan(5);
  });

  it("serves from an empty folder, and LOG-1 holds there as well", async () => {
    const first = await serve();
    const before = await connectLineClient(first.port);
    before.send({ _ct: "join_room", r: "general" });
    before.send({ _ct: "send_message", r: "general", c: "kept", k: "only-once" });
    const { i, q } = await before.heard({ _et: "ack", k: "only-once" });
    expect(q).toBe(1);
    await first.program.end("SIGKILL");
    before.close();

    const second = await serve();
    const after = await connectLineClient(second.port);
    after.send({ _ct: "hello", v: 1 });
    after.send({ _ct: "join_room", r: "general", after: 0 });
    expect(await after.heard({ _et: "user_message" })).toMatchObject({ c: "kept", i, q: 1 });
    await after.heard({ _et: "caught_up", q: 1 });
    after.close();
    await second.program.end("SIGTERM");
    expect(second.program.output()).toContain('"msg":"stopped"');
  });
});
