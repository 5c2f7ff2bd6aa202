/** The terminal client: keys out of a terminal's bytes, and what they make of the line that one types in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_LINE, erase, type InputLine, insert, lineOf, type Motion, move } from "../../../src/tui/input-line.ts";
import { inputWindow } from "../../../src/tui/input-window.ts";
import { type KeyEvent, KeyReader, PASTE_UNITS_MAX } from "../../../src/tui/keys.ts";
import { bytesOf, fitsLine, MESSAGE_BYTES_MAX, splitAtLines, waitingPaste } from "../../../src/tui/paste.ts";
import { widthOf } from "../../../src/tui/text/width.ts";

const key = (name: string): KeyEvent => ({ type: "key", name });
const text = (said: string): KeyEvent => ({ type: "text", text: said });
const pasted = (said: string, isCut = false): KeyEvent => ({ type: "paste", text: said, isCut });

/** All keys of bytes that come at once. */
function keysOf(bytes: string): KeyEvent[] {
  const reader = new KeyReader();
  return [...reader.push(bytes), ...reader.flush()];
}

/** Neighbours that were one piece of text before a chunk's end came between them are one again. */
function joined(events: readonly KeyEvent[]): KeyEvent[] {
  const whole: KeyEvent[] = [];
  for (const event of events) {
    const last = whole.at(-1);
    if (event.type === "text" && last?.type === "text") whole[whole.length - 1] = text(last.text + event.text);
    else whole.push(event);
  }
  return whole;
}

describe("keys", () => {
  it("have their names", () => {
    expect(keysOf("hi\r")).toEqual([text("hi"), key("enter")]);
    expect(keysOf("\u0001\u0017\u007f\n\t")).toEqual(["ctrl-a", "ctrl-w", "backspace", "ctrl-j", "tab"].map(key));
    expect(keysOf("\u001b[A\u001b[1;5C\u001bOH\u001b[3~\u001b[6~\u001bb\u001b\r")).toEqual(
      ["up", "ctrl-right", "home", "delete", "pagedown", "alt-b", "alt-enter"].map(key),
    );
    expect(keysOf("\u001b")).toEqual([key("escape")]);
    expect(keysOf("\u001b\u001b")).toEqual([key("escape"), key("escape")]);
    expect(keysOf("\u001bOP\u001b[11~")).toEqual([key("f1"), key("f1")]);
  });

  it("pass over what nobody asked for", () => {
    expect(keysOf("a\u001b[<0;10;10Mb\u001b[?1;2cc\u001b[I")).toEqual([text("a"), text("b"), text("c")]);
  });

  it("are the same wherever the bytes are cut", () => {
    const parts = [
      "héllo",
      "\r",
      "\u001b[A",
      "\u001b[1;5D",
      "\u001bOF",
      "\u001b[200~paste\rof two\u001b[201~",
      "👩‍👩‍👧",
      "\u001bd",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts)), fc.array(fc.integer({ min: 1, max: 7 })), (given, cuts) => {
        const bytes = given.join("");
        const reader = new KeyReader();
        const events: KeyEvent[] = [];
        let from = 0;
        for (const size of [...cuts, bytes.length]) {
          events.push(...reader.push(bytes.slice(from, from + size)));
          from += size;
        }
        expect(joined([...events, ...reader.flush()])).toEqual(joined(keysOf(bytes)));
      }),
    );
  });

  it("are not found in a paste", () => {
    expect(keysOf("\u001b[200~rm -rf\r\u0003\u001b[A\u001b[201~\r")).toEqual([
      pasted("rm -rf\n\u0003\u001b[A"),
      key("enter"),
    ]);
  });

  it("go on after a paste that was too large, of which it is told", () => {
    const [event, after] = keysOf(`\u001b[200~${"x".repeat(PASTE_UNITS_MAX + 5)}\u001b[201~\r`);
    expect(event?.type === "paste" && event.isCut && event.text.length).toBe(PASTE_UNITS_MAX);
    expect(after).toEqual(key("enter"));
  });
});

