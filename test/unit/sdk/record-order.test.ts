/** The SDK's order: whatever comes, and however often, is told once and in order; and what is missing is known. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordOrder } from "../../../src/sdk/record-order.ts";
import type { RoomRecord } from "../../../src/sdk/types.ts";

const record = (seq: number): RoomRecord => ({
  ...{ type: "message", room: "rust", seq, id: `${seq}`, user: "ann", text: `${seq}`, time: 0, key: undefined },
  isRemoved: false,
});

function orderFrom(cursor: number | undefined) {
  const told: (number | string)[] = [];
  const order = new RecordOrder(cursor, {
    tell: ({ seq }) => told.push(seq),
    reset: (oldest) => told.push(`reset ${oldest}`),
  });
  const take = (...seqs: readonly number[]): void => {
    for (const seq of seqs) order.take(record(seq));
  };
  return { order, told, take };
}

describe("the order of a room", () => {
  it("tells whatever comes, in whatever order and however often, once and by seq", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), fc.array(fc.integer({ min: 1, max: 60 })), (cursor, noise) => {
        const { order, told, take } = orderFrom(cursor);
        take(...noise);
        const missing = order.isMissing;
        expect(missing).toBe(Math.max(cursor, ...noise) > (order.cursor ?? 0));
        expect(told).toEqual(Array.from({ length: (order.cursor ?? 0) - cursor }, (_, at) => cursor + 1 + at));
        take(...Array.from({ length: 60 }, (_, at) => at + 1));
        expect(told).toEqual(Array.from({ length: 60 - cursor }, (_, at) => cursor + 1 + at));
        expect(order.isMissing).toBe(false);
      }),
    );
  });

  it("begins with whatever comes first, where nobody says where", () => {
    const { order, told, take } = orderFrom(undefined);
    expect(order.isMissing).toBe(false);
    take(7, 8);
    expect(told).toEqual([7, 8]);
  });

  it("begins where the server says that it is, where nothing comes", () => {
    const { order, told, take } = orderFrom(undefined);
    order.upTo(7);
    expect([order.cursor, order.isMissing]).toEqual([7, false]);
    take(7, 8);
    expect(told).toEqual([8]);
  });

  it("misses what the server says that it has told", () => {
    const { order, take } = orderFrom(3);
    order.upTo(5);
    expect(order.isMissing).toBe(true);
    take(4, 5);
    expect(order.isMissing).toBe(false);
  });

  it("goes on behind what is not to be had any more, with what waited there", () => {
    const { order, told, take } = orderFrom(3);
    take(8, 9, 5);
    order.from(8);
    expect(told).toEqual(["reset 8", 8, 9]);
    order.from(5);
    order.from(10);
    expect(told).toEqual(["reset 8", 8, 9]);
    expect(order.isMissing).toBe(false);
  });

  it("begins anew, and says from where", () => {
    const { order, told, take } = orderFrom(100);
    take(105);
    order.restart();
    expect([order.cursor, order.isMissing]).toEqual([undefined, false]);
    take(3, 4);
    expect(told).toEqual(["reset 3", 3, 4]);
    order.restart();
    order.upTo(0);
    take(1);
    expect(told.slice(3)).toEqual(["reset 1", 1]);
  });

  it("keeps a thousand records beyond a hole, and knows of the rest", () => {
    const { order, told, take } = orderFrom(0);
    take(...Array.from({ length: 1500 }, (_, at) => at + 2));
    take(1);
    expect(told).toHaveLength(1001);
    expect(order.isMissing).toBe(true);
    take(...Array.from({ length: 500 }, (_, at) => at + 1002));
    expect(order.isMissing).toBe(false);
  });

  it("stays in order where a listener makes more come", () => {
    const told: number[] = [];
    const order: RecordOrder = new RecordOrder(0, {
      tell: ({ seq }) => {
        told.push(seq);
        if (seq < 5) order.take(record(seq + 1));
      },
      reset: () => undefined,
    });
    order.take(record(1));
    expect(told).toEqual([1, 2, 3, 4, 5]);
  });
});
