/**
 * Who may do what: the page says what the table says, and the table has no holes.
 */
import { describe, expect, it } from "vitest";
import {
  ACTIONS,
  isAllowed,
  NOT_IN_DIRECT,
  PERMISSIONS,
  ROLES,
  type RoomKind,
} from "../../../src/server/auth/permissions.ts";
import { readProjectFile } from "../../support/project-files.ts";

const paper = readProjectFile("docs/permissions.md");

/** The table of a section, as the page has to show it. */
function shown(kind: RoomKind): readonly string[] {
  const cell = (is: boolean): string => (is ? "yes" : "–");
  return [
    `| | ${ROLES.join(" | ")} |`,
    `|---|${ROLES.map(() => "---|").join("")}`,
    ...ACTIONS.map((action) => {
      const cells = ROLES.map((role) => cell(PERMISSIONS[kind][role].includes(action)));
      return `| ${action.replaceAll("_", " ")} | ${cells.join(" | ")} |`;
    }),
  ];
}

describe("docs/permissions.md", () => {
  it.each([
    ["Public rooms", "public"],
    ["Chats", "chat"],
  ] as const)("CMD-4 shows the table of %s as the code has it", (section, kind) => {
    const text = new RegExp(`^## ${section}\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, "m").exec(paper)?.[1] ?? "";
    expect(text.split("\n").filter((line) => line.startsWith("|"))).toEqual(shown(kind));
  });
});

describe("the table", () => {
  it("CMD-4 lets nobody who is banned or was removed do more than a stranger", () => {
    for (const action of ACTIONS) {
      expect(isAllowed("public", false, ["banned"], action)).toBe(false);
      expect(isAllowed("chat", false, ["removed"], action)).toBe(isAllowed("chat", false, ["outsider"], action));
    }
  });

  it("CMD-4 lets an admin moderate a chat that they may not read", () => {
    expect(ACTIONS.filter((action) => isAllowed("chat", false, ["admin"], action))).toEqual([
      "see",
      "remove_message",
      "remove_member",
    ]);
  });

  it("CMD-4 keeps the two of a direct chat together, whoever asks", () => {
    for (const action of NOT_IN_DIRECT) expect(isAllowed("chat", true, [...ROLES], action)).toBe(false);
    expect(isAllowed("chat", true, ["member"], "post")).toBe(true);
  });
});
