/**
 * `verbatim user`, `verbatim token` and `verbatim invite` as an operator runs them: before the server has ever started,
 * beside it, and with everything that can be typed wrong. Sessions over TCP are at the other node where there are two.
 * Needs `dist/`.
 */
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accountOf } from "../contract/directory-accounts.ts";
import type { JourneyPlace, JourneyServers } from "../support/journey-place.ts";
import { type LineClient, openLineClient } from "../support/line-client.ts";
import { isInstalled, type Program, startProgram } from "../support/programs.ts";
import { type FinishedRun, spawnVerbatim } from "../support/spawned-server.ts";

const BIN = fileURLToPath(new URL("../../dist/bin.js", import.meta.url));
const SECRET = /^[A-Za-z0-9_-]{43}\n$/;
const PASSWORD = "correct horse battery";
const SECOND = 1000;

/** The journey. */
export function people(place: JourneyPlace): void {
  let folder = "";
  let dataDir = "";
  const servers: JourneyServers[] = [];
  const clients: LineClient[] = [];
  const programs: Program[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "verbatim-people-"));
    dataDir = join(folder, "data");
    await place.prepare(dataDir);
  }, place.timeoutMs(1));

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    for (const program of programs.splice(0)) await program.end("SIGKILL");
    for (const server of servers.splice(0)) await server.kill("SIGKILL");
    await place.remove();
    await rm(folder, { recursive: true, force: true });
  }, place.timeoutMs(1));

  /** Runs a command on the data folder to its end, with `input` on its standard input. */
  async function run(args: readonly string[], input: string | Buffer = "", env = {}): Promise<FinishedRun> {
    const { child, exited, stdout, stderr } = spawnVerbatim(args, { ...place.env(dataDir), ...env }, "pipe");
    // One that has ended without reading it.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
    return { ...(await exited), stdout: stdout(), stderr: stderr() };
  }

  /** The same, where nothing may go wrong: what it printed. */
  async function done(args: readonly string[], input = ""): Promise<string> {
    const { code, stdout, stderr } = await run(args, input);
    expect([args.join(" "), code, stderr.replace(/^(made the data folder|token|lets one|to send).*\n/gm, "")]).toEqual([
      args.join(" "),
      0,
      "",
    ]);
    return stdout;
  }

  const addUser = (name: string, ...flags: string[]): Promise<string> =>
    done(["user", "add", name, "--password-stdin", ...flags], `${PASSWORD}\n`);

  async function list(): Promise<Record<string, unknown>[]> {
    const lines = (await done(["user", "list", "--json"])).split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async function start(...args: string[]): Promise<JourneyServers> {
    const server = await place.start(dataDir, ["--auth", "password", ...args]);
    servers.push(server);
    return server;
  }

  /** Signs in over TCP and resolves with the client and the name that it is greeted by. */
  async function hello({ other }: JourneyServers, token: string): Promise<{ client: LineClient; answer: unknown }> {
    const client = openLineClient(other.tcpPort);
    clients.push(client);
    client.send({ _ct: "hello", v: 1, t: token });
    await expect.poll(() => client.events.length).toBeGreaterThan(0);
    const [answer] = client.events;
    return { client, answer: answer?.["_et"] === "error" ? answer["code"] : answer?.["u"] };
  }

  const signIn = async ({ one }: JourneyServers, username: string, password: string): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${one.httpPort}/login`, {
      method: "POST",
      body: new URLSearchParams({ username, password }),
      redirect: "manual",
    });
    await answer.arrayBuffer();
    return answer.status;
  };

  describe("verbatim user", () => {
    it("makes the first admin before the server has ever started, who then signs in", async () => {
      const { code, stdout, stderr } = await run(
        ["user", "add", "Zoë", "--admin", "--password-stdin"],
        `${PASSWORD}\r\n`,
      );
      expect([code, stderr]).toEqual([0, place.isFolder ? `made the data folder ${dataDir}\n` : ""]);
      expect(stdout).toMatch(/^made the admin Zoë, [0-9a-f-]{36}\n$/);
      if (place.isFolder) expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
      await addUser("bob");
      const server = await start();
      expect(await signIn(server, "ZOË", PASSWORD)).toBe(303);
      expect(await signIn(server, "bob", PASSWORD)).toBe(303);
      expect(await signIn(server, "bob", `${PASSWORD}!`)).toBe(401);
    });

    it("lists accounts in order, for a person and for a program", async () => {
      await addUser("bob");
      await addUser("Alice", "--admin");
      expect(await list()).toEqual([
        {
          user_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          username: "Alice",
          admin: true,
          disabled: false,
          password: true,
          created_at: expect.stringMatching(/^\d{4}-.*Z$/),
          updated_at: expect.stringMatching(/^\d{4}-.*Z$/),
        },
        expect.objectContaining({ username: "bob", admin: false }),
      ]);
      await done(["user", "disable", "ALICE"]);
      expect(await done(["user", "list"])).toMatch(
        /^[0-9a-f-]{36} {2}[-\d]+ [\d:]+ {2}admin,disabled {2}Alice\n[0-9a-f-]{36} {2}.* {2}bob\n$/,
      );
      // More than one page, read by somebody who has seen enough after a line.
      await place.directory(dataDir, (directory) =>
        Promise.all(
          Array.from({ length: 1200 }, (_, index) => directory.createAccount(accountOf(index, `user ${index}`), 0)),
        ),
      );
      expect(await list()).toHaveLength(1202);
      const head = startProgram("sh", ["-c", `node ${BIN} user list | head -1`], {
        cwd: folder,
        env: place.env(dataDir),
      });
      programs.push(head);
      await head.ended;
      expect(head.output()).toMatch(/^[^\n]+Alice\n$/);
    });

    it("beside a server: who is disabled is out within seconds and comes back when enabled", async () => {
      const server = await start();
      await addUser("alice");
      const token = (await done(["token", "create", "alice", "--label", "bot"])).trim();
      const { client, answer } = await hello(server, token);
      expect(answer).toBe("alice");
      expect(await done(["user", "disable", "Alice"])).toBe("disabled alice; sign-ins and tokens have ended\n");
      await client.heard({ _et: "error", code: "signed_out" });
      expect((await hello(server, token)).answer).toBe("unauthorized");
      expect(await signIn(server, "alice", PASSWORD)).toBe(401);
      expect((await run(["token", "create", "alice", "--label", "bot"])).stderr).toMatch(/alice is disabled/);
      await done(["user", "enable", "alice"]);
      expect(await signIn(server, "alice", PASSWORD)).toBe(303);
      // What was ended stays so.
      expect((await hello(server, token)).answer).toBe("unauthorized");
    });

    it("sets a password: the old one and what was signed in with it end, an account from open mode opens", async () => {
      await addUser("alice");
      await place.directory(dataDir, (directory) => directory.createAccount(accountOf(1, "from-open-mode"), 0));
      const server = await start();
      const token = (await done(["token", "create", "alice", "--label", "bot"])).trim();
      expect(await signIn(server, "from-open-mode", PASSWORD)).toBe(401);
      for (const name of ["alice", "from-open-mode"]) {
        expect(await done(["user", "password", name, "--password-stdin"], "another password")).toBe(
          `set the password of ${name}; sign-ins and tokens have ended\n`,
        );
        expect(await signIn(server, name, PASSWORD)).toBe(401);
        expect(await signIn(server, name, "another password")).toBe(303);
      }
      expect((await hello(server, token)).answer).toBe("unauthorized");
    });

    it("makes somebody an admin and takes it back", async () => {
      await addUser("alice");
      expect(await done(["user", "admin", "Alice", "--grant"])).toBe("alice is an admin now\n");
      expect(await list()).toEqual([expect.objectContaining({ admin: true })]);
      expect(await done(["user", "admin", "alice", "--revoke"])).toBe("alice is no admin any more\n");
      expect(await list()).toEqual([expect.objectContaining({ admin: false })]);
    });

    it.skipIf(!isInstalled("script"))(
      `asks twice at a terminal and shows nothing${isInstalled("script") ? "" : ": there is no program named script"}`,
      async () => {
        const ask = (line: string): Program => {
          const command = `node ${BIN} ${line}`;
          const options = { cwd: folder, env: place.env(dataDir) };
          const program = startProgram("script", ["-qec", command, "/dev/null"], options);
          programs.push(program);
          return program;
        };
        const add = ask("user add alice");
        await add.printed(/password: $/, 30 * SECOND);
        // Mistyped and corrected.
        add.write(`${PASSWORD}x\x7f\r`);
        await add.printed(/again: $/, 30 * SECOND);
        add.write(`${PASSWORD}\r`);
        await add.printed(/made the user alice, /, 30 * SECOND);
        expect((await add.ended).code).toBe(0);
        expect(add.output()).not.toContain("horse");
        const server = await start();
        expect(await signIn(server, "alice", PASSWORD)).toBe(303);

        const differs = ask("user password alice");
        await differs.printed(/password: $/, 30 * SECOND);
        differs.write("one password\r");
        await differs.printed(/again: $/, 30 * SECOND);
        differs.write("other password\r");
        await differs.printed(/verbatim: the two passwords differ; nothing was changed/, 30 * SECOND);
        expect((await differs.ended).code).toBe(1);
        for (const key of ["\x03", "\x04"]) {
          const givesUp = ask("user password alice");
          await givesUp.printed(/password: $/, 30 * SECOND);
          givesUp.write(key);
          await givesUp.printed(/verbatim: given up; nothing was changed/, 30 * SECOND);
          expect((await givesUp.ended).code).toBe(1);
        }
        expect(await signIn(server, "alice", PASSWORD)).toBe(303);
      },
    );
  });

  describe("verbatim token and verbatim invite", () => {
    it("a token is shown once, signs in beside a running server, and is out within seconds of being revoked", async () => {
      await addUser("alice");
      const server = await start();
      const made = await run(["token", "create", "alice", "--label", "my bot", "--days", "30"]);
      expect(made.stdout).toMatch(SECRET);
      expect(made.stderr).toMatch(
        /^token [0-9a-f-]{36} of alice, good until [-\d]+ [\d:]+ UTC; it is not shown again\n$/,
      );
      const forever = await run(["token", "create", "alice", "--label", "other"]);
      expect(forever.stderr).toContain("good until it is revoked");
      const { client, answer } = await hello(server, made.stdout.trim());
      expect(answer).toBe("alice");
      const listed = await done(["token", "list", "Alice"]);
      expect(listed).toMatch(/^[0-9a-f-]{36} {2}.* {2}.* {2}my bot\n[0-9a-f-]{36} {2}.* {2}- {15} {2}other\n$/);
      expect(listed).not.toContain(made.stdout.trim());
      const [first = "", second = ""] = (await done(["token", "list", "alice", "--json"])).split("\n");
      expect(JSON.parse(second)).toMatchObject({ label: "other", expires_at: null });
      const { token_id: id } = JSON.parse(first) as { token_id: string };
      expect(await done(["token", "revoke", "alice", id])).toBe(`revoked token ${id} of alice\n`);
      await client.heard({ _et: "error", code: "signed_out" });
      expect((await hello(server, made.stdout.trim())).answer).toBe("unauthorized");
      expect((await hello(server, forever.stdout.trim())).answer).toBe("alice");
      expect((await run(["token", "revoke", "alice", id])).stderr).toContain(`alice has no token ${id}`);
    });

    it("an invite lets one person sign up", async () => {
      const server = await start("--sign-up", "invite");
      const { stdout, stderr } = await run(["invite", "--days", "1"]);
      expect(stdout).toMatch(SECRET);
      expect(stderr).toMatch(/^lets one person sign up, until [-\d]+ [\d:]+ UTC; it is not shown again\n/);
      expect(stderr).toContain(`/#invite=${stdout.trim()} `);
      const signUp = async (username: string, invite: string): Promise<number> => {
        const answer = await fetch(`http://127.0.0.1:${server.other.httpPort}/users`, {
          method: "POST",
          body: new URLSearchParams({ username, password: PASSWORD, invite }),
        });
        await answer.arrayBuffer();
        return answer.status;
      };
      expect(await signUp("alice", "none")).toBe(403);
      expect(await signUp("alice", stdout.trim())).toBe(201);
      expect(await signUp("bob", stdout.trim())).toBe(403);
    });

    it("an invite is told as a link where the server's origin is known", async () => {
      const env = { VERBATIM_ORIGIN: "https://chat.example.org,https://other.example.org" };
      const link = async (args: readonly string[]): Promise<string | undefined> => {
        const { stdout, stderr } = await run(["invite", ...args], "", env);
        expect(stdout).toMatch(SECRET);
        return /^to send: (.*)$/m.exec(stderr.replace(stdout.trim(), "SECRET"))?.[1];
      };
      expect(await link([])).toBe("https://chat.example.org/#invite=SECRET");
      expect(await link(["--origin", "https://here.example"])).toBe("https://here.example/#invite=SECRET");
      const { code, stdout, stderr } = await run(["invite", "--origin", "chat.example.org"]);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/--origin: must be .*https:\/\/chat\.example\.org/);
    });
  });

  describe("what is wrong", () => {
    it("is said in one line, with exit code 1, and changes nothing", async () => {
      await addUser("alice");
      const before = await list();
      const add = (name: string): string[] => ["user", "add", name, "--password-stdin"];
      const wrong: readonly [readonly string[], string | Buffer, RegExp][] = [
        [add("ALICE"), PASSWORD, /the name ALICE is taken/],
        [add(""), PASSWORD, /must not be empty/],
        [add("a\u202eb"), PASSWORD, /writing direction/],
        [add("bob"), "short", /8 characters at least/],
        [add("bob"), "", /8 characters at least/],
        [add("bob"), "x".repeat(300), /256 characters at most/],
        [add("bob"), "x".repeat(100_000), /more than a password/],
        [add("bob"), "one password\nanother one\n", /one line/],
        [add("bob"), Buffer.from([...Buffer.from("12345678"), 0xff]), /not UTF-8/],
        [["user", "add", "bob"], PASSWORD, /no terminal to ask .*--password-stdin/],
        [["user", "add", "bob", "--password", PASSWORD], "", /unknown option '--password'/],
        [["user", "password", "bob", "--password-stdin"], PASSWORD, /there is no user bob: verbatim user list/],
        [["user", "disable", "b\x1bob"], "", /there is no user "b\\u001bob"/],
        [["user", "enable", "bob"], "", /there is no user bob/],
        [["user", "admin", "alice"], "", /either --grant or --revoke/],
        [["user", "admin", "alice", "--grant", "--revoke"], "", /either --grant or --revoke/],
        [["token", "create", "alice"], "", /--label/],
        [["token", "create", "bob", "--label", "x"], "", /there is no user bob/],
        [["token", "create", "alice", "--label", "x".repeat(65)], "", /64 characters/],
        [["token", "create", "alice", "--label", "x", "--days", "0"], "", /--days must be a whole number from 1/],
        [["token", "create", "alice", "--label", "x", "--days", "1.5"], "", /--days must be a whole number from 1/],
        [["token", "list", "bob"], "", /there is no user bob/],
        [["token", "revoke", "alice", "nonsense"], "", /alice has no token nonsense/],
        [["invite", "--days", "1e9"], "", /--days must be a whole number from 1/],
      ];
      for (const [args, input, message] of wrong) {
        const { code, stdout, stderr } = await run(args, input);
        expect([args.join(" "), code, stdout]).toEqual([args.join(" "), 1, ""]);
        expect(stderr).toMatch(/^verbatim: [^\n]*\n$/);
        expect(stderr).toMatch(message);
      }
      expect(await list()).toEqual(before);
      expect(await done(["token", "list", "alice"])).toBe("");
    });

    if (place.isFolder)
      it("a folder that is none is refused and not made, but for the first account", async () => {
        for (const args of [
          ["user", "list"],
          ["user", "disable", "alice"],
          ["token", "list", "alice"],
        ]) {
          const { code, stderr } = await run(args);
          expect([code, stderr]).toEqual([1, `verbatim: data folder ${dataDir} does not exist: name another\n`]);
        }
        expect(await readdir(folder)).toEqual([]);
        await addUser("alice", "--data", join(folder, "other"));
        expect(await readdir(folder)).toEqual(["other"]);
        const config = join(folder, "verbatim.yaml");
        await writeFile(config, "data: other\nauth: nonsense\n");
        const { stdout } = await run(["user", "list", "--config", config], "", { VERBATIM_DATA: "" });
        expect(stdout).toContain("alice");
        const misspelt = await run(["user", "list"], "", { VERBATIM_DATE: dataDir });
        expect(misspelt.stderr).toMatch(/VERBATIM_DATE: .*did you mean VERBATIM_DATA/);
      });
  });
}
