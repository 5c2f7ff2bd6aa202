/**
 * Stage 2: how a command is answered that can't be carried out: the error goes to the client and is counted.
 */
import type { Command } from "../../protocol/commands.ts";
import type { ErrorName } from "../../protocol/error-codes.ts";
import type { Session } from "../fanout/session.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** Refuses a command; room and key are those that it names. */
export function refuse(telemetry: Telemetry, session: Session, command: Command, code: ErrorName, text: string): void {
  telemetry.commandRefused(command.type, code);
  const room = "room" in command ? command.room : undefined;
  const key = "key" in command ? command.key : undefined;
  session.refuse(code, text, room, key);
}
