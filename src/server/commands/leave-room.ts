/**
 * `{"_ct":"leave_room","r":ROOM}`: stop following a room. One hears one's own `left` as the last of it.
 */
import type { LeaveRoom } from "../../protocol/commands.ts";
import type { Session } from "../fanout/session.ts";
import type { CommandContext } from "./context.ts";
import { inRoom } from "./in-room.ts";
import { refuse } from "./refuse.ts";

/** Carries out `leave_room`. */
export function leaveRoom(context: CommandContext, session: Session, command: LeaveRoom): Promise<void> | undefined {
  const { hub, presence, telemetry } = context;
  const joined = hub.roomByName(command.room);
  const following = joined === undefined ? undefined : session.followings.get(joined);
  if (joined === undefined || following === undefined) {
    return inRoom(context, session, command, "join", () => {
      refuse(telemetry, session, command, "not_joined", "you are not in this room");
      return undefined;
    });
  }
  session.takeNotices(following);
  session.followings.delete(joined);
  joined.followers.delete(following);
  presence.leave(following, true);
  return undefined;
}
