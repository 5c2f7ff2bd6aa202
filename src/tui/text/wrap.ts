/**
 * The terminal client: a text broken into rows of so many columns, at spaces where there are some. Pure.
 */
import { clusters, isPlain } from "./width.ts";

/**
 * Breaks a text that was made harmless before. `first` are the columns of the first row, `rest` those of all
 * others, which must not be fewer; both at least 2, so that a wide character finds room. A text without anything is one empty row.
 */
export function wrap(text: string, first: number, rest: number): string[] {
  const rows: string[] = [];
  for (const line of text.split("\n")) {
    const columns = rows.length === 0 ? first : rest;
    if (line.length <= columns && isPlain(line)) rows.push(line);
    else wrapLine(line, columns, rest, rows);
  }
  return rows;
}

function wrapLine(line: string, first: number, rest: number, rows: string[]): void {
  let columns = first;
  let row = "";
  let width = 0;
  // Where the row can be broken, and how wide it is up to there.
  let breakAt = -1;
  let breakWidth = 0;
  for (const cluster of clusters(line)) {
    if (width + cluster.width > columns) {
      // A space that does not fit is what the break stands for.
      if (cluster.text === " ") {
        rows.push(row);
        [row, width, breakAt, columns] = ["", 0, -1, rest];
        continue;
      }
      if (breakAt > 0) {
        rows.push(row.slice(0, breakAt).trimEnd());
        row = row.slice(breakAt);
        width -= breakWidth;
      }
      // Without a space to break at; or a wide character comes after all but the one column that the space took.
      if (breakAt <= 0 || width + cluster.width > rest) {
        rows.push(row);
        [row, width] = ["", 0];
      }
      breakAt = -1;
      columns = rest;
    }
    row += cluster.text;
    width += cluster.width;
    if (cluster.text === " ") [breakAt, breakWidth] = [row.length, width];
  }
  rows.push(row);
}
