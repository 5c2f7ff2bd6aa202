/** Keys are called what stands on them. */
import { describe, expect, it } from "vitest";
import { keyNames } from "../../../src/web/model/keys.ts";

describe("keys", () => {
  it("are those of an Apple keyboard on Apple's machines, and of all others elsewhere", () => {
    const all = ["Ctrl+K", "Alt+↑ / Alt+↓", "Shift+Enter", "Esc"];
    for (const platform of ["Linux x86_64", "Win32", ""]) {
      expect(all.map((keys) => keyNames(keys, platform))).toEqual(all);
    }
    for (const platform of ["MacIntel", "iPad", "iPhone"]) {
      expect(all.map((keys) => keyNames(keys, platform))).toEqual(["⌘K", "⌥↑ / ⌥↓", "⇧Enter", "Esc"]);
    }
  });
});
