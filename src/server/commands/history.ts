/**
 * `{"_ct":"history","r":ROOM,"before":SEQ?,"after":SEQ?,"limit":N?}` → `{"_et":"history","r":ROOM,"ms":[EVENT,…],
 * "more":BOOL}`: one page, each record as its event, oldest first. Without `before` and `after` the newest page.
 * `more` says whether there is more in the direction that was asked.
 */
import type { History } from "../../protocol/commands.ts";
import { history as historyEvent } from "../../protocol/events.ts";
import { READ_WITHIN_MS } from "../../protocol/limits.ts";
import { eventsOf } from "../fanout/event-run.ts";
import type { Room } from "../fanout/room.ts";
import { UnavailableError } from "../fanout/room-reader.ts";
import type { Session } from "../fanout/session.ts";
import type { CommandContext } from "./context.ts";
import { inRoom } from "./in-room.ts";
import { refuse } from "./refuse.ts";

/** Carries out `history`. */
export function history(context: CommandContext, session: Session, command: History): Promise<void> | undefined {
  return inRoom(context, session, command, "read", (room) => answer(context, session, command, room));
}

async function answer(context: CommandContext, session: Session, command: History, room: Room): Promise<void> {
  const { reader, limits, telemetry } = context;
  const records = Math.min(command.limit ?? limits.historyPageDefault, limits.historyPageMax);
  const limit = { records, bytes: limits.pageBytesMax };
  const { after } = command;
  const before = command.before ?? room.head + 1;
  try {
    const run =
      after === undefined
        ? await reader.before(room, before, limit, READ_WITHIN_MS)
        : await reader.after(room, after + 1, limit, READ_WITHIN_MS);
    const more =
      run !== undefined && (after === undefined ? run.first > (await reader.floor(room)) : run.last < room.head);
    const events = run === undefined ? "" : eventsOf(run.lines).join(",");
    session.answer(historyEvent(room.json, events, more));
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    refuse(telemetry, session, command, "unavailable", error.message);
  }
}
