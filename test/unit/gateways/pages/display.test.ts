/** How texts, titles and times are shown. */
import { describe, expect, it } from "vitest";
import { shownText, shownTime, snippet, titleText } from "../../../../src/server/gateways/pages/display.ts";

describe("a text", () => {
  it("shows control characters as signs, line ends as line ends", () => {
    expect(shownText("\u001b[31mred\u001b[0m\u0007\u007f\u0085")).toBe("␛[31mred␛[0m␇␡\uFFFD");
    expect(shownText("a\r\nb\rc\n\td\0")).toBe("a\nb\nc\n\td␀");
  });

  it("is otherwise as it was written", () => {
    const text = "شكرا \u202Egnirts\u202C <b>&amp;</b> 👩‍👩‍👧 e\u0301";
    expect(shownText(text)).toBe(text);
  });

  it("is cut to a line in a list, never within a character", () => {
    expect(snippet("a\n\n b\tc")).toBe("a b c");
    expect(snippet("👍".repeat(120))).toBe("👍".repeat(120));
    expect(snippet("👍".repeat(121))).toBe(`${"👍".repeat(120)}…`);
    expect(snippet(`Z${"\u0301".repeat(10_000)}`).length).toBeLessThanOrEqual(121);
  });
});

describe("a title", () => {
  it("has nothing that turns the direction or piles up", () => {
    expect(titleText("safe\u202Eexe.gpj\u2066\u200f")).toBe("safeexe.gpj");
    expect(titleText(`Z${"\u0301".repeat(10_000)}`)).toBe("Z\u0301\u0301");
    expect(titleText("a\nb\u2028c\u001b")).toBe("abc");
    expect(titleText("x".repeat(61))).toBe(`${"x".repeat(60)}…`);
  });
});

describe("a time", () => {
  it("is told in UTC", () => {
    expect(shownTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toEqual({
      iso: "2026-01-02T03:04:05.678Z",
      day: "Friday 2 January 2026",
      date: "2026-01-02",
      minute: "03:04",
    });
  });

  it.each([-1e300, 1e300, Number.POSITIVE_INFINITY, Number.NaN, 0.5])(
    "of %s is told too: a record may say anything",
    (time) => {
      expect(shownTime(time).iso).toMatch(/^[-+]?\d{4,6}-\d\d-\d\dT/);
    },
  );
});
