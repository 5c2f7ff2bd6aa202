/** The terminal client: what is drawn, row by row: pieces of text, each in a style. Pure. */
import { cut, widthOf } from "./text/width.ts";

/** How a piece looks; `theme.ts` says what that is in a terminal. */
export type Style =
  | "plain"
  | "dim"
  | "strong"
  | "accent"
  | "good"
  | "warn"
  | "bad"
  | "own"
  | "chosen"
  | "bar"
  | "barStrong"
  | `name${0 | 1 | 2 | 3 | 4 | 5}`;

/** A piece of a row. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** One row of the screen, or of a part of it. */
export type Row = readonly Span[];

/** A piece; `plain` where nothing else is said. */
export const span = (text: string, style: Style = "plain"): Span => ({ text, style });

/** Columns that a row takes. */
export const rowWidth = (row: Row): number => row.reduce((sum, { text }) => sum + widthOf(text), 0);

/** A row cut, and filled up with spaces, to exactly so many columns; the spaces have the style `rest`. */
export function fillRow(row: Row, columns: number, rest: Style = "plain"): Row {
  const made: Span[] = [];
  let left = columns;
  for (const { text, style } of row) {
    if (left <= 0) break;
    const fitted = cut(text, left);
    made.push({ text: fitted, style });
    left -= widthOf(fitted);
  }
  if (left > 0) made.push({ text: " ".repeat(left), style: rest });
  return made;
}

/** Two rows on one: the second at the right end, cut first where there is no room for both. */
export function bothEnds(start: Row, end: Row, columns: number, rest: Style = "plain"): Row {
  const room = columns - rowWidth(start) - 1;
  if (room < 2) return fillRow(start, columns, rest);
  const fitted = rowWidth(end) <= room ? end : fillRow(end, room, rest);
  const between = columns - rowWidth(start) - rowWidth(fitted);
  return fillRow([...start, span(" ".repeat(between), rest), ...fitted], columns, rest);
}
