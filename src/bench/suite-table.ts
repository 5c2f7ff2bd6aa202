/**
 * Load tool, the table that a suite ends with: what was measured against what is asked for. Pure.
 */

/** One line of the table. */
export interface Row {
  readonly load: string;
  readonly measured: string;
  readonly atLeast: string;
  readonly aim: string;
  readonly reached: "aim" | "at least" | "missed";
  readonly command: string;
}

/** What is asked for, and how much of it was reached. */
export type Bounds = Pick<Row, "atLeast" | "aim" | "reached">;

/** The table as markdown. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.load, row.measured, row.atLeast, row.aim, row.reached, `\`${row.command}\``]);
  const head = ["load", "measured", "at least", "aim", "reached", "command"];
  return [head, head.map(() => "---"), ...cells].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

/** Judges a value of which more is better. */
export function atLeast(value: number, least: number, aim: number, text: (value: number) => string): Bounds {
  const reached = value >= aim ? "aim" : value >= least ? "at least" : "missed";
  return { atLeast: text(least), aim: text(aim), reached };
}

/** Judges a value of which less is better. */
export function atMost(value: number, most: number, aim: number, text: (value: number) => string): Bounds {
  const reached = value <= aim ? "aim" : value <= most ? "at least" : "missed";
  return { atLeast: text(most), aim: text(aim), reached };
}

/** The bound of a p99 in words. */
export const p99Text = (value: number): string => `p99 ≤ ${value} ms`;
