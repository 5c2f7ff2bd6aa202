/**
 * The load tool over HTTP as a person runs it: exit code 0 against a server that does everything right; against one that
 * loses, repeats, swaps or invents pushes, keeps what it refused, renumbers, shows old pages or does not resume, the
 * finding by its name and exit code 1.
 */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { benchCommand } from "../../src/bench/cli.ts";
import { createBareServer } from "../../src/bench/http/bare-server.ts";
import type { HttpMeasurement } from "../../src/bench/http/http-measure.ts";
import { createFakeChatServer, type Faults } from "../support/fake-chat-server.ts";

/** For servers that lose something: what does not come at once never comes. */
const SHORT_DRAIN = ["--drain", "1"];

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const fake = (faults: Faults = {}): Promise<number> => listen(createFakeChatServer(faults));

/** Gives, once asked, for how many seconds in all this process has stood still since, 20 ms and more at a time. */
function standstills(): () => number {
  let stoodMs = 0;
  let last = performance.now();
  const look = (): void => {
    const now = performance.now();
    if (now - last > 20) stoodMs += now - last;
    last = now;
  };
  const timer = setInterval(look, 1);
  closers.push(() => clearInterval(timer));
  return () => {
    look();
    return stoodMs / 1000;
  };
}

/** Runs `verbatim bench http` in this process; what it printed as JSON, and its exit code. */
async function bench(port: number, ...args: string[]): Promise<{ code: number; measurement: HttpMeasurement }> {
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  let code = -1;
  const command = benchCommand((exitCode) => {
    code = exitCode;
  });
  const short = ["--warmup", "0.2", "--duration", "0.5", "--drain", "60"];
  const all = ["http", "--http", `127.0.0.1:${port}`, "--pid", String(process.pid), "--json", ...short, ...args];
  await command.parseAsync(all, { from: "user" });
  vi.restoreAllMocks();
  return { code, measurement: JSON.parse(printed.join("")) as HttpMeasurement };
}

