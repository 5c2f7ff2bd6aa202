/** The terminal client: which part of the screen is whose, at a size. Pure. */
import { type Size, SMALLEST } from "./state.ts";

/** The parts, in characters. */
export interface Geometry {
  readonly isTooSmall: boolean;
  /** The list of rooms at the left. */
  readonly roomColumns: number;
  /** The conversation. */
  readonly columns: number;
  readonly rows: number;
  /** Who is here, at the right; 0 where there is no room for it. */
  readonly peopleColumns: number;
  /** Rows between the top and the bars at the bottom. */
  readonly bodyRows: number;
}

/** The bars at the bottom: status and keys. */
const BAR_ROWS = 2;

/** Of the middle: the room's name and the line under it, the line above the input, and the input. */
const MIDDLE_EXTRA_ROWS = 4;

/** The line between two parts, and a space at its side. */
export const LINE_COLUMNS = 2;

/** From so many columns on, who is here has a place of its own. */
const PEOPLE_FROM_COLUMNS = 100;

/** The parts of a screen of that size. */
export function geometry({ columns, rows }: Size): Geometry {
  const roomColumns = columns < 80 ? 15 : columns < 120 ? 20 : 26;
  const peopleColumns = columns < PEOPLE_FROM_COLUMNS ? 0 : columns < 120 ? 16 : 20;
  const bodyRows = rows - BAR_ROWS;
  return {
    isTooSmall: columns < SMALLEST.columns || rows < SMALLEST.rows,
    roomColumns,
    peopleColumns,
    bodyRows,
    columns: columns - roomColumns - LINE_COLUMNS - (peopleColumns === 0 ? 0 : peopleColumns + LINE_COLUMNS),
    rows: bodyRows - MIDDLE_EXTRA_ROWS,
  };
}
