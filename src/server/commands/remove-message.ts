/**
 * `DELETE /chats/{id}/messages/{message_id}`: takes the text of a message away, from store and history; its seq stays. The
 * log and backups keep it until they are trimmed. By its author, the chat's owner, or an admin.
 */
import { READ_WITHIN_MS } from "../../protocol/limits.ts";
import type { Actor } from "../auth/user.ts";
import type { Room } from "../fanout/room.ts";
import { type RoomReader, UnavailableError } from "../fanout/room-reader.ts";
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
    let position = room.end - 1;
    if (found.record.body !== REMOVED_BODY) {
      const body = JSON.stringify({ id: message, seq: found.seq });
      ({ position } = await appendOnce(appender, { kind: "message_removed", room, sender: who.user, body }));
    }
    // Its text must not be read out of the store once this is answered; a store that is down shows nothing either.
    await reader.stored(room, position, READ_WITHIN_MS);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    throw new CommandError("unavailable", error.message, { cause: error });
  }
}

/**
 * Looks for a message by its id. There is no index of ids, for each message would have to pay for it: an id holds the time
 * at which it was made, and in a room times ascend, but for what clocks differ. So: from where that time should be,
 * outwards in both directions, until what is seen was made too early or too late.
 */
async function find({ reader }: CommandContext, room: Room, id: Uuid): Promise<StoredRecord | undefined> {
  const time = uuidTime(id);
  const floor = await reader.floor(room);
  const middle = await firstSince(reader, room, floor, time);
  const isIt = ({ record }: StoredRecord): boolean => record.id === id && record.kind === "message";
  let up: number | undefined = Math.max(floor, middle - PAGE / 2);
  let down: number | undefined = up > floor ? up : undefined;
  while (up !== undefined || down !== undefined) {
    if (up !== undefined) {
      const page = await reader.recordsAfter(room, up, PAGE, READ_WITHIN_MS);
      const found = page.find(isIt);
      if (found !== undefined) return found;
      const last = page.at(-1);
      up = last !== undefined && last.seq < room.head && last.record.time <= time + SKEW_MS ? last.seq + 1 : undefined;
    }
    if (down !== undefined) {
      const page = await reader.recordsBefore(room, down, PAGE, READ_WITHIN_MS);
      const found = page.find(isIt);
      if (found !== undefined) return found;
      const [first] = page;
      down = first !== undefined && first.seq > floor && first.record.time >= time - SKEW_MS ? first.seq : undefined;
    }
  }
  return undefined;
}

/** The first seq that was made at a time or later, if times ascended without exception. */
async function firstSince(reader: RoomReader, room: Room, floor: number, time: number): Promise<number> {
  let low = floor;
  let high = room.head + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const stored = await reader.record(room, middle, READ_WITHIN_MS);
    if (stored !== undefined && stored.record.time < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
