/**
 * The terminal client in a real terminal: it finds the server, talks with an `nc` session through a `kill -9` of the
 * server, bears what others write and what one pastes, and gives the terminal back however it ends. Needs `dist/` and
 * tmux.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectLineClient, type LineClient } from "../support/line-client.ts";
import { isInstalled, type Program, startProgram } from "../support/programs.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { type SpawnedServer, startServer } from "../support/spawned-server.ts";
import { TmuxTerminal } from "../support/tmux.ts";
import { until } from "../support/until.ts";

const WITHIN_MS = 60_000;
const ROOM = "general";
const BIN = `${PROJECT_ROOT}dist/bin.js`;
const SIZE = { columns: 100, rows: 40 };

/** Throws on purpose where somebody sends the signal: what no test can have happen otherwise. */
const CRASH = 'process.on("SIGUSR2",()=>setImmediate(()=>{throw new Error("a crash on purpose")}))';

/** How often something stands in a text. */
const count = (text: string, part: string): number => text.split(part).length - 1;

describe("verbatim tui", () => {
  let folder = "";
  let server: SpawnedServer;
  let terminal: TmuxTerminal | undefined;
  let nc: Program | undefined;
  const clients: LineClient[] = [];

  beforeEach(async (context) => {
    if (!isInstalled("tmux")) context.skip("tmux is not installed");
    folder = await mkdtemp(join(tmpdir(), "verbatim-tui-"));
    server = await startServer({ dataDir: join(folder, "data"), args: ["--http", "off"] });
  });

  afterEach(async () => {
    terminal?.end();
    terminal = undefined;
    for (const client of clients.splice(0)) client.close();
    await nc?.end("SIGKILL");
    nc = undefined;
    if (folder === "") return;
    await server.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  function open(args: readonly string[], size = SIZE, env: Readonly<Record<string, string>> = {}): TmuxTerminal {
    terminal = TmuxTerminal.start([process.execPath, BIN, "tui", ...args], size, env);
    return terminal;
  }

  /** Opened, connected, in the room. */
  async function inRoom(size = SIZE, env: Readonly<Record<string, string>> = {}): Promise<TmuxTerminal> {
    const opened = open([`127.0.0.1:${server.tcpPort}`, "--room", ROOM], size, env);
    await opened.shows(/\d here/);
    return opened;
  }

  /** Somebody else in the room, who hears what comes from now on, or what stands behind a seq. */
  async function other(after?: number): Promise<LineClient> {
    const client = await connectLineClient(server.tcpPort);
    clients.push(client);
    client.send({ _ct: "join_room", r: ROOM, after });
    await client.heard({ _et: "user_joined_room" });
    return client;
  }

  it("TUI-3 connects, talks with an nc session, and resumes after kill -9 of the server: every message once", async (context) => {
    if (!isInstalled("nc")) context.skip("nc is not installed");
    const screen = open([]);
    await screen.shows(/Server +localhost:8080/);
    screen.press("C-u");
    screen.type("127.0.0.1:1");
    screen.press("Enter");
    await screen.shows(/127\.0\.0\.1:1 can't be reached/);
    screen.press("C-u");
    screen.type(`127.0.0.1:${server.tcpPort}`);
    screen.press("Enter");
    await screen.shows(/choose a room/);
    screen.type("gen");
    screen.press("Enter");
    await screen.shows(/1 here/);

    const port = server.tcpPort;
    nc = startProgram("nc", ["127.0.0.1", String(port)], { cwd: folder, env: {} });
    await nc.printed(/login_successful/, WITHIN_MS);
    nc.write(`{"_ct":"join_room","r":"${ROOM}"}\n`);
    await screen.shows(/has joined[\s\S]*2 here|2 here[\s\S]*has joined/);
    nc.write(`{"_ct":"send_message","r":"${ROOM}","c":"hello from nc"}\n`);
    await screen.shows(/hello from nc/);
    screen.type("hello from the terminal");
    screen.press("Enter");
    await nc.printed(/hello from the terminal/, WITHIN_MS);
    // One is told after the other: this one has to have its number before the server is gone.
    await screen.shows(/\d\d:\d\d \S+ hello from the terminal/);

    await server.kill("SIGKILL");
    await screen.shows(/connection lost/);
    screen.type("said while the server was dead");
    screen.press("Enter");
    await screen.shows(/…\s+\S+ said while the server was dead/);
    server = await startServer({
      dataDir: join(folder, "data"),
      args: ["--http", "off", "--tcp", `127.0.0.1:${port}`],
    });
    // The terminal tries by itself now and then, and may be back first and have sent: that is heard too.
    const back = await other(2);
    back.send({ _ct: "send_message", r: ROOM, c: "said after it came back" });
    screen.press("C-r");
    await screen.shows(/resumed after #2/);
    await back.heard({ c: "said while the server was dead" });
    await screen.shows(/said after it came back/);
    await screen.looks((whole) => {
      for (const text of [
        "hello from nc",
        "hello from the terminal",
        "said while the server was dead",
        "said after it came back",
      ]) {
        expect(count(whole, text), whole).toBe(1);
      }
      expect(whole.indexOf("hello from nc")).toBeLessThan(whole.indexOf("hello from the terminal"));
      expect(whole.indexOf("hello from the terminal")).toBeLessThan(whole.indexOf("resumed after #2"));
    });
  });

  it("TUI-3 says that its token was revoked, and goes on where one was with another, or as a guest", async () => {
    await server.kill("SIGKILL");
    const data = join(folder, "accounts");
    const verbatim = (args: readonly string[], input = ""): string => {
      const run = spawnSync(process.execPath, [BIN, ...args, "--data", data], { encoding: "utf8", input });
      expect(run.status, run.stderr).toBe(0);
      return run.stdout.trim();
    };
    const revoke = (label: string): void => {
      const [id = ""] = new RegExp(`^\\S+(?=.* ${label}$)`, "m").exec(verbatim(["token", "list", "ada"])) ?? [];
      verbatim(["token", "revoke", "ada", id]);
    };
    server = await startServer({
      dataDir: data,
      args: ["--http", "off", "--auth", "password", "--guests", "yes", "--sign-up", "closed"],
    });
    verbatim(["user", "add", "ada", "--password-stdin"], "a long password\n");
    const first = verbatim(["token", "create", "ada", "--label", "first"]);
    const second = verbatim(["token", "create", "ada", "--label", "second"]);

    const screen = await inRoom(SIZE, { VERBATIM_TOKEN: first });
    screen.type("said with the first token");
    screen.press("Enter");
    // With its time: the server has it.
    await screen.shows(/\d\d:\d\d ada said with the first token/);
    screen.type("a draft");
    await screen.shows(/> a draft/);
    revoke("first");
    await screen.shows(/has ended your session/);
    const client = await other();
    client.send({ _ct: "send_message", r: ROOM, c: "said meanwhile" });
    await client.heard({ c: "said meanwhile" });
    screen.press("Enter");
    await screen.shows(/says no: what you were signed in/);
    screen.paste(second);
    screen.press("Enter");
    await screen.looks((whole) => {
      expect(whole).toContain("resumed after #1: 1 message came meanwhile");
      expect(whole).toContain("> a draft");
      for (const text of ["said with the first token", "said meanwhile"]) expect(count(whole, text), whole).toBe(1);
    });

    revoke("second");
    await screen.shows(/has ended your session/);
    screen.press("C-u", "Enter");
    await screen.looks((whole) => {
      expect(whole).not.toMatch(/^ ada /m);
      expect(whole).toContain("> a draft");
      for (const text of ["said with the first token", "said meanwhile"]) expect(count(whole, text), whole).toBe(1);
    });
    screen.press("Enter");
    await client.heard({ c: "a draft" });
  });

  it("TUI-3 names a chat that it lost while it was open, and goes on in it, without a hole, once it is in it again", async () => {
    await server.kill("SIGKILL");
    const data = join(folder, "chats");
    server = await startServer({ dataDir: data });
    const call = async (method: string, path: string, body?: object): Promise<Record<string, string>> => {
      const answer = await fetch(`http://127.0.0.1:${server.httpPort}${path}`, {
        method,
        headers: { "content-type": "application/json", cookie: `user_id=${bob}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true);
      return answer.status === 204 ? {} : ((await answer.json()) as Record<string, string>);
    };
    let bob = "";
    const { user_id: ada = "" } = await call("POST", "/users", { username: "ada" });
    bob = (await call("POST", "/users", { username: "bob" }))["user_id"] ?? "";
    const { chat_id: chat = "" } = await call("POST", "/chats", { name: "the plan", members: [bob, ada] });
    const made = spawnSync(process.execPath, [BIN, "token", "create", "ada", "--label", "t", "--data", data]);
    expect(made.status, String(made.stderr)).toBe(0);

    const screen = open([`127.0.0.1:${server.tcpPort}`, "--room", "the plan"], SIZE, {
      VERBATIM_TOKEN: String(made.stdout).trim(),
    });
    await screen.shows(/1 here/);
    await call("DELETE", `/chats/${chat}/members/${ada}`);
    await screen.shows(/the plan +left[\s\S]*not in this room any more/);
    await call("POST", `/chats/${chat}/messages`, { content: "said without ada" });
    await call("POST", `/chats/${chat}/members`, { members: [ada] });
    await screen.shows(/said without ada[\s\S]*bob added ada/);
    screen.type("back again");
    screen.press("Enter");
    await screen.looks((whole) => {
      for (const text of ["said without ada", "ada back again"]) expect(count(whole, text), whole).toBe(1);
    });
  });

  it("TUI-1 bears escape sequences, wide characters and emoji, and any size", async () => {
    const screen = await inRoom();
    const client = await other();
    const nasty = "\u001b[2J\u001b[31m\u001b]0;owned\u0007\u001b[?1049l\u009b2J\u202e bad";
    const wide = "日本語テキスト 👩‍👩‍👧 ❤️ 🇩🇪 é ".repeat(6);
    client.send({ _ct: "send_message", r: ROOM, c: "before" });
    client.send({ _ct: "send_message", r: ROOM, c: nasty });
    client.send({ _ct: "send_message", r: ROOM, c: wide });
    client.send({ _ct: "send_message", r: ROOM, c: "after" });
    await screen.looks((whole) => {
      for (const text of ["before", "␛[2J␛[31m␛]0;owned␇", "日本語テキスト", " after"]) expect(whole).toContain(text);
      // Each row is where it belongs: the lines beside the lists are in one column.
      const columns = new Set(
        whole
          .split("\n")
          .slice(0, SIZE.rows - 2)
          .map((line) => line.indexOf("│")),
      );
      expect([...columns], whole).toHaveLength(1);
    });
    expect(screen.knows("alternate_on")).toBe("1");
    expect(screen.knows("pane_title")).not.toBe("owned");

    screen.resize(30, 6);
    await screen.shows(/too small/);
    client.send({ _ct: "send_message", r: ROOM, c: "said meanwhile" });
    screen.resize(60, 15);
    await screen.shows(/said meanwhile[\s\S]*\^G help/);
    screen.resize(140, 50);
    await screen.looks((whole) => {
      for (const text of ["Here: 2", "before"]) expect(whole).toContain(text);
    });
  });

  it("loads what was said before as one scrolls up, to the first message, and goes back to the newest", async () => {
    const client = await other();
    const said = 700;
    for (let number = 1; number <= said; number += 1) {
      client.send({ _ct: "send_message", r: ROOM, c: `said as number ${number}.` });
    }
    await client.heard({ c: `said as number ${said}.` });
    const screen = await inRoom();
    await screen.shows(new RegExp(`number ${said}\\.`));
    let before = "";
    await until(
      WITHIN_MS,
      () => `the first message:\n${screen.screen()}`,
      () => {
        const now = screen.screen();
        const isWhole = now === before;
        before = now;
        // It may have been read while a frame was being drawn.
        if (!isWhole) return undefined;
        const seen = [...now.matchAll(/number (\d+)\./g)].map(([, number]) => Number(number));
        // However far it has come: what is seen has no hole. One that is there only until the frame is drawn is none.
        if (seen.some((number, index) => number !== (seen[0] ?? 0) + index)) return undefined;
        screen.press("PageUp");
        return seen[0] === 1 || undefined;
      },
    );
    client.send({ _ct: "send_message", r: ROOM, c: "one more" });
    await screen.shows(/1 new below/);
    screen.press("Escape");
    await screen.shows(/ one more\b/);
  });

  it("takes a paste of 10,000 lines, asks, and sends every line once", async () => {
    const screen = await inRoom();
    const client = await other();
    const lines = Array.from({ length: 10_000 }, (_, number) => `line ${number} of a long paste`);
    screen.paste(lines.join("\n"));
    await screen.shows(/You pasted 10,000 lines/);
    screen.press("Enter");
    await until(
      WITHIN_MS,
      () => "the last line",
      () => client.events.some(({ c }) => typeof c === "string" && c.endsWith(lines.at(-1) ?? "")) || undefined,
    );
    const said = client.events.flatMap(({ _et, c }) => (_et === "user_message" && typeof c === "string" ? [c] : []));
    expect(said.flatMap((text) => text.split("\n"))).toEqual(lines);
    await screen.shows(/line 9999 of a long paste/);
    screen.type("still here");
    screen.press("Enter");
    await client.heard({ c: "still here" });
  });

  const endings: Readonly<Record<string, (screen: TmuxTerminal) => void>> = {
    "ctrl-c": (screen) => screen.press("C-c"),
    "a TERM signal": (screen) => void process.kill(screen.pid, "SIGTERM"),
    "a crash": (screen) => void process.kill(screen.pid, "SIGUSR2"),
  };
  const codes: Readonly<Record<string, number>> = {
    "ctrl-c": 0,
    "a TERM signal": 143,

    "a crash": 1,
  };

  it.each(Object.keys(endings))("TUI-2 gives the terminal back after %s", async (name) => {
    const screen = await inRoom(SIZE, { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(CRASH)}` });
    expect(screen.knows("alternate_on")).toBe("1");
    endings[name]?.(screen);
    await screen.shows(/AFTER/);
    await screen.looks((after) => {
      for (const text of ["BEFORE", `EXIT ${codes[name]}`]) expect(after).toContain(text);
      if (name === "a crash") expect(after).toContain("a crash on purpose");
    });
    expect(screen.knows("alternate_on")).toBe("0");
    expect(screen.knows("cursor_flag")).toBe("1");
    expect(screen.knows("wrap_flag")).toBe("1");
    const [settingsBefore, settingsAfter] = screen.settings();
    expect(settingsAfter).toBe(settingsBefore);
    // What goes to the screen is written down beside it, a little later.
    await expect.poll(() => screen.output()).toMatch(/AFTER\s*$/);
    const output = screen.output();
    expect(output.lastIndexOf("\u001b[?2004l")).toBeGreaterThan(output.lastIndexOf("\u001b[?2004h"));
  });

  it("is the same guest in the next run where it may keep the session, which is its owner's alone", async () => {
    const file = join(folder, "state", "session");
    const names: (string | undefined)[] = [];
    for (let run = 0; run < 2; run += 1) {
      const screen = open([`127.0.0.1:${server.tcpPort}`, "--session-file", file]);
      const named = /(\S+) {2}● online/;
      names.push(named.exec(await screen.shows(named))?.[1]);
      screen.press("C-c");
      await screen.shows(/EXIT 0/);
      screen.end();
    }
    expect(names[0]).toMatch(/^\S{5}$/);
    expect(names[1]).toBe(names[0]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("says that it needs a terminal where there is none", () => {
    const { status, stderr } = spawnSync(process.execPath, [BIN, "tui"], { encoding: "utf8", input: "" });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^verbatim: verbatim tui needs a terminal/);
  });
});
