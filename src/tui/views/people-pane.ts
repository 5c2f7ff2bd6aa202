/** The terminal client, views: who is here. A function of the state. */
import { nameStyle } from "../item-rows.ts";
import { type Row, span } from "../rows.ts";
import { currentView, type TuiState } from "../state.ts";

/** The rows of the list; one's own name first. */
export function peopleRows(state: TuiState, height: number): Row[] {
  const view = currentView(state);
  if (view === undefined) return [];
  const { users, count } = view.presence;
  const others = users.filter((user) => user !== state.user);
  const names: Row[] = others.map((user) => [span(user, nameStyle(user))]);
  if (users.length > others.length) names.unshift([span(`${state.user} (you)`, "own")]);
  const room = height - 1;
  const shown = names.length > room ? names.slice(0, room - 1) : names;
  const rest = count - shown.length;
  const all: Row[] = [[span(`Here: ${count}`, "dim")], ...shown];
  if (rest > 0) all.push([span(`and ${rest} more`, "dim")]);
  return all.map((row) => [span(" "), ...row]);
}
