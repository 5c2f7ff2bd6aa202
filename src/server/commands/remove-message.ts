/**
 * `DELETE /chats/{id}/messages/{message_id}`: takes the text of a message away, from store and history; its seq stays. The
 * log and backups keep it until they are trimmed. By its author, the chat's owner, or an admin.
 */
import { READ_WITHIN_MS } from "../../protocol/limits.ts";
import type { Actor } from "../auth/user.ts";
import type { Room } from "../fanout/room.ts";
import { UnavailableError } from "../fanout/room-reader.ts";
import { REMOVED_BODY, type StoredRecord, type Uuid } from "../record.ts";
import { isUuid, uuidTime } from "../uuid.ts";
import { appendOnce } from "./append.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";

/** Records that one look takes. */
const PAGE = 256;
/** A record's id and its place in the room were given by clocks that may be so far apart, in milliseconds. */
const SKEW_MS = 60_000;

/** Removes a message; harmless where that was done before. */
export async function removeMessage(context: CommandContext, who: Actor, text: string, message: Uuid): Promise<void> {
  const { access, appender, reader } = context;
  const room = await access.room(who, text, "see");
  try {
    const found = isUuid(message) ? await find(context, room, message) : undefined;
    const isOwn = found?.record.sender === who.user.id;
    // Whoever may not remove others' messages learns nothing of which there are.
    if (!isOwn || access.denial(who, room, "remove_own_message") !== undefined) {
      const denial = access.denial(who, room, "remove_message");
      if (denial !== undefined) throw new CommandError(denial.code, denial.text);
    }
    if (found === undefined) throw new CommandError("unknown_message", "there is no such message");
    if (found.record.body === REMOVED_BODY) return;
    const body = JSON.stringify({ id: message, seq: found.seq });
    const stored = await appendOnce(appender, { kind: "message_removed", room, sender: who.user, body });
    // Its text must not be read out of the store once this is answered; a store that is down shows nothing either.
    await reader.stored(stored.position, READ_WITHIN_MS);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    throw new CommandError("unavailable", error.message, { cause: error });
  }
}

/**
 * Looks for a message by its id. There is no index of ids, for each message would have to pay for it: an id holds the time
 * at which it was made, and in a room times ascend, but for what clocks differ.
 */
async function find(context: CommandContext, room: Room, id: Uuid): Promise<StoredRecord | undefined> {
  const { reader } = context;
  const time = uuidTime(id);
  const floor = await reader.floor(room);
  let low = floor;
  let high = room.head + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const record = await reader.record(room, middle, READ_WITHIN_MS);
    if (record !== undefined && record.record.time < time) low = middle + 1;
    else high = middle;
  }
  let up = Math.max(floor, low - PAGE / 2);
  let down = up;
  // From the middle outwards, in both directions, until what is seen was made too early or too late.
  for (let goUp = true, goDown = true; goUp || goDown; ) {
    if (goUp) {
      const page = await reader.recordsAfter(room, up, PAGE, READ_WITHIN_MS);
      const found = page.find(({ record }) => record.id === id && record.kind === "message");
      if (found !== undefined) return found;
      up = (page.at(-1)?.seq ?? room.head) + 1;
      goUp = up <= room.head && (page.at(-1)?.record.time ?? 0) <= time + SKEW_MS;
    }
    if (goDown) {
      const page = down <= floor ? [] : await reader.recordsBefore(room, down, PAGE, READ_WITHIN_MS);
      const found = page.find(({ record }) => record.id === id && record.kind === "message");
      if (found !== undefined) return found;
      down = page[0]?.seq ?? floor;
      goDown = down > floor && (page[0]?.record.time ?? 0) >= time - SKEW_MS;
    }
  }
  return undefined;
}
