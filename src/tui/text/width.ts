/**
 * The terminal client: how many columns a text takes, and cutting it by columns and by what a reader takes for one
 * character. Pure.
 */
import stringWidth from "string-width";

/**
 * What is one column wide, one UTF-16 unit long and joins with nothing: ASCII, most of Latin, Greek and Cyrillic, dashes
 * and quotes, plain arrows, lines and boxes. Nearly all that is said and drawn, so nothing else is asked about it.
 */
const PLAIN =
  /^[\u0020-\u007E\u00A1-\u00A8\u00AA-\u00AC\u00AF-\u02FF\u0391-\u03C9\u0400-\u0482\u048A-\u04FF\u2010-\u2022\u2024-\u2027\u2190-\u2193\u2400-\u2421\u2500-\u257F]*$/;

/** Whether each character of a text is one column wide and one UTF-16 unit long. */
export const isPlain = (text: string): boolean => PLAIN.test(text);

/** Kana, the ideographs in use and Hangul syllables, each by itself: two columns, as a whole text of them may be long. */
const WIDE = /^[\u3041-\u3096\u30A1-\u30FA\u4E00-\u9FFF\uAC00-\uD7A3]$/;

/** Letters, which may be several that are written as one: those of India and its neighbours, and what stands behind them. */
const LETTERS = /^[\p{L}\p{M}\p{Cf}]+$/u;

/** Whether a character is made of letters alone. */
export const isLetters = (cluster: string): boolean => LETTERS.test(cluster);

/** What is drawn over or into the letter before it: marks, joiners, and the later parts of a Hangul syllable. */
const OVER = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11FF\uD7B0-\uD7FB]$/u;

const BESIDE = /^\p{Mc}$/u;

/** Columns that a text without line breaks takes. */
export function widthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let columns = 0;
  for (const { width } of clusters(text)) columns += width;
  return columns;
}

/**
 * Columns of one character as a reader takes it. Most terminals give each letter in it a column of its own; with fewer,
 * what follows would be drawn over letters.
 */
function clusterWidth(cluster: string): number {
  if (WIDE.test(cluster)) return 2;
  if (cluster.length === 1 || !isLetters(cluster)) return stringWidth(cluster);
  let columns = 0;
  for (const point of cluster) {
    if (!OVER.test(point)) columns += BESIDE.test(point) ? 1 : stringWidth(point);
  }
  return columns;
}

/** A character as a reader takes it, which may be many code points. */
export interface Cluster {
  readonly text: string;
  /** Where it begins, in UTF-16 units. */
  readonly index: number;
  /** Columns: 0, 1 or 2, seldom more. */
  readonly width: number;
}

/** The characters of a text, one after the other. */
export function* clusters(text: string): Generator<Cluster> {
  if (isPlain(text)) {
    for (let index = 0; index < text.length; index += 1) yield { text: text.charAt(index), index, width: 1 };
    return;
  }
  for (const { segment, index } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
    yield { text: segment, index, width: clusterWidth(segment) };
  }
}

/** A text cut so that it takes at most so many columns; where something was cut off an ellipsis is its last column. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const cluster of clusters(text)) {
    if (width + cluster.width > columns - 1) break;
    kept += cluster.text;
    width += cluster.width;
  }
  return `${kept}…`;
}
