/**
 * The load tool against the built server, as separate processes: what README and docs tell people to run. Figures are
 * not judged here, they belong to the machine; that nothing is lost is.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Comparison } from "../../src/bench/baseline.ts";
import type { Measurement } from "../../src/bench/measure.ts";
import { runVerbatim } from "../support/spawned-server.ts";

const WITHIN_MS = 60_000;

describe("verbatim bench tcp, with a server of its own", () => {
  let folder = "";

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "bench-test-"));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

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

  it("counts the acknowledgement of every key", async () => {
    const { code, stdout } = await bench("--keys", "--rate", "50", "--duration", "1", "--rooms-each", "3");
    const { result } = JSON.parse(stdout) as Measurement;
    expect(result.findings.examples).toEqual([]);
    expect(result.errors).toEqual({});
    expect(code).toBe(0);
    expect(result.acknowledged).toBe(result.sent);
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
