/** The web client's addresses and words. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathOf, placeOfPublic, routeBehindDoor, routeOf } from "../../../src/web/model/route.ts";
import {
  badge,
  errorWords,
  hueOf,
  initials,
  pageTitle,
  shortTime,
  snippet,
  unsentWords,
  withLocalTimes,
} from "../../../src/web/model/words.ts";

describe("an address", () => {
  it("leads to where it came from, whatever the place is called", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (place) => {
        expect(routeOf(pathOf({ type: "room", place }))).toEqual({ type: "room", place });
      }),
    );
    for (const type of ["door", "home"] as const) expect(routeOf(pathOf({ type }))).toEqual({ type });
  });

  it.each([
    ["/ui/chats/rust/latest", { type: "room", place: "rust" }],
    ["/ui/chats/rust/members", { type: "room", place: "rust" }],
    ["/ui/chats/%E0%A4%A", { type: "home" }],
    ["/ui/chats/", { type: "home" }],
    ["/elsewhere", { type: "home" }],
  ])("%s is understood", (path, route) => {
    expect(routeOf(path)).toEqual(route);
  });

  it.each([
    ["/", "?to=%2Fui%2Fchats%2Frust", { type: "room", place: "rust" }],
    ["/ui/chats/rust", "", { type: "room", place: "rust" }],
    ["/", "", { type: "home" }],
    ["/", "?to=%2F", { type: "home" }],
    ["/", "?to=https%3A%2F%2Fevil.example%2Fui%2Fchats%2Fx", { type: "home" }],
  ])("%s%s leads through the door to what was wanted", (pathname, search, route) => {
    expect(routeBehindDoor({ pathname, search })).toEqual(route);
  });

  it("names a public room where that can be read, as the plain pages do", () => {
    expect(placeOfPublic("id", "rust")).toBe("rust");
    expect(placeOfPublic("id", "a/b & c")).toBe("id");
  });
});

describe("words", () => {
  it("say what an error means to a person, and nothing that is for programs", () => {
    expect(errorWords({ code: "name_taken", detail: "the name is taken" })).toContain("Choose another");
    expect(errorWords({ code: "bad_field", detail: "name: too long" })).toBe("Name: too long.");
    expect(errorWords({ code: "bad_field", detail: "password: a password has 8 characters at least" })).toBe(
      "A password has 8 characters at least.",
    );
    expect(errorWords(new TypeError("Failed to fetch"))).toContain("can’t be reached");
  });

  it("have the server's times as their reader's clock has them", () => {
    const told = withLocalTimes("you may not be in this room until 2026-11-23T14:25:59.841Z");
    expect(told).toMatch(/^you may not be in this room until .*2026/);
    expect(told).not.toMatch(/T14|841Z/);
  });

  it("say of a message that was not sent why, and what can be done where it is too long", () => {
    const most = "a message has 100 bytes of UTF-8 at most; this one has 144";
    expect(unsentWords("message_too_long", most)).toBe(
      `Too long for this server: ${most}. Edit it, or send it in parts.`,
    );
    expect(unsentWords("signed_out", "Ann said this")).toBe("Ann said this.");
  });

  it("tell a time by the hour today, by the day in the last week, else by the date", () => {
    const now = new Date(2026, 10, 23, 15).getTime();
    expect(shortTime(new Date(2026, 10, 23, 0, 5).getTime(), now)).toMatch(/\d\D05/);
    expect(shortTime(new Date(2026, 10, 22, 23).getTime(), now)).not.toMatch(/\d/);
    expect(shortTime(new Date(2026, 10, 16, 23).getTime(), now)).toMatch(/16/);
    expect(shortTime(new Date(2024, 10, 16).getTime(), now)).toMatch(/2024/);
  });

  it("put a message on one line, cut between characters, and without what can't be seen", () => {
    expect(snippet("a\n\t b\u001b[31m")).toBe("a b [31m");
    expect(snippet("\u202eevil\u2066 zero\u200bwidth\ufeff\u00ad")).toBe("evil zerowidth");
    for (const joined of ["👩\u200d🚀", "می\u200cخواهم"]) expect(snippet(joined)).toBe(joined);
    expect(snippet("👍🏽".repeat(300))).not.toMatch(/[\ud800-\udbff]…$/);
    expect(Array.from(snippet("x".repeat(10_000))).length).toBe(141);
  });

  it("make a title that counts and that nobody can turn around", () => {
    expect(pageTitle(0, "")).toBe("Verbatim");
    expect(pageTitle(3, "Tea")).toBe("(3) Tea – Verbatim");
    expect(pageTitle(1000, "gpj\u202e.exe\u0000")).toBe("(99+) gpj.exe – Verbatim");
    expect(badge(100)).toBe("99+");
  });

  it("make letters and a colour for any name", () => {
    expect(["Alice Liddell", "bob", "a.b-c", "李 小龙", "   "].map(initials)).toEqual(["AL", "B", "AB", "李小", ""]);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-composite" }), (name) => {
        const hue = hueOf(name, 8);
        expect(hue).toBe(hueOf(name, 8));
        expect(hue >= 0 && hue < 8 && Number.isInteger(hue)).toBe(true);
        expect(initials(name).length).toBeLessThan(12);
      }),
    );
  });
});
