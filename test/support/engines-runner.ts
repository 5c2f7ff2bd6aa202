/**
 * Test support, engines: runs the files of `test/engines/`. Where this machine has no engines it skips every test, its
 * hooks too, with the reason; the gate counts that as a failure where `CI` is set.
 */
import {
  inject,
  type RunnerTask,
  type RunnerTaskResult,
  type RunnerTaskResultPack,
  type RunnerTestFile,
  TestRunner,
  type VitestTestRunner,
} from "vitest";
// For what it declares to vitest.
import "./engines-setup.ts";

// biome-ignore lint/style/noDefaultExport: vitest takes a runner by the default export of its file
export default class EnginesRunner extends TestRunner {
  /** Called when all tests of a file are known and none has begun. */
  async onCollected(files: readonly RunnerTestFile[]): Promise<void> {
    const { missing } = inject("engines");
    if (missing === undefined) return;
    // A file that is skipped runs none of its hooks, but says nothing of its tests either: that is done here.
    const skipped = files.flatMap((file) => skip(file, missing));
    // vitest puts this method on the runner when it takes it into use.
    await (this as VitestTestRunner).onTaskUpdate?.(skipped, []);
  }
}

/** Skips a task and all in it, and returns what to report of each. */
function skip(task: RunnerTask, note: string): RunnerTaskResultPack[] {
  task.mode = "skip";
  if (task.type === "suite") return task.tasks.flatMap((inner) => skip(inner, note));
  // The types do not know of the note, by which vitest tells reporters why.
  task.result = { state: "skip", note } as RunnerTaskResult;
  return [[task.id, task.result, task.meta]];
}
