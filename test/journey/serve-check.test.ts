/**
 * `verbatim check` and `verbatim repair` on the data folder of a real server: beside it, after it, and after damage.
 * Needs `dist/`.
 */
import { mkdtemp, open, readdir, readFile, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectLineClient, type LineClient } from "../support/line-client.ts";
import { runVerbatim, type SpawnedServer, spawnVerbatim, startServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

let folder = "";
let dataDir = "";
const servers: SpawnedServer[] = [];
const clients: LineClient[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "verbatim-check-"));
  dataDir = join(folder, "data");
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) await server.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<SpawnedServer> {
  const server = await startServer({ dataDir });
  servers.push(server);
  return server;
}

async function connect(server: SpawnedServer): Promise<LineClient> {
  const client = await connectLineClient(server.tcpPort);
  clients.push(client);
  return client;
}

/** Waits until the store has all that was said: a server that stops waits for it for three seconds and no longer. */
async function stored({ httpPort }: SpawnedServer): Promise<void> {
  let metrics = "";
  await until(
    30_000,
    () => `the store to have all:\n${metrics}`,
    async () => {
      metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
      return /^consumer_lag 0$/m.test(metrics) || undefined;
    },
  );
}

/** Says `count` messages in a room, each acknowledged before the next, so that each is a batch of its own. */
async function say(server: SpawnedServer, room: string, count: number): Promise<void> {
  const client = await connect(server);
  client.send({ _ct: "join_room", r: room });
  for (let number = 1; number <= count; number += 1) {
    client.send({ _ct: "send_message", r: room, c: `${room} ${number}`, k: `key ${number}` });
    await client.heard({ _et: "ack", k: `key ${number}` });
  }
  // A repeat makes no second message, and the check must count alike.
  client.send({ _ct: "send_message", r: room, c: `${room} 1`, k: "key 1" });
  await expect.poll(() => client.events.filter(({ _et, k }) => _et === "ack" && k === "key 1").length).toBe(2);
  await stored(server);
  client.close();
}

