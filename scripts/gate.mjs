/**
 * The gate, `npm test`: every check that a change must pass, static ones first, then the test suites. Static steps that
 * fail end the run with their output. The last line printed is the sum, `N passed, N failed`, in which each
 * static step counts as one test. With CI set, a skipped test is a failed one: there everything must be able to run.
 */
import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startVitest } from "vitest/node";
import { summarize } from "./summary.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The static steps, in two rows that run beside each other: name → a tool of node_modules/.bin and its arguments. */
const ROWS_OF_STEPS = [
  [
    { name: "format and lint", tool: "biome", args: ["ci", "--colors=off", "--error-on-warnings", "."] },
    { name: "import rule", tool: "depcruise", args: ["src", "--config", ".dependency-cruiser.cjs"] },
    { name: "unused code", tool: "knip", args: ["--no-progress"] },
    { name: "build", script: "scripts/build.mjs", args: [] },
    { name: "package", tool: "publint", args: ["run", "--strict", "--pack", "npm"] },
  ],
  [
    { name: "types", tool: "tsc", args: ["-p", "tsconfig.json"] },
    { name: "types of the protocol, without Node's", tool: "tsc", args: ["-p", "tsconfig.protocol.json"] },
    { name: "types of the SDK, without Node's", tool: "tsc", args: ["-p", "tsconfig.sdk.json"] },
    { name: "types of the web client, without Node's", tool: "tsc", args: ["-p", "src/web/tsconfig.json"] },
  ],
];

/** Runs one step; resolves with its exit code and all that it printed. */
function run(step) {
  const script = step.script ?? realpathSync(`${root}node_modules/.bin/${step.tool}`);
  const child = spawn(process.execPath, [script, ...step.args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const chunks = [];
  child.stdout.on("data", (chunk) => chunks.push(chunk));
  child.stderr.on("data", (chunk) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output: Buffer.concat(chunks).toString() }));
  });
}

/** Runs a row of static steps up to the first that fails; resolves with how many passed, and how many failed. */
async function runRow(steps) {
  for (const [passed, step] of steps.entries()) {
    const begin = performance.now();
    const { code, output } = await run(step);
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    if (code !== 0) {
      console.log(`FAILED  ${step.name} (${seconds} s)\n\n${output}`);
      return { passed, failed: 1 };
    }
    console.log(`ok      ${step.name} (${seconds} s)`);
  }
  return { passed: steps.length, failed: 0 };
}

/** Runs the static steps; resolves with how many passed, and how many failed. */
async function runStaticSteps() {
  const rows = await Promise.all(ROWS_OF_STEPS.map(runRow));
  const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
  return { passed: sum("passed"), failed: sum("failed") };
}

/** Runs the test suites; resolves with the sum of their results. */
async function runSuites() {
  let summary;
  const collector = {
    onTestRunEnd(modules, unhandledErrors) {
      summary = summarize(modules, unhandledErrors);
    },
  };
  const vitest = await startVitest("test", process.argv.slice(2), {
    root,
    watch: false,
    reporters: ["default", collector],
  });
  await vitest.close();
  if (summary === undefined) throw new Error("The test run ended without a result.");
  return summary;
}

/** Runs everything; resolves with the last line and the exit code. */
async function gate() {
  const { passed, failed: failedSteps } = await runStaticSteps();
  if (failedSteps > 0) return { lastLine: `${passed} passed, ${failedSteps} failed`, code: 1 };
  const suites = await runSuites();
  for (const { name, reason } of suites.skipped) console.log(`skipped: ${name}: ${reason}`);
  for (const { name, reason } of suites.failed) console.log(`failed: ${name}: ${reason}`);
  const mustNotSkip = (process.env.CI ?? "") !== "";
  const failed = suites.failed.length + (mustNotSkip ? suites.skipped.length : 0);
  const skipped = mustNotSkip ? 0 : suites.skipped.length;
  if (mustNotSkip && suites.skipped.length > 0) console.log("With CI set, skipped tests count as failed.");
  if (suites.passed === 0) console.log("No test ran.");
  const rest = skipped > 0 ? `, ${skipped} skipped` : "";
  return {
    lastLine: `${passed + suites.passed} passed, ${failed} failed${rest}`,
    code: failed > 0 || suites.passed === 0 ? 1 : 0,
  };
}

const { lastLine, code } = await gate();
// Exiting before the last line has left the process would lose it where the output is a pipe.
process.stdout.write(`${lastLine}\n`, () => process.exit(code));
