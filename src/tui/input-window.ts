/** The terminal client: the part of the line one types in that is seen, where the cursor is in it. Pure. */
import type { InputLine } from "./input-line.ts";
import { sanitizeLine } from "./text/sanitize.ts";
import { clusters, widthOf } from "./text/width.ts";

/** What is seen of a line. */
export interface InputWindow {
  readonly text: string;
  /** The cursor's column in it, from 0. */
  readonly column: number;
  /** Whether there is more at that side. */
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
}

/** Of a text of 16 KiB only what can be seen is looked at: a key should cost the same at its end as at its beginning. */
const UNITS_PER_COLUMN = 4;

/** The part of at most so many columns in which the cursor is; a line break is shown as a sign. */
export function inputWindow({ text, cursor }: InputLine, columns: number): InputWindow {
  const units = columns * UNITS_PER_COLUMN;
  const from = Math.max(0, cursor - units);
  const before = sanitizeLine(text.slice(from, cursor));
  const after = sanitizeLine(text.slice(cursor, cursor + units));
  // The cursor needs a column of its own at the end of the text.
  const keptBefore = tail(before, after === "" ? columns - 1 : columns - Math.min(8, widthOf(after)) - 1);
  const column = widthOf(keptBefore);
  const keptAfter = head(after, columns - column - 1);
  return {
    text: keptBefore + keptAfter,
    column,
    hasBefore: from > 0 || keptBefore.length < before.length,
    hasAfter: cursor + units < text.length || keptAfter.length < after.length,
  };
}

/** As much of the end as fits. */
function tail(text: string, columns: number): string {
  let over = widthOf(text) - columns;
  if (over <= 0) return text;
  for (const { index, width, text: cluster } of clusters(text)) {
    over -= width;
    if (over <= 0) return text.slice(index + cluster.length);
  }
  return "";
}

/** As much of the beginning as fits. */
function head(text: string, columns: number): string {
  let room = columns;
  for (const { index, width } of clusters(text)) {
    if (width > room) return text.slice(0, index);
    room -= width;
  }
  return text;
}
