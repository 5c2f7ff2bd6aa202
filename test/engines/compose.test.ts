/**
 * The compose file without containers: its migration, its nodes and its proxy as processes, with the commands and variables
 * that stand in it, on a real Kafka and a real Cassandra. Only addresses are changed, and topics and keyspace are this
 * test's own. Needs `dist/`.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { freePorts } from "../../scripts/engines/engine.mjs";
import { type TempFolder, tempFolder } from "../support/clean-checkout.ts";
import { readComposition, type Service } from "../support/composition.ts";
import { engines } from "../support/engines.ts";
import { type RunningProxy, startHaproxy } from "../support/haproxy.ts";
import { ask, type HttpAnswer } from "../support/http-client.ts";
import { connectLineClient, type LineClient } from "../support/line-client.ts";
import { isInstalled } from "../support/programs.ts";
import { readProjectFile } from "../support/project-files.ts";
import { runVerbatim, type SpawnedServer, startServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const WITHIN_MS = 30_000;
const START_WITHIN_MS = 120_000;

const { services } = readComposition(readProjectFile("compose.yaml"));

/** A service of the file. */
function service(name: string): Service {
  const found = services[name];
  if (found === undefined) throw new Error(`compose.yaml has no service ${name}`);
  return found;
}

/** A trace viewer that keeps what it is sent. */
class Viewer {
  readonly bodies: string[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        if (request.url === "/v1/traces") this.bodies.push(Buffer.concat(chunks).toString("latin1"));
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      });
    });
  }

  async open(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe("what compose.yaml starts, as processes", () => {
  const viewer = new Viewer();
  const nodes: SpawnedServer[] = [];
  let folder: TempFolder;
  let proxy: RunningProxy;
  let env: Record<string, string> = {};

  beforeEach(({ skip }) => {
    if (!isInstalled("haproxy")) skip("haproxy is not installed");
  });

  /** What a service gives its process, with addresses of this machine. */
  function argsOf(name: string, opsPort: number): readonly string[] {
    const command = service(name).command;
    if (command === undefined || typeof command === "string") throw new Error(`${name} has no list of arguments`);
    return command
      .slice(1)
      .map((arg) => arg.replace(/^(--tcp|--http)=0\.0\.0\.0:\d+$/, "$1=127.0.0.1:0"))
      .map((arg) => arg.replace(`--ops=${name}:9000`, `--ops=localhost:${opsPort}`));
  }

  beforeAll(async () => {
    folder = tempFolder("composed");
    const own = randomBytes(5).toString("hex");
    const addresses = engines();
    env = {
      // The image's own come first, as in a container.
      ...Object.fromEntries(
        [...readProjectFile("Dockerfile").matchAll(/\b(VERBATIM_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
      ),
      ...service("migrate").environment,
      VERBATIM_KAFKA: addresses.kafka,
      VERBATIM_CQL: addresses.cql,
      VERBATIM_TRUST_PROXY: "127.0.0.1",
      VERBATIM_TRACES: `http://127.0.0.1:${await viewer.open()}/v1/traces`,
      VERBATIM_TRACE_EVERY: "1",
      VERBATIM_TOPIC: `messages-${own}`,
      VERBATIM_SIGNALS_TOPIC: `signals-${own}`,
      VERBATIM_CQL_KEYSPACE: `k${own}`,
    };
  });

  afterAll(async () => {
    await proxy?.close();
    await Promise.all(nodes.map((node) => node.kill("SIGKILL")));
    viewer.close();
    folder?.remove();
  });

  it("a node refuses to start before the migration, and the migration makes what it needs", async () => {
    const doors = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    const early = await runVerbatim(["serve", ...doors, "--no-migrate"], env, WITHIN_MS);
    expect(early.code).toBe(1);
    expect(early.stderr).toMatch(/verbatim migrate/);
    const [verb = ""] = service("migrate").command ?? [];
    const made = await runVerbatim([verb], env, START_WITHIN_MS);
    expect([made.code, made.stderr]).toEqual([0, expect.not.stringContaining("verbatim: ")]);
    expect(made.stdout).toContain(`topic ${env["VERBATIM_TOPIC"]}: 12 partitions`);
    const again = await runVerbatim([verb], env, START_WITHIN_MS);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("nothing to migrate")]);
    // As `docker compose run --rm migrate invite` has it.
    const invite = await runVerbatim(["invite"], env, WITHIN_MS);
    expect([invite.code, invite.stderr]).toEqual([0, expect.not.stringContaining("verbatim: ")]);
  });

  it("two nodes start after it, and HAProxy finds both", { timeout: 3 * START_WITHIN_MS }, async () => {
    const opsPorts = await freePorts(2);
    const ends: { tcpPort: number; httpPort: number }[] = [];
    for (const [at, name] of ["verbatim-1", "verbatim-2"].entries()) {
      const args = argsOf(name, opsPorts[at] ?? 0);
      const node = await startServer({ dataDir: join(folder.path, name), args, env, withinMs: START_WITHIN_MS });
      nodes.push(node);
      ends.push({ tcpPort: node.tcpPort, httpPort: node.httpPort ?? 0 });
      // By the name that Prometheus has for it, and by no other.
      const metrics = await ask(opsPorts[at] ?? 0, "/metrics", { headers: { host: `localhost:${opsPorts[at]}` } });
      expect(metrics.status).toBe(200);
      const foreign = await ask(opsPorts[at] ?? 0, "/metrics", { headers: { host: "elsewhere:9000" } });
      expect(foreign.status).toBe(403);
    }
    const [one, two] = ends;
    if (one === undefined || two === undefined) throw new Error("two nodes were started");
    proxy = await startHaproxy([one, two]);
    for (const node of [1, 2]) expect((await at(node, "/rooms")).status).toBe(200);
  });

  /** A request that HAProxy sends to that node; once more where it stood still and says that it can't just now. */
  function at(
    node: number,
    path: string,
    form?: readonly (readonly [string, string])[],
    user?: unknown,
  ): Promise<HttpAnswer> {
    const cookie = [`verbatim_node=${node}`, ...(user === undefined ? [] : [`user_id=${user}`])].join("; ");
    const asked = { headers: { cookie }, ...(form === undefined ? {} : { form }) };
    return until(
      WITHIN_MS,
      () => `an answer to ${path}`,
      async () => {
        const answer = await ask(proxy.httpPort, path, asked);
        return answer.status === 503 && /"code":"(unavailable|not_sent)"/.test(answer.body) ? undefined : answer;
      },
    );
  }

  it("a client of one node talks with a client of the other, over every door", async () => {
    const ann = (await at(1, "/users", [["username", "Ann"]])).json()["user_id"];
    const bob = (await at(2, "/users", [["username", "Bob"]])).json()["user_id"];
    const heard = [1, 2].map((node) => {
      const socket = new WebSocket(`ws://127.0.0.1:${proxy.httpPort}/ws/connect/${bob}`, {
        headers: { cookie: `verbatim_node=${node}` },
      });
      const frames: string[] = [];
      socket.on("message", (data: Buffer) => frames.push(data.toString()));
      return { socket, frames, open: once(socket, "open") };
    });
    await Promise.all(heard.map(({ open }) => open));
    const members = [ann, bob].map((id) => ["members", String(id)] as const);
    const made = await at(1, "/chats", [["name", "Tea"], ...members], ann);
    const chat = made.json()["chat_id"];
    const posted = await at(2, `/chats/${chat}/messages`, [["content", "from two"]], ann);
    expect([made.status, posted.status]).toEqual([201, 200]);
    for (const { frames } of heard) {
      await until(
        WITHIN_MS,
        () => `the message; there were ${frames}`,
        () => (frames.some((frame) => frame.includes("from two")) ? true : undefined),
      );
    }
    const history = (await at(1, `/chats/${chat}/messages`, undefined, bob)).json<Record<string, unknown>[]>();
    expect(history).toMatchObject([{ content: "from two", message_id: posted.json()["message_id"] }]);
    for (const { socket } of heard) socket.terminate();

    const lines: LineClient[] = [];
    for (let count = 0; count < 4; count += 1) lines.push(await connectLineClient(proxy.tcpPort));
    for (const line of lines) {
      line.send({ _ct: "join_room", r: "general" });
      await line.heard({ _et: "user_joined_room", r: "general" });
    }
    lines[0]?.send({ _ct: "send_message", r: "general", c: "over TCP" });
    for (const line of lines) await line.heard({ _et: "user_message", c: "over TCP" }, WITHIN_MS);
    for (const node of nodes) {
      const { body } = await ask(Number(node.httpPort), "/metrics");
      expect(body).toMatch(/^verbatim_sessions\{door="tcp"\} [1-3]$/m);
    }
    for (const line of lines) line.close();
  });

  it("traces of it reach the viewer, and hold neither texts nor names", async () => {
    await until(
      WITHIN_MS,
      () => `traces; ${viewer.bodies.length} came`,
      () =>
        ["message", "log", "fanout", "store"].every((span) => viewer.bodies.join("").includes(span)) ? true : undefined,
    );
    for (const word of ["from two", "over TCP", "Ann", "Tea"]) expect(viewer.bodies.join("")).not.toContain(word);
  });

  it("they stop as `docker compose stop` asks them to", async () => {
    const ends = await Promise.all(nodes.map((node) => node.kill("SIGTERM")));
    expect(ends).toEqual(nodes.map(() => ({ code: 0, signal: null })));
  });
});
