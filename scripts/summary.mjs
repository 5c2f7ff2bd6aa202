/**
 * What a test run came to: the gate's arithmetic, apart from it so that it has a test of its own.
 */

/** Characters of a reason that are kept: whoever reads only the end of the output sees all failures. */
const REASON_MAX = 300;
/** The colors in which errors are printed. */
const COLORS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/**
 * Sums up the modules of a vitest run. A file that could not be loaded and an error that nobody caught count as one
 * failure each, for the run is not whole without them.
 */
export function summarize(modules, unhandledErrors) {
  const summary = { passed: 0, failed: [], skipped: [] };
  const fail = (name, errors) => summary.failed.push({ name, reason: reasonOf(errors) });
  for (const error of unhandledErrors) fail("an error that nobody caught", [error]);
  for (const module of modules) {
    const file = module.relativeModuleId;
    for (const error of module.errors()) fail(`${file}, as a whole`, [error]);
    for (const suite of module.children.allSuites()) {
      for (const error of suite.errors()) fail(`${file}, ${suite.fullName}`, [error]);
    }
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === "passed") summary.passed += 1;
      else if (result.state === "skipped")
        summary.skipped.push({ name: test.fullName, reason: result.note ?? "no reason was given" });
      // One that is still pending was cut off: whoever ended the run did not let it pass.
      else fail(`${file}, ${test.fullName}`, result.errors ?? []);
    }
  }
  return summary;
}

/** What the first of some errors says, on one line; a difference in full stands where the failure is reported. */
function reasonOf([error]) {
  if (error === undefined) return "it was cut off";
  const line = String(error.message ?? error)
    .replace(COLORS, "")
    .replace(/\s+/g, " ")
    .trim();
  return line.length > REASON_MAX ? `${line.slice(0, REASON_MAX)}…` : line;
}
