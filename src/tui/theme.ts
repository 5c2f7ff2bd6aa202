/**
 * The terminal client: what styles are in a terminal. The sixteen colours alone, which are the reader's own palette: so
 * it fits light and dark; and without colour what matters is told by weight, and never by colour only. Pure.
 */
import type { Row, Style } from "./rows.ts";

/** How styles are drawn: the parameters of the escape sequences before and after a piece. */
export type Theme = Readonly<Record<Style, readonly [open: string, close: string] | undefined>>;

const COLORED: Theme = {
  plain: undefined,
  dim: ["2", "22"],
  strong: ["1", "22"],
  accent: ["36", "39"],
  good: ["32", "39"],
  warn: ["33", "39"],
  bad: ["31", "39"],
  own: ["1", "22"],
  chosen: ["7", "27"],
  bar: ["7", "27"],
  barStrong: ["1;7", "22;27"],
  name0: ["36", "39"],
  name1: ["35", "39"],
  name2: ["32", "39"],
  name3: ["33", "39"],
  name4: ["94", "39"],
  name5: ["95", "39"],
};

const BOLD = ["1", "22"] as const;

const PLAIN: Theme = {
  ...COLORED,
  ...{ accent: BOLD, good: BOLD, warn: BOLD, bad: BOLD, own: ["1;4", "22;24"] },
  ...{ name0: BOLD, name1: BOLD, name2: BOLD, name3: BOLD, name4: BOLD, name5: BOLD },
};

/** The styles with or without colour. */
export const themeFor = (hasColor: boolean): Theme => (hasColor ? COLORED : PLAIN);

/** A row as text for a terminal. Its pieces must have been made harmless. */
export function paint(row: Row, theme: Theme): string {
  let text = "";
  for (const piece of row) {
    const style = theme[piece.style];
    text += style === undefined ? piece.text : `\u001b[${style[0]}m${piece.text}\u001b[${style[1]}m`;
  }
  return text;
}
