/** The terminal client, views: the two bars at the bottom: who and how one is connected, and the keys. */
import { inWords } from "../address.ts";
import { duration } from "../local-time.ts";
import { bothEnds, fillRow, type Row, rowWidth, type Span, type Style, span } from "../rows.ts";
import { currentView, type TuiState } from "../state.ts";

/** Both rows. */
export function barRows(state: TuiState): Row[] {
  return [statusRow(state), keysRow(state)];
}

function statusRow(state: TuiState): Row {
  const { columns } = state.size;
  const { text, mark, style } = connectionText(state);
  const start: Span[] = [
    span(` ${state.user ?? "…"}`, "strong"),
    span("  "),
    span(mark, style),
    span(` ${text}`, style),
  ];
  const times: string[] = [];
  if (state.onlineSince !== undefined) times.push(duration(state.now - state.onlineSince));
  if (state.roundTripMs !== undefined) times.push(roundTrip(state.roundTripMs));
  return bothEnds(start, [span([...times, `${state.server} `].join(" · "), "dim")], columns);
}

/** The time to the server and back. */
function roundTrip(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
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
const CHOOSING: Keys = [["↑↓", "choose"], ["Enter", "open"], ["Tab", "back"], ["Del", "leave"], ...REST.slice(2)];

/** What is left out first where there is no room for all. */
const LESS: Keys = [NEXT_ROOM, PEOPLE];

function keysRow(state: TuiState): Row {
  const isScrolled = currentView(state)?.anchor !== undefined;
  let keys = state.focus === "rooms" ? CHOOSING : isScrolled ? SCROLLED : WRITING;
  for (const less of LESS) {
    if (rowWidth(keyPieces(keys)) > state.size.columns) keys = keys.filter((key) => key !== less);
  }
  return fillRow(keyPieces(keys), state.size.columns);
}

function keyPieces(keys: Keys): Span[] {
  return keys.flatMap(([name, does]) => [span(` ${name}`, "accent"), span(` ${does} `, "dim")]);
}
