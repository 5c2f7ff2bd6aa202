/**
 * The load tool as a person runs it: sane figures and exit code 0 against the relay; against one that drops, repeats,
 * swaps, changes or hangs up, the finding by its name and exit code 1.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WebSocketServer } from "ws";
import { benchCommand } from "../../src/bench/cli.ts";
import type { Measurement } from "../../src/bench/measure.ts";
import { createRelay } from "../../src/bench/relay.ts";

const rooms = Array.from({ length: 24 }, (_, index) => ({ name: `room-${index}`, description: "A room." }));
/** For relays that lose something: what does not come at once never comes. */
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

/** What a broken relay does with the lines of one read, and with its connection. */
type Fault = (lines: string[], toClient: Socket) => string[];

/** Puts a fault between a relay and each of its users. */
async function faultyRelay(fault: () => Fault): Promise<number> {
  const relay = await listen(createRelay(rooms));
  return listen(
    createServer((client) => {
      const upstream = connect({ host: "127.0.0.1", port: relay });
      const broken = fault();
      let rest = "";
      for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
      client.on("data", (chunk) => upstream.write(chunk));
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.destroy());
      upstream.setEncoding("utf8").on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\r\n");
        rest = lines.pop() ?? "";
        for (const line of broken(lines, client)) client.write(`${line}\r\n`);
      });
    }),
  );
}

/** Runs `verbatim bench tcp` in this process; what it printed as JSON, and its exit code. */
async function bench(port: number, ...args: string[]): Promise<{ code: number; measurement: Measurement }> {
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  let code = -1;
  const command = benchCommand((exitCode) => {
    code = exitCode;
  });
  const short = ["--warmup", "0.2", "--duration", "0.5", "--drain", "60"];
  const where = args.includes("--http") ? [] : ["--tcp", `127.0.0.1:${port}`];
  const all = ["tcp", ...where, "--pid", String(process.pid), "--json", ...short, ...args];
  await command.parseAsync(all, { from: "user" });
  vi.restoreAllMocks();
  return { code, measurement: JSON.parse(printed.join("")) as Measurement };
}

