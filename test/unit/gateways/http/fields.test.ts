/** Fields: what a schema asks for, out of a form or JSON alike. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { check, type Fields, text } from "../../../../src/server/gateways/http/fields.ts";
import { parseForm } from "../../../../src/server/gateways/http/form.ts";

const schema = z.object({
  name: text(),
  count: z.int().min(0).optional(),
  yes: z.boolean().optional(),
  list: z.array(text()).optional(),
});

const refused = (fields: Fields): string => {
  try {
    check(schema, fields);
  } catch (error) {
    return error instanceof Error && "code" in error ? `${error.code} ${error.message}` : String(error);
  }
  return "passed";
};

describe("fields", () => {
  it("of a form and of JSON are one thing", () => {
    expect(check(schema, parseForm("name=a&count=7&yes=true&list=x"))).toEqual(
      check(schema, { name: "a", count: 7, yes: true, list: ["x"] }),
    );
    expect(check(schema, parseForm("name=a&list=x&list=y"))).toEqual({ name: "a", list: ["x", "y"] });
    expect(check(schema, { name: "12", count: null, list: "x" })).toEqual({ name: "12", list: ["x"] });
  });

  it.each([
    ["1", true],
    ["on", true],
    ["false", false],
    ["0", false],
  ])("yes=%s is %s", (written, expected) => {
    expect(check(schema, { name: "a", yes: written }).yes).toBe(expected);
  });

  it.each([
    [{}, "name"],
    [{ name: 1 }, "name"],
    [{ name: ["a", "b"] }, "name"],
    [{ name: "\udc00" }, "name"],
    [{ name: "a", count: "-1" }, "count"],
    [{ name: "a", count: "1e3" }, "count"],
    [{ name: "a", count: "" }, "count"],
    [{ name: "a", count: 1.5 }, "count"],
    [{ name: "a", count: "9007199254740993" }, "count"],
    [{ name: "a", yes: "yes" }, "yes"],
    [{ name: "a", yes: "__proto__" }, "yes"],
    [{ name: "a", list: [1] }, "list.0"],
    [{ name: "a", list: {} }, "list.0"],
    [JSON.parse('{"__proto__":{"name":"a"}}'), "name"],
    [Object.create({ name: "inherited" }), "name"],
  ])("CMD-3 %o is refused, and it is said that it is %s", (fields, name) => {
    expect(refused(fields)).toMatch(new RegExp(`^bad_field ${name}: `));
  });

  it("pass over what nobody asked for", () => {
    expect(check(schema, { name: "a", other: 1, toString: "x" })).toEqual({ name: "a" });
  });
});
