/** The command line: one line to whoever asked. */
import { writeWhole } from "../write-whole.ts";

const STDOUT = 1;
const STDERR = 2;

/** Prints a line on standard output. */
export function say(line: string): void {
  writeWhole(STDOUT, `${line}\n`);
}

/** Prints a line for a person, where standard output is for a program. */
export function hint(line: string): void {
  writeWhole(STDERR, `${line}\n`);
}

/** Prints a question, to be answered on the same line. */
export function prompt(question: string): void {
  writeWhole(STDERR, question);
}
