/**
 * Load tool, the measured process: starts a server or the relay as a process of its own, learns its port from its log,
 * and ends it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Cores } from "./cores.ts";

/** A door of the server; each is listed under its name in the log line `listening`. */
export type Door = "tcp" | "http";

/** How a process is started. */
export interface LaunchOptions {
  /** The door whose address is wanted. */
  readonly door: Door;
  readonly cores: Cores;
  /** Flags for Node, such as `--cpu-prof`. */
  readonly nodeArgs: readonly string[];
  /** Arguments of `verbatim`. */
  readonly args: readonly string[];
  /** `NAME=value`, added to the environment. */
  readonly environment: readonly string[];
}

/** A process that listens. */
export interface Launched {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Asks it to end and waits until it has; kills it when it does not within 15 s. Resolves with its exit code. */
  stop(): Promise<number | undefined>;
}

/** How long a process may take until it listens: a large log is read at the start. */
const LISTENING_WITHIN_MS = 60_000;

const STOPPED_WITHIN_MS = 15_000;

/** What of a process's output is kept to explain a failure, in characters. */
const OUTPUT_KEPT_MAX = 4000;

/** Starts `verbatim` with these arguments; resolves once its log says where it listens. */
export function launch(options: LaunchOptions): Promise<Launched> {
  const bin = fileURLToPath(
    new URL(import.meta.url.endsWith(".ts") ? "../../dist/bin.js" : "../bin.js", import.meta.url),
  );
  const node = [process.execPath, ...options.nodeArgs, bin, ...options.args];
  const pinned = options.cores.server === undefined ? [] : ["taskset", "-c", String(options.cores.server)];
  const [program = "", ...args] = [...pinned, "env", ...options.environment, ...node];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  // Whatever ends the tool, the process that it started does not outlive it; nor does it write to a folder that goes.
  const orphan = (): boolean => child.kill("SIGKILL");
  process.prependOnceListener("exit", orphan);
  child.once("exit", () => process.removeListener("exit", orphan));
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`${args.slice(-options.args.length).join(" ")} ${why}\n${output}`.trim()));
    };
    const timer = setTimeout(() => fail("does not say where it listens"), LISTENING_WITHIN_MS);
    child.once("error", (error) => fail(`can't be started: ${error.message}`));
    const ended = (code: number | null): void => fail(`ended at once with exit code ${code}`);
    child.once("exit", ended);
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream?.setEncoding("utf8");
      stream?.on("data", (chunk: string) => {
        output = (output + chunk).slice(-OUTPUT_KEPT_MAX);
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const address of lines.map((line) => parseListening(line, options.door))) {
          if (address === undefined) continue;
          clearTimeout(timer);
          child.removeListener("exit", ended);
          resolve({ ...address, pid: child.pid ?? 0, stop: () => stop(child) });
        }
      });
    }
  });
}

/** Where a door is, from a log line `{"msg":"listening","tcp":"HOST:PORT" | {"host","port"},…}`; else `undefined`. */
export function parseListening(line: string, door: Door): { host: string; port: number } | undefined {
  if (!line.startsWith("{") || !line.includes('"listening"')) return undefined;
  try {
    const fields = JSON.parse(line) as { msg: unknown } & Readonly<Record<Door, unknown>>;
    if (fields.msg !== "listening") return undefined;
    const where = fields[door];
    return typeof where === "string" ? parseAddress(where) : (where as { host: string; port: number } | undefined);
  } catch {
    return undefined;
  }
}

/** Reads `HOST:PORT` or `[IPv6]:PORT`; throws where it is neither. */
export function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) throw new Error(`${text} is not HOST:PORT.`);
  return { host, port };
}

function stop(child: ChildProcess): Promise<number | undefined> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode ?? undefined);
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOPPED_WITHIN_MS);
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve(code ?? undefined);
    });
    child.kill("SIGTERM");
  });
}
