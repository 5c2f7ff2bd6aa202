/**
 * Stage 2: `login_successful`: who a session is, and which rooms there are for its user: the public ones in the order of
 * the rooms file, then their chats, which a guest has none of.
 */
import { loginSuccessful, roomListings } from "../../protocol/events.ts";
import type { Session } from "../fanout/session.ts";
import type { CommandContext } from "./context.ts";

/** Tells a session who it is, once that is known: before, it is told nothing, not even which rooms there are. */
export function greet({ rosters, listings }: Pick<CommandContext, "rosters" | "listings">, session: Session): void {
  if (session.credential === undefined) return;
  const { user, token } = session;
  const chats = Array.from(rosters.ofUser(user.id), ({ id, name }) => ({ name: id, description: name }));
  session.answer(loginSuccessful(token, user.name, joined(listings, roomListings(chats))));
}

/** Two JSON lists as one. */
function joined(first: string, second: string): string {
  if (second === "[]") return first;
  return first === "[]" ? second : `${first.slice(0, -1)},${second.slice(1)}`;
}
