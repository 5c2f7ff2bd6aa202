/**
 * The WebSocket door's handshake, reader and frames against a conformance suite of somebody else's: the Python package
 * `kosoku`, which drives the cases of the Autobahn test suite. It talks to an endpoint that echoes, which only this test
 * starts. Case 9 (messages up to 16 MiB, in pieces of 64 bytes too) runs with VERBATIM_CONFORMANCE=long.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FrameLimits } from "../../src/server/gateways/websocket-reader.ts";
import { tempFolder } from "../support/clean-checkout.ts";
import { isInstalled, runProgram } from "../support/programs.ts";
import { startEchoServer } from "../support/websocket-echo.ts";

const MIB = 1024 * 1024;

/** The cases send messages larger and in more pieces than the door takes. */
const LIMITS: FrameLimits = { frameBytesMax: 16 * MIB, piecesMax: 256 * 1024, chunksMax: 256 * 1024 };

/** What a case may end with: as the RFC has it, or in one of several ways that it leaves open. */
const FINE = ["OK", "NON-STRICT", "INFORMATIONAL"];

interface CaseResult {
  readonly behavior: string;
  readonly behaviorClose: string;
}

/** Runs the cases of some groups, and gives their results by case. */
async function runCases(groups: readonly string[], withinMs: number): Promise<ReadonlyMap<string, CaseResult>> {
  const server = await startEchoServer(LIMITS);
  const folder = tempFolder("conformance");
  const include = groups.flatMap((group) => ["--include", group]);
  const args = ["--mode", "fuzzingclient", "--parallelism", "4", "--outdir", folder.path, ...include];
  try {
    const options = { cwd: folder.path, env: {}, withinMs };
    await runProgram("kosoku", [...args, `127.0.0.1:${server.port}`], options);
    const reports = JSON.parse(readFileSync(`${folder.path}/index.json`, "utf8")) as Record<
      string,
      Record<string, CaseResult>
    >;
    return new Map(Object.values(reports).flatMap((cases) => Object.entries(cases)));
  } finally {
    folder.remove();
    await server.stop();
  }
}

function failures(results: ReadonlyMap<string, CaseResult>): readonly string[] {
  return [...results]
    .filter(([, { behavior, behaviorClose }]) => !FINE.includes(behavior) || !FINE.includes(behaviorClose))
    .map(([name, { behavior, behaviorClose }]) => `${name}: ${behavior}, closed ${behaviorClose}`);
}

describe("the conformance suite", () => {
  it("WS-3 passes framing, pings, reserved bits, opcodes, fragments, UTF-8, closing and automatic fragments", async (context) => {
    if (!isInstalled("kosoku")) context.skip("kosoku is not installed: pip install kosoku==0.1.0");
    const results = await runCases(["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"], 180_000);
    expect(failures(results)).toEqual([]);
    expect(results.size).toBe(247);
  }, 190_000);

  // Not skipped elsewhere but left out: a skip would say that something is missing.
  if (process.env["VERBATIM_CONFORMANCE"] === "long") {
    it("passes messages of up to 16 MiB, in pieces of any size", async (context) => {
      if (!isInstalled("kosoku")) context.skip("kosoku is not installed: pip install kosoku==0.1.0");
      const results = await runCases(["9.*"], 600_000);
      expect(failures(results)).toEqual([]);
      expect(results.size).toBe(54);
    }, 620_000);
  }
});
