/**
 * `{"_ct":"join_room","r":ROOM,"after":SEQ?,"last":N?}`: follow a room. Answers: `user_joined_room`, one's own
 * `room_participation`, what was asked for of the past as `user_message`, `caught_up`, then live. Without `after` and
 * `last` nothing old is told.
 */
import type { JoinRoom } from "../../protocol/commands.ts";
import { Following } from "../fanout/following.ts";
import type { Room } from "../fanout/room.ts";
import type { Session } from "../fanout/session.ts";
import type { CommandContext } from "./context.ts";
import { inRoom, onceHeard } from "./in-room.ts";
import { refuse } from "./refuse.ts";

/** Carries out `join_room`. */
export function joinRoom(context: CommandContext, session: Session, command: JoinRoom): Promise<void> | undefined {
  const { after } = command;
  return inRoom(context, session, command, "join", (room) => {
    if (after === undefined || after <= room.head) return join(context, session, command, room);
    // Another node may have told it a record that this one has yet to hear.
    return onceHeard(context, session, command, "join", (found) => join(context, session, command, found));
  });
}

function join(context: CommandContext, session: Session, command: JoinRoom, room: Room): undefined {
  const { presence, catchUp, limits, telemetry } = context;
  if (session.followings.has(room)) {
    refuse(telemetry, session, command, "already_joined", "you are in this room already");
  } else if (session.followings.size >= limits.roomsPerSessionMax) {
    refuse(
      telemetry,
      session,
      command,
      "too_many_rooms",
      `a session follows ${limits.roomsPerSessionMax} rooms at most`,
    );
  } else if (command.after !== undefined && command.after > room.head) {
    refuse(telemetry, session, command, "bad_field", `after lies beyond the newest record, which is ${room.head}`);
  } else {
    const following = follow(session, room, command);
    session.hasJoined = true;
    // Before the answers: where those are more than the session takes, it is behind in this room too.
    session.followings.set(room, following);
    presence.join(following);
    // After them: it hears of its own coming by its answers.
    room.followers.add(following);
    if (!following.live) catchUp.start(session);
  }
  return undefined;
}

function follow(session: Session, room: Room, { after, last }: JoinRoom): Following {
  if (after !== undefined) return new Following(session, room, after, "after", true);
  if (last !== undefined) return new Following(session, room, Math.max(0, room.head - last), "last", true);
  return new Following(session, room, room.head, "live", true);
}
