/** A message without its marks: what is left is what the renderer would show as text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeParser, makePlainText } from "../../../src/web/conversation/plain-text.ts";

const plain = makePlainText();

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };

/** What a reader of HTML sees of it, without the spaces, which lines and blocks have on their own account. */
const seen = (html: string): string =>
  html
    .replace(/<[^>]*>/g, "")
    .replace(/&(lt|gt|amp|quot);/g, (_, name: string) => ENTITIES[name] ?? "")
    .replace(/\s/gu, "");

describe("a message without its marks", () => {
  it.each([
    ["**bold** and [a link](https://example.org) `code`", "bold and a link code"],
    ["# Title\n- one\n- two", "Title one two"],
    ["> quoted\n> more", "quoted more"],
    ["```\nlet x = 1;\n```", "let x = 1;"],
    ["~~gone~~ __init__ snake_case_name 2*3*4", "gone init snake_case_name 234"],
    ["<script>alert(1)</script> &amp; <b>", "<script>alert(1)</script> & <b>"],
    ["https://example.org/a_b_c", "https://example.org/a_b_c"],
    ["[here](javascript:alert(1))", "[here](javascript:alert(1))"],
    ["---", ""],
  ])("%j is %j", (text, left) => {
    expect(plain(text).replace(/\s+/g, " ")).toBe(left);
  });

  it("is what the renderer shows as text, whatever was written", () => {
    const pieces = [
      "*",
      "**",
      "_",
      "`",
      "```\n",
      "[",
      "](https://a.example)",
      "\n",
      "\n\n",
      "> ",
      "- ",
      "1. ",
      "# ",
      "|",
    ];
    const words = ["a", "b c", "<i>", "&amp;", "&#8238;", "\\", "~~", "https://x.example", "é", "    ", "|---|\n"];
    const parser = makeParser();
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces, ...words), { maxLength: 40 }), (parts) => {
        const text = parts.join("");
        expect(plain(text).replace(/\s/gu, "")).toBe(seen(parser.render(text)));
      }),
      { numRuns: 500 },
    );
  });
});
