/**
 * `{"_ct":"send_message","r":ROOM,"c":TEXT,"k":KEY?}`: say something in a room that one follows. Everybody there hears
 * it, the sender included, once it is durable. With a key the sender gets `{"_et":"ack","k","i","q"}` right before it,
 * and a repeat of the key makes no second message.
 */
import type { SendMessage } from "../../protocol/commands.ts";
import type { Room } from "../fanout/room.ts";
import type { Session } from "../fanout/session.ts";
import type { CommandContext } from "./context.ts";
import { inRoom } from "./in-room.ts";
import { refuse } from "./refuse.ts";

/** Carries out `send_message`. */
export function sendMessage(
  context: CommandContext,
  session: Session,
  command: SendMessage,
): Promise<void> | undefined {
  const { hub, access } = context;
  const room = hub.roomByName(command.room);
  // Most messages need no more than this, and no function is made for them.
  if (room !== undefined && access.denial(session, room, "post") === undefined) {
    return say(context, session, command, room);
  }
  return inRoom(context, session, command, "post", (found) => say(context, session, command, found));
}

function say(context: CommandContext, session: Session, command: SendMessage, room: Room): Promise<void> | undefined {
  const { appender, rateLimit, limits, telemetry } = context;
  if (!session.followings.has(room)) {
    refuse(telemetry, session, command, "not_joined", "join the room before you speak in it");
  } else if (command.textBytes > limits.messageBytesMax) {
    const text = `a message has ${limits.messageBytesMax} bytes of UTF-8 at most; this one has ${command.textBytes}`;
    refuse(telemetry, session, command, "message_too_long", text);
  } else if (!rateLimit.take(session.user)) {
    refuse(telemetry, session, command, "too_fast", `${limits.messagesPerSecond} messages a second at most`);
  } else if (command.key !== undefined) {
    return postWithKey(context, session, command, room, command.key);
  } else {
    appender.post(session, room, command.body, undefined);
  }
  return undefined;
}

/** A key is worth something only if its sender can come back as the same guest: so they are written down first. */
function postWithKey(
  context: CommandContext,
  session: Session,
  command: SendMessage,
  room: Room,
  key: string,
): Promise<void> | undefined {
  const { guests, appender, telemetry } = context;
  if (!session.user.isGuest || guests.isSaved(session.token)) {
    appender.post(session, room, command.body, key);
    return undefined;
  }
  return guests.save(session.token).then(
    (saved) => {
      if (saved) appender.post(session, room, command.body, key);
      else refuse(telemetry, session, command, "unavailable", "your name was taken meanwhile; connect again");
    },
    (error: unknown) => {
      telemetry.readFailed(error);
      refuse(telemetry, session, command, "not_sent", "you can't be written down right now; try again");
    },
  );
}
