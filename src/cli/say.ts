/** The command line: one line to whoever asked. */
import { writeSync } from "node:fs";

const STDOUT = 1;

/** Prints a line on standard output. */
export function say(line: string): void {
  writeSync(STDOUT, `${line}\n`);
}
