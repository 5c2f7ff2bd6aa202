/**
 * Many connections, silent ones, refused ones, and ones that are gone without a word: those who are honest do not
 * notice. Servers of their own processes.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { tempFolder } from "../support/clean-checkout.ts";
import { isInstalled, startProgram } from "../support/programs.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { type SpawnedServer, startServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";
import { type GreetedClient, WireClient } from "../support/wire-client.ts";

const MIB = 1024 * 1024;
/** How long a word may take from one to the other, in milliseconds: longer than a busy machine stands still. */
const TALK_WITHIN_MS = 8000;
const REFUSAL = { _et: "error", code: "too_many_sessions", m: "this server is full; try again later" };

const closings: (() => unknown)[] = [];

afterEach(async () => {
  for (const closing of closings.splice(0).reverse()) await closing();
});

function dataDir(): string {
  const folder = tempFolder("connections");
  closings.push(() => folder.remove());
  return `${folder.path}/data`;
}

async function start(env: Readonly<Record<string, string>> = {}): Promise<SpawnedServer> {
  const server = await startServer({ dataDir: dataDir(), args: ["--http", "off"], env });
  closings.push(() => server.kill("SIGKILL"));
  return server;
}

interface LimitedServer {
  readonly tcpPort: number;
  readonly sessionsMax: number;
}

/** A server that may have so many files open. */
async function startWithOpenFiles(limit: number): Promise<LimitedServer> {
  const serve = ["dist/bin.js", "serve", "--data", dataDir(), "--tcp", "127.0.0.1:0", "--http", "off"];
  const words = ["exec", process.execPath, ...serve, "--log-format", "json"].map((word) => `'${word}'`).join(" ");
  const program = startProgram("bash", ["-c", `ulimit -n ${limit}; ${words.replace("'exec'", "exec")}`], {
    cwd: PROJECT_ROOT,
    env: {},
  });
  closings.push(() => program.end("SIGKILL"));
  const [line] = await program.printed(/^\{.*"msg":"listening".*\}$/m, 60_000);
  const { tcp, sessionsMax, openFiles } = JSON.parse(line) as {
    readonly tcp: string;
    readonly sessionsMax: number;
    readonly openFiles: number;
  };
  expect(openFiles).toBe(limit);
  return { tcpPort: Number(tcp.split(":")[1]), sessionsMax };
}

async function connect(port: number): Promise<WireClient> {
  const client = await WireClient.connect(port);
  closings.push(() => client.drop());
  return client;
}

async function arrive(port: number) {
  const person = await WireClient.arrive(port);
  closings.push(() => person.drop());
  return person;
}

/** Connects many at once, a hundred at a time. */
async function connectMany(port: number, count: number): Promise<readonly WireClient[]> {
  const clients: WireClient[] = [];
  while (clients.length < count) {
    const next = Array.from({ length: Math.min(100, count - clients.length) }, () => connect(port));
    clients.push(...(await Promise.all(next)));
  }
  return clients;
}

/** Two people who talk; `talk` takes a few rounds and gives the longest that one took, in milliseconds. */
async function twoWhoTalk(port: number) {
  const speaker = await arrive(port);
  const listener = await arrive(port);
  await speaker.join("rust");
  await listener.join("rust");
  let number = 0;
  return async (): Promise<number> => {
    let slowest = 0;
    for (let round = 0; round < 20; round++) {
      number += 1;
      const begin = performance.now();
      speaker.send({ _ct: "send_message", r: "rust", c: `round ${number}` });
      const heard = await listener.heard({ _et: "user_message" });
      expect(heard["c"]).toBe(`round ${number}`);
      slowest = Math.max(slowest, performance.now() - begin);
    }
    return slowest;
  };
}

const residentBytes = (pid: number): number =>
  Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) * 1024;

describe("silent connections", () => {
  it("WIRE-20 2,000 that say nothing cost little, and those who talk do not notice", async () => {
    const server = await start();
    const talk = await twoWhoTalk(server.tcpPort);
    await talk();
    const before = residentBytes(server.pid);
    // A machine that allows 1,024 open files has fewer sessions; two of them are those who talk.
    const count = Math.min(2000, Number(server.listening["sessionsMax"]) - 2);
    const silent = await connectMany(server.tcpPort, count);
    for (const client of silent) expect(await client.event()).toMatchObject({ _et: "login_successful" });
    expect(residentBytes(server.pid) - before).toBeLessThan(64 * MIB);
    expect(await talk()).toBeLessThan(TALK_WITHIN_MS);
    expect(silent.filter((client) => client.isOver || client.waitingLines > 0)).toEqual([]);
    for (const client of silent) client.drop();
    expect(await talk()).toBeLessThan(TALK_WITHIN_MS);
  }, 120_000);

  it.skipIf(process.platform !== "linux")(
    "WIRE-20 peers that are gone without a word are found by the kernel within 2 minutes",
    async () => {
      const server = await start();
      const person = await arrive(server.tcpPort);
      await person.quiet();
      const hex = (port: number | undefined): string => (port ?? 0).toString(16).toUpperCase().padStart(4, "0");
      const ports = `0100007F:${hex(server.tcpPort)} 0100007F:${hex(person.socket.localPort)}`;
      // The server's end of this connection: what its timer is, and when it goes off, in hundredths of a second. While
      // something is not acknowledged yet another timer runs.
      const timer = await until(
        5000,
        () => "the keep-alive timer of the server's socket",
        () => {
          const row = readFileSync("/proc/net/tcp", "utf8")
            .split("\n")
            .find((line) => line.includes(ports));
          const [, kind = "", when = ""] = / (\d\d):([0-9A-F]{8}) /.exec(row ?? "") ?? [];
          return kind === "02" ? Number.parseInt(when, 16) / 100 : undefined;
        },
      );
      expect(timer).toBeGreaterThan(0);
      // 60 s of silence, then Node's ten probes a second apart: a peer that answers none is gone after 70 s. That the
      // probes are ten and a second apart is how libuv sets every socket that has keep-alive on.
      expect(timer).toBeLessThanOrEqual(60);
    },
  );
});

