/** Tests of where log lines go: whoever reads them may stop doing so, and that must not keep a server from its end. */
import { execFileSync } from "node:child_process";
import { constants, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLogStream } from "../../../src/server/telemetry/logger.ts";
import { until } from "../../support/until.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verbatim-log-stream-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("a log stream", () => {
  it("STOP-1 ends within a second or two where nobody reads what it wrote", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    // Open at both ends, so that it takes what it has room for, and then nothing.
    const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const stream = openLogStream(pipe);
    for (let line = 0; line < 2000; line++) stream.write(`${"x".repeat(1000)}\n`);
    // What is under way is tried again after a while: then the rest waits behind it.
    await new Promise((resolve) => setImmediate(resolve));
    const begin = performance.now();
    stream.finish();
    expect(performance.now() - begin).toBeLessThan(20_000);
    expect(() => stream.finish()).not.toThrow();
  });

  it("writes all that waits before it ends", async () => {
    const path = join(folder, "log");
    const file = openSync(path, "w");
    const stream = openLogStream(file);
    for (let line = 0; line < 100; line++) stream.write(`${line}\n`);
    stream.finish();
    await until(
      5000,
      () => readFileSync(path, "utf8"),
      () => readFileSync(path, "utf8").split("\n").length === 101 || undefined,
    );
  });
});
