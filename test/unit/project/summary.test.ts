/**
 * The gate's arithmetic: what does not pass is never lost from the sum.
 */
import { describe, expect, it } from "vitest";
import type { TestModule } from "vitest/node";
import { summarize } from "../../../scripts/summary.mjs";

type State = { state: "passed" | "failed" | "pending" } | { state: "skipped"; note: string | undefined };

/** As much of a vitest module as a sum needs. */
function moduleOf(results: readonly State[], errors: number, suiteErrors: number): TestModule {
  const tests = results.map((result, index) => ({ fullName: `test ${index}`, result: () => result }));
  return {
    errors: () => Array.from({ length: errors }),
    children: {
      allTests: () => tests,
      allSuites: () => [{ errors: () => Array.from({ length: suiteErrors }) }],
    },
  } as unknown as TestModule;
}

describe("the sum of a run", () => {
  it("counts what passed and what failed over all files", () => {
    const modules = [moduleOf([{ state: "passed" }, { state: "failed" }], 0, 0), moduleOf([{ state: "passed" }], 0, 0)];
    expect(summarize(modules, [])).toEqual({ passed: 2, failed: 1, skipped: [] });
  });

  it("counts a file that does not load, a suite's broken hook and an error that nobody caught as failures", () => {
    expect(summarize([moduleOf([], 1, 0)], [])).toMatchObject({ failed: 1 });
    expect(summarize([moduleOf([], 0, 1)], [])).toMatchObject({ failed: 1 });
    expect(summarize([], [new Error("nobody caught this")])).toMatchObject({ failed: 1 });
  });

  it("counts a test that was cut off as failed", () => {
    expect(summarize([moduleOf([{ state: "pending" }], 0, 0)], [])).toMatchObject({ passed: 0, failed: 1 });
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
