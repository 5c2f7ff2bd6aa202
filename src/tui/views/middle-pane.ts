/** The terminal client, views: the middle: the room's name, its conversation, the input. A function of the state. */
import { inputWindow } from "../input-window.ts";
import { hang, TIME_COLUMNS } from "../item-rows.ts";
import { clockTime } from "../local-time.ts";
import { bothEnds, fillRow, type Row, type Style, span } from "../rows.ts";
import { seen, type Window } from "../scroll.ts";
import { currentView, entryOf, type RoomView, type TuiState } from "../state.ts";
import { sanitize, sanitizeLine } from "../text/sanitize.ts";
import { wrap } from "../text/wrap.ts";

/** Columns before the input. */
export const PROMPT_COLUMNS = 2;

/** Rows of what is being sent, at most: of a long paste one sees that it is on its way. */
const OUTGOING_ROWS_MAX = 6;

/** Columns at either side of what stands there before a room is opened. */
const WELCOME_MARGIN = 2;

/** Names of those who are writing, at most. */
const WRITING_MAX = 2;

/** The rows of the middle, from its top to the input. */
export function middleRows(state: TuiState, window: Window, height: number): Row[] {
  const { columns } = window;
  const view = currentView(state);
  if (view === undefined) return welcome(state, columns, height);
  const body = bodyRows(state, view, window);
  const gap = Array<Row>(Math.max(0, window.rows - body.length)).fill([]);
  return [
    headRow(state, view, columns),
    [span("─".repeat(columns), "dim")],
    ...gap,
    ...body,
    wordRow(state, view, columns),
    inputRow(state, view, columns),
  ];
}

function headRow(state: TuiState, view: RoomView, columns: number): Row {
  const { title, description } = entryOf(state, view.room);
  const { count } = view.presence;
  const isLive = view.state.type === "live";
  const isWaiting = view.state.type === "joining" && state.connection.type !== "online";
  const end = isLive ? `${count} here` : isWaiting ? "offline" : STATES[view.state.type];
  const start = bothEnds(
    [span(title, "strong"), ...(description === "" ? [] : [span(` · ${description}`, "dim")])],
    [],
    columns - end.length - 2,
  );
  return bothEnds(start, [span(end, isLive ? "accent" : "warn")], columns);
}

const STATES = {
  joining: "joining…",
  "catching-up": "catching up…",
  live: "",
  refused: "not open",
  gone: "left",
} as const;

function bodyRows(state: TuiState, view: RoomView, window: Window): readonly Row[] {
  const { rows } = seen(view, window);
  if (view.anchor !== undefined) return rows;
  if (rows.length === 0 && view.outgoing.length === 0 && view.state.type === "live") {
    return [[span("Nothing has been said here yet.", "dim")]];
  }
  const outgoing = view.outgoing.flatMap(({ text, state: sending }) => {
    const name = span(state.user ?? "", "own");
    const failed = sending.type === "failed";
    const mark = failed ? span("✗", "bad") : span("…", "dim");
    const begin = [mark, span(" ".repeat(TIME_COLUMNS - 1)), name, span(" ")];
    const reason = failed ? `not sent: ${sanitizeLine(sending.text)} · ^R again · ^X let go` : "";
    const why = failed ? hang([span(" ".repeat(TIME_COLUMNS))], reason, "bad", window.columns) : [];
    return [...hang(begin, sanitize(text), "dim", window.columns), ...why];
  });
  if (outgoing.length === 0) return rows;
  const last = outgoing.slice(-Math.min(OUTGOING_ROWS_MAX, window.rows - 1));
  return [...rows, ...last].slice(-window.rows);
}

/** The line above the input: what is waiting for a word. */
function wordRow(state: TuiState, view: RoomView, columns: number): Row {
  const word = wordOf(state, view);
  if (word === undefined) return [span("─".repeat(columns), "dim")];
  const row = fillRow([span(`── ${word.text} `, word.style)], columns);
  const used = row.slice(0, -1);
  const rest = row.at(-1)?.text.length ?? 0;
  return row.length > 1 ? [...used, span("─".repeat(rest), "dim")] : row;
}

function wordOf(state: TuiState, view: RoomView): { text: string; style: "warn" | "dim" | "accent" } | undefined {
  if (state.hint !== undefined) return { text: state.hint.text, style: "warn" };
  if (view.loading === "older") return { text: "loading older messages…", style: "dim" };
  if (view.anchor !== undefined) {
    const what = view.below === 0 ? "reading further up" : view.below === 1 ? "1 new below" : `${view.below} new below`;
    return { text: `↓ ${what}: Esc for the newest`, style: "accent" };
  }
  const waiting = view.outgoing.filter(({ state: sending }) => sending.type === "sending").length;
  if (waiting > 1 || (waiting > 0 && state.connection.type !== "online")) {
    return { text: `${waiting} of your messages wait to be sent`, style: "dim" };
  }
  const writing = view.typing.filter(({ until }) => until > state.now).map(({ user }) => user);
  if (writing.length === 0) return undefined;
  if (writing.length > WRITING_MAX) return { text: `${writing.length} people are writing…`, style: "dim" };
  return { text: `${writing.join(" and ")} ${writing.length === 1 ? "is" : "are"} writing…`, style: "dim" };
}

function inputRow({ focus, overlay }: TuiState, { input }: RoomView, columns: number): Row {
  const shown = inputWindow(input, columns - PROMPT_COLUMNS);
  const isActive = focus === "input" && overlay === undefined;
  const prompt = span(shown.hasBefore ? "‹ " : "> ", isActive ? "accent" : "dim");
  if (input.text === "") return [prompt, span(isActive ? "" : "Tab to write", "dim")];
  return fillRow([prompt, span(shown.text)], columns);
}

/** What stands there before a room is opened. */
function welcome(state: TuiState, columns: number, height: number): Row[] {
  const width = columns - 2 * WELCOME_MARGIN;
  const said = (text: string, style: Style): Row[] => wrap(text, width, width).map((row) => [span(row, style)]);
  const since = state.onlineSince === undefined ? "" : `, since ${clockTime(state.onlineSince)}`;
  const entry = state.rooms[state.selected];
  const lines: Row[] = [
    [],
    ...said(`Connected to ${state.server}`, "strong"),
    ...said(`as ${state.user ?? "…"}${since}`, "plain"),
    [],
    ...said("↑ ↓ choose a room at the left, letters go to the one that begins with them, Enter opens it.", "dim"),
    ...(entry === undefined ? [] : [[], ...said(entry.title, "strong"), ...said(entry.description, "dim")]),
    ...(state.hint === undefined ? [] : [[], ...said(state.hint.text, "warn")]),
  ];
  return lines.slice(0, height).map((line) => fillRow([span(" ".repeat(WELCOME_MARGIN)), ...line], columns));
}
