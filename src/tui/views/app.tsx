/** The terminal client, views: the whole screen, a function of the state. */
import { Box } from "ink";
import type { JSX } from "react";
import { geometry } from "../geometry.ts";
import { inputWindow } from "../input-window.ts";
import type { ItemRows } from "../item-rows.ts";
import { windowOf } from "../reduce.ts";
import { type Row, span } from "../rows.ts";
import type { CursorPlace } from "../screen.ts";
import { currentView, type Size, SMALLEST, type TuiState } from "../state.ts";
import type { Theme } from "../theme.ts";
import { barRows } from "./bars.ts";
import { connectPage } from "./connect-page.ts";
import { middleRows, PROMPT_COLUMNS } from "./middle-pane.ts";
import { overlayRows } from "./overlays.ts";
import { peopleRows } from "./people-pane.ts";
import { roomRows } from "./rooms-pane.ts";
import { RowsView } from "./rows-view.tsx";

/** What every view is given. */
export interface AppProps {
  readonly state: TuiState;
  readonly itemRows: ItemRows;
  readonly theme: Theme;
}

/** The screen. */
export function App({ state, itemRows, theme }: AppProps): JSX.Element {
  const { size } = state;
  if (geometry(size).isTooSmall) return <Whole rows={tooSmall(size)} size={size} theme={theme} />;
  if (state.page === "connect") return <Whole rows={connectPage(state).rows} size={size} theme={theme} />;
  return <ChatPage state={state} itemRows={itemRows} theme={theme} />;
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
  return { column: parts.roomColumns + 2 + PROMPT_COLUMNS + column, row: parts.bodyRows - 1 };
}

function Whole({ rows, size, theme }: { rows: readonly Row[]; size: Size; theme: Theme }): JSX.Element {
  return <RowsView rows={rows} columns={size.columns} height={size.rows} theme={theme} />;
}

function tooSmall({ columns, rows }: Size): Row[] {
  return [
    [span("This terminal is too small:", "warn")],
    [span(`${columns}×${rows}; ${SMALLEST.columns}×${SMALLEST.rows} is needed.`)],
    [span("Nothing is lost meanwhile.", "dim")],
  ];
}

function ChatPage({ state, itemRows, theme }: AppProps): JSX.Element {
  const { roomColumns, peopleColumns, bodyRows, columns } = geometry(state.size);
  const whole = overlayRows(state, columns, bodyRows) ?? middleRows(state, windowOf(state, itemRows), bodyRows);
  return (
    <Box width={state.size.columns} height={state.size.rows} flexDirection="column">
      <Box height={bodyRows}>
        <RowsView rows={roomRows(state, roomColumns, bodyRows)} columns={roomColumns} height={bodyRows} theme={theme} />
        <Line height={bodyRows} theme={theme} />
        <RowsView rows={whole} columns={columns} height={bodyRows} theme={theme} />
        {peopleColumns > 0 && <Line height={bodyRows} theme={theme} />}
        {peopleColumns > 0 && (
          <RowsView rows={peopleRows(state, bodyRows)} columns={peopleColumns} height={bodyRows} theme={theme} />
        )}
      </Box>
      <RowsView rows={barRows(state)} columns={state.size.columns} height={2} theme={theme} />
    </Box>
  );
}

/** The line between two parts, with a space after it. */
function Line({ height, theme }: { height: number; theme: Theme }): JSX.Element {
  return <RowsView rows={Array<Row>(height).fill([span("│ ", "dim")])} columns={2} height={height} theme={theme} />;
}
