/**
 * HAProxy with the configuration of deploy/, before two servers: what comes through, as whom, and what becomes of it when
 * one of the servers is gone. Needs `dist/`.
 */
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { type TempFolder, tempFolder } from "../support/clean-checkout.ts";
import { type RunningProxy, startHaproxy } from "../support/haproxy.ts";
import { ask } from "../support/http-client.ts";
import { isInstalled } from "../support/programs.ts";
import { type SpawnedServer, startServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const WITHIN_MS = 30_000;

/** What the nodes of compose.yaml are told of their proxy; and a limit by which one sees whose address they take. */
const ARGS = ["--trust-proxy", "127.0.0.1", "--proxy-protocol"];
const ENV = { VERBATIM_LIMITS_SESSIONS_PER_ADDRESS_MAX: "2" };

let folder: TempFolder;
let servers: readonly SpawnedServer[] = [];
let proxy: RunningProxy;

beforeEach(async ({ skip }) => {
  if (!isInstalled("haproxy")) skip("haproxy is not installed");
  folder = tempFolder("proxied");
  servers = await Promise.all(
    ["one", "two"].map((name) => startServer({ dataDir: join(folder.path, name), args: ARGS, env: ENV })),
  );
  const [one, two] = servers.map(({ tcpPort, httpPort = 0 }) => ({ tcpPort, httpPort }));
  if (one === undefined || two === undefined) throw new Error("two servers were started");
  proxy = await startHaproxy([one, two]);
});

afterEach(async () => {
  await Promise.allSettled([proxy?.close(), ...servers.map((server) => server.kill("SIGKILL"))]);
  servers = [];
  folder?.remove();
});

/** A connection over TCP from one of this machine's many addresses, with what it heard. */
interface Caller {
  readonly socket: Socket;
  readonly heard: () => string;
}

function call(localAddress: string): Caller {
  const socket = connect({ host: "127.0.0.1", port: proxy.tcpPort, localAddress });
  let text = "";
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  return { socket, heard: () => text };
}

/** Waits for a text. */
function hears(caller: Caller, wanted: string): Promise<true> {
  return until(
    WITHIN_MS,
    () => `${wanted}; heard ${caller.heard()}`,
    () => (caller.heard().includes(wanted) ? true : undefined),
  );
}

/** Opens a WebSocket from an address, with what else the client claims; resolves with the first thing it was told. */
function openSocket(localAddress: string, forwarded: string): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.httpPort}/ws`, {
    localAddress,
    headers: { "X-Forwarded-For": forwarded, Forwarded: `for=${forwarded}` },
  });
  return new Promise((resolve) => {
    socket.once("message", (data: Buffer) => resolve(String(JSON.parse(data.toString())._et)));
    socket.once("unexpected-response", (_request, response) => resolve(String(response.statusCode)));
    socket.once("error", (error) => resolve(error.message));
  });
}

describe("HAProxy as it is shipped", () => {
  it("passes on requests and lines, to both nodes in turn, and keeps a client with cookies on one", async () => {
    const homes = new Set<string>();
    for (let at = 0; at < 6; at += 1) {
      const { status, headers, json } = await ask(proxy.httpPort, "/healthz");
      expect([status, json()]).toEqual([200, { status: "ok" }]);
      homes.add(headers["set-cookie"]?.[0]?.split(";")[0] ?? "none");
    }
    expect([...homes].sort()).toEqual(["verbatim_node=1", "verbatim_node=2"]);
    const user = await ask(proxy.httpPort, "/users", {
      form: { username: "Ann" },
      headers: { cookie: "verbatim_node=2" },
    });
    expect(user.status).toBe(201);
    const found = await ask(Number(servers[1]?.httpPort), `/users/${user.json()["user_id"]}`);
    expect(found.json()).toMatchObject({ username: "Ann" });

    const lines = [call("127.0.0.1"), call("127.0.0.1")];
    for (const line of lines) {
      await hears(line, "login_successful");
      line.socket.write('{"_ct":"join_room","r":"general"}\n');
      await hears(line, "user_joined_room");
    }
    for (const server of servers) {
      const { body } = await ask(Number(server.httpPort), "/metrics");
      expect(body).toContain('verbatim_sessions{door="tcp"} 1');
    }
    for (const { socket } of lines) socket.destroy();
  });

  it("says where clients are over TCP, and takes no client's own word for it over HTTP", async () => {
    // Two nodes, and two sessions for an address on each: the fifth is one too many, whatever it claims.
    const lines: Caller[] = [];
    for (let at = 0; at < 4; at += 1) {
      const line = call("127.0.0.2");
      await hears(line, "login_successful");
      lines.push(line);
    }
    expect(await openSocket("127.0.0.2", "192.0.2.7")).toBe("503");
    const refused = call("127.0.0.2");
    await hears(refused, "too_many_sessions");
    expect(await openSocket("127.0.0.3", "127.0.0.2")).toBe("login_successful");
    await hears(call("127.0.0.4"), "login_successful");
    for (const { socket } of lines) socket.destroy();
  });

  it("goes on with the other node when one is killed, at once and for every door", async () => {
    const [one, two] = servers;
    const lines = [call("127.0.0.1"), call("127.0.0.1")];
    for (const line of lines) await hears(line, "login_successful");
    const gone = lines.map(({ socket }) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
    await one?.kill("SIGKILL");
    await Promise.race(gone);
    for (let at = 0; at < 20; at += 1) {
      const { status } = await ask(proxy.httpPort, "/rooms", { headers: { cookie: "verbatim_node=1" } });
      expect(status).toBe(200);
    }
    await hears(call("127.0.0.2"), "login_successful");
    expect(await openSocket("127.0.0.3", "192.0.2.7")).toBe("login_successful");
    await two?.kill("SIGTERM");
    await Promise.all(gone);
  });

  it("cuts off whoever is with a node that hangs, and has them back at the other", async () => {
    const [one] = servers;
    const lines = [call("127.0.0.1"), call("127.0.0.1")];
    for (const line of lines) await hears(line, "login_successful");
    const gone = lines.map(({ socket }) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
    process.kill(one?.pid ?? 0, "SIGSTOP");
    await Promise.race(gone);
    await hears(call("127.0.0.2"), "login_successful");
    // A request that is with that node by then gets 502; each door is looked after by itself.
    const seen = new Set<number>();
    await until(
      WITHIN_MS,
      () => `an answer of the other node; there were ${[...seen]}`,
      async () => {
        const { status } = await ask(proxy.httpPort, "/rooms", { headers: { cookie: "verbatim_node=1" } });
        seen.add(status);
        return status === 200 ? true : undefined;
      },
    );
    expect([...seen].filter((status) => ![200, 502, 504].includes(status))).toEqual([]);
  });
});
