/**
 * What a test run came to: the gate's arithmetic, apart from it so that it has a test of its own.
 */

/**
 * Sums up the modules of a vitest run. A file that could not be loaded and an error that nobody caught count as one
 * failure each, for the run is not whole without them.
 */
export function summarize(modules, unhandledErrors) {
  const summary = { passed: 0, failed: unhandledErrors.length, skipped: [] };
  for (const module of modules) {
    summary.failed += module.errors().length;
    for (const suite of module.children.allSuites()) summary.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === "passed") summary.passed += 1;
      else if (result.state === "skipped")
        summary.skipped.push({ name: test.fullName, reason: result.note ?? "no reason was given" });
      // One that is still pending was cut off: whoever ended the run did not let it pass.
      else summary.failed += 1;
    }
  }
  return summary;
}
