/**
 * The load tool over real engines, as separate processes: a node of a cluster against the plain way, and pages out of the
 * database. Figures are not judged here, they belong to the machine; that nothing of the node's is lost is, and that
 * nothing is left behind in the engines.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HttpComparison } from "../../src/bench/http/http-baseline.ts";
import type { HttpMeasurement } from "../../src/bench/http/http-measure.ts";
import { engines } from "../support/engines.ts";
import { isLong } from "../support/faults-run.ts";
import { runVerbatim } from "../support/spawned-server.ts";

const WITHIN_MS = 110_000;

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bench-engines-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("verbatim bench http, over engines", () => {
  function bench(...args: string[]) {
    const { kafka, cql } = engines();
    const over = ["--data", folder, "--json", "--kafka", kafka, "--cql", cql];
    return runVerbatim(["bench", "http", ...over, ...args], {}, WITHIN_MS);
  }

  it("compares a node with the plain way: posts, what all cost together, the lag and its end", async () => {
    const short = ["--warmup", "1", "--duration", "2", "--connections", "8", "--listeners", "3"];
    // One record at a time: only so the plain way keeps its order.
    const { code, stdout, stderr } = await bench("--baseline", "--runs", "1", "--plain-at-once", "1", ...short);
    expect(stderr).toBe("");
    const { measurements, postsRatio } = JSON.parse(stdout) as HttpComparison;
    expect(measurements.map(({ subject }) => subject)).toEqual(["plain", "node"]);
    expect(postsRatio).toBeGreaterThan(0);
    const [plain, node] = measurements.map(({ result }) => result);
    expect(code).toBe(0);
    for (const result of [plain, node]) {
      expect(result?.accepted).toBeGreaterThan(20);
      expect(result?.accepted).toBe(result?.posted);
      expect(result?.errorExamples).toEqual([]);
      expect(result?.findings.examples).toEqual([]);
      expect(result?.pushed).toBe((result?.accepted ?? 0) * 3);
      expect(result?.cluster?.drained).toBe(true);
      expect(result?.cluster?.lagMax).toBeGreaterThanOrEqual(0);
      expect(result?.cluster?.drainMs).toBeLessThan(60_000);
      expect(result?.cluster?.storedPerSecond).toBeGreaterThan(0);
    }
    expect(Object.keys(plain?.cluster?.cpuMicrosPerPost ?? {})).toEqual(["plain", "kafka", "cql"]);
    expect(Object.keys(node?.cluster?.cpuMicrosPerPost ?? {})).toEqual(["node", "kafka", "cql"]);
    for (const micros of Object.values(node?.cluster?.cpuMicrosPerPost ?? {})) expect(micros).toBeGreaterThan(0);
    expect(await readdir(folder)).toEqual([]);
  });

  if (isLong) {
    it("reads pages of what the database has", async () => {
      const load = ["--page-reads", "5000", "--page-anywhere", "--rate", "100", "--warmup", "1", "--duration", "2"];
      const { code, stdout } = await bench(...load);
      const { result } = JSON.parse(stdout) as HttpMeasurement;
      expect(result.errorExamples).toEqual([]);
      expect(code).toBe(0);
      expect(result.pages?.count).toBeGreaterThan(10);
      expect(result.pages?.latencyMs.p99).toBeGreaterThan(0);
    });
  }

  it("says in one line that brokers and database belong together", async () => {
    const { kafka } = engines();
    const { code, stderr } = await runVerbatim(["bench", "http", "--kafka", kafka], {}, WITHIN_MS);
    expect(code).toBe(1);
    expect(stderr).toBe("verbatim: --kafka and --cql belong together.\n");
  });
});
