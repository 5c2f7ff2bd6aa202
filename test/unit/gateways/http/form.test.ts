/** Forms: read as the WHATWG URL standard reads them, but refused where they are not UTF-8. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyType, parseBody } from "../../../../src/server/gateways/http/body.ts";
import { parseForm } from "../../../../src/server/gateways/http/form.ts";

describe("a form", () => {
  it("gives back what URLSearchParams wrote, names that are repeated as lists", () => {
    const word = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("__proto__", "a b", "&=%+", "", "constructor"),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word), { maxLength: 20 }), (pairs) => {
        const written = new URLSearchParams(pairs).toString();
        const read = parseForm(written);
        const expected = new Map<string, string[]>();
        for (const [name, value] of new URLSearchParams(written)) {
          expected.set(name, [...(expected.get(name) ?? []), value]);
        }
        expect(Object.keys(read).sort()).toEqual([...expected.keys()].sort());
        for (const [name, values] of expected) {
          expect(read[name]).toEqual(values.length === 1 ? values[0] : values);
        }
      }),
    );
  });

  it("reads any ASCII as URLSearchParams does", () => {
    const piece = fc.constantFrom("a", "%", "%4", "%41", "%zz", "%C3%A4", "+", "=", "&", "%25", "content", " ");
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
        (text) => {
          const expected = new URLSearchParams(text);
          // What is not UTF-8 it replaces, and we refuse.
          fc.pre(!expected.toString().includes("%EF%BF%BD"));
          const read = parseForm(text);
          for (const name of expected.keys()) {
            const values = expected.getAll(name);
            expect(read[name]).toEqual(values.length === 1 ? values[0] : values);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each(["%ff", "%C3", "%C3%28", "%ED%A0%80", "%F4%90%80%80", "a=%C0%AF", "100%&a=%80"])(
    "CMD-3 is refused where it is not UTF-8: %s",
    (text) => {
      expect(() => parseForm(text)).toThrowError(expect.objectContaining({ code: "bad_utf8" }));
    },
  );

  it("CMD-3 has 64 different names at most, and any number of values", () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}=x`).join("&");
    expect(Object.keys(parseForm(names(64)))).toHaveLength(64);
    expect(() => parseForm(names(65))).toThrowError(expect.objectContaining({ code: "bad_field" }));
    expect(parseForm("m=1&".repeat(10_000))["m"]).toHaveLength(10_000);
  });

  it("CMD-3 takes time in proportion to its length", () => {
    for (const text of ["a&".repeat(250_000), "a=&".repeat(170_000), "%".repeat(500_000), `a=${"+".repeat(500_000)}`]) {
      const begun = performance.now();
      parseForm(text);
      expect(performance.now() - begun, text.slice(0, 4)).toBeLessThan(20_000);
    }
  });
});

describe("a body", () => {
  it.each([
    ["application/x-www-form-urlencoded", "form"],
    ["Application/X-WWW-Form-URLencoded; charset=UTF-8", "form"],
    ["application/json", "json"],
    ['application/json;charset="utf-8"', "json"],
    ["application/json; charset=us-ascii; x=y", "json"],
    ["application/json; charset=latin1", undefined],
    ["application/problem+json", undefined],
    ["text/plain", undefined],
    ["application/json, application/json", undefined],
    ["constructor", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("of type %s is %s", (contentType, expected) => {
    expect(bodyType(contentType)).toBe(expected);
  });

  it("is nothing where it is empty, whatever its type", () => {
    for (const type of ["form", "json", undefined] as const)
      expect({ ...parseBody(type, Buffer.alloc(0)) }).toEqual({});
  });

  it("CMD-3 of JSON is one object", () => {
    for (const text of ["1", "null", "[]", '"a"', "{", "{}}", "\ufeff{}", "[".repeat(60_000)]) {
      expect(() => parseBody("json", Buffer.from(text)), text.slice(0, 8)).toThrowError(
        expect.objectContaining({ code: "bad_json" }),
      );
    }
    expect(parseBody("json", Buffer.from(' {"a":[1]} '))).toEqual({ a: [1] });
  });
});
