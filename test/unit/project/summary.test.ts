/**
 * The gate's arithmetic: what does not pass is never lost from the sum.
 */
import { describe, expect, it } from "vitest";
import type { TestModule } from "vitest/node";
import { summarize } from "../../../scripts/summary.mjs";

type State =
  | { state: "passed" | "pending" }
  | { state: "failed"; errors: readonly { message: string }[] }
  | { state: "skipped"; note: string | undefined };

/** As much of a vitest module as a sum needs. */
function moduleOf(results: readonly State[], errors: number, suiteErrors: number): TestModule {
  const tests = results.map((result, index) => ({ fullName: `test ${index}`, result: () => result }));
  return {
    relativeModuleId: "test/some.test.ts",
    errors: () => Array.from({ length: errors }, () => new Error("does not load")),
    children: {
      allTests: () => tests,
      allSuites: () => [
        { fullName: "suite", errors: () => Array.from({ length: suiteErrors }, () => new Error("hook")) },
      ],
    },
  } as unknown as TestModule;
}

describe("the sum of a run", () => {
  it("counts what passed and what failed over all files", () => {
    const failed: State = { state: "failed", errors: [{ message: "1 is not 2" }] };
    const modules = [moduleOf([{ state: "passed" }, failed], 0, 0), moduleOf([{ state: "passed" }], 0, 0)];
    expect(summarize(modules, [])).toEqual({
      passed: 2,
      failed: [{ name: "test/some.test.ts, test 1", reason: "1 is not 2" }],
      skipped: [],
    });
  });

  it("says why something failed on one line without colors, however long its message", () => {
    const message = `\u001b[31mgot\u001b[39m\n${"x".repeat(1000)}`;
    const [first] = summarize([moduleOf([{ state: "failed", errors: [{ message }] }], 0, 0)], []).failed;
    expect(first?.reason).toBe(`got ${"x".repeat(296)}…`);
  });

  it("counts a file that does not load, a suite's broken hook and an error that nobody caught as failures", () => {
    const reasons = (modules: readonly TestModule[], uncaught: readonly unknown[]) =>
      summarize(modules, uncaught).failed.map(({ name, reason }) => `${name}: ${reason}`);
    expect(reasons([moduleOf([], 1, 0)], [])).toEqual(["test/some.test.ts, as a whole: does not load"]);
    expect(reasons([moduleOf([], 0, 1)], [])).toEqual(["test/some.test.ts, suite: hook"]);
    expect(reasons([], [new Error("nobody did")])).toEqual(["an error that nobody caught: nobody did"]);
    expect(reasons([], ["a text"])).toEqual(["an error that nobody caught: a text"]);
  });

  it("counts a test that was cut off as failed", () => {
    expect(summarize([moduleOf([{ state: "pending" }], 0, 0)], [])).toMatchObject({
      passed: 0,
      failed: [{ reason: "it was cut off" }],
    });
  });

  it("names what was skipped, with the reason", () => {
    const skipped: readonly State[] = [
      { state: "skipped", note: "needs root" },
      { state: "skipped", note: undefined },
    ];
    expect(summarize([moduleOf(skipped, 0, 0)], []).skipped).toEqual([
      { name: "test 0", reason: "needs root" },
      { name: "test 1", reason: "no reason was given" },
    ]);
  });
});
