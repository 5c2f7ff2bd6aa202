/**
 * Test support: starts programs as a person would, watches what they print, and ends them with all that they started.
 */
import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { until } from "./until.ts";

/** Where and how a program runs. */
export interface ProgramOptions {
  readonly cwd: string;
  /** More environment variables. `VERBATIM_…` and `npm_…` of the test's own environment is not handed on. */
  readonly env: Readonly<Record<string, string>>;
}

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that was started, in a process group of its own. */
export interface Program {
  /** What it and its children have printed so far, both streams. */
  output(): string;
  /** Waits until what it printed matches, and returns the match. */
  printed(pattern: RegExp, withinMs: number): Promise<RegExpExecArray>;
  /** Writes to its standard input. */
  write(text: string): void;
  /** Resolves when it has ended and all its output has been read. */
  readonly ended: Promise<ProgramEnd>;
  /** Sends a signal to it and all that it started, and waits until it has ended. */
  end(signal: NodeJS.Signals): Promise<ProgramEnd>;
}

/** The environment of a shell that has never heard of this test run. */
function cleanEnvironment(more: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !/^(VERBATIM_|npm_(?!config_(registry|cache|userconfig|globalconfig)$)|INIT_CWD$|VITEST|NODE_ENV$)/.test(name),
  );
  return { ...Object.fromEntries(inherited), ...more };
}

/** Signals a whole process group; one that has ended already is no error. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Starts a program. */
export function startProgram(command: string, args: readonly string[], options: ProgramOptions): Program {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: cleanEnvironment(options.env),
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  // A program that has ended reads nothing more; whoever writes to it sees that by its end.
  child.stdin.on("error", () => undefined);
  const killOnExit = (): void => signalGroup(child, "SIGKILL");
  process.once("exit", killOnExit);
  const ended = new Promise<ProgramEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      process.off("exit", killOnExit);
      resolve({ code, signal });
    });
  });
  let hasEnded = false;
  ended.then(
    () => {
      hasEnded = true;
    },
    () => {
      hasEnded = true;
    },
  );
  return {
    output: () => output,
    printed: (pattern, withinMs) =>
      until(
        withinMs,
        () => `${command} ${args.join(" ")} to print ${pattern}; it printed:\n${output}`,
        () => {
          const match = pattern.exec(output);
          if (match === null && hasEnded) throw new Error(`${command} ended without printing ${pattern}:\n${output}`);
          return match ?? undefined;
        },
      ),
    write: (text) => void child.stdin.write(text),
    ended,
    end: (signal) => {
      signalGroup(child, signal);
      return ended;
    },
  };
}

/** Runs a program to its end and returns what it printed; throws, with that, where it fails or takes too long. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions & { readonly withinMs: number },
): Promise<string> {
  const program = startProgram(command, args, options);
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    void program.end("SIGKILL");
  }, options.withinMs);
  const { code } = await program.ended;
  clearTimeout(deadline);
  if (code !== 0) {
    const why = isLate ? `took more than ${options.withinMs} ms` : `ended with ${code}`;
    throw new Error(`${command} ${args.join(" ")} ${why}:\n${program.output()}`);
  }
  return program.output();
}

/** Whether a command can be found. */
export function isInstalled(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}
