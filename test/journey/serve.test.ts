/**
 * `verbatim serve` as a person and a supervisor meet it: the real program, started and stopped. Needs `dist/`.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  runVerbatim,
  type ServerStart,
  type SpawnedServer,
  spawnVerbatim,
  startServer,
} from "../support/spawned-server.ts";

let folder = "";
const servers: SpawnedServer[] = [];
const sockets: (Socket | Server)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "verbatim-serve-"));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) {
    if ("destroy" in socket) socket.destroy();
    else socket.close();
  }
  for (const server of servers.splice(0)) await server.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

async function start(more: Partial<ServerStart> = {}): Promise<SpawnedServer> {
  const server = await startServer({ dataDir: join(folder, "data"), ...more });
  servers.push(server);
  return server;
}

/** Runs `serve` where it should refuse, on free ports unless told; gives the one line that it said. */
async function refusal(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const usual = ["--data", join(folder, "data"), "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"];
  const given = new Set(args);
  const own = usual.filter((_, index) => !given.has(usual[index - (index % 2)] ?? ""));
  const { code, stdout, stderr } = await runVerbatim(["serve", ...own, ...args], env);
  expect(stdout).not.toContain("listening");
  expect(stderr).toMatch(/^verbatim: [^\n]+\n$/);
  expect(code).toBe(1);
  return stderr.trimEnd();
}

async function occupiedPort(): Promise<number> {
  const server = createServer();
  sockets.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** The first line that a TCP client is sent, parsed. */
function firstLine(port: number): Promise<{ readonly _et: string; readonly rs: readonly { readonly n: string }[] }> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (text.includes("\r\n")) resolve(JSON.parse(text.slice(0, text.indexOf("\r\n"))));
    });
  });
}

const get = async (server: SpawnedServer, path: string) => fetch(`http://127.0.0.1:${server.httpPort}${path}`);

describe("verbatim", () => {
  it("prints its version and lists its commands", async () => {
    const description = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await runVerbatim(["--version"])).toMatchObject({ code: 0, stdout: `${description.version}\n`, stderr: "" });
    const help = await runVerbatim(["--help"]);
    expect(help.code).toBe(0);
    for (const command of ["serve", "check", "repair", "bench"]) expect(help.stdout).toContain(`\n  ${command} `);
    const serveHelp = await runVerbatim(["serve", "--help"]);
    for (const flag of ["data", "rooms", "tcp", "http", "open-anyway", "retain-messages", "retain-days"]) {
      expect(serveHelp.stdout).toContain(`--${flag}`);
    }
    expect(serveHelp.stdout).toContain("VERBATIM_LOG_KEEP_BYTES");
  });

  it("refuses a flag and a command that it does not know, with exit code 1", async () => {
    const flag = await runVerbatim(["serve", "--tpc", "127.0.0.1:0"]);
    expect(flag).toMatchObject({ code: 1, stdout: "" });
    expect(flag.stderr).toBe("verbatim: unknown option '--tpc'\n(Did you mean --tcp?)\n");
    expect(await runVerbatim(["sevre"])).toMatchObject({ code: 1, stdout: "" });
  });
});

