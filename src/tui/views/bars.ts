/** The terminal client, views: the two bars at the bottom: who and how one is connected, and the keys. */
import { inWords } from "../address.ts";
import { duration } from "../local-time.ts";
import { bothEnds, fillRow, type Row, rowWidth, type Span, type Style, span } from "../rows.ts";
import { currentView, type TuiState } from "../state.ts";
import { cut } from "../text/width.ts";

/** A name takes at most so much of the row: the connection's state beside it matters more. */
const NAME_COLUMNS_MAX = 16;

/** Both rows. */
export function barRows(state: TuiState): Row[] {
  return [statusRow(state), keysRow(state)];
}

function statusRow(state: TuiState): Row {
  const { columns } = state.size;
  const { text, mark, style } = connectionText(state);
  const times: string[] = [];
  if (state.onlineSince !== undefined) times.push(` ${duration(state.now - state.onlineSince)}`);
  if (state.roundTripMs !== undefined) times.push(roundTrip(state.roundTripMs));
  const start: Span[] = [
    span(` ${cut(state.user ?? "…", NAME_COLUMNS_MAX)}`, "strong"),
    span("  "),
    span(`${mark} ${text}`, style),
    span(times.join(" · "), "dim"),
  ];
  return bothEnds(start, [span(`${state.server} `, "dim")], columns);
}

/** The time to the server and back, as people of the network call it. */
function roundTrip(ms: number): string {
  return `rtt ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function connectionText({ connection, now }: TuiState): { text: string; mark: string; style: Style } {
  switch (connection.type) {
    case "idle":
    case "ended":
      return { text: "not connected", mark: "○", style: "dim" };
    case "connecting":
      return {
        text: connection.attempt > 1 ? `connecting, attempt ${connection.attempt}` : "connecting",
        mark: "◌",
        style: "warn",
      };
    case "online":
      return { text: "online", mark: "●", style: "good" };
    case "waiting": {
      const seconds = Math.max(0, Math.ceil((connection.retryAt - now) / 1000));
      const why = inWords(connection.reason);
      return { text: `offline, again in ${seconds} s (^R now) · ${why}`, mark: "○", style: "bad" };
    }
    default:
      return connection satisfies never;
  }
}

/** Keys and what they do. */
type Keys = readonly (readonly [name: string, does: string])[];

const PEOPLE = ["^T", "people"] as const;
const NEXT_ROOM = ["^N", "next room"] as const;
const REST: Keys = [PEOPLE, NEXT_ROOM, ["^G", "help"], ["^C", "quit"]];

const WRITING: Keys = [["Enter", "send"], ["Tab", "rooms"], ["PgUp", "scroll"], ...REST];
const SCROLLED: Keys = [["Esc", "newest"], ["PgUp PgDn", "scroll"], ["Tab", "rooms"], ...REST];
const BACK = ["Tab", "back"] as const;
const CHOOSING: Keys = [["↑↓", "move"], ["Enter", "open"], BACK, ["Del", "leave"], ...REST.slice(2)];

/** What is left out first where there is no room for all. */
const LESS: Keys = [NEXT_ROOM, PEOPLE];

function keysRow(state: TuiState): Row {
  const isScrolled = currentView(state)?.anchor !== undefined;
  let keys = state.focus === "rooms" ? CHOOSING : isScrolled ? SCROLLED : WRITING;
  // There is nothing yet to go back to.
  if (state.current === undefined) keys = keys.filter((key) => key !== BACK);
  for (const less of LESS) {
    // The space at the end may be cut off.
    if (rowWidth(keyPieces(keys)) > state.size.columns + 1) keys = keys.filter((key) => key !== less);
  }
  return fillRow(keyPieces(keys), state.size.columns);
}

function keyPieces(keys: Keys): Span[] {
  return keys.flatMap(([name, does]) => [span(` ${name}`, "accent"), span(` ${does} `, "dim")]);
}
