/**
 * Starts the real program, `node dist/bin.js`, as its own process, on free ports, and ends it by its process id.
 * `dist/` must have been built.
 */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How to start a server. */
export interface ServerStart {
  readonly dataDir: string;
  /** More flags; one given here wins over those of this helper. */
  readonly args?: readonly string[];
  /** More environment variables. `VERBATIM_…` of the test's own environment is not handed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take to listen, in milliseconds; 60 s unless told. */
  readonly withinMs?: number;
}

/** A server that listens. */
export interface SpawnedServer {
  readonly pid: number;
  readonly tcpPort: number;
  /** `undefined` with `--http off`. */
  readonly httpPort: number | undefined;
  /** The fields of its log line `listening`. */
  readonly listening: Readonly<Record<string, unknown>>;
  /** Resolves when it has ended. */
  readonly exited: Promise<Exit>;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** Its log lines so far, parsed. */
  logLines(): readonly Readonly<Record<string, unknown>>[];
  /** Sends a signal and resolves when it has ended. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

/** A run that was waited for. */
export interface FinishedRun extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

const BIN = fileURLToPath(new URL("../../dist/bin.js", import.meta.url));

/** Starts `verbatim serve` on free ports and resolves when it listens; rejects, with what it said, when it ends before. */
export async function startServer(start: ServerStart): Promise<SpawnedServer> {
  const { dataDir, args = [], env = {}, withinMs = 60_000 } = start;
  const own = ["serve", "--data", dataDir, "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--log-format", "json"];
  const run = spawnVerbatim([...own, ...args], env);
  const listening = await new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    const fail = (what: string): void => {
      run.child.kill("SIGKILL");
      reject(new Error(`the server ${what}\nstdout: ${run.stdout()}\nstderr: ${run.stderr()}`));
    };
    const deadline = setTimeout(() => fail(`did not listen within ${withinMs} ms`), withinMs);
    const look = (): void => {
      const line = parseLines(run.stdout()).find(({ msg }) => msg === "listening");
      if (line === undefined) return;
      clearTimeout(deadline);
      run.child.stdout?.off("data", look);
      resolve(line);
    };
    run.child.stdout?.on("data", look);
    void run.exited.then(({ code, signal }) => {
      clearTimeout(deadline);
      fail(`ended before it listened, code ${code}, signal ${signal}`);
    });
  });
  const { http, tcp } = listening;
  return {
    pid: run.child.pid ?? 0,
    tcpPort: portOf(tcp) ?? 0,
    httpPort: portOf(http),
    listening,
    exited: run.exited,
    stdout: run.stdout,
    stderr: run.stderr,
    logLines: () => parseLines(run.stdout()),
    kill: (signal) => {
      run.child.kill(signal);
      return run.exited;
    },
  };
}

/** Runs any `verbatim` command to its end; after `withinMs` it is killed and the promise rejects. */
export async function runVerbatim(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  withinMs = 60_000,
): Promise<FinishedRun> {
  const run = spawnVerbatim(args, env);
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    run.child.kill("SIGKILL");
  }, withinMs);
  const exit = await run.exited;
  clearTimeout(deadline);
  if (late)
    throw new Error(`verbatim ${args.join(" ")} did not end within ${withinMs} ms\n${run.stdout()}\n${run.stderr()}`);
  return { ...exit, stdout: run.stdout(), stderr: run.stderr() };
}

/** A `verbatim` that runs. */
export interface Run {
  readonly child: ChildProcess;
  /** Resolves when it has ended and all that it wrote has been read. */
  readonly exited: Promise<Exit>;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** Starts any `verbatim` command and waits for nothing; `stdin`: whether it has a standard input to write to. */
export function spawnVerbatim(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdin: "ignore" | "pipe" = "ignore",
): Run {
  if (!existsSync(BIN)) throw new Error("dist/bin.js is missing: npm run build");
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("VERBATIM_"));
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: [stdin, "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // A test that ends early must not leave a server behind.
  const killOnExit = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", killOnExit);
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject);
    // `close` and not `exit`: only then everything that it wrote has been read.
    child.once("close", (code, signal) => {
      process.off("exit", killOnExit);
      resolve({ code, signal });
    });
  });
  return { child, exited, stdout: () => stdout, stderr: () => stderr };
}

function parseLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  const lines: Readonly<Record<string, unknown>>[] = [];
  // The last piece has no newline yet.
  for (const line of text.split("\n").slice(0, -1)) {
    if (!line.startsWith("{")) continue;
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) lines.push(value as Readonly<Record<string, unknown>>);
  }
  return lines;
}

function portOf(address: unknown): number | undefined {
  const port = typeof address === "string" ? /:(\d+)$/.exec(address)?.[1] : undefined;
  return port === undefined ? undefined : Number(port);
}
