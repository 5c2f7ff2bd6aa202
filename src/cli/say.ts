/** The command line: one line to whoever asked. */
import { writeSync } from "node:fs";

const STDOUT = 1;
const STDERR = 2;

/** How long to wait before a pipe that is full is tried again, in milliseconds. */
const PIPE_PAUSE_MS = 5;

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

/** A pipe may be such that it takes a part, or says that it is full, until its reader has read on. */
function writeWhole(fd: number, text: string): void {
  let left = Buffer.from(text);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(fd, left));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_PAUSE_MS);
    }
  }
}
