/**
 * `{"_ct":"leave_room","r":ROOM}`: stop following a room. One hears one's own `left` as the last of it.
 */
import type { LeaveRoom } from "../../protocol/commands.ts";
import type { Session } from "../fanout/session.ts";
import type { CommandContext } from "./context.ts";
import { refuse } from "./refuse.ts";

/** Carries out `leave_room`. */
export function leaveRoom(
  { hub, presence, telemetry }: CommandContext,
  session: Session,
  command: LeaveRoom,
): undefined {
  const room = hub.roomByName(command.room);
  const following = room === undefined ? undefined : session.followings.get(room);
  if (room === undefined) {
    refuse(telemetry, session, command, "unknown_room", "there is no such room");
  } else if (following === undefined) {
    refuse(telemetry, session, command, "not_joined", "you are not in this room");
  } else {
    session.followings.delete(room);
    room.followers.delete(following);
    presence.leave(session, room, true);
  }
  return undefined;
}
