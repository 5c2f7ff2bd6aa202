/** Which names an account may have, and which of them are one name. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkUserName } from "../../../src/server/auth/user-name.ts";
import { compareKeys, nameKey } from "../../../src/server/name-key.ts";

/** Every code point that can be written. */
const codePoints = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) => code < 0xd800 || code > 0xdfff);

const problem = (name: string): string => {
  const checked = checkUserName(name);
  return "problem" in checked ? checked.problem : "";
};

describe("a user name", () => {
  it("is taken as it is, in NFC", () => {
    for (const name of ["alice", "Ælfrida", "李雷", "Anna Maria", "o'brien", "-_-", "🦊", "نور", "می‌خواهم", "👩‍👩‍👧"]) {
      expect(checkUserName(name)).toEqual({ name });
    }
    expect(checkUserName("Zoe\u0308")).toEqual({ name: "Zoë" });
  });

  it("has 1 to 64 characters, and a character is a code point after NFC", () => {
    expect(problem("")).toMatch(/empty/);
    for (const unit of ["a", "é", "e\u0301", "🦊"]) {
      expect(problem(unit.repeat(64))).toBe("");
      expect(problem(unit.repeat(65))).toMatch(/64 characters/);
    }
    expect(problem("a".repeat(100_000))).toMatch(/64 characters/);
  });

  it("has no control character, line separator or half a surrogate pair", () => {
    for (const code of [0, 9, 10, 13, 0x1b, 0x7f, 0x85, 0x9b, 0x2028, 0x2029]) {
      expect(problem(`a${String.fromCodePoint(code)}b`)).toMatch(/control/);
    }
    expect(problem("a\ud83e")).toMatch(/surrogate/);
    expect(problem("\udd8ab")).toMatch(/surrogate/);
  });

  it("has no character that turns the writing direction", () => {
    const turning = [0x61c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069];
    for (const code of turning) expect(problem(`a${String.fromCodePoint(code)}b`)).toMatch(/direction/);
  });

  it("has no white space around it, and something that can be seen", () => {
    for (const space of [" ", "\u00a0", "\u3000", "\ufeff"]) {
      expect(problem(`${space}a`)).toMatch(/white space/);
      expect(problem(`a${space}`)).toMatch(/white space/);
      expect(problem(space)).toMatch(/white space/);
      expect(checkUserName(`a${space}b`)).toEqual({ name: `a${space}b` });
    }
    for (const unseen of ["\u200b", "\u2060", "\u200d\u200d", "\u0301"]) expect(problem(unseen)).toMatch(/seen/);
  });

  it("that is taken is taken again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 70 }), (text) => {
        const checked = checkUserName(text);
        if (!("name" in checked)) return;
        expect(checkUserName(checked.name)).toEqual(checked);
        expect(nameKey(checked.name)).not.toBe("");
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the key of a name", () => {
  it("is one for names that differ in case alone", () => {
    const same = [
      ["Alice", "alice", "ALICE", "aLiCe"],
      ["Straße", "STRASSE", "strasse", "STRAẞE"],
      ["Σίσυφος", "ΣΊΣΥΦΟΣ", "σίσυφοσ"],
      ["ﬁn", "FIN", "fin"],
      ["Zoë", "ZOE\u0308", "zoe\u0308"],
      ["K", "\u212a", "k"],
      ["Å", "\u212b", "å"],
      ["I", "i", "ı"],
      ["İ", "i\u0307"],
      ["ǆ", "ǅ", "Ǆ"],
      ["ᾳ", "ΑΙ", "αι"],
    ];
    for (const [first = "", ...others] of same) for (const other of others) expect(nameKey(other)).toBe(nameKey(first));
  });

  it("is another for names that differ otherwise", () => {
    const names = ["alice", "alicé", "alíce", "alice ", "al", "аlice", "i\u0307", "i"];
    expect(new Set(names.map(nameKey)).size).toBe(names.length);
  });

  it("of a key is that key, and so is that of its upper and lower case, for every character there is", () => {
    const wrong = codePoints.filter((code) => {
      const text = String.fromCodePoint(code);
      const key = nameKey(text);
      return (
        nameKey(key) !== key ||
        nameKey(text.toUpperCase()) !== key ||
        nameKey(text.toLowerCase()) !== key ||
        nameKey(text.normalize("NFD")) !== key
      );
    });
    expect(wrong.map((code) => code.toString(16))).toEqual([]);
  });

  it("of a key is that key, for any text", () => {
    // Marks and letters that fold to several are where one round is not enough.
    const odd = fc.constantFrom(..."ßẞıİiIΣσςΐᾳ\u0345\u0301\u0307\u0308ŉǰﬃ가ᄀ\u1161".split(""));
    const text = fc.oneof(fc.string({ unit: odd, maxLength: 12 }), fc.string({ unit: "binary", maxLength: 12 }));
    fc.assert(
      fc.property(text, (name) => {
        const key = nameKey(name);
        expect(nameKey(key)).toBe(key);
        // From NFC, as names are kept: a mark that becomes a letter of its own is at the right place only there.
        expect(nameKey(name.normalize("NFC").toUpperCase())).toBe(key);
        expect(nameKey(name.normalize("NFD"))).toBe(key);
      }),
      { numRuns: 5000 },
    );
  });

  it("begins with the key of what the name begins with", () => {
    for (const name of ["Odysseus", "ΟΔΥΣΣΕΎΣ", "οδυσσεύς", "Straßenbahn", "İstanbul", "🦊fox"]) {
      const letters = [...name];
      for (let length = 0; length <= letters.length; length += 1) {
        expect(nameKey(name).startsWith(nameKey(letters.slice(0, length).join("")))).toBe(true);
      }
    }
  });

  it("is ordered by code points", () => {
    expect(["b", "\u{1f600}", "a", "\uff5e", "ab"].toSorted(compareKeys)).toEqual([
      "a",
      "ab",
      "b",
      "\uff5e",
      "\u{1f600}",
    ]);
  });
});
