/**
 * docs/sdk.md as a reader uses it: each block of code is run as it stands, but for the ports, in a folder that has the
 * built package installed, against a server. It says what the paper says that it does.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChatClient } from "../../src/sdk/chat-client.ts";
import { tcpTransport } from "../../src/sdk/tcp-transport.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";
import { sectionOf } from "../support/papers.ts";
import { PROJECT_ROOT, readProjectFile } from "../support/project-files.ts";
import { recordsOf, textsOf } from "../support/sdk-listening.ts";
import { until } from "../support/until.ts";

const paper = readProjectFile("docs/sdk.md");

/** What a page has and Node does not. */
const PAGE = `import { WebSocket as PageWebSocket } from "ws";
Object.assign(globalThis, { WebSocket: PageWebSocket, addEventListener: () => {} });
Object.assign(globalThis, { location: new URL("http://localhost:8000/"), document: { addEventListener: () => {} } });
`;

let server: HttpServer;
let folder: string;
const children: ChildProcess[] = [];
const clients: ChatClient[] = [];

beforeEach(async () => {
  server = await startHttpServer();
  folder = mkdtempSync(join(tmpdir(), "verbatim-sdk-docs-"));
  mkdirSync(join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  symlinkSync(PROJECT_ROOT, join(folder, "node_modules/verbatim-chat"), "dir");
  symlinkSync(join(PROJECT_ROOT, "node_modules/ws"), join(folder, "node_modules/ws"), "dir");
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(children.splice(0).map(end));
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The blocks of code under a heading. */
function blocksUnder(heading: string): readonly string[] {
  return [...sectionOf(paper, heading).matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
}

const end = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.on("close", () => resolve());
    child.kill("SIGKILL");
  });

/** Runs a block; `lines` grows with what it prints. */
function run(block: string): { readonly child: ChildProcess; readonly lines: string[] } {
  // Both in one go: the one port may have the digits of the other.
  const code = block.replaceAll(/8000|8080/g, (port) => String(port === "8000" ? server.port : server.tcpPort));
  writeFileSync(join(folder, "block.js"), code);
  const child = spawn(process.execPath, ["block.js"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  const lines: string[] = [];
  let rest = "";
  const take = (chunk: Buffer): void => {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  return { child, lines };
}

const printed = (lines: readonly string[], count: number): Promise<unknown> =>
  until(
    20_000,
    () => `${count} lines, not ${JSON.stringify(lines)}`,
    () => lines.length >= count || undefined,
  );

/** Somebody else in a room. */
function someone(room: string) {
  const client = new ChatClient({ connect: tcpTransport({ host: "127.0.0.1", port: server.tcpPort }) });
  clients.push(client);
  const opened = client.open(room, { after: 0 });
  const records = recordsOf(opened);
  client.connect();
  return { room: opened, records };
}

describe("docs/sdk.md", () => {
  it("has no block of code that is not run here", () => {
    const headings = ["A bot over TCP", "Over WebSocket", "A room", "What survives the program", "Over HTTP"];
    expect(headings.map((heading) => blocksUnder(heading).length)).toEqual([1, 2, 1, 1, 1]);
    expect(paper.match(/^```\w*$/gm)).toHaveLength(12);
  });

  it("shows a bot that answers", async () => {
    const { room, records } = someone("general");
    const [block = ""] = blocksUnder("A bot over TCP");
    run(block);
    await until(
      20_000,
      () => "the bot to come",
      () => room.presence.count === 2 || undefined,
    );
    room.send("ping");
    await until(
      10_000,
      () => `an answer: ${textsOf(records)}`,
      () => textsOf(records).includes("pong") || undefined,
    );
    expect(textsOf(records)).toEqual(["ping", "pong"]);
  });

  it("shows who listens over WebSocket", async () => {
    const { room, records } = someone("general");
    room.send("hello there");
    const { lines } = run(blocksUnder("Over WebSocket")[0] ?? "");
    await printed(lines, 1);
    const [record] = records;
    expect(lines).toEqual([`1 ${record?.type === "message" ? record.user : ""}: hello there`]);
  });

  it("shows a page that comes in", async () => {
    const { lines } = run(PAGE + (blocksUnder("Over WebSocket")[1] ?? ""));
    await until(
      20_000,
      () => `a session, after ${JSON.stringify(lines)}`,
      () => [...server.core.sessions.all()].some(({ door }) => door === "websocket") || undefined,
    );
    expect(lines).toEqual([]);
  });

  it("shows what becomes of what one says", async () => {
    const { lines } = run(blocksUnder("A room")[0] ?? "");
    await printed(lines, 3);
    expect(lines.toSorted()).toEqual([
      "0 of the last ten, and that is all",
      expect.stringMatching(/^message_too_long: /),
      "sent as 1: hello",
    ]);
  });

  it("shows a program that goes on where it was, and says once what it says once", async () => {
    const [block = ""] = blocksUnder("What survives the program");
    const first = run(block);
    // It prints what it deals with before it writes down that it did: killed between the two, it deals with it again.
    const cursor = join(folder, "cursor.json");
    await until(
      20_000,
      () => `the first record to be written down, after ${JSON.stringify(first.lines)}`,
      () => (existsSync(cursor) && readFileSync(cursor, "utf8") === "1") || undefined,
    );
    await end(first.child);
    expect(first.lines).toEqual(["1"]);
    const session = readFileSync(join(folder, "session.json"), "utf8");
    const second = run(block);
    await printed(second.lines, 1);
    expect(second.lines).toEqual(["2"]);
    expect(readFileSync(join(folder, "session.json"), "utf8")).toBe(session);
    expect(existsSync(join(folder, "unsent.json"))).toBe(true);
  });

  it("shows the calls over HTTP", async () => {
    const { lines } = run(blocksUnder("Over HTTP")[0] ?? "");
    await printed(lines, 3);
    expect(lines).toEqual(["[ 'Tea: 0 unread' ]", expect.stringMatching(/^bad_field: /), "2"]);
  });
});