describe("verbatim bench http", () => {
  it("posts as fast as answers come, and finds nothing wrong with a server that is right", async () => {
    const { code, measurement } = await bench(await fake(), "--connections", "8", "--listeners", "3");
    const { result } = measurement;
    expect(result.errorExamples).toEqual([]);
    expect(result.findings.examples).toEqual([]);
    expect(code).toBe(0);
    expect(result.accepted).toBeGreaterThan(8);
    expect(result.accepted).toBe(result.posted);
    expect(result.pushed).toBe(result.accepted * 3);
    expect(result.postLatencyMs.p50).toBeGreaterThan(0);
    expect(result.pushLatencyMs.p99).toBeGreaterThanOrEqual(result.pushLatencyMs.p50);
    expect(result.server?.cpuMicrosPerPost).toBeGreaterThan(0);
  });

  it("keeps a rate, spread over chats", async () => {
    const load = ["--rate", "300", "--connections", "6", "--listeners", "6", "--chats", "3", "--duration", "1"];
    const port = await fake();
    const stood = standstills();
    const begin = performance.now();
    const { code, measurement } = await bench(port, ...load);
    const seconds = (performance.now() - begin) / 1000;
    expect(code).toBe(0);
    // What was due while this process stood still is posted late, or not at all where too little time is left at the end.
    expect(measurement.result.posted).toBeGreaterThan(300 * 0.8 * (1.2 - stood()));
    expect(measurement.result.posted).toBeLessThan(300 * seconds + 1);
    expect(measurement.result.pushed).toBe(measurement.result.accepted * 2);
  });

  it("checks a server that speaks only the wire as it is, its frames in a shape of their own", async () => {
    const right = await bench(await fake({ asItIs: true }), "--rate", "200");
    expect(right.measurement.result.errorExamples).toEqual([]);
    expect(right.code).toBe(0);
    expect(right.measurement.result.pushed).toBe(right.measurement.result.accepted * 10);
    const wrong = await bench(await fake({ asItIs: true, push: sometimes(() => []) }), "--rate", "200", ...SHORT_DRAIN);
    expect(wrong.code).toBe(1);
    expect(wrong.measurement.result.findings.counts.lost).toBeGreaterThan(0);
  });

  it("runs a chat of many members, silent listeners, a mass return and page reads", async () => {
    const members = await bench(await fake(), "--members", "40", "--rate", "50");
    expect(members.code).toBe(0);
    expect(members.measurement.result.pushed).toBe(members.measurement.result.accepted * 40);

    const idle = await bench(await fake(), "--idle", "50", "--duration", "0.1");
    expect(idle.code).toBe(0);
    expect(idle.measurement.result.server?.memory.idle).toBeGreaterThan(0);

    // Away for longer than this process stands still: meanwhile nothing would be taken that could be missed.
    const back = await bench(await fake(), "--reconnect", "48", "--rate", "300", "--away", "1");
    expect(back.measurement.result.findings.examples).toEqual([]);
    expect(back.measurement.result.errorExamples).toEqual([]);
    expect(back.code).toBe(0);
    expect(back.measurement.result.comeBack?.sessions).toBe(48);
    expect(back.measurement.result.comeBack?.missed).toBeGreaterThan(0);
    expect(back.measurement.result.comeBack?.eachMs.count).toBe(48);

    const pages = await bench(await fake(), "--page-reads", "500", "--rate", "300", "--page-limit", "50");
    expect(pages.measurement.result.errorExamples).toEqual([]);
    expect(pages.code).toBe(0);
    expect(pages.measurement.result.accepted).toBeGreaterThan(8);
    expect(pages.measurement.result.pages?.count).toBeGreaterThan(0);
    expect(pages.measurement.result.pages?.latencyMs.p99).toBeGreaterThan(0);

    const anywhere = await bench(await fake(), "--page-reads", "500", "--rate", "300", "--page-anywhere");
    expect(anywhere.measurement.result.errorExamples).toEqual([]);
    expect(anywhere.code).toBe(0);
    expect(anywhere.measurement.result.pages?.count).toBeGreaterThan(0);
  });

  it("measures the bare server in the same way", async () => {
    const port = await listen(createBareServer());
    const answer = await fetch(`http://127.0.0.1:${port}/chats/x/messages`, {
      method: "POST",
      body: new URLSearchParams({ content: "héllo & +more" }),
    });
    expect(await answer.json()).toEqual({ content: "héllo & +more" });
  });

  /** A fault that befalls every 20th frame of a listener. */
  function sometimes(
    what: (frame: string) => readonly string[],
  ): (listener: number, frame: string) => readonly string[] {
    const counts = new Map<number, number>();
    return (listener, frame) => {
      const count = (counts.get(listener) ?? listener) + 1;
      counts.set(listener, count);
      return count % 20 === 0 ? what(frame) : [frame];
    };
  }

  /** Swaps two neighbours now and then, at other places for each listener. */
  function swapping(): (listener: number, frame: string) => readonly string[] {
    const held = new Map<number, string>();
    const hold = sometimes(() => []);
    return (listener, frame) => {
      const before = held.get(listener);
      held.delete(listener);
      if (before !== undefined) return [frame, before];
      const now = hold(listener, frame);
      if (now.length === 0) held.set(listener, frame);
      return now;
    };
  }

  it.each<[string, string, () => Faults]>([
    ["loses pushes", "lost", () => ({ push: sometimes(() => []) })],
    ["repeats pushes", "duplicate", () => ({ push: sometimes((frame) => [frame, frame]) })],
    ["swaps pushes", "misordered", () => ({ push: swapping() })],
    [
      "invents pushes",
      "never_sent",
      () => ({ push: sometimes((frame) => [frame, frame.replace(/ \d{9} /, " 999999999 ")]) }),
    ],
    ["renumbers", "renumbered", () => ({ push: sometimes((frame) => [frame.replace(/"q":\d+/, '"q":9999999')]) })],
    [
      "pushes what it refused",
      "refused",
      () => ({
        // Found once a post, where its pushes come before the answer, and not once a listener: so of more posts.
        post: (count) => (count % 4 === 0 ? { status: 503, body: '{"code":"overloaded"}', kept: true } : undefined),
      }),
    ],
  ])("finds a server that %s", async (_does, finding, faults) => {
    const { code, measurement } = await bench(await fake(faults()), "--rate", "400", ...SHORT_DRAIN);
    const { counts, examples } = measurement.result.findings;
    expect(code).toBe(1);
    expect(measurement.result.shortfall).toBe(true);
    expect(counts[finding as keyof typeof counts]).toBeGreaterThanOrEqual(10);
    expect(examples.join("\n")).toContain(`${finding}: `);
  });

  it("takes a server at its word: what was refused need not come, what is unknown may", async () => {
    for (const [code, kept] of [
      ["overloaded", false],
      ["unknown", false],
      ["unknown", true],
    ] as const) {
      const post: Faults["post"] = (count) =>
        count % 10 === 0 ? { status: 503, body: JSON.stringify({ code }), kept } : undefined;
      const { code: exit, measurement } = await bench(await fake({ post }), "--rate", "200");
      const { result } = measurement;
      expect(result.findings.examples).toEqual([]);
      expect(result.errors[code]).toBeGreaterThan(0);
      expect(result.unknown > 0).toBe(code === "unknown");
      expect(exit).toBe(1);
    }
  });

  it("finds old pages and gaps after a return", async () => {
    const old = await bench(await fake({ pageBehind: 200 }), "--page-reads", "500", "--rate", "300");
    expect(old.code).toBe(1);
    expect(old.measurement.result.errors.bad_page).toBeGreaterThan(0);

    const wrong = await bench(
      await fake({ pageBehind: 1 }),
      ...["--page-reads", "500", "--rate", "300", "--page-anywhere"],
    );
    expect(wrong.code).toBe(1);
    expect(wrong.measurement.result.errors.bad_page).toBeGreaterThan(0);

    const deaf = await bench(
      await fake({ resumes: false }),
      "--reconnect",
      "48",
      "--rate",
      "300",
      "--away",
      "0.3",
      ...SHORT_DRAIN,
    );
    expect(deaf.code).toBe(1);
    expect(deaf.measurement.result.findings.counts.lost).toBeGreaterThan(10);
    expect(deaf.measurement.result.findings.counts.hole).toBeGreaterThan(10);
  });

  it("finds a server that hangs up on listeners and on posts", async () => {
    const server = createFakeChatServer();
    let requests = 0;
    server.on("connection", (socket: Socket) => {
      socket.on("data", (chunk) => {
        if (chunk.includes("/messages") && ++requests % 30 === 0) socket.destroy();
        else if (chunk.includes("/ws/connect") && requests === 0) setTimeout(() => socket.destroy(), 400);
      });
    });
    const { code, measurement } = await bench(await listen(server), "--rate", "300", "--listeners", "4");
    expect(code).toBe(1);
    expect(measurement.result.unknown).toBeGreaterThan(0);
    expect(measurement.result.errors.post_unanswered).toBe(measurement.result.unknown);
    expect(measurement.result.errors.connection_lost).toBe(4);
  });

  it("says in one line what is wrong with a call", async () => {
    const told: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => told.push(String(text)) > 0);
    const port = await fake();
    const bare = await listen(createBareServer());
    for (const args of [
      ["--payload", "10"],
      ["--members", "5", "--idle", "5"],
      ["--http", `127.0.0.1:${port}`, "--baseline"],
      ["--http", `127.0.0.1:${bare}`],
      ["--http", "127.0.0.1:1"],
      ["--http", "nowhere"],
    ]) {
      let code = -1;
      const command = benchCommand((exitCode) => {
        code = exitCode;
      });
      await command.parseAsync(["http", ...args], { from: "user" });
      expect(code).toBe(1);
    }
    vi.restoreAllMocks();
    expect(told.join("").trim().split("\n")).toEqual([
      "verbatim: --payload is at least 38 bytes.",
      "verbatim: --members, --idle, --reconnect and --page-reads are different loads.",
      "verbatim: --http and --baseline or --suite say different things about what to measure.",
      expect.stringContaining("POST /users was answered with 200, not 201"),
      expect.stringContaining("can't be reached"),
      "verbatim: nowhere is not HOST:PORT.",
    ]);
  });
});
