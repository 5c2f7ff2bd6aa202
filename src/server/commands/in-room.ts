/**
 * Stage 2: a session's command in a room: carried out where its user may, refused where not. What rests on who is in a
 * chat, or on a log that is not heard, is looked at again once the end of the log has been reached, before it is refused
 * (CMD-4).
 */
import type { Command } from "../../protocol/commands.ts";
import type { Action } from "../auth/permissions.ts";
import type { Room } from "../fanout/room.ts";
import type { Session } from "../fanout/session.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { refuse } from "./refuse.ts";

type RoomCommand = Extract<Command, { room: string }>;

/** Carries a command out in its room, or refuses it. */
export function inRoom(
  context: CommandContext,
  session: Session,
  command: RoomCommand,
  action: Action,
  carryOut: (room: Room) => Promise<void> | undefined,
): Promise<void> | undefined {
  const { hub, access, telemetry } = context;
  const room = hub.roomByName(command.room);
  const denial = access.denial(session, room, action);
  if (denial === undefined && room !== undefined) return carryOut(room);
  if (denial === undefined || !access.isDoubtful(command.room, room, denial)) {
    const { code, text } = denial ?? { code: "unknown_room", text: "there is no such room" };
    refuse(telemetry, session, command, code, text);
    return undefined;
  }
  return onceHeard(context, session, command, action, carryOut);
}

/** The same once the end of the log as it is now has been heard: for what this node may not know yet. */
export async function onceHeard(
  { hub, access, telemetry }: CommandContext,
  session: Session,
  command: RoomCommand,
  action: Action,
  carryOut: (room: Room) => Promise<void> | undefined,
): Promise<void> {
  try {
    await access.settle(command.room);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    refuse(telemetry, session, command, error.code, error.message);
    return;
  }
  if (session.ended) return;
  const room = hub.roomByName(command.room);
  const denial = access.denial(session, room, action);
  if (room !== undefined && denial === undefined) await carryOut(room);
  else refuse(telemetry, session, command, denial?.code ?? "unknown_room", denial?.text ?? "there is no such room");
}
