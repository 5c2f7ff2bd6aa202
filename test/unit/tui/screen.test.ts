/** The terminal client: what goes to the terminal for a frame. */
import { describe, expect, it } from "vitest";
import { SignBrush } from "../../../src/tui/brush.ts";
import { type Row, span } from "../../../src/tui/rows.ts";
import { Screen } from "../../../src/tui/screen.ts";
import { themeFor } from "../../../src/tui/theme.ts";

const SIZE = { columns: 40, rows: 1 };

/** What a terminal is sent for each of these frames of one row. */
function sent(...frames: readonly string[]): string[] {
  const brush = new SignBrush(themeFor(false));
  const written: string[] = [];
  const screen = new Screen(SIZE, brush, (text) => written.push(text));
  for (const frame of frames) {
    const rows: Row[] = [[span(frame)]];
    screen.write(brush.draw(rows, SIZE.columns));
  }
  return written;
}

describe("a frame", () => {
  it("puts what follows an emoji into its column, and leaves nothing of before where a terminal takes it for narrower", () => {
    const [, emoji] = sent("hello hello", "☺️!");
    expect(emoji).toContain("\u001b[1;1H\u001b[K☺️\u001b[3G!");
  });

  it("draws a word of letters of any script without a jump in it", () => {
    const [first, plain] = sent("क्षत्रिय!", "plain");
    expect(first).toContain("क्षत्रिय\u001b[7G!");
    expect(plain).toContain("\u001b[1;1Hplain ");
  });
});