describe("verbatim serve", () => {
  it("says where it listens, where the data is and how many rooms there are", async () => {
    const server = await start();
    const dataDir = join(folder, "data");
    expect(server.listening).toMatchObject({
      level: "info",
      msg: "listening",
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      tcp: `127.0.0.1:${server.tcpPort}`,
      http: `127.0.0.1:${server.httpPort}`,
      data: dataDir,
      rooms: 24,
      pid: server.pid,
    });
    expect(server.tcpPort).toBeGreaterThan(0);
    expect(server.listening["sessionsMax"]).toBeGreaterThan(0);
    expect(server.listening["openFiles"]).toBeDefined();
    const hello = await firstLine(server.tcpPort);
    expect(hello._et).toBe("login_successful");
    expect(hello.rs.map(({ n }) => n)).toEqual(expect.arrayContaining(["general", "rust"]));
  });

  it("shows a banner to a person, with the next step", async () => {
    const data = join(folder, "data");
    const flags = ["--data", data, "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--log-format", "pretty"];
    const run = spawnVerbatim(["serve", ...flags]);
    await expect.poll(run.stdout).toContain("stop it");
    const text = run.stdout();
    expect(text).toMatch(/\nVerbatim \d+\.\d+\.\d+ is up\n/);
    expect(text).toMatch(/ web +http:\/\/127\.0\.0\.1:\d+\n/);
    expect(text).toMatch(/ terminal +127\.0\.0\.1:\d+ \(TCP\)\n/);
    expect(text).toMatch(/ sign-in +none: whoever names a user is that user\n/);
    expect(text).toContain(` ${data}\n`);
    expect(text).toMatch(/ rooms +24 from /);
    expect(text).toMatch(/ sessions +\d+ at most, of \d+ open files\n/);
    const [, port] = / try it +node \S*dist\/bin\.js tui 127\.0\.0\.1:(\d+)\n/.exec(text) ?? [];
    expect((await firstLine(Number(port)))._et).toBe("login_successful");
    run.child.kill("SIGTERM");
    expect(await run.exited).toEqual({ code: 0, signal: null });
  });

  it("STOP-1 ends with exit code 0 on SIGTERM and on ctrl-c, clients connected, and starts again", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const server = await start();
      await firstLine(server.tcpPort);
      expect(await server.kill(signal)).toEqual({ code: 0, signal: null });
      expect(server.stderr()).toBe("");
      expect(server.logLines().at(-1)).toMatchObject({ msg: "stopped" });
    }
  });

  it("answers health, readiness and metrics", async () => {
    const server = await start();
    const health = await get(server, "/healthz");
    expect([health.status, await health.json()]).toEqual([200, { status: "ok" }]);
    const ready = await get(server, "/readyz");
    const { status, checks } = (await ready.json()) as { status: string; checks: Record<string, { ok: boolean }> };
    expect([ready.status, status]).toEqual([200, "ready"]);
    expect(Object.keys(checks).sort()).toEqual(["lag", "log", "store"]);
    expect(Object.values(checks).every(({ ok }) => ok)).toBe(true);
    await firstLine(server.tcpPort);
    const metrics = await (await get(server, "/metrics")).text();
    expect(metrics).toContain('\nverbatim_sessions{door="tcp"} 1\n');
    expect(metrics).toContain("\nchat_messages_posted_total 0\n");
    expect(metrics).toContain("\nprocess_resident_memory_bytes ");
    const elsewhere = await get(server, "/nowhere");
    expect(elsewhere.status).toBe(404);
    expect(elsewhere.headers.get("content-type")).toContain("application/problem+json");
  });

  it("opens no HTTP port where it is off", async () => {
    const server = await start({ args: ["--http", "off"] });
    expect(server.listening["http"]).toBe("off");
    expect(server.httpPort).toBeUndefined();
  });

  it("takes another rooms file, in its order", async () => {
    const rooms = join(folder, "rooms.json");
    const description = "…";
    await writeFile(
      rooms,
      JSON.stringify([
        { name: "zebra", description },
        { name: "aardvark", description },
      ]),
    );
    const server = await start({ args: ["--rooms", rooms] });
    expect(server.listening["rooms"]).toBe(2);
    expect((await firstLine(server.tcpPort)).rs.map(({ n }) => n)).toEqual(["zebra", "aardvark"]);
  });

  it("warns at each start where open mode can be reached by others", async () => {
    const server = await start({ args: ["--tcp", "0.0.0.0:0", "--open-anyway"] });
    const warnings = server.logLines().filter(({ level }) => level === "warn");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.["msg"]).toContain("--open-anyway");
  });
});

