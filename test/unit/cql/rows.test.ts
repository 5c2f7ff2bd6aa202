/** Values of rows as they are read: whatever else stands there is refused by name. */
import { describe, expect, it } from "vitest";
import { loadDriver } from "../../../src/server/cql/driver.ts";
import {
  booleanIn,
  bytesIn,
  CqlColumnError,
  type CqlRow,
  numberIn,
  textIn,
  timeIn,
  uuidIn,
  whole,
} from "../../../src/server/cql/rows.ts";

const { types } = await loadDriver();
const ID = "0190a6ae-7e0b-7000-8000-000000000001";

const GOOD: CqlRow = {
  text: "x",
  int: 7,
  bigint: 9_007_199_254_740_991n,
  time: new Date(1_800_000_000_000),
  uuid: types.Uuid.fromString(ID),
  bytes: Buffer.of(1, 2),
  boolean: false,
  empty: null,
};

const READERS = { textIn, numberIn, timeIn, uuidIn, bytesIn, booleanIn } as const;
const FITTING: Record<keyof typeof READERS, readonly string[]> = {
  textIn: ["text"],
  numberIn: ["int", "bigint"],
  timeIn: ["time"],
  uuidIn: ["uuid"],
  bytesIn: ["bytes"],
  booleanIn: ["boolean"],
};

describe("a column", () => {
  it("gives what it holds", () => {
    expect([textIn(GOOD, "text"), numberIn(GOOD, "int"), numberIn(GOOD, "bigint")]).toEqual(["x", 7, 2 ** 53 - 1]);
    expect([timeIn(GOOD, "time"), uuidIn(GOOD, "uuid"), booleanIn(GOOD, "boolean")]).toEqual([1.8e12, ID, false]);
    expect(bytesIn(GOOD, "bytes")).toEqual(Buffer.of(1, 2));
  });

  for (const [name, read] of Object.entries(READERS)) {
    it(`${name} refuses every other kind of value, and knows an empty one`, () => {
      expect([read(GOOD, "empty"), read(GOOD, "absent")]).toEqual([undefined, undefined]);
      const others = Object.keys(GOOD).filter(
        (column) => column !== "empty" && !FITTING[name as keyof typeof READERS].includes(column),
      );
      for (const column of others) expect(() => read(GOOD, column)).toThrow(CqlColumnError);
    });
  }

  it("holds no number that this program could not count with", () => {
    for (const value of [2n ** 53n, -(2n ** 60n), 1.5, Number.NaN]) {
      expect(() => numberIn({ value }, "value")).toThrow(/column value/);
    }
    expect(() => timeIn({ value: new Date(Number.NaN) }, "value")).toThrow(/column value/);
  });

  it("that must hold something is refused where it is empty", () => {
    expect(whole(5, "n")).toBe(5);
    expect(() => whole(undefined, "n")).toThrow(/column n is empty/);
  });
});
