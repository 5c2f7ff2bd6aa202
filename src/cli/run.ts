/** The command line: runs one command and turns whatever happens into one line and an exit code. */
import { writeSync } from "node:fs";
import { StartError } from "../server/start-error.ts";
import { addBench, createProgram } from "./program.ts";

const STDERR = 2;

/** Runs the command that `args` (without node and script) name; resolves with the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  try {
    const finish = (code: number): void => {
      exitCode = code;
    };
    const program = createProgram(finish);
    if (args[0] === "bench" || asksForHelp(args)) await addBench(program, finish);
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    // Whoever read the output has gone, as `head` does: there is nobody to tell.
    if (error instanceof Error && "code" in error && error.code === "EPIPE") return 1;
    writeSync(STDERR, `verbatim: ${describe(error)}\n`);
    return 1;
  }
}

/** The list of commands is shown for `verbatim`, `verbatim --help` and `verbatim help`. */
function asksForHelp(args: readonly string[]): boolean {
  return args.length === 0 || ["help", "--help", "-h"].includes(args[0] ?? "");
}

/** One line for a person; with the trace where nobody foresaw the error. */
function describe(error: unknown): string {
  if (error instanceof StartError) return error.message.replace(/\s*\n\s*/g, " ");
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `failed unexpectedly; nothing that was acknowledged is lost. Please report this:\n${text}`;
}
