/**
 * The terminal client: rows that were laid out already, as a component of ink.
 *
 * Ink remembers the measure of every text that it was ever given, for as long as the program runs; a room with a
 * thousand messages a second would fill the memory. So it is given a text that stays the same, and draws ours in
 * its place.
 */
import { Box, Transform } from "ink";
import type { JSX } from "react";
import type { Brush } from "../brush.ts";
import type { Row } from "../rows.ts";

/** The rows at a place of this size; what is missing stays empty. */
export function RowsView(given: {
  readonly rows: readonly Row[];
  readonly columns: number;
  readonly height: number;
  readonly brush: Brush;
}): JSX.Element {
  const { rows, columns, height, brush } = given;
  const shown = rows.length < height ? [...rows, ...Array<Row>(height - rows.length).fill([])] : rows.slice(0, height);
  return (
    <Box width={columns} height={height} flexShrink={0}>
      <Transform transform={(_line, index) => brush.draw(shown, columns, index)}>
        {Array(brush.lines(height)).fill(".").join("\n")}
      </Transform>
    </Box>
  );
}
