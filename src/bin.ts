#!/usr/bin/env node
/** The program `verbatim`: hands its arguments to the command line and ends with its exit code. */
import { run } from "./cli/run.ts";

const exitCode = await run(process.argv.slice(2));
// Exits rather than fades out: a handle that somebody forgot must not keep a stopped server alive.
process.exit(exitCode);
