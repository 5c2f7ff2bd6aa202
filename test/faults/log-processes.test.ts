/** The log between real processes: tailed while it is appended to, and killed. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { nodeFiles } from "../../src/server/log/log-files.ts";
import { verifyLog } from "../../src/server/log/verify.ts";
import { tempFolder } from "../support/clean-checkout.ts";
import { readAll, withLog } from "../support/log-under-test.ts";
import type { Program } from "../support/programs.ts";
import { startProgram } from "../support/programs.ts";
import { until } from "../support/until.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SCRIPT = fileURLToPath(new URL("../support/log-process.mjs", import.meta.url));
const WITHIN_MS = 60_000;

function start(...args: (string | number)[]): Program {
  return startProgram(process.execPath, [SCRIPT, ...args.map(String)], { cwd: ROOT, env: {} });
}

/** The number in the last line that a program printed with a word before it; 0 where there is none. */
function lastNumber(program: Program, word: string): number {
  const numbers = program.output().match(new RegExp(`(?<=^${word} )\\d+$`, "gm")) ?? [];
  return Math.max(0, ...numbers.map(Number));
}

beforeAll(() => {
  if (existsSync(join(ROOT, "dist/server/log/segments.js"))) return;
  const { status, stderr } = spawnSync(process.execPath, ["scripts/build.mjs"], { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
});

describe("the log between processes", () => {
  it("LOG-3 other processes that tail the log while one appends see every record once, in order", async () => {
    const folder = tempFolder("log-tail");
    const dir = join(folder.path, "log");
    const programs: Program[] = [];
    try {
      const appender = start("append", dir);
      programs.push(appender);
      await appender.printed(/^opened 0$/m, WITHIN_MS);
      const to = 6000;
      const tails = [start("tail", dir, 0, to)];
      programs.push(...tails);
      await until(
        WITHIN_MS,
        () => "1,000 records",
        () => lastNumber(appender, "acked") > 1000 || undefined,
      );
      // One that comes late, and begins in the middle.
      tails.push(start("tail", dir, 500, to));
      programs.push(...tails.slice(1));
      for (const tail of tails) {
        await tail.printed(/^done$/m, WITHIN_MS);
        expect((await tail.ended).code).toBe(0);
        // It followed while the other wrote, and did not read all at the end.
        expect((tail.output().match(/^saw /gm) ?? []).length).toBeGreaterThan(10);
      }
    } finally {
      for (const program of programs) await program.end("SIGKILL");
      folder.remove();
    }
  });

  it("LOG-1 killed at any moment, again and again, the log has what it acknowledged, and nothing is damaged", async () => {
    const folder = tempFolder("log-kill");
    const dir = join(folder.path, "log");
    let appender: Program | undefined;
    try {
      let acked = 0;
      for (let round = 0; round < 6; round += 1) {
        appender = start("append", dir);
        const running = appender;
        const opened = await running.printed(/^opened (\d+)$/m, WITHIN_MS);
        expect(Number(opened[1])).toBeGreaterThanOrEqual(acked);
        const aim = Number(opened[1]) + 50 + round * 97;
        await until(
          WITHIN_MS,
          () => `${aim} records`,
          () => lastNumber(running, "acked") > aim || undefined,
        );
        await running.end("SIGKILL");
        acked = lastNumber(running, "acked");
        const { findings } = await verifyLog(nodeFiles, dir);
        expect(findings.filter(({ kind }) => kind === "damaged")).toEqual([]);
      }
      await withLog(
        nodeFiles,
        async (log) => {
          const records = await readAll(log);
          expect(records.length).toBeGreaterThanOrEqual(acked);
          for (const [position, { body }] of records.entries()) expect(body).toBe(JSON.stringify(`record ${position}`));
        },
        { dir },
      );
    } finally {
      await appender?.end("SIGKILL");
      folder.remove();
    }
  });
});