describe("verbatim serve refuses with one line and exit code 1, before it listens:", () => {
  it("STOP-1 a port in use, naming the flag to change", async () => {
    const port = await occupiedPort();
    expect(await refusal(["--tcp", `127.0.0.1:${port}`])).toBe(
      `verbatim: --tcp: 127.0.0.1:${port} is in use by another program; stop it or choose another with --tcp HOST:PORT`,
    );
    expect(await refusal(["--http", `127.0.0.1:${port}`])).toBe(
      `verbatim: --http: 127.0.0.1:${port} is in use by another program; stop it or choose another with --http HOST:PORT`,
    );
  });

  it("STOP-1 a bad rooms file", async () => {
    const rooms = join(folder, "rooms.json");
    expect(await refusal(["--rooms", rooms])).toContain(
      `the rooms file ${rooms} can't be read (there is no such file)`,
    );
    await writeFile(rooms, "{");
    expect(await refusal(["--rooms", rooms])).toContain(`the rooms file ${rooms} is not JSON`);
    const room = { name: "a", description: "" };
    await writeFile(rooms, JSON.stringify([room, room]));
    expect(await refusal(["--rooms", rooms])).toContain('number 2 has the name "a" that number 1 has already');
  });

  it("STOP-1 a bad configuration, naming the key, where it stands and what would be right", async () => {
    expect(await refusal(["--tcp", "8080"])).toContain("--tcp: must be HOST:PORT, for example 127.0.0.1:8080");
    expect(await refusal([], { VERBATIM_LOG_LEVEL: "loud" })).toContain("VERBATIM_LOG_LEVEL: must be one of");
    expect(await refusal([], { VERBATIM_LIMITS_NONE: "1" })).toContain(
      "VERBATIM_LIMITS_NONE: there is no such setting",
    );
    const file = join(folder, "verbatim.yaml");
    expect(await refusal(["--config", file])).toContain(`--config: the configuration file ${file} can't be read`);
    await writeFile(file, "retain: {massages: 5}");
    expect(await refusal(["--config", file])).toContain("did you mean retain.messages?");
    expect(await refusal(["--tcp", "0.0.0.0:0"])).toContain("choose --open-anyway");
  });

  it("STOP-1 a data folder in use, which a kill -9 frees at once", async () => {
    const first = await start();
    const line = await refusal([]);
    expect(line).toContain(join(folder, "data"));
    expect(line).toContain("in use");
    await first.kill("SIGKILL");
    const second = await start();
    expect(second.listening["data"]).toBe(join(folder, "data"));
  });

  it("STOP-1 a data folder that is none", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    expect(await refusal(["--data", file])).toContain(file);
    expect(await refusal(["--data", join(file, "below")])).toContain(join(file, "below"));
  });
});

describe("the configuration of verbatim serve", () => {
  it("is printed with where each value came from, flag over environment over file", async () => {
    const file = join(folder, "verbatim.yaml");
    await writeFile(file, "tcp: 127.0.0.1:1\nhttp: 127.0.0.1:2\nlogLevel: warn\nlimits: {sessionsMax: 5}\n");
    const env = { VERBATIM_CONFIG: file, VERBATIM_TCP: "127.0.0.1:3", VERBATIM_HTTP: "127.0.0.1:4" };
    const { code, stdout, stderr } = await runVerbatim(["serve", "--print-config", "--tcp", "127.0.0.1:5"], env);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("tcp: 127.0.0.1:5 # --tcp\n");
    expect(stdout).toContain("http: 127.0.0.1:4 # VERBATIM_HTTP\n");
    expect(stdout).toContain(`logLevel: warn # logLevel in ${file}\n`);
    expect(stdout).toContain(`  sessionsMax: 5 # limits.sessionsMax in ${file}\n`);
    expect(stdout).toContain("  messages: off # default\n");
  });

  it("can be checked without starting", async () => {
    const right = await runVerbatim(["serve", "--check-config"]);
    expect(right).toMatchObject({ code: 0, stdout: "verbatim: the configuration is right; 24 rooms\n", stderr: "" });
    expect(await refusal(["--check-config"], { VERBATIM_TCP_: "x" })).toContain("did you mean VERBATIM_TCP?");
    expect(await refusal(["--check-config", "--rooms", join(folder, "none")])).toContain("the rooms file");
  });

  it("holds for the server that it starts", async () => {
    const server = await start({ env: { VERBATIM_LIMITS_SESSIONS_MAX: "7", VERBATIM_LOG_LEVEL: "debug" } });
    expect(server.listening["sessionsMax"]).toBe(7);
    await firstLine(server.tcpPort);
    await expect.poll(() => server.logLines().map(({ msg }) => msg)).toContain("session opened");
  });
});
