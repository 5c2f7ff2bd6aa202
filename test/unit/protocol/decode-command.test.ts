/**
 * From a line to a command: whatever the line, the answer is a whole command or a refusal that names what was wrong;
 * and the short way that most lines take decides as the long one.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Command } from "../../../src/protocol/commands.ts";
import { decodeCommand, decodeJson, decodePlainMessage, type Refusal } from "../../../src/protocol/decode-command.ts";
import { ERROR_CODES } from "../../../src/protocol/error-codes.ts";
import { NAME_LENGTH_MAX } from "../../../src/protocol/limits.ts";

/** What may come out, written down a second time and by other means. */
const name = z.string().min(1).max(NAME_LENGTH_MAX);
const seq = (least: number) => z.int().min(least).max(Number.MAX_SAFE_INTEGER).optional();
const body = z
  .string()
  .refine((text) => typeof JSON.parse(text) === "string" && JSON.stringify(JSON.parse(text)) === text);
const command = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("hello"),
    version: z.int().min(1),
    token: z.string().min(1).max(4096).optional(),
    session: name.optional(),
  }),
  z.strictObject({ type: z.literal("join_room"), room: name, after: seq(0), last: seq(0) }),
  z.strictObject({ type: z.literal("leave_room"), room: name }),
  z.strictObject({
    type: z.literal("send_message"),
    room: name,
    body,
    textBytes: z.int().min(0),
    key: name.optional(),
  }),
  z.strictObject({ type: z.literal("history"), room: name, before: seq(1), after: seq(0), limit: seq(1) }),
  z.strictObject({ type: z.literal("typing"), room: name }),
  z.strictObject({ type: z.literal("quit") }),
  z.strictObject({
    type: z.literal("refusal"),
    code: z.enum(Object.keys(ERROR_CODES) as [string, ...string[]]),
    text: z.string().min(1).max(200),
    command: z.enum(["hello", "join_room", "leave_room", "send_message", "history", "typing", "quit"]).optional(),
    room: name.optional(),
    key: name.optional(),
  }),
]);

/** Checks that a line gives something whole, and that it counts bytes as everybody does. */
function check(line: string): Command | Refusal {
  const decoded = decodeCommand(line);
  const problems = command.safeParse(decoded).error;
  expect(problems, line).toBeUndefined();
  if (decoded.type === "send_message") {
    expect(decoded.textBytes).toBe(Buffer.byteLength(JSON.parse(decoded.body) as string));
  }
  return decoded;
}

const anyText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 80 }),
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.array(fc.nat(0xffff), { maxLength: 80 }).map((units) => String.fromCharCode(...units)),
);

const COMMANDS = ["hello", "join_room", "leave_room", "send_message", "history", "typing", "quit"];

/** Objects that look like commands: the right names, with any value in each. */
const anyValue = fc.oneof(
  anyText,
  fc.integer(),
  fc.double(),
  fc.constantFrom(null, true, [], {}, "rust", "x".repeat(64), "x".repeat(65), 0, 1, -1, 1e300, 2 ** 53, "\ud800"),
  fc.jsonValue(),
);
const nearCommand = fc.record(
  {
    _ct: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...COMMANDS) }, { weight: 1, arbitrary: anyValue }),
    ...{ r: anyValue, c: anyValue, k: anyValue, v: anyValue, t: anyValue, s: anyValue },
    ...{ after: anyValue, before: anyValue, last: anyValue, limit: anyValue, __proto__: anyValue, more: anyValue },
  },
  { requiredKeys: ["_ct"] },
);