describe("verbatim bench tcp", () => {
  it("keeps a window full and finds nothing wrong with the relay", async () => {
    const port = await listen(createRelay(rooms));
    const { code, measurement } = await bench(port, "--window", "16");
    const { result } = measurement;
    expect(code).toBe(0);
    expect(result.shortfall).toBe(false);
    // More than one window of each of 48 users.
    expect(result.sent).toBeGreaterThan(48 * 16);
    expect(result.delivered).toBe(result.sent * 2);
    expect(result.latencyMs.p50).toBeGreaterThan(0);
    expect(result.latencyMs.p99).toBeGreaterThanOrEqual(result.latencyMs.p50);
    expect(result.latencyMs.max).toBeGreaterThanOrEqual(result.latencyMs.p999);
    expect(result.server?.cpuMicrosPerDelivery).toBeGreaterThan(0);
  });

  it("keeps a rate, whoever sends", async () => {
    const port = await listen(createRelay(rooms));
    const load = ["--users", "12", "--rooms", "3", "--rooms-each", "2", "--senders", "4", "--rate", "100"];
    // How long this process stood still at most: what was due meanwhile goes out late, or not at all at the very end.
    const still = monitorEventLoopDelay({ resolution: 1 });
    still.enable();
    const begin = performance.now();
    const { code, measurement } = await bench(port, ...load, "--duration", "1");
    const seconds = (performance.now() - begin) / 1000;
    still.disable();
    const { result } = measurement;
    expect(code).toBe(0);
    expect(result.sent).toBeGreaterThan(400 * 0.8 * (1.2 - still.max / 1e9));
    expect(result.sent).toBeLessThan(400 * seconds + 4);
    expect(result.delivered).toBe(result.sent * 8);
  });

  it("runs the stress shape, a join storm and silent users", async () => {
    const port = await listen(createRelay(rooms));
    // Nobody sends who comes when the time is over: it is longer than this process stands still.
    const stress = await bench(port, "--stress", "--users", "40", "--time-scale", "200", "--duration", "2");
    expect(stress.code).toBe(0);
    expect(stress.measurement.result.delivered).toBeGreaterThan(stress.measurement.result.sent);
    const storm = await bench(port, "--join-storm", "--users", "100");
    expect(storm.code).toBe(0);
    expect(storm.measurement.result.delivered).toBe(storm.measurement.result.sent * 100);
    const idle = await bench(port, "--idle", "50");
    expect(idle.code).toBe(0);
    expect(idle.measurement.result.server?.memory.idle).toBeGreaterThan(0);
  });

  it("sends and hears the same over WebSocket", async () => {
    const relay = await listen(createRelay(rooms));
    const server = createHttpServer();
    // A frame for each line, both ways.
    new WebSocketServer({ server }).on("connection", (socket) => {
      const upstream = connect({ host: "127.0.0.1", port: relay });
      let rest = "";
      upstream.setEncoding("utf8").on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\r\n");
        rest = lines.pop() ?? "";
        for (const line of lines) socket.send(line);
      });
      socket.on("message", (data) => upstream.write(`${String(data)}\n`));
      socket.on("close", () => upstream.destroy());
    });
    const port = await listen(server);
    const { code, measurement } = await bench(
      port,
      "--http",
      `127.0.0.1:${port}`,
      "--window",
      "16",
      "--rooms-each",
      "2",
    );
    expect(measurement.result.errorExamples).toEqual([]);
    expect(code).toBe(0);
    expect(measurement.result.sent).toBeGreaterThan(48 * 16);
    expect(measurement.result.delivered).toBe(measurement.result.sent * 4);
  });

  it("reads how fast the log grows", async () => {
    const port = await listen(createRelay(rooms));
    const { code, measurement } = await bench(port, "--log-growth", "0.05");
    expect(code).toBe(0);
    expect(measurement.result.sent).toBeGreaterThanOrEqual(50_000);
    expect((measurement as unknown as { growth: { ratio: number } }).growth.ratio).toBeGreaterThan(0);
  });

  const isMessage = (line: string): boolean => line.startsWith('{"_et":"user_message"');

  /** A fault that befalls every 50th message of a user. */
  const sometimes = (what: (line: string) => string[]) => () => {
    let count = 0;
    return (lines: string[]) => lines.flatMap((line) => (isMessage(line) && ++count % 50 === 0 ? what(line) : [line]));
  };

  let swappers = 0;

  it.each<[string, string, () => Fault]>([
    ["loses", "lost", sometimes(() => [])],
    ["repeats", "duplicate", sometimes((line) => [line, line])],
    [
      "swaps",
      "misordered",
      () => {
        let held: string | undefined;
        // Users are hit at different places: a swap that all in a room see alike is simply their order.
        swappers += 7;
        let count = swappers;
        return (lines) =>
          lines.flatMap((line) => {
            if (!isMessage(line)) return [line];
            if (held === undefined && ++count % 50 === 0) {
              held = line;
              return [];
            }
            const out = held === undefined ? [line] : [line, held];
            held = undefined;
            return out;
          });
      },
    ],
    ["invents", "never_sent", sometimes((line) => [line, line.replace(/ \d{9} /, " 999999999 ")])],
  ])("finds a relay that %s messages", async (_does, finding, fault) => {
    const port = await faultyRelay(fault);
    const { code, measurement } = await bench(port, "--rate", "100", ...SHORT_DRAIN);
    const { counts, examples } = measurement.result.findings;
    expect(code).toBe(1);
    expect(measurement.result.shortfall).toBe(true);
    expect(counts[finding as keyof typeof counts]).toBeGreaterThanOrEqual(10);
    expect(examples.join("\n")).toContain(`${finding}: room-`);
  });

  it("finds a relay that changes texts, answers with errors or hangs up", async () => {
    const changing = await faultyRelay(sometimes((line) => [line.replace("abc", "ab")]));
    const changed = await bench(changing, "--rate", "100", ...SHORT_DRAIN);
    expect(changed.code).toBe(1);
    expect(changed.measurement.result.errors.malformed).toBeGreaterThan(0);

    const refusing = await faultyRelay(sometimes((line) => ['{"_et":"error","code":"overloaded","m":"later"}', line]));
    const refused = await bench(refusing, "--rate", "100");
    expect(refused.code).toBe(1);
    expect(refused.measurement.result.errors.overloaded).toBeGreaterThan(0);

    const hangingUp = await faultyRelay(() => (lines, client) => {
      if (lines.some(isMessage)) client.destroy();
      return lines;
    });
    const gone = await bench(hangingUp, "--rate", "100");
    expect(gone.code).toBe(1);
    expect(gone.measurement.result.connectionsLost).toBe(48);
  });

  it("says in one line what is wrong with a call", async () => {
    const told: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => told.push(String(text)) > 0);
    let code = -1;
    const port = await listen(createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    for (const args of [
      ["--rate", "5", "--window", "5"],
      ["--payload", "10"],
      ["--tcp", `127.0.0.1:${port}`],
      ["--tcp", "127.0.0.1:1"],
      ["--tcp", "nowhere"],
    ]) {
      code = -1;
      const command = benchCommand((exitCode) => {
        code = exitCode;
      });
      await command.parseAsync(["tcp", ...args], { from: "user" });
      expect(code).toBe(1);
    }
    vi.restoreAllMocks();
    expect(told.join("").trim().split("\n")).toEqual([
      "verbatim: Either --rate or --window, not both.",
      "verbatim: --payload is at least 38 bytes.",
      expect.stringContaining("greets with something else than login_successful"),
      expect.stringContaining("can't be reached"),
      "verbatim: nowhere is not HOST:PORT.",
    ]);
  });
});
