/** The terminal client, views: what is shown in place of the conversation: keys, people, a question about a paste. */
import { nameStyle } from "../item-rows.ts";
import { fillRow, type Row, rowWidth, type Span, span } from "../rows.ts";
import { currentView, type TuiState, type WaitingPaste } from "../state.ts";
import { widthOf } from "../text/width.ts";

/** What stands in place of the conversation, if anything. */
export function overlayRows(state: TuiState, columns: number, height: number): Row[] | undefined {
  if (state.paste !== undefined) return pasteRows(state.paste);
  return state.overlay === "people" ? everybody(state, columns, height) : undefined;
}

/** Keys and what they do. */
const HELP: readonly (readonly [keys: string, does: string])[] = [
  ["Enter", "send"],
  ["^J Alt-Enter", "line break"],
  ["↑ ↓", "what you sent before"],
  ["← → ^B ^F", "by a character"],
  ["^← ^→ Alt-B/F", "by a word"],
  ["Home End ^A ^E", "to begin or end"],
  ["^W ^U ^K ^D", "erase word, to begin, to end, one"],
  ["PgUp PgDn", "scroll a page"],
  ["^↑ ^↓", "scroll a row"],
  ["^Home, Esc", "oldest loaded, newest"],
  ["Tab", "to the rooms and back"],
  ["^N ^P", "next, previous open room"],
  ["Alt-A", "next unread room"],
  ["Del", "in the list: leave the room"],
  ["^T", "who is here"],
  ["^R", "connect now; send again what failed"],
  ["^X", "let go of what failed"],
  ["^L", "draw the screen anew"],
  ["^Z  ^C", "to the background; quit"],
];

const KEY_COLUMNS = 16;

/** What all keys do: in columns where there is room, else one after the other. */
export function helpRows(columns: number, height: number): Row[] {
  const head: Row[] = [[span(" Keys", "strong"), span(" · any key goes back", "dim")], []];
  const room = height - head.length;
  const beside = columns >= 2 * CELL_COLUMNS ? 2 : 1;
  const each = Math.ceil(HELP.length / beside);
  if (each > room) return [...head, ...flowing(columns)];
  const cells = HELP.map(([keys, does]): Row => [span(` ${keys.padEnd(KEY_COLUMNS)}`, "accent"), span(does)]);
  const rows = Array.from({ length: each }, (_, index) =>
    Array.from({ length: beside }, (__, part) => fillRow(cells[index + part * each] ?? [], CELL_COLUMNS)).flat(),
  );
  return [...head, ...rows];
}

/** A key and what it does, beside another. */
const CELL_COLUMNS = 54;

function flowing(columns: number): Row[] {
  const rows: Span[][] = [[]];
  for (const [keys, does] of HELP) {
    const piece = [span(` ${keys}`, "accent"), span(` ${does} `)];
    const row = rows.at(-1) ?? [];
    if (rowWidth(row) + rowWidth(piece) <= columns) row.push(...piece);
    else rows.push([...piece]);
  }
  return rows;
}

/** Names beside each other, as many as fit. */
function everybody(state: TuiState, columns: number, height: number): Row[] {
  const { users, count } = currentView(state)?.presence ?? { users: [], count: 0 };
  const widest = Math.max(8, ...users.map(widthOf)) + 2;
  const beside = Math.max(1, Math.floor(columns / widest));
  const rows: Row[] = [];
  for (let index = 0; index < users.length && rows.length < height - 3; index += beside) {
    rows.push(users.slice(index, index + beside).flatMap((user) => fillRow([span(user, nameStyle(user))], widest)));
  }
  const shown = Math.min(users.length, rows.length * beside);
  const rest = count > shown ? [[span(`and ${count - shown} more`, "dim")]] : [];
  return [[span(`Here: ${count}`, "strong"), span(" · any key goes back", "dim")], [], ...rows, ...rest];
}

function pasteRows({ lines, bytes, messages, isCut }: WaitingPaste): Row[] {
  const size = bytes < 10_240 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} KiB`;
  const more = isCut ? "more than " : "";
  const question: Row[] =
    messages.length === 0
      ? [
          [span("That is too much for a conversation.", "warn")],
          [span("verbatim send ROOM < FILE", "strong"), span(" sends a file.")],
          [],
          [span("Esc", "accent"), span(" lets it go")],
        ]
      : [
          [span(`It becomes ${messages.length} messages, cut at line ends.`)],
          [],
          [span("Enter", "accent"), span(` sends ${messages.length === 1 ? "it" : "them"}`)],
          [span("Esc", "accent"), span(" lets it go")],
        ];
  return [
    [span("You pasted ", "strong"), span(`${more}${lines.toLocaleString("en")} lines, ${size}`, "strong")],
    [],
    ...question,
  ];
}
