/** From the rows that are shown to those that should be: a virtualiser that knows heights by index never mixes them up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextStep } from "../../../src/web/conversation/list-step.ts";

interface Item {
  readonly key: string;
}

const items = (from: number, to: number): Item[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => ({ key: `${from + index}` }));

describe("the steps of the list", () => {
  it("keep each row's height with its row, and end at what is wanted", () => {
    const window = fc.tuple(fc.nat(100), fc.nat(60)).map(([from, length]) => items(from, from + length));
    fc.assert(
      fc.property(window, window, (shown, wanted) => {
        // As virtua does: one height an index, and a change of length is one at the end unless `shift` says else.
        let heights = shown.map(({ key }) => key);
        let at: readonly Item[] = shown;
        for (let steps = 0; ; steps++) {
          expect(steps).toBeLessThan(3);
          const step = nextStep(at, wanted);
          const difference = step.rows.length - heights.length;
          if (step.remount) heights = step.rows.map(({ key }) => key);
          else if (step.shift && difference > 0)
            heights = [...step.rows.slice(0, difference).map(({ key }) => key), ...heights];
          else if (step.shift) heights = heights.slice(-difference);
          else if (difference > 0) heights = [...heights, ...step.rows.slice(-difference).map(({ key }) => key)];
          else heights = heights.slice(0, step.rows.length);
          expect(heights).toEqual(step.rows.map(({ key }) => key));
          at = step.rows;
          if (step.isDone) break;
        }
        expect(at).toBe(wanted);
      }),
    );
  });

  it("begin anew where nothing is left of what was shown", () => {
    expect(nextStep(items(0, 10), items(50, 60))).toMatchObject({ remount: true, isDone: true });
  });
});
