/** How much is asked of the database at once. */
import { describe, expect, it } from "vitest";
import { InFlight } from "../../../src/server/cql/in-flight.ts";

/** Tasks that end when they are told to, and how many have been made and run. */
function tasksOf(count: number, fail: (index: number) => boolean = () => false) {
  const state = { made: 0, running: 0, most: 0, done: [] as number[] };
  const ends: (() => void)[] = [];
  function* tasks() {
    for (let index = 0; index < count; index++) {
      state.made += 1;
      yield async () => {
        state.running += 1;
        state.most = Math.max(state.most, state.running);
        await new Promise<void>((resolve) => ends.push(resolve));
        state.running -= 1;
        if (fail(index)) throw new Error(`task ${index}`);
        state.done.push(index);
      };
    }
  }
  return { state, ends, tasks: tasks() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function endAll(ends: (() => void)[]): Promise<void> {
  for (let idle = 0; idle < 3; ) {
    const end = ends.shift();
    idle = end === undefined ? idle + 1 : 0;
    end?.();
    await turn();
  }
}

describe("what is under way at once", () => {
  it("is never more than its limit, whoever brings it, and all of it is done", async () => {
    const inFlight = new InFlight(4);
    const [one, other] = [tasksOf(30), tasksOf(30)];
    const both = Promise.all([inFlight.all(one.tasks), inFlight.all(other.tasks)]);
    await turn();
    expect(one.state.running + other.state.running).toBe(4);
    const ends = [one.ends, other.ends];
    while (one.state.done.length + other.state.done.length < 60) {
      for (const waiting of ends) waiting.shift()?.();
      await turn();
      expect(one.state.running + other.state.running).toBeLessThanOrEqual(4);
    }
    await both;
    expect(one.state.done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(other.state.most).toBeGreaterThan(0);
  });

  it("is made only when it is its turn", async () => {
    const { state, tasks, ends } = tasksOf(1000);
    const done = new InFlight(3).all(tasks);
    await turn();
    expect(state.made).toBeLessThanOrEqual(4);
    await endAll(ends);
    await done;
    expect(state.done.length).toBe(1000);
  });

  it("ends with the first failure once all that had begun has ended, and begins nothing more", async () => {
    const inFlight = new InFlight(3);
    const { state, tasks, ends } = tasksOf(20, (index) => index < 2);
    let isOver = false;
    const done = inFlight.all(tasks).finally(() => {
      isOver = true;
    });
    const failed = expect(done).rejects.toThrow("task 0");
    await turn();
    ends.shift()?.();
    ends.shift()?.();
    await turn();
    expect(isOver).toBe(false);
    await endAll(ends);
    await failed;
    expect(state.done.length).toBeLessThanOrEqual(2);
    // What is free again is free for others.
    const next = tasksOf(5);
    const all = inFlight.all(next.tasks);
    await turn();
    expect(next.state.running).toBe(3);
    await endAll(next.ends);
    await all;
  });
});