describe("the line", () => {
  const at = (before: string, after: string): InputLine => ({ text: before + after, cursor: before.length });

  it("is edited around its cursor", () => {
    expect(insert(at("ab", "d"), "c")).toEqual(at("abc", "d"));
    expect(move(at("one two", " three"), "wordLeft")).toEqual(at("one ", "two three"));
    expect(move(at("one", " two three"), "wordRight")).toEqual(at("one two", " three"));
    expect(erase(at("one two", " three"), "wordLeft")).toEqual(at("one ", " three"));
    expect(erase(at("see a/b-c.d  ", "!"), "spaceLeft")).toEqual(at("see ", "!"));
    expect(erase(at("one", " two"), "end")).toEqual(at("one", ""));
    expect(erase(at("one", " two"), "start")).toEqual(at("", " two"));
    expect(erase(EMPTY_LINE, "left")).toEqual(EMPTY_LINE);
  });

  it("moves by characters as a reader takes them", () => {
    const line = lineOf("a👩‍👩‍👧e\u0301");
    expect(erase(line, "left").text).toBe("a👩‍👩‍👧");
    expect(erase(erase(line, "left"), "left").text).toBe("a");
    expect(move(at("a", "👩‍👩‍👧b"), "right")).toEqual(at("a👩‍👩‍👧", "b"));
  });

  it("goes to the beginning and end of one of several lines", () => {
    expect(move(at("one\ntw", "o\nthree"), "start")).toEqual(at("one\n", "two\nthree"));
    expect(move(at("one\ntw", "o\nthree"), "end")).toEqual(at("one\ntwo", "\nthree"));
    expect(move(at("", "\none"), "start")).toEqual(at("", "\none"));
  });

  it("keeps its cursor inside, whatever is done", () => {
    const motions: Motion[] = ["left", "right", "wordLeft", "wordRight", "spaceLeft", "start", "end"];
    const steps = fc.array(
      fc.tuple(fc.constantFrom("move", "erase", "type"), fc.constantFrom(...motions), fc.string({ unit: "grapheme" })),
    );
    fc.assert(
      fc.property(steps, (given) => {
        let line = EMPTY_LINE;
        for (const [what, motion, said] of given) {
          if (what === "type") line = insert(line, said);
          else line = what === "move" ? move(line, motion) : erase(line, motion);
          expect(line.cursor).toBeGreaterThanOrEqual(0);
          expect(line.cursor).toBeLessThanOrEqual(line.text.length);
        }
      }),
    );
  });

  it("shows the part around its cursor, never wider than its place", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 20, max: 60 }),
        (said, where, columns) => {
          const units = [...said].slice(0, where % (said.length + 1)).join("");
          const shown = inputWindow({ text: said, cursor: units.length }, columns);
          expect(widthOf(shown.text)).toBeLessThanOrEqual(columns);
          expect(shown.column).toBeLessThan(columns);
        },
      ),
    );
    expect(inputWindow(lineOf("x".repeat(100)), 20)).toMatchObject({ column: 19, hasBefore: true, hasAfter: false });
  });
});

describe("a paste", () => {
  it("that fits goes into the line", () => {
    expect(fitsLine("one\ntwo", false, 0)).toBe(true);
    expect(fitsLine("x".repeat(MESSAGE_BYTES_MAX), false, 0)).toBe(true);
    expect(fitsLine("x".repeat(MESSAGE_BYTES_MAX), false, 1)).toBe(false);
    expect(fitsLine("one", true, 0)).toBe(false);
  });

  it("of 10,000 lines becomes a few messages, cut at line ends, in which every line stands once", () => {
    const lines = Array.from({ length: 10_000 }, (_, number) => `line ${number} of a paste`);
    const { messages, lines: count } = waitingPaste(`${lines.join("\n")}\n`, false);
    expect(count).toBe(10_000);
    expect(messages.length).toBeLessThan(30);
    expect(messages.flatMap((message) => message.split("\n"))).toEqual(lines);
    for (const message of messages) expect(bytesOf(message)).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
  });

  it("loses nothing of a line that is longer than a message, and cuts no character", () => {
    fc.assert(
      fc.property(fc.constantFrom("x", "é", "日", "😀"), fc.integer({ min: 0, max: 5 }), (character, more) => {
        const line = `${character.repeat(MESSAGE_BYTES_MAX / 2 + more)}end`;
        const parts = splitAtLines(line);
        expect(parts.join("")).toBe(line);
        for (const part of parts) expect(bytesOf(part)).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
      }),
    );
  });

  it("that is too much for a conversation is not sent at all", () => {
    expect(waitingPaste(`${"x".repeat(1000)}\n`.repeat(2000), false).messages).toEqual([]);
    expect(waitingPaste("a\nb", true).messages).toEqual([]);
  });
});
