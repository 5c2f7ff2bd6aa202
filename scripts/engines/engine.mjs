/**
 * One engine as a process: started, stopped, killed, paused and started again on the same port and data. It ends with
 * the process that started it, however that ends, and a data folder of its own goes with it.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, realpath, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { javaCommand } from "./jars.mjs";

const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 100;
const LAST_LINES = 20;
const ERROR_LINES = 10;
const PORTS_FROM = 10_000;
const PORTS = 20_000;
const RESERVED_MS = 60 * 60 * 1000;

/**
 * Java's first compiler alone. What the second makes runs faster, and comes too late for a process that lives for minutes:
 * the tests on engines took 274 s with it on two cores, and 235 s without.
 */
export const QUICK_COMPILER = ["-XX:TieredStopAtLevel=1"];

/**
 * Waits for the end of its standard input, which comes when the process that holds the other end is gone, `kill -9`
 * included. Unless it was told `done` before, it then kills the engine (if that number still is the engine: its command
 * line names its folder) and removes the folder where it is nobody else's.
 */
const GUARD = `read -r line
[ "$line" = done ] && exit 0
if ! command -v ps >/dev/null || ps -ww -o command= -p "$1" | grep -qF "$2"; then kill -KILL "$1"; fi
[ "$3" = own ] && { sleep 1; rm -rf "$2"; }`;

/** An engine's process. `startKafka` and `startCassandra` make them. */
export class Engine {
  #plan;
  #isOwnFolder;
  #child;
  #ended = Promise.resolve();
  #isEnding = false;

  /** `plan` is `{name, port, dir, args, answers}`: the arguments for Java, and what resolves when it serves. */
  constructor(plan, isOwnFolder) {
    this.#plan = plan;
    this.#isOwnFolder = isOwnFolder;
    this.name = plan.name;
    this.port = plan.port;
    this.address = `127.0.0.1:${plan.port}`;
    this.dir = plan.dir;
  }

  /** The process id while it runs. */
  get pid() {
    return this.#child?.pid;
  }

  /** Resolves when the process that runs now has ended, with whether somebody here ended it. */
  get ended() {
    return this.#ended;
  }

  /**
   * Starts it, on the same port and data as before, and resolves when it answers a request. With `signal` aborted it
   * ends again and the promise rejects.
   */
  async start(signal = undefined) {
    if (this.#child !== undefined) throw new Error(`${this.name} runs already`);
    const { name, dir, args, answers, port } = this.#plan;
    const log = openSync(join(dir, "engine.log"), "a");
    const child = spawn(javaCommand(), args, { cwd: dir, detached: true, stdio: ["ignore", log, log] });
    closeSync(log);
    this.#isEnding = false;
    this.#child = child;
    this.#ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => {
        this.#child = undefined;
        resolve({ wasAsked: this.#isEnding });
      });
    });
    this.#watch(child);
    const deadline = performance.now() + READY_WITHIN_MS;
    for (;;) {
      if (this.#child !== child) throw new Error(`${name} ended while it started; it said:\n${await this.lastWords()}`);
      const why = await answers(port).then(
        () => undefined,
        (error) => error,
      );
      if (why === undefined) return this;
      const isAborted = signal?.aborted ?? false;
      if (isAborted || performance.now() > deadline) {
        await this.kill();
        if (isAborted) throw new Error(`${name} was stopped while it started`);
        throw new Error(`${name} did not answer within ${READY_WITHIN_MS / 1000} s: ${why.message}`);
      }
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Asks it to stop, and kills it where it does not; resolves when it has ended. */
  async stop() {
    const ended = this.#signal("SIGTERM");
    const deadline = delay(STOP_WITHIN_MS, "late", { ref: false });
    if ((await Promise.race([ended, deadline])) === "late") await this.kill();
  }

  /** `kill -9`; resolves when it has ended. */
  async kill() {
    await this.#signal("SIGKILL");
  }

  /** SIGSTOP: the process stands still, its sockets stay open. */
  pause() {
    this.#child?.kill("SIGSTOP");
  }

  /** SIGCONT, after `pause`. */
  resume() {
    this.#child?.kill("SIGCONT");
  }

  /** Ends it and removes its data, unless the folder was given by somebody. */
  async remove() {
    await this.kill();
    if (this.#isOwnFolder) await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The errors in what it wrote to its own log, and its end. */
  async lastWords() {
    const log = await readFile(join(this.dir, "engine.log"), "utf8").catch(() => "");
    const lines = log.trimEnd().split("\n");
    const errors = lines.slice(0, -LAST_LINES).filter((line) => /^(ERROR|Caused by|Exception)/.test(line));
    return [...errors.slice(-ERROR_LINES), ...lines.slice(-LAST_LINES)].join("\n");
  }

  async #signal(signal) {
    this.#isEnding = true;
    this.#child?.kill(signal);
    // A stopped process takes no SIGTERM until it goes on.
    if (signal === "SIGTERM") this.#child?.kill("SIGCONT");
    await this.#ended;
  }

  #watch(child) {
    const own = this.#isOwnFolder ? "own" : "given";
    const guard = spawn("sh", ["-c", GUARD, "guard", String(child.pid), this.dir, own], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    guard.stdin.on("error", () => undefined);
    child.once("exit", () => guard.stdin.end("done\n"));
    guard.unref();
  }
}

/** Runs a Java program to its end; throws with what it said where it fails. */
export async function runJava(args, cwd, signal) {
  const child = spawn(javaCommand(), args, { cwd, signal, stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  child.stdout.on("data", (chunk) => said.push(chunk));
  child.stderr.on("data", (chunk) => said.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`java ended with ${code}:\n${Buffer.concat(said).toString()}`);
}

/** The engine's folder: the one given, or a new one of its own under the folder for temporary files. */
export async function engineFolder(name, given) {
  if (given !== undefined) {
    await mkdir(given, { recursive: true });
    return { dir: await realpath(given), isOwn: false };
  }
  return { dir: await realpath(await mkdtemp(join(tmpdir(), `verbatim-${name}-`))), isOwn: true };
}

/**
 * Ports that nobody listens on, from below those that systems hand out for outgoing connections: an engine that is
 * stopped and started again finds its port free. Each stays reserved for a while, by a file, for an engine takes its time
 * until it listens, and another run of the tests may look for ports meanwhile.
 */
export async function freePorts(count) {
  const reserved = join(tmpdir(), "verbatim-engine-ports");
  await mkdir(reserved, { recursive: true });
  const ports = [];
  while (ports.length < count) {
    const port = PORTS_FROM + Math.floor(Math.random() * PORTS);
    if ((await canListen(port)) && (await reserve(join(reserved, String(port))))) ports.push(port);
  }
  return ports;
}

/** Whether the port was nobody's, and now is the caller's. */
async function reserve(path) {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: 0 }))).mtimeMs;
    // Whoever comes later finds it free.
    if (age > RESERVED_MS) await rm(path, { force: true });
    return false;
  }
}

function canListen(port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
