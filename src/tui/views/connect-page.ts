/** The terminal client, views: the page where one says which server. A function of the state. */
import { inputWindow } from "../input-window.ts";
import { type Row, type Span, span } from "../rows.ts";
import type { CursorPlace } from "../screen.ts";
import type { TuiState } from "../state.ts";
import { widthOf } from "../text/width.ts";
import { wrap } from "../text/wrap.ts";

const FIELD_COLUMNS = 40;
const LABEL_COLUMNS = 8;
const TOKEN_SIGN = "•";

/** The widest row of the page. */
const PAGE_COLUMNS = 54;

interface Page {
  readonly rows: readonly Row[];
  readonly cursor: CursorPlace | undefined;
}

/** The page in the middle of the screen, and its cursor. */
export function connectPage(state: TuiState): Page {
  const { form, size } = state;
  const left = Math.max(1, Math.floor((size.columns - PAGE_COLUMNS) / 2));
  const top = Math.max(0, Math.floor((size.rows - 12) / 3));
  // What a token is, is nobody's business who looks over a shoulder; that keys arrive is seen.
  const hidden = { text: TOKEN_SIGN.repeat(form.token.text.length), cursor: form.token.cursor };
  const lines = { server: form.server, token: hidden };
  const field = (name: "server" | "token", label: string): Span[] => {
    const { text } = inputWindow(lines[name], FIELD_COLUMNS);
    const isActive = form.field === name;
    const box = text + "_".repeat(Math.max(0, FIELD_COLUMNS - widthOf(text)));
    return [
      span(isActive ? "▸ " : "  ", "accent"),
      span(label.padEnd(LABEL_COLUMNS), isActive ? "strong" : "dim"),
      span(box, isActive ? "plain" : "dim"),
    ];
  };
  const rows: Row[] = [
    [span("Verbatim", "strong")],
    [span("every word, once, in order", "dim")],
    [],
    field("server", "Server"),
    field("token", "Token"),
    [span(`${" ".repeat(LABEL_COLUMNS + 2)}empty: come in as a guest`, "dim")],
    [],
    ...word(state),
    [],
    [
      span("Enter", "accent"),
      span(" connect   ", "dim"),
      span("Tab", "accent"),
      span(" other field   ", "dim"),
      span("^C", "accent"),
      span(" quit", "dim"),
    ],
  ];
  const { column } = inputWindow(lines[form.field], FIELD_COLUMNS);
  const cursor = { column: left + 2 + LABEL_COLUMNS + column, row: top + (form.field === "server" ? 3 : 4) };
  const placed = rows.map((row): Row => [span(" ".repeat(left)), ...row]);
  return { rows: [...Array<Row>(top).fill([]), ...placed], cursor: form.isBusy ? undefined : cursor };
}

function word({ form, server }: TuiState): Row[] {
  if (form.isBusy)
    return [[span(`connecting to ${server} … `, "warn"), span("Esc", "accent"), span(" gives up", "dim")]];
  if (form.problem === undefined) return [[]];
  return wrap(form.problem, PAGE_COLUMNS - 2, PAGE_COLUMNS).map((row, index) => [
    span(`${index === 0 ? "✗ " : ""}${row}`, "bad"),
  ]);
}
