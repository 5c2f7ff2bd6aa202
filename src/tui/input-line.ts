/**
 * The terminal client: the line that one types in, as a value, and what each key of an editor makes of it. Pure.
 *
 * A cursor stands between two characters as a reader takes them, never inside of one.
 */

/** The line. */
export interface InputLine {
  /** May have line breaks: `\n`. */
  readonly text: string;
  /** In UTF-16 units from its beginning. */
  readonly cursor: number;
}

/** A movement of the cursor, or what takes text away up to where that movement leads. */
export type Motion = "left" | "right" | "wordLeft" | "wordRight" | "spaceLeft" | "start" | "end";

export const EMPTY_LINE: InputLine = { text: "", cursor: 0 };

/** How many UTF-16 units beside the cursor are looked at to find the next character: no character is longer. */
const NEARBY_UNITS = 64;

const WORD = /[\p{L}\p{N}\p{M}_]/u;

const SPACE = /\s/;

/** A line with this text, the cursor at its end. */
export const lineOf = (text: string): InputLine => ({ text, cursor: text.length });

/** The line after something was typed or pasted into it. */
export function insert({ text, cursor }: InputLine, added: string): InputLine {
  return { text: text.slice(0, cursor) + added + text.slice(cursor), cursor: cursor + added.length };
}

/** The line with its cursor elsewhere. */
export function move(line: InputLine, motion: Motion): InputLine {
  return { text: line.text, cursor: target(line, motion) };
}

/** The line without what lies between its cursor and where a movement leads. */
export function erase(line: InputLine, motion: Motion): InputLine {
  const to = target(line, motion);
  const from = Math.min(line.cursor, to);
  return { text: line.text.slice(0, from) + line.text.slice(Math.max(line.cursor, to)), cursor: from };
}

const TARGETS: Readonly<Record<Motion, (line: InputLine) => number>> = {
  left: ({ text, cursor }) => cursor - lastLength(text.slice(Math.max(0, cursor - NEARBY_UNITS), cursor)),
  right: ({ text, cursor }) => cursor + firstLength(text.slice(cursor, cursor + NEARBY_UNITS)),
  wordLeft: ({ text, cursor }) => {
    const before = [...text.slice(0, cursor)];
    let left = before.length;
    while (left > 0 && !WORD.test(before[left - 1] ?? "")) left -= 1;
    while (left > 0 && WORD.test(before[left - 1] ?? "")) left -= 1;
    return before.slice(0, left).join("").length;
  },
  wordRight: ({ text, cursor }) => {
    const after = [...text.slice(cursor)];
    let right = 0;
    while (right < after.length && !WORD.test(after[right] ?? "")) right += 1;
    while (right < after.length && WORD.test(after[right] ?? "")) right += 1;
    return cursor + after.slice(0, right).join("").length;
  },
  // What shells take for a word where it is erased: up to a space.
  spaceLeft: ({ text, cursor }) => {
    let left = cursor;
    while (left > 0 && SPACE.test(text.charAt(left - 1))) left -= 1;
    while (left > 0 && !SPACE.test(text.charAt(left - 1))) left -= 1;
    return left;
  },
  // Of this line, where there are several.
  start: ({ text, cursor }) => text.lastIndexOf("\n", cursor - 1) + 1,
  end: ({ text, cursor }) => {
    const next = text.indexOf("\n", cursor);
    return next === -1 ? text.length : next;
  },
};

function target(line: InputLine, motion: Motion): number {
  // With the cursor at the very beginning `lastIndexOf` would look at the first character.
  if (line.cursor === 0 && motion === "start") return 0;
  return TARGETS[motion](line);
}

const segmenter = (): Intl.Segmenter => new Intl.Segmenter(undefined, { granularity: "grapheme" });

function firstLength(text: string): number {
  for (const { segment } of segmenter().segment(text)) return segment.length;
  return 0;
}

function lastLength(text: string): number {
  let length = 0;
  for (const { segment } of segmenter().segment(text)) length = segment.length;
  return length;
}
