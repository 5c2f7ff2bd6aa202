/**
 * SPEC.md and the tests tell the same story: every rule has a test whose name opens with its id, and no test claims a
 * rule that does not stand there.
 */
import { describe, expect, it } from "vitest";
import { projectFiles, readProjectFile } from "../../support/project-files.ts";

/** A rule of SPEC.md begins its paragraph in bold. */
const RULE = /^\*\*([A-Z]+-\d+)\*\*/gm;

/** The opening of a test's name: one id, or several with commas or blanks between them. */
const TEST_NAME = /["'`]((?:[A-Z]{2,}-\d+(?:,? |:? ))+)/g;

function rules(): readonly string[] {
  return [...readProjectFile("SPEC.md").matchAll(RULE)].map(([, id]) => id ?? "");
}

/** Rule id → the files with a test of it. Only the families that SPEC.md has count: "UTF-8 text" is no rule. */
function provenRules(families: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const suites = projectFiles().filter(
    (path) => /^test\/.*\.tsx?$/.test(path) && !path.startsWith("test/unit/project/"),
  );
  for (const path of suites) {
    for (const [, opening = ""] of readProjectFile(path).matchAll(TEST_NAME)) {
      for (const id of opening.match(/[A-Z]+-\d+/g) ?? []) {
        if (families.has(id.replace(/-\d+$/, ""))) found.set(id, [...(found.get(id) ?? []), path]);
      }
    }
  }
  return found;
}

describe("SPEC.md", () => {
  const ids = rules();
  const families = new Set(ids.map((id) => id.replace(/-\d+$/, "")));
  const proven = provenRules(families);

  it("has rules, each once and numbered without a hole", () => {
    expect([...families]).toEqual([
      "LOG",
      "PROJ",
      "FAN",
      "CMD",
      "STOP",
      "WIRE",
      "WS",
      "HTTP",
      "AUTH",
      "SDK",
      "WEB",
      "TUI",
      "CLI",
    ]);
    for (const family of families) {
      const numbers = ids.filter((id) => id.startsWith(`${family}-`)).map((id) => Number(id.split("-")[1]));
      expect(numbers, family).toEqual(numbers.map((_, index) => index + 1));
    }
  });

  it("has a test for every rule", () => {
    expect(ids.filter((id) => !proven.has(id))).toEqual([]);
  });

  it("has a rule for every id in a test's name", () => {
    const strangers = [...proven].filter(([id]) => !ids.includes(id));
    expect(strangers).toEqual([]);
  });
});
