/**
 * The load test for k6, `k6/chat.js`: it stands by itself, its requests are those that the server takes, and it tells a
 * server that loses, repeats or swaps from one that does not. Replayed by a small stand-in, for k6 is no package of this
 * project's. Needs `dist/`.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFakeChatServer, type Faults } from "../support/fake-chat-server.ts";
import { type SpawnedServer, startServer } from "../support/spawned-server.ts";

const SCRIPT = fileURLToPath(new URL("../../k6/chat.js", import.meta.url));
const SHIM = fileURLToPath(new URL("../support/k6-shim.mjs", import.meta.url));

/** Two who post and three who listen. The silence is longer than a busy machine stands still. */
const SHORT = { LISTENERS: "3", POSTERS: "2", SILENCE: "5" };
const POSTS = 60;

/** What the stand-in prints. */
interface Replay {
  readonly code: number | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly missed: readonly string[];
}

const closings: (() => unknown)[] = [];

afterAll(() => {
  for (const close of closings) close();
});

async function replay(base: string): Promise<Replay> {
  const child = spawn(process.execPath, [SHIM, SCRIPT, String(POSTS)], {
    env: { PATH: process.env["PATH"], BASE: base, ...SHORT },
    stdio: ["ignore", "pipe", "pipe"],
  });
  closings.push(() => child.kill("SIGKILL"));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (out === "") throw new Error(error);
  return { code, ...(JSON.parse(out) as Omit<Replay, "code">) };
}

describe("k6/chat.js", () => {
  let folder = "";
  let server: SpawnedServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "verbatim-k6-"));
    server = await startServer({ dataDir: join(folder, "data") });
  });

  afterAll(async () => {
    await server.kill("SIGTERM");
    await rm(folder, { recursive: true, force: true });
  });

  it("imports k6's own modules alone, so that it can be piped into k6", async () => {
    const source = await readFile(SCRIPT, "utf8");
    const imports = Array.from(source.matchAll(/^import .* from "(.*)";$/gm), ([, from]) => from);
    expect(imports).toEqual(["k6/execution", "k6/http", "k6/metrics", "k6/ws"]);
    expect(source).not.toMatch(/\bimport\(|\brequire\(|\bopen\(/);
  });

  it("HTTP-1 WS-2 asks what the server takes, and counts every delivery", async () => {
    const { code, counts, missed } = await replay(`http://localhost:${server.httpPort}`);
    expect(missed).toEqual([]);
    expect(code).toBe(0);
    expect(counts).toMatchObject({
      posts_accepted: POSTS,
      posts_unknown: 0,
      deliveries: POSTS * 3,
      deliveries_missing: 0,
      deliveries_repeated: 0,
      deliveries_disordered: 0,
      listeners_lost: 0,
    });
  });

  async function fake(faults: Faults): Promise<string> {
    const server: Server = createFakeChatServer({ asItIs: true, ...faults });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closings.push(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Does something else with every tenth frame. */
  function everyTenth(what: (frame: string) => readonly string[]): NonNullable<Faults["push"]> {
    let count = 0;
    return (_listener, frame) => (++count % 10 === 0 ? what(frame) : [frame]);
  }

  /** Keeps some frames back for so long that a later one of the same sender's overtakes them. */
  function late(): NonNullable<Faults["push"]> {
    const held = new Map<number, readonly string[]>();
    return (listener, frame) => {
      const frames = [...(held.get(listener) ?? []), frame];
      held.set(listener, frames.length === 4 ? [] : frames);
      return frames.length === 4 ? frames.reverse() : [];
    };
  }

  // They wait for silence most of the time, and do so together.
  it.concurrent.each<[string, readonly string[], Faults]>([
    ["loses", ["deliveries_missing: count==0"], { push: everyTenth(() => []) }],
    [
      "repeats",
      ["deliveries_missing: count==0", "deliveries_repeated: count==0"],
      { push: everyTenth((frame) => [frame, frame]) },
    ],
    ["swaps", ["deliveries_disordered: count==0"], { push: late() }],
    [
      "takes nothing",
      ["posts_accepted: count>0"],
      { post: () => ({ status: 503, body: '{"code":"overloaded"}', kept: false }) },
    ],
    [
      "does not say whether it took",
      ["posts_unknown: count==0"],
      {
        post: (count) => (count % 10 === 0 ? { status: 503, body: '{"code":"unknown"}', kept: false } : undefined),
      },
    ],
  ])("fails a server that %s", async (_does, expected, faults) => {
    const { code, missed } = await replay(await fake(faults));
    expect(missed).toEqual(expected);
    expect(code).toBe(99);
  });
});
