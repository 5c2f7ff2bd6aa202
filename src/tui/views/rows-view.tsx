/**
 * The terminal client: rows that were laid out already, as a component of ink.
 *
 * Ink remembers the measure of every text that it was ever given, for as long as the program runs; a room with a
 * thousand messages a second would fill the memory. So it is given a text that stays the same, with as many lines as
 * there are rows, and draws ours in its place.
 */
import { Box, Transform } from "ink";
import type { JSX } from "react";
import { fillRow, type Row } from "../rows.ts";
import { paint, type Theme } from "../theme.ts";

/** The rows at a place of this size; what is missing stays empty. */
export function RowsView(given: {
  readonly rows: readonly Row[];
  readonly columns: number;
  readonly height: number;
  readonly theme: Theme;
}): JSX.Element {
  const { rows, columns, height, theme } = given;
  const draw = (_line: string, index: number): string => paint(fillRow(rows[index] ?? [], columns), theme);
  return (
    <Box width={columns} height={height} flexShrink={0}>
      <Transform transform={draw}>{Array(height).fill("·").join("\n")}</Transform>
    </Box>
  );
}
