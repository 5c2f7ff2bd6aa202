/** The terminal client, views: the whole screen, a function of the state. */
import { Box } from "ink";
import type { JSX } from "react";
import type { Brush } from "../brush.ts";
import { geometry, LINE_COLUMNS } from "../geometry.ts";
import { inputWindow } from "../input-window.ts";
import type { ItemRows } from "../item-rows.ts";
import { windowOf } from "../reduce.ts";
import { type Row, span } from "../rows.ts";
import type { CursorPlace } from "../screen.ts";
import { currentView, type Size, SMALLEST, type TuiState } from "../state.ts";
import { barRows } from "./bars.ts";
import { connectPage } from "./connect-page.ts";
import { middleRows, PROMPT_COLUMNS } from "./middle-pane.ts";
import { helpRows, overlayRows } from "./overlays.ts";
import { peopleRows } from "./people-pane.ts";
import { roomRows } from "./rooms-pane.ts";
import { RowsView } from "./rows-view.tsx";

/** What every view is given. */
export interface AppProps {
  readonly state: TuiState;
  readonly itemRows: ItemRows;
  readonly brush: Brush;
}

/** The screen. */
export function App({ state, itemRows, brush }: AppProps): JSX.Element {
  const { size } = state;
  if (geometry(size).isTooSmall) return <Whole rows={tooSmall(size)} size={size} brush={brush} />;
  if (state.page === "connect") return <Whole rows={connectPage(state).rows} size={size} brush={brush} />;
  return <ChatPage state={state} itemRows={itemRows} brush={brush} />;
}

/** Where the cursor is shown. */
export function cursorOf(state: TuiState): CursorPlace | undefined {
  const parts = geometry(state.size);
  if (parts.isTooSmall) return undefined;
  if (state.page === "connect") return connectPage(state).cursor;
  const view = currentView(state);
  if (view === undefined || state.focus !== "input" || state.overlay !== undefined || state.paste !== undefined) {
    return undefined;
  }
  const { column } = inputWindow(view.input, parts.columns - PROMPT_COLUMNS);
  return { column: parts.roomColumns + LINE_COLUMNS + PROMPT_COLUMNS + column, row: parts.bodyRows - 1 };
}

function Whole({ rows, size, brush }: { rows: readonly Row[]; size: Size; brush: Brush }): JSX.Element {
  return <RowsView rows={rows} columns={size.columns} height={size.rows} brush={brush} />;
}

function tooSmall({ columns, rows }: Size): Row[] {
  return [
    [span("This terminal is too small:", "warn")],
    [span(`${columns}×${rows}; ${SMALLEST.columns}×${SMALLEST.rows} is needed.`)],
    [span("Nothing is lost meanwhile.", "dim")],
  ];
}

function ChatPage({ state, itemRows, brush }: AppProps): JSX.Element {
  const { roomColumns, peopleColumns, bodyRows, columns } = geometry(state.size);
  const middle = overlayRows(state, columns, bodyRows) ?? middleRows(state, windowOf(state, itemRows), bodyRows);
  const theirs = { height: bodyRows, brush };
  if (state.overlay === "help" && state.paste === undefined) {
    return <WithBars state={state} brush={brush} body={helpRows(state.size.columns, bodyRows)} />;
  }
  return (
    <Box width={state.size.columns} height={state.size.rows} flexDirection="column">
      <Box height={bodyRows}>
        <RowsView rows={roomRows(state, roomColumns, bodyRows)} columns={roomColumns} {...theirs} />
        <Line text="│ " {...theirs} />
        <RowsView rows={middle} columns={columns} {...theirs} />
        {peopleColumns > 0 && <Line text={state.current === undefined ? "" : " │"} {...theirs} />}
        {peopleColumns > 0 && <RowsView rows={peopleRows(state, bodyRows)} columns={peopleColumns} {...theirs} />}
      </Box>
      <RowsView rows={barRows(state)} columns={state.size.columns} height={2} brush={brush} />
    </Box>
  );
}

/** Something in place of everything but the bars. */
function WithBars(given: { state: TuiState; brush: Brush; body: readonly Row[] }): JSX.Element {
  const { columns, rows } = given.state.size;
  const { bodyRows } = geometry(given.state.size);
  const whole = [...given.body.slice(0, bodyRows), ...Array<Row>(Math.max(0, bodyRows - given.body.length)).fill([])];
  return <RowsView rows={[...whole, ...barRows(given.state)]} columns={columns} height={rows} brush={given.brush} />;
}

/** The line between two parts. */
function Line(given: { readonly text: string; readonly height: number; readonly brush: Brush }): JSX.Element {
  const rows = Array<Row>(given.height).fill([span(given.text, "dim")]);
  return <RowsView rows={rows} columns={LINE_COLUMNS} height={given.height} brush={given.brush} />;
}
