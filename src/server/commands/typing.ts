/**
 * `{"_ct":"typing","r":ROOM}` → `{"_et":"typing","r","u"}` to the others: one in 3 s at most, more are passed over.
 */
import type { Typing } from "../../protocol/commands.ts";
import { TYPING_EVERY_MS } from "../../protocol/limits.ts";
import type { Room } from "../fanout/room.ts";
import type { Session } from "../fanout/session.ts";
import type { CommandContext } from "./context.ts";
import { inRoom } from "./in-room.ts";
import { refuse } from "./refuse.ts";

/** Carries out `typing`. */
export function typing(context: CommandContext, session: Session, command: Typing): Promise<void> | undefined {
  return inRoom(context, session, command, "post", (room) => tell(context, session, command, room));
}

function tell(
  { presence, clock, telemetry }: CommandContext,
  session: Session,
  command: Typing,
  room: Room,
): undefined {
  const following = session.followings.get(room);
  if (following === undefined) {
    refuse(telemetry, session, command, "not_joined", "you are not in this room");
  } else if (clock.monotonic() - following.typedAt >= TYPING_EVERY_MS) {
    following.typedAt = clock.monotonic();
    presence.typing(session, room);
  }
  return undefined;
}
