/**
 * Load tool, what its commands share: where they run, how they print, and how they end.
 */
import type { Command } from "commander";
import { takeCores } from "./cores.ts";
import type { Setting } from "./stage.ts";

const NOT_OURS = { server: undefined, tool: undefined, note: "not pinned: the server ran already" };

/** Options that all measuring commands have. */
export interface CommonOptions {
  readonly pid: number | undefined;
  readonly data: string | undefined;
  readonly serverArgs: string;
  readonly cpuProf: string | undefined;
  readonly json: boolean;
  readonly progress: boolean;
}

/** The options that every kind of load has, after its own: `CommonOptions`, and how the result is shown. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--data <DIR>", "where to make the server's data folder: choose a real disk")
    .option("--server-args <ARGS>", 'more for `verbatim serve`, e.g. "VERBATIM_…=1 --retain-days 1"', "")
    .option("--cpu-prof <DIR>", "write a CPU profile of the server there")
    .option("--json", "print the result as JSON", false)
    .option("--progress", "a progress line each second even where there is no terminal", false);
}

/** Where and how a command measures; `running` says that the server runs already. */
export function settingOf(options: CommonOptions, running: boolean): Setting {
  return {
    cores: running ? NOT_OURS : takeCores(),
    data: options.data,
    serverArgs: options.serverArgs,
    cpuProf: options.cpuProf,
    progress: progressOf(options),
  };
}

/** A result as JSON. */
export function json(value: unknown): string {
  // The timeline is for reading the log's growth from; thousands of samples are no result.
  return JSON.stringify(value, (key, part: unknown) => (key === "timeline" ? undefined : part), 2);
}

/** Prints a result. */
export function print(text: string): void {
  // The progress line stands where the cursor is.
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  process.stdout.write(`${text}\n`);
}

function progressOf(options: CommonOptions): (line: string) => void {
  const { stderr } = process;
  if (stderr.isTTY && !options.json) return (line) => stderr.write(`\r\x1b[K${line}\r`);
  return (line) => options.progress && stderr.write(`${line}\n`);
}

/** Exit code 0 where `run` says that all was well. What is wrong with the call is one line. */
export async function guarded(run: () => Promise<boolean>): Promise<number> {
  // Ends through `exit`, so that what was started is ended too.
  const interrupted = () => process.exit(130);
  const terminated = () => process.exit(143);
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", terminated);
  try {
    return (await run()) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`verbatim: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    process.removeListener("SIGINT", interrupted);
    process.removeListener("SIGTERM", terminated);
  }
}
