/** Who waits for the pace of a busy log, and who never does. */
import { expect, it } from "vitest";
import { CommitPace } from "../../../src/server/log/commit-pace.ts";
import { GroupCommit } from "../../../src/server/log/group-commit.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { message } from "../../support/log-records.ts";

/** What was begun goes on until it waits for the clock. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A pace that always asks for more time. */
class Slow extends CommitPace {
  override delayMs(): number {
    return 5;
  }
}

it("LOG-4 a busy log waits for more, and for nobody who does nothing more before the answer", async () => {
  const clock = new HandClock();
  const commits: number[] = [];
  const commit = async ({ records }: { readonly records: readonly unknown[] }): Promise<number> => {
    commits.push(records.length);
    return 0;
  };
  const limits = { appendBytesMax: 1 << 20, appendQueueBytesMax: 1 << 24 };
  const log = new GroupCommit(limits, clock, { commit, fault: () => undefined }, new Slow());
  const patient = [log.append([message(1)], false), log.append([message(2)], false)];
  await turn();
  await clock.advance(4);
  expect(commits).toEqual([]);
  await clock.advance(1);
  await Promise.all(patient);
  expect(commits).toEqual([2]);
  const others = [log.append([message(3)], false), log.append([message(4)], false)];
  await turn();
  await clock.advance(1);
  // One whose sender waits takes the others along, and the next ones wait again.
  await Promise.all([log.append([message(5)], true), ...others]);
  expect(commits).toEqual([2, 3]);
  const last = log.append([message(6)], false);
  await turn();
  await clock.advance(4);
  expect(commits).toEqual([2, 3]);
  await clock.advance(1);
  await last;
  await log.close();
});