describe("decodeCommand", () => {
  it("CMD-3 never throws and gives something whole, for any text", () => {
    fc.assert(
      fc.property(anyText, (line) => {
        check(line);
      }),
      { numRuns: 2000 },
    );
  });

  it("CMD-3 never throws and gives something whole, for any JSON", () => {
    fc.assert(
      fc.property(fc.json(), (line) => {
        check(line);
      }),
      { numRuns: 1000 },
    );
  });

  it("CMD-3 WIRE-7 gives a command or names the field, for what is nearly a command", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(nearCommand, (fields) => {
        seen.add(check(JSON.stringify(fields)).type);
      }),
      { numRuns: 20_000 },
    );
    expect([...seen].sort()).toEqual([...COMMANDS, "refusal"].sort());
  });

  it("WIRE-5 keeps a text as it is, and counts its bytes", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const decoded = check(JSON.stringify({ _ct: "send_message", r: "rust", c: text }));
        if (!/\p{Surrogate}/u.test(text))
          expect(decoded).toMatchObject({ type: "send_message", body: JSON.stringify(text) });
        else expect(decoded).toMatchObject({ type: "refusal", code: "bad_field", room: "rust" });
      }),
      { numRuns: 2000 },
    );
  });

  it("CMD-3 takes the short way only where the long one decides the same", () => {
    const around = fc.constantFrom("", " ", "}", '"', "\\", ',"k":"k"', "\n", "\u007f", "é");
    const line = fc
      .tuple(anyText, anyText, around, around)
      .map(([room, text, inside, after]) => `{"_ct":"send_message","r":"${room}","c":"${text}${inside}"}${after}`);
    const plain = fc
      .tuple(fc.string({ maxLength: 70 }), fc.string({ maxLength: 100 }))
      .map(([room, text]) => JSON.stringify({ _ct: "send_message", r: room, c: text }));
    let short = 0;
    fc.assert(
      fc.property(fc.oneof(line, plain), (text) => {
        const decoded = decodePlainMessage(text);
        if (decoded === undefined) return;
        short += 1;
        expect(decoded).toEqual(decodeJson(text));
      }),
      { numRuns: 5000 },
    );
    expect(short).toBeGreaterThan(500);
  });

  it.each([
    ['{"_ct":"send_message","r":"rust","c":"}"}', "}"],
    ['{"_ct":"send_message","r":"rust","c":""}', ""],
    ['{"_ct":"send_message","r":"rust","c":"a,b:c{d}"}', "a,b:c{d}"],
  ])("takes the short way for %s", (line, text) => {
    expect(decodePlainMessage(line)).toMatchObject({ body: JSON.stringify(text), textBytes: text.length });
  });

  it.each([
    ['{"_ct":"send_message","r":"rust","c":"a","c":"b"}', "b"],
    ['{"_ct":"send_message","r":"rust","c":"a","r":"b"}', "a"],
    ['{"_ct":"send_message","r":"a","c":"x","_ct":"quit"}', undefined],
    ['{"_ct":"send_message","r":"rust","c":"x\\"}', undefined],
  ])("takes the long way for %s", (line, text) => {
    expect(decodePlainMessage(line)).toBeUndefined();
    const decoded = check(line);
    if (text !== undefined) expect(decoded).toMatchObject({ body: JSON.stringify(text) });
    else expect(decoded.type).not.toBe("send_message");
  });

  it.each([["__proto__"], ["constructor"], ["toString"], ["hasOwnProperty"]])(
    "CMD-3 knows no command %s, and finds no field in what every object has",
    (word) => {
      expect(check(`{"_ct":"${word}"}`)).toMatchObject({ code: "unknown_command" });
      expect(check(`{"${word}":{"_ct":"quit"}}`)).toMatchObject({ code: "bad_field" });
      expect(check(`{"_ct":"join_room","__proto__":{"r":"rust"}}`)).toMatchObject({ code: "bad_field" });
    },
  );

  it("WIRE-14 WIRE-21 takes names and keys of 1 to 64 characters", () => {
    for (const [length, fits] of [
      [0, false],
      [1, true],
      [64, true],
      [65, false],
      [65_536, false],
    ] as const) {
      const text = "n".repeat(length);
      const message = check(JSON.stringify({ _ct: "send_message", r: "rust", c: "x", k: text }));
      const join = check(JSON.stringify({ _ct: "join_room", r: text }));
      const short = check(`{"_ct":"send_message","r":"${text}","c":"x"}`);
      expect([message.type, join.type, short.type]).toEqual(
        fits ? ["send_message", "join_room", "send_message"] : ["refusal", "refusal", "refusal"],
      );
    }
  });

  it("CMD-3 takes depth, width and size as they come", () => {
    expect(check("[".repeat(100_000))).toMatchObject({ code: "bad_json" });
    expect(check(`${"[".repeat(100_000)}${"]".repeat(100_000)}`)).toMatchObject({ code: "bad_json" });
    const deep = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
    expect(check(deep)).toMatchObject({ code: "bad_field" });
    expect(check(`{"_ct":"join_room","r":${deep}}`)).toMatchObject({ code: "bad_field", command: "join_room" });
    const wide = `{${Array.from({ length: 1_000_000 }, (_, index) => `"${index}":0`).join(",")},"_ct":"quit"}`;
    expect(check(wide)).toEqual({ type: "quit" });
    expect(check(`{"_ct":"history","r":"rust","limit":1${"0".repeat(400)}}`)).toMatchObject({ code: "bad_field" });
  });
});
