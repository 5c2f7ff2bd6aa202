/** The terminal client: what others wrote is harmless in a terminal, and takes the columns that it is given. */
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { sanitize, sanitizeLine } from "../../../src/tui/text/sanitize.ts";
import { clusters, cut, widthOf } from "../../../src/tui/text/width.ts";
import { wrap } from "../../../src/tui/text/wrap.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not come through.
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]/;

const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc
    .array(
      fc.constantFrom(
        ...[
          "\u001b[2J",
          "\u001b]0;title\u0007",
          "\u009b31m",
          "\u001bP$q\u001b\\",
          "\r",
          "\n",
          "\t",
          "\u0000",
          "\u202e",
        ],
        ...[
          "日本",
          "👩‍👩‍👧",
          "❤️",
          "🇩🇪",
          "e\u0301\u0301\u0301\u0301\u0301\u0301",
          "\ud800",
          "\u2028",
          "word ",
          "x".repeat(60),
        ],
      ),
    )
    .map((parts) => parts.join("")),
);

describe("what others wrote", () => {
  it("TUI-1 has nothing in it that a terminal obeys", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(sanitize(text)).not.toMatch(OBEYED);
        expect(sanitizeLine(text)).not.toMatch(/\n/);
        expect(sanitize(text)).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });

  it("shows that there was something", () => {
    expect(sanitize("a\u001b[2Jb")).toBe("a␛[2Jb");
    expect(sanitize("\u009b31mred")).toBe("\ufffd31mred");
    expect(sanitize("abc\u202ecba")).toBe("abc\ufffdcba");
    expect(sanitize("one\r\ntwo\tthree")).toBe("one\ntwo    three");
    expect(sanitizeLine("one\ntwo")).toBe("one⏎two");
  });

  it("stays as it is where it is harmless", () => {
    for (const text of ["plain", "Grüße, мир, 日本語, עברית", "👩‍👩‍👧 ❤️ 🇩🇪", "line\nbreak"])
      expect(sanitize(text)).toBe(text);
  });

  it("does not pile marks on marks", () => {
    expect(sanitize(`z${"\u0335".repeat(50)}`).length).toBeLessThanOrEqual(5);
  });
});

describe("the width of a text", () => {
  it("is counted as the library counts it, also where that is quick", () => {
    for (let code = 0x20; code < 0xd800; code += code < 0x3400 ? 1 : 41) {
      const character = String.fromCharCode(code);
      const [cluster] = clusters(character);
      if (cluster?.width !== stringWidth(character))
        expect(cluster?.width, code.toString(16)).toBe(stringWidth(character));
    }
    for (const text of ["Grüße", "日本語ｶﾞ", "👩‍👩‍👧 ❤️ 🇩🇪", "e\u0301 \u1112\u119E\u11AB"]) {
      expect(widthOf(text), text).toBe(stringWidth(text));
    }
  });

  it("has a column for each letter, also where several are written as one: else one would be drawn over another", () => {
    const widths = { क्ष: 2, नमस्ते: 4, का: 2, हिन्दी: 5, ทำ: 2, น้ำ: 2, ກຳ: 2, தமிழ்: 4 };
    for (const [text, width] of Object.entries(widths)) expect(widthOf(text), text).toBe(width);
  });

  it("is never more than what it is cut to", () => {
    fc.assert(
      fc.property(nasty, fc.integer({ min: 1, max: 30 }), (text, columns) => {
        expect(widthOf(cut(sanitizeLine(text), columns))).toBeLessThanOrEqual(columns);
      }),
    );
    expect(cut("abcdef", 4)).toBe("abc…");
    expect(cut("日本語", 4)).toBe("日…");
  });
});

describe("wrapping", () => {
  it("breaks at spaces, and keeps every other character once, in order", () => {
    expect(wrap("one two three", 7, 7)).toEqual(["one two", "three"]);
    expect(wrap("a\n\nb", 5, 5)).toEqual(["a", "", "b"]);
    expect(wrap("abcdefgh", 3, 4)).toEqual(["abc", "defg", "h"]);
    expect(wrap("日本語", 5, 5)).toEqual(["日本", "語"]);
    expect(wrap(" abc日", 4, 4)).toEqual(["", "abc", "日"]);
    expect(wrap(" ab日", 4, 4)).toEqual(["", "ab日"]);
    fc.assert(
      fc.property(nasty, fc.integer({ min: 8, max: 40 }), fc.integer({ min: 0, max: 10 }), (raw, first, more) => {
        const text = sanitize(raw);
        // No character of a text is wider than a row.
        fc.pre([...clusters(text)].every(({ width }) => width <= 2));
        const rows = wrap(text, first, first + more);
        expect(widthOf(rows[0] ?? "")).toBeLessThanOrEqual(first);
        for (const row of rows.slice(1)) expect(widthOf(row)).toBeLessThanOrEqual(first + more);
        expect(rows.join("").replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
      }),
    );
  });

  it("takes a message of the greatest length in no time", () => {
    const begin = performance.now();
    for (let times = 0; times < 10; times += 1) wrap("日本語 text ".repeat(1000), 40, 44);
    expect(performance.now() - begin).toBeLessThan(20_000);
  });
});
