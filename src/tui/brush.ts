/**
 * The terminal client: how rows that were laid out come through ink to the screen.
 *
 * Ink takes every text apart into its characters and puts it together again, for each frame: of a full screen that is
 * most of what a frame costs. So ink is given one sign for each block of rows, which stands where the block begins; the
 * screen puts the rows in their place. Nothing that anybody wrote passes through ink, so no sign is ever taken for one.
 */
import { fillRow, type Row } from "./rows.ts";
import { clusters, isLetters, isPlain } from "./text/width.ts";
import { paint, type Theme } from "./theme.ts";

/** Draws a block of rows. */
export interface Brush {
  /** Lines of text that ink needs to know of in a block of that height. */
  lines(height: number): number;
  /** What ink is given for one of those lines. */
  draw(rows: readonly Row[], columns: number, line: number): string;
}

/** Draws rows as they are, for who looks at views without a screen. */
export const plainBrush = (theme: Theme): Brush => ({
  lines: (height) => height,
  draw: (rows, columns, line) => paint(fillRow(rows[line] ?? [], columns), theme),
});

/** The first sign: of Unicode's private ones. */
const FIRST_SIGN = 0xe000;

interface Block {
  readonly rows: readonly Row[];
  readonly columns: number;
}

/** Draws blocks for a screen: keeps them until the frame comes that has their signs. */
export class SignBrush implements Brush {
  readonly #theme: Theme;
  readonly #blocks: Block[] = [];

  constructor(theme: Theme) {
    this.#theme = theme;
  }

  lines(): number {
    return 1;
  }

  draw(rows: readonly Row[], columns: number): string {
    this.#blocks.push({ rows, columns });
    return String.fromCharCode(FIRST_SIGN + this.#blocks.length - 1);
  }

  /** The lines of a frame, so many, with the blocks in place of their signs; then the next frame begins. */
  compose(frame: string, height: number): string[] {
    const lines = Array<string>(height).fill("");
    const ends = Array<number>(height).fill(0);
    for (const { block, column, row } of this.#placed(frame)) {
      for (let index = 0; index < block.rows.length && row + index < height; index += 1) {
        const gap = " ".repeat(Math.max(0, column - (ends[row + index] ?? 0)));
        const filled = fillRow(block.rows[index] ?? [], block.columns);
        lines[row + index] += gap + paint(inPlace(filled, column), this.#theme);
        ends[row + index] = column + block.columns;
      }
    }
    this.#blocks.length = 0;
    return lines;
  }

  /** Where the frame has which block: from the left to the right in each row. */
  *#placed(frame: string): Generator<{ readonly block: Block; readonly column: number; readonly row: number }> {
    for (const [row, line] of frame.split("\n").entries()) {
      for (let column = 0; column < line.length; column += 1) {
        const block = this.#blocks[line.charCodeAt(column) - FIRST_SIGN];
        if (block !== undefined) yield { block, column, row };
      }
    }
  }
}

/**
 * A row that begins at a column, so that what follows a character comes to its own column, however wide the terminal
 * takes the character for. Terminals differ in that, and from what we reckon. Letters are put in their place only where
 * their word ends: what is reckoned too wide is then a space behind it and no gap within.
 */
function inPlace(row: Row, begin: number): Row {
  if (row.every(({ text }) => isPlain(text))) return row;
  let column = begin;
  return row.map(({ text, style }) => {
    if (isPlain(text)) {
      column += text.length;
      return { text, style };
    }
    let placed = "";
    // Whether the terminal's cursor may be elsewhere by now.
    let isOff = false;
    const settle = (): void => {
      if (isOff) placed += `\u001b[${column + 1}G`;
      isOff = false;
    };
    for (const cluster of clusters(text)) {
      if (!isLetters(cluster.text)) settle();
      placed += cluster.text;
      column += cluster.width;
      if (cluster.width !== 1 || cluster.text.length > 1) isOff = true;
    }
    settle();
    return { text: placed, style };
  });
}
