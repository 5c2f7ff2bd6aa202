/**
 * docs/protocol.md says what the code does: its commands, events, errors and limits are those that there are, both ways,
 * and each example line is one that the code would take or write.
 */
import { describe, expect, it } from "vitest";
import type { CommandName } from "../../../src/protocol/commands.ts";
import { decodeCommand } from "../../../src/protocol/decode-command.ts";
import { ERROR_CODES, type ErrorCode } from "../../../src/protocol/error-codes.ts";
import * as events from "../../../src/protocol/events.ts";
import { GOLDEN_EXCHANGES } from "../../../src/protocol/golden-exchanges.ts";
import { DEFAULT_LIMITS } from "../../../src/protocol/limits.ts";
import { readProjectFile } from "../../support/project-files.ts";

const paper = readProjectFile("docs/protocol.md");

/** The rows of the table in a section, each as its cells. */
function rowsOf(section: string): readonly (readonly string[])[] {
  const text = new RegExp(`^## ${section}\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, "m").exec(paper)?.[1] ?? "";
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) => line.slice(2, -2).split(" | "));
}

/** The template of a command or event, and the names of its fields in their order. */
function fieldsOf(cell: string | undefined): readonly string[] {
  const template = /^`(\{.*\})`$/.exec(cell ?? "")?.[1] ?? "";
  // What stands inside of lists belongs to those.
  return [...template.replace(/\[.*\]/, "").matchAll(/"(\w+)":/g)].map(([, name]) => name ?? "");
}

const nameOf = (cell: string | undefined): string => /"_[ce]t":"(\w+)"/.exec(cell ?? "")?.[1] ?? "";

/** Commands: name → a line with every field; a record, so that none is forgotten. */
const COMMANDS: Readonly<Record<CommandName, string>> = {
  hello: '{"_ct":"hello","v":1,"t":"token","s":"session"}',
  join_room: '{"_ct":"join_room","r":"rust","after":1,"last":null}',
  leave_room: '{"_ct":"leave_room","r":"rust"}',
  send_message: '{"_ct":"send_message","r":"rust","c":"x","k":"k"}',
  history: '{"_ct":"history","r":"rust","before":1,"after":null,"limit":1}',
  typing: '{"_ct":"typing","r":"rust"}',
  quit: '{"_ct":"quit"}',
};

/** Every event that the code can write, with all its fields. */
const EVENTS: readonly string[] = [
  events.loginSuccessful("s", "u", events.roomListings([{ name: "n", description: "d" }])),
  events.userJoinedRoom('"r"', '["u"]'),
  events.roomParticipation('"r"', "u", "joined"),
  `${events.messageHead('"r"', '"u"')}"c"${events.messageTail("i", 1, "t", '"k"').slice(0, -1)}${events.REMOVED_TAIL}`,
  events.error("bad_json", "m", "r", "k"),
  events.ack("k", "i", 1),
  events.caughtUp('"r"', 1),
  events.reset('"r"', 1),
  events.history('"r"', "{}", true),
  events.roomChange('"r"', 1, "t", "e", "u", "by", "{}"),
  events.typing('"r"', "u"),
  events.presenceCount('"r"', 1),
  events.roomAdded('"r"', "d"),
  events.roomRemoved('"r"'),
];

describe("docs/protocol.md", () => {
  it("lists the commands, with their fields", () => {
    const rows = rowsOf("Commands");
    expect(rows.map(([cell]) => nameOf(cell))).toEqual(Object.keys(COMMANDS));
    for (const [cell] of rows) {
      const line = COMMANDS[nameOf(cell) as CommandName];
      expect(fieldsOf(cell)).toEqual(Object.keys(JSON.parse(line)));
      expect(decodeCommand(line)).toMatchObject({ type: nameOf(cell) });
    }
  });

  it("lists the events, with their fields in their order", () => {
    const rows = rowsOf("Events");
    const written = new Map(EVENTS.map((event) => [nameOf(event), Object.keys(JSON.parse(event))]));
    expect(rows.map(([cell]) => nameOf(cell)).sort()).toEqual([...written.keys()].sort());
    for (const [cell] of rows) expect(fieldsOf(cell), nameOf(cell)).toEqual(written.get(nameOf(cell)));
    // The list above is all that there is: each function of events.ts has its event, or is a part of one.
    const parts = ["roomListings", "messageHead", "messageTail", "REMOVED_TAIL", "WIRE_VERSION"];
    expect(Object.keys(events).filter((name) => !parts.includes(name)).length).toBe(EVENTS.length - 1);
  });

  it("lists the errors as the table of codes has them, both ways", () => {
    const table = Object.entries<ErrorCode>(ERROR_CODES).map(([code, { status, retry, closeCode, meaning }]) => [
      ...[`\`${code}\``, String(status), retry ? "yes" : "no", String(closeCode ?? "no"), meaning],
    ]);
    expect(rowsOf("Errors")).toEqual(table);
  });

  it("lists the limits with their defaults, both ways", () => {
    const rows = rowsOf("Limits").map(([name = "", value = ""]) => [
      name.replaceAll("`", ""),
      Number.parseInt(value, 10),
    ]);
    expect(rows).toEqual(Object.entries(DEFAULT_LIMITS));
  });

  it("names in its limits and its text only errors that there are", () => {
    const codes = Object.keys(ERROR_CODES);
    const named = rowsOf("Limits").flatMap(([, , beyond = ""]) => [...beyond.matchAll(/`(\w+_\w+|slow|overloaded)`/g)]);
    expect(named.length).toBeGreaterThan(5);
    for (const [, code] of named) expect(codes).toContain(code);
  });

  it("has a first conversation that the code would have", () => {
    const talk = /^```\n(< [\s\S]*?)^```$/m.exec(paper)?.[1]?.trimEnd().split("\n") ?? [];
    expect(talk.length).toBeGreaterThan(8);
    for (const line of talk) {
      if (line.startsWith("> ")) expect(decodeCommand(line.slice(2)).type, line).not.toBe("refusal");
      else {
        const event = JSON.parse(line.slice(2).replace(",…]", "]")) as Readonly<Record<string, unknown>>;
        const whole = EVENTS.find((other) => nameOf(other) === event["_et"]) ?? "{}";
        const keys = Object.keys(JSON.parse(whole));
        expect(
          keys.filter((key) => key in event),
          line,
        ).toEqual(Object.keys(event));
      }
    }
  });

  it("has no command or event that the golden exchanges do not show, but what needs a chat", () => {
    const shown = new Set(
      GOLDEN_EXCHANGES.flatMap(({ steps }) => steps)
        .flatMap((step) => (step.type === "hear" ? [step.line] : step.type === "send" ? [step.text] : []))
        .flatMap((text) => [...text.matchAll(/"_[ce]t":"(\w+)"/g)].map(([, name]) => name ?? "")),
    );
    const all = [...rowsOf("Commands"), ...rowsOf("Events")].map(([cell]) => nameOf(cell));
    expect(all.filter((name) => !shown.has(name))).toEqual(["room_change", "room_added", "room_removed"]);
  });
});
