/** The terminal client, views: the list of rooms, with what is unread and how many are there. A function of the state. */
import { bothEnds, type Row, type Span, span } from "../rows.ts";
import type { RoomEntry, TuiState } from "../state.ts";

/** The most that is counted of what is unread. */
const UNREAD_SHOWN_MAX = 999;

/**
 * The rows of the list: a head, and as many rooms around its cursor as there is room for. The head says how many more
 * rooms there are below, `+3`, and how many out of sight have something unread, `•1`.
 */
export function roomRows(state: TuiState, columns: number, height: number): Row[] {
  const lines = listed(state.rooms);
  const chosen = lines.findIndex((line) => typeof line !== "string" && state.rooms.indexOf(line) === state.selected);
  const room = height - 1;
  const from = Math.max(0, Math.min(chosen - Math.floor(room / 2), lines.length - room));
  const shown = lines.slice(from, from + room);
  const more = lines.length - from - shown.length;
  const unseen = [...lines.slice(0, from), ...lines.slice(from + shown.length)].filter(
    (line) => typeof line !== "string" && (state.views.get(line.room)?.unread ?? 0) > 0,
  ).length;
  const end: Span[] = [];
  // Chats stand last: what is said there must not wait until somebody looks.
  if (unseen > 0) end.push(span(`•${unseen} `, "warn"));
  if (more > 0) end.push(span(`+${more} `, "dim"));
  const head = bothEnds([span(" Rooms", state.focus === "rooms" ? "strong" : "dim")], end, columns);
  return [
    head,
    ...shown.map((line) => (typeof line === "string" ? [span(line, "dim")] : roomRow(state, line, columns))),
  ];
}

/** Public rooms, and chats under a head of their own. */
function listed(rooms: readonly RoomEntry[]): (RoomEntry | string)[] {
  const chats = rooms.filter(({ isChat }) => isChat);
  return [...rooms.filter(({ isChat }) => !isChat), ...(chats.length === 0 ? [] : [" Chats", ...chats])];
}

function roomRow(state: TuiState, entry: RoomEntry, columns: number): Row {
  const view = state.views.get(entry.room);
  const isCurrent = entry.room === state.current;
  const isChosen = state.focus === "rooms" && state.rooms[state.selected] === entry;
  const unread = view?.unread ?? 0;
  const mark = isCurrent ? "▸" : unread > 0 ? "•" : " ";
  const end: Span[] = [];
  if (unread > 0)
    end.push(span(`${Math.min(unread, UNREAD_SHOWN_MAX)}${unread > UNREAD_SHOWN_MAX ? "+" : ""}`, "warn"));
  if (view !== undefined) end.push(span(`${unread > 0 ? " " : ""}${view.presence.count}`, "dim"));
  const name = span(`${mark}${entry.title}`, isCurrent || unread > 0 ? "strong" : view === undefined ? "dim" : "plain");
  // The name gives way to the numbers.
  const taken = end.reduce((sum, { text }) => sum + text.length, 0);
  const start = bothEnds([name], [], Math.max(2, columns - taken - 1));
  const row = [...start, ...end];
  // All in one style: what is chosen is told by that alone.
  return isChosen
    ? [
        span(
          row
            .map(({ text }) => text)
            .join("")
            .padEnd(columns),
          "chosen",
        ),
      ]
    : row;
}
