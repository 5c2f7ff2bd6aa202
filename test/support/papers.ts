/**
 * Test support: what stands in a paper: rows of its tables, blocks of shell, and what their lines of `curl` ask for.
 */

/** The text under a heading, of whatever depth, up to the next one. */
export function sectionOf(paper: string, heading: string): string {
  const after = paper.split(/^(?=#+ )/m).find((text) => text.replace(/^#+ /, "").startsWith(`${heading}\n`));
  return after ?? "";
}

/** The rows of the tables under a heading, each as its cells; without the rows of headings. */
export function rowsUnder(paper: string, heading: string): readonly (readonly string[])[] {
  const lines = sectionOf(paper, heading).split("\n");
  const isRow = (line: string | undefined): boolean => line?.startsWith("|") === true;
  // The row before `|---|` names the columns.
  return lines
    .filter((line, at) => isRow(line) && !line.startsWith("|---") && lines[at + 1]?.startsWith("|---") !== true)
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
}

/** The blocks of shell in a text, in their order. */
export function shellBlocks(text: string): readonly string[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
}

/** What a line of `curl` asks for. */
export interface CurlLine {
  readonly method: string;
  /** Without its query; a variable of the shell stands for a part of it. */
  readonly path: string;
}

/** The lines of `curl` in the blocks of shell of a text. */
export function curlLines(text: string): readonly CurlLine[] {
  return shellBlocks(text).flatMap((block) =>
    [...block.matchAll(/\bcurl ([^|\n]*)/g)].map(([, line = ""]) => {
      const path = /localhost:\d+(\/[^\s"?]*)/.exec(line)?.[1] ?? "";
      const named = /-X (\w+)/.exec(line)?.[1];
      return { method: named ?? (/(^| )(-d|--data\S*) /.test(line) ? "POST" : "GET"), path };
    }),
  );
}