/** The texts of a room from its beginning, and the seq of the last. */
async function texts(server: SpawnedServer, room: string): Promise<{ said: unknown[]; seqs: unknown[] }> {
  const client = await connect(server);
  client.send({ _ct: "hello", v: 1 });
  client.send({ _ct: "join_room", r: room, after: 0 });
  await client.heard({ _et: "caught_up", r: room });
  const messages = client.events.filter(({ _et }) => _et === "user_message");
  client.close();
  return { said: messages.map(({ c }) => c), seqs: messages.map(({ q }) => q) };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const check = () => runVerbatim(["check", dataDir]);
const repair = () => runVerbatim(["repair", dataDir]);

async function segment(): Promise<string> {
  const names = (await readdir(join(dataDir, "log"))).filter((name) => name.endsWith(".seg"));
  expect(names).toHaveLength(1);
  return join(dataDir, "log", names[0] ?? "");
}

/** Flips one bit in the text of a message, where it stands in the log. */
async function damage(text: string): Promise<void> {
  const path = await segment();
  const at = (await readFile(path)).indexOf(text);
  expect(at).toBeGreaterThan(0);
  const file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 4;
  await file.write(byte, 0, 1, at);
  await file.close();
}

describe("verbatim check", () => {
  it("finds nothing wrong beside a running server, after it stopped, and after kill -9", async () => {
    const server = await start();
    await say(server, "general", 30);
    await say(server, "rust", 20);
    const beside = await check();
    expect(beside).toMatchObject({ code: 0, stderr: "" });
    expect(beside.stdout).toContain("found nothing wrong\n");
    await server.kill("SIGTERM");
    const after = await check();
    expect(after).toMatchObject({ code: 0, stderr: "" });
    expect(after.stdout).toMatch(/: positions 0 to 52, 52 records /);
    expect(after.stdout).toMatch(/written up to position 52; 50 records stand as the log has them\n/);
    expect(after.stdout).toContain("2 repeats of a key");
    const second = await start();
    await say(second, "general", 5);
    await second.kill("SIGKILL");
    expect(await check()).toMatchObject({ code: 0, stderr: "" });
  });

  it("names a damaged store", async () => {
    const server = await start();
    await say(server, "general", 30);
    await server.kill("SIGTERM");
    const path = join(dataDir, "store", "data.mdb");
    const bytes = await readFile(path);
    const file = await open(path, "r+");
    for (let at = bytes.indexOf("general 11"); at >= 0; at = bytes.indexOf("general 11", at + 1)) {
      await file.write("G", at);
    }
    await file.close();
    const { code, stdout } = await check();
    expect(code).toBe(1);
    expect(stdout).toMatch(/\n {2}store: room [0-9a-f-]{36}/);
  });

  it("LOG-6 names a damaged account, and that only a backup helps", async () => {
    const server = await start();
    await say(server, "general", 3);
    await server.kill("SIGTERM");
    const adding = spawnVerbatim(["user", "add", "alice", "--password-stdin"], { VERBATIM_DATA: dataDir }, "pipe");
    adding.child.stdin?.end("correct horse battery\n");
    expect((await adding.exited).code, adding.stderr()).toBe(0);
    const whole = await check();
    expect(whole).toMatchObject({ code: 0, stderr: "" });
    expect(whole.stdout).toMatch(/^directory .*: accounts: 1; \d+ values are as they were written$/m);

    const path = join(dataDir, "directory", "data.mdb");
    const bytes = await readFile(path);
    const file = await open(path, "r+");
    const text = '"name":"alice"';
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1))
      await file.write('"name":"alicf"', at);
    await file.close();
    const { code, stdout } = await check();
    expect(code).toBe(1);
    expect(stdout).toContain("found 1 thing wrong:\n  directory: an account in the directory fails its checksum, at ");
    expect(stdout).toMatch(/^put .*directory back from a backup/m);
    expect(stdout).not.toContain("verbatim repair");

    await rm(join(dataDir, "directory"), { recursive: true });
    expect((await check()).stdout).toMatch(/\n {2}directory: there is none in /);
  });

  it("refuses a folder that is none, with one line", async () => {
    for (const command of ["check", "repair"]) {
      const { code, stdout, stderr } = await runVerbatim([command, join(folder, "none")]);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/^verbatim: [^\n]*none[^\n]*\n$/);
    }
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("verbatim repair", () => {
  it("finds nothing to repair where nothing is damaged, and changes nothing", async () => {
    const server = await start();
    await say(server, "general", 10);
    await server.kill("SIGTERM");
    const before = await readFile(await segment());
    expect(await repair()).toMatchObject({ code: 0, stdout: "found nothing to repair\n", stderr: "" });
    expect(await readFile(await segment())).toEqual(before);
  });

  it("refuses while a server has the folder", async () => {
    await start();
    const { code, stdout, stderr } = await repair();
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^verbatim: [^\n]*in use[^\n]*\n$/);
  });

  it("LOG-6 writes down what is lost, cuts log and store back alike, and the server goes on from there", async () => {
    const server = await start();
    await say(server, "general", 30);
    await server.kill("SIGTERM");
    await damage("general 11");
    const found = await check();
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/\n {2}log: \d{20}\.seg, byte \d+, position 10: /);
    expect(found.stdout).toContain("verbatim repair");
    await expect(start()).rejects.toThrow(/code 1[\s\S]*stderr: verbatim: [^\n]*position 10[^\n]*\n/);
    const { code, stdout, stderr } = await repair();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("the log ends at position 10 now\n");
    expect(stdout).toContain("repaired; a server can start with it\n");
    const names = await readdir(dataDir);
    const read = async (start: string) => {
      const name = names.find((candidate) => candidate.startsWith(start)) ?? "";
      return (await readFile(join(dataDir, name), "utf8")).trimEnd().split("\n");
    };
    const fromLog = await read("lost-2");
    expect(JSON.parse(fromLog[0] ?? "")).toMatchObject({ lost: { from: 10 } });
    // Behind the damaged record, nineteen messages and the repeat.
    expect(fromLog).toHaveLength(1 + 20);
    expect(fromLog.join("\n")).toContain("general 30");
    const fromStore = await read("lost-from-store-");
    expect(fromStore.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(upTo(30).slice(10));
    expect(names.filter((name) => name.startsWith("store.before-"))).toHaveLength(1);
    expect((await readdir(join(dataDir, "log"))).some((name) => name.endsWith(".damaged"))).toBe(true);

    expect(await check()).toMatchObject({ code: 0, stderr: "" });
    const again = await start();
    expect(await texts(again, "general")).toEqual({
      said: upTo(10).map((number) => `general ${number}`),
      seqs: upTo(10),
    });
    await say(again, "general", 2);
    await again.kill("SIGTERM");
    expect(await check()).toMatchObject({ code: 0, stderr: "" });
  });

  it("brings the store back to a log that lost its end", async () => {
    const server = await start();
    await say(server, "general", 30);
    await server.kill("SIGTERM");
    const path = await segment();
    const bytes = await readFile(path);
    await truncate(path, Math.floor((await stat(path)).size / 2));
    expect(bytes.length).toBeGreaterThan((await stat(path)).size);
    expect((await check()).code).toBe(1);
    expect(await repair()).toMatchObject({ code: 0, stderr: "" });
    expect(await check()).toMatchObject({ code: 0, stderr: "" });
    const { said } = await texts(await start(), "general");
    expect(said.length).toBeGreaterThan(5);
    expect(said).toEqual(upTo(said.length).map((number) => `general ${number}`));
  });
});