describe("the limit of sessions", () => {
  it("WIRE-20 WIRE-21 holds at its edge, and a place that is given back can be taken again", async () => {
    const server = await start({ VERBATIM_LIMITS_SESSIONS_MAX: "5" });
    const people: GreetedClient[] = [];
    for (let number = 0; number < 5; number++) people.push(await arrive(server.tcpPort));
    const refused = await connect(server.tcpPort);
    expect((await refused.closed()).map((line) => JSON.parse(line))).toEqual([REFUSAL]);
    people[2]?.send({ _ct: "quit" });
    await people[2]?.closed();
    const next = await until(
      5000,
      () => "a place",
      async () => {
        const client = await connect(server.tcpPort);
        return (await client.event())["_et"] === "login_successful" ? client : undefined;
      },
    );
    expect(await next.quiet()).toEqual([]);
    for (const person of [people[0], people[4]]) expect(await person?.quiet()).toEqual([]);
    expect((await (await connect(server.tcpPort)).closed()).map((line) => JSON.parse(line))).toEqual([REFUSAL]);
  });

  it("WIRE-21 for one address holds at its edge too", async () => {
    const server = await start({ VERBATIM_LIMITS_SESSIONS_PER_ADDRESS_MAX: "2" });
    const first = await arrive(server.tcpPort);
    const second = await arrive(server.tcpPort);
    expect((await (await connect(server.tcpPort)).closed()).map((line) => JSON.parse(line))).toEqual([REFUSAL]);
    for (const person of [first, second]) expect(await person.quiet()).toEqual([]);
  });

  it("WIRE-20 tells the refused why, also those who spoke at once", async () => {
    const server = await start({ VERBATIM_LIMITS_SESSIONS_MAX: "1" });
    const person = await arrive(server.tcpPort);
    const heard: (readonly string[])[] = [];
    for (let round = 0; round < 20; round++) {
      const eager = Array.from({ length: 10 }, async () => {
        const client = await connect(server.tcpPort);
        client.write(`{"_ct":"hello","v":1}\n${'{"_ct":"join_room","r":"rust"}\n'.repeat(100)}`);
        return await client.closed();
      });
      heard.push(...(await Promise.all(eager)));
    }
    expect(heard.filter((lines) => lines.length !== 1).length).toBe(0);
    expect(await person.quiet()).toEqual([]);
  });
});

describe("the limit of open files", () => {
  it("WIRE-20 is kept clear of: sessions stop 512 below it, and what comes beyond is told so", async () => {
    const { tcpPort, sessionsMax } = await startWithOpenFiles(600);
    expect(sessionsMax).toBe(600 - 512);
    const talk = await twoWhoTalk(tcpPort);
    const many = await connectMany(tcpPort, 700);
    const firsts = await Promise.all(many.map((client) => client.event()));
    const greeted = firsts.filter(({ _et }) => _et === "login_successful");
    expect(greeted.length).toBe(sessionsMax - 2);
    expect(firsts.filter(({ code }) => code === "too_many_sessions").length).toBe(700 - greeted.length);
    expect(await talk()).toBeLessThan(TALK_WITHIN_MS);
    for (const client of many) client.drop();
    const newcomer = await until(
      5000,
      () => "a place",
      async () => {
        const client = await connect(tcpPort);
        return (await client.event())["_et"] === "login_successful" ? client : undefined;
      },
    );
    expect(await newcomer.quiet()).toEqual([]);
  }, 120_000);

  it.skipIf(!isInstalled("prlimit"))(
    "WIRE-20 CMD-3 may run out altogether: those who are here talk on, and afterwards others may come",
    async () => {
      const server = await start();
      const talk = await twoWhoTalk(server.tcpPort);
      await talk();
      const setOpenFiles = (limit: number): void => {
        execFileSync("prlimit", ["--pid", String(server.pid), `--nofile=${limit}:`]);
      };
      for (let round = 0; round < 3; round++) {
        // The lowest number that is free is the one that the next file would get.
        const open = new Set(readdirSync(`/proc/${server.pid}/fd`));
        let free = 0;
        while (open.has(String(free))) free += 1;
        setOpenFiles(free);
        const many = await connectMany(server.tcpPort, 100);
        expect(await talk()).toBeLessThan(TALK_WITHIN_MS);
        // There was nothing left to say a word through, but none of them is left waiting.
        for (const client of many) expect(await client.closed()).toEqual([]);
        setOpenFiles(Number(server.listening["openFiles"]));
        const next = await arrive(server.tcpPort);
        expect(await next.join("general")).toContain(next.name);
      }
      expect(server.stderr()).toBe("");
    },
    120_000,
  );
});
