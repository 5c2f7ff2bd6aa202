/**
 * Test support, engines: runs the files of `test/engines/`. Where this machine has no engines it skips every test, its
 * hooks too, with the reason; the gate counts that as a failure where `CI` is set.
 */
import { inject, type RunnerTask, type RunnerTestFile, TestRunner } from "vitest";
// For what it declares to vitest.
import "./engines-setup.ts";

// biome-ignore lint/style/noDefaultExport: vitest takes a runner by the default export of its file
export default class EnginesRunner extends TestRunner {
  /** Called when all tests of a file are known and none has begun. */
  onCollected(files: readonly RunnerTestFile[]): void {
    const { missing } = inject("engines");
    if (missing !== undefined) for (const file of files) skip(file, missing);
  }
}

function skip(task: RunnerTask, note: string): void {
  task.mode = "skip";
  if (task.type === "suite") for (const inner of task.tasks) skip(inner, note);
  // The types do not know of the note, by which vitest tells reporters why.
  else task.result = { state: "skip", note } as RunnerTaskResult;
}
