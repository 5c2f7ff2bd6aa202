/**
 * The load tool against the built server, as separate processes: what README and docs tell people to run. Figures are
 * not judged here, they belong to the machine; that nothing is lost is.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Comparison } from "../../src/bench/baseline.ts";
import type { HttpComparison } from "../../src/bench/http/http-baseline.ts";
import type { HttpMeasurement } from "../../src/bench/http/http-measure.ts";
import type { Measurement } from "../../src/bench/measure.ts";
import { isLong } from "../support/faults-run.ts";
import { runVerbatim, spawnVerbatim } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const WITHIN_MS = 60_000;

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bench-test-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("verbatim bench http, with a server of its own", () => {
  const bench = (...args: string[]) =>
    runVerbatim(["bench", "http", "--data", folder, "--json", ...args], {}, WITHIN_MS);
  const short = ["--warmup", "0.3", "--duration", "1"];

  it("compares the server with a bare one, and leaves nothing behind", async () => {
    const { code, stdout, stderr } = await bench("--baseline", "--runs", "1", ...short);
    expect(stderr).toBe("");
    const comparison = JSON.parse(stdout) as HttpComparison;
    expect(comparison.measurements.flatMap(({ result }) => result.errorExamples)).toEqual([]);
    expect(comparison.measurements.flatMap(({ result }) => result.findings.examples)).toEqual([]);
    expect(code).toBe(0);
    expect(comparison.measurements.map(({ subject }) => subject)).toEqual(["bare", "server"]);
    expect(comparison.postsRatio).toBeGreaterThan(0);
    const [bare, server] = comparison.measurements.map(({ result }) => result);
    expect(bare?.accepted).toBe(bare?.posted);
    expect(server?.accepted).toBe(server?.posted);
    expect(server?.pushed).toBe((server?.accepted ?? 0) * 10);
    expect(server?.server?.memory.peak).toBeGreaterThan(10e6);
    expect(comparison.measurements[1]?.disk?.syncP50Micros).toBeGreaterThan(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ["the members of one chat", ["--members", "100", ...short]],
    ["silent listeners", ["--idle", "100"]],
    ["sessions that are cut off and come back", ["--reconnect", "100", ...short]],
    ["readers of the newest page", ["--page-reads", "2000", "--rate", "500", ...short]],
    ["readers of the page without a query", ["--page-reads", "2000", "--rate", "500", "--page-limit", "0", ...short]],
  ])("finds nothing wrong with what is told to %s", async (_whom, args) => {
    const { code, stdout } = await bench(...args);
    const { result } = JSON.parse(stdout) as HttpMeasurement;
    expect(result.errorExamples).toEqual([]);
    expect(result.findings.examples).toEqual([]);
    expect(result.neverListened).toBe(0);
    expect(code).toBe(0);
  });
});

describe("verbatim bench tcp, with a server of its own", () => {
  const bench = (...args: string[]) =>
    runVerbatim(["bench", "tcp", "--warmup", "0.3", "--data", folder, "--json", ...args], {}, WITHIN_MS);

  it("compares server and relay, and leaves nothing behind", async () => {
    const { code, stdout, stderr } = await bench("--baseline", "--runs", "1", "--duration", "1");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const comparison = JSON.parse(stdout) as Comparison;
    expect(comparison.measurements.map(({ subject }) => subject)).toEqual(["relay", "server"]);
    expect(comparison.deliveriesRatio).toBeGreaterThan(0);
    expect(comparison.cpuRatio).toBeGreaterThan(0);
    for (const { result } of comparison.measurements) {
      expect(result.shortfall).toBe(false);
      expect(result.delivered).toBe(result.sent * 2);
      expect(result.server?.memory.peak).toBeGreaterThan(10e6);
    }
    expect(comparison.measurements[1]?.disk?.syncP50Micros).toBeGreaterThan(0);
    expect(await readdir(folder)).toEqual([]);
  });

  if (isLong) {
    it("counts the acknowledgement of every key", async () => {
      const { code, stdout } = await bench("--keys", "--rate", "50", "--duration", "1", "--rooms-each", "3");
      const { result } = JSON.parse(stdout) as Measurement;
      expect(result.findings.examples).toEqual([]);
      expect(result.errors).toEqual({});
      expect(code).toBe(0);
      expect(result.acknowledged).toBe(result.sent);
    });
  }

  if (isLong) {
    it("compares rooms over WebSocket with the same over TCP", async () => {
      const { code, stdout } = await bench("--websocket", "--baseline", "--runs", "1", "--duration", "1");
      const comparison = JSON.parse(stdout) as Comparison;
      expect(comparison.measurements.flatMap(({ result }) => result.errorExamples)).toEqual([]);
      expect(comparison.measurements.flatMap(({ result }) => result.findings.examples)).toEqual([]);
      expect(code).toBe(0);
      expect(comparison.measurements.map(({ subject }) => subject)).toEqual(["server", "websocket"]);
      expect(comparison.deliveriesRatio).toBeGreaterThan(0);
    });
  }

  it("leaves nothing behind where it is interrupted", async () => {
    const run = spawnVerbatim(["bench", "tcp", "--data", folder, "--duration", "30", "--progress"]);
    await until(
      20_000,
      () => `the load to go on; it printed ${run.stderr()}`,
      () => (/[1-9]\d* out\/s/.test(run.stderr()) ? true : undefined),
    );
    expect(await readdir(folder)).toHaveLength(1);
    run.child.kill("SIGINT");
    expect((await run.exited).code).toBe(130);
    expect(await readdir(folder)).toEqual([]);
  });

  it("writes a profile of the server, and says why a server did not start", async () => {
    const profiles = join(folder, "profiles");
    const profiled = await bench("--rate", "10", "--duration", "0.3", "--cpu-prof", profiles);
    expect(profiled.code).toBe(0);
    expect(await readdir(profiles)).toEqual([expect.stringMatching(/\.cpuprofile$/)]);
    const refused = await bench("--server-args", "--no-such-flag");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("no-such-flag");
  });
});
