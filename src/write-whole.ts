/**
 * Text to standard output or error without a stream, for a program that may be about to end. For the command line and
 * the terminal client.
 */
import { writeSync } from "node:fs";

/** How long to wait before a pipe or terminal that is full is tried again, in milliseconds. */
const FULL_PAUSE_MS = 2;

/** Writes all of it: a pipe may take a part, or say that it is full, until its reader has read on. */
export function writeWhole(fd: number, text: string): void {
  let left = Buffer.from(text);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(fd, left));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PAUSE_MS);
    }
  }
}
