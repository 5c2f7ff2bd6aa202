/** The command line: one line to whoever asked. */
import { writeSync } from "node:fs";

const STDOUT = 1;
const STDERR = 2;

/** Prints a line on standard output. */
export function say(line: string): void {
  writeSync(STDOUT, `${line}\n`);
}

/** Prints a line for a person, where standard output is for a program. */
export function hint(line: string): void {
  writeSync(STDERR, `${line}\n`);
}

/** Prints a question, to be answered on the same line. */
export function prompt(question: string): void {
  writeSync(STDERR, question);
}
