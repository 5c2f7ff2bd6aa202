/**
 * `PUT /chats/{id}/read`: how far one has read. A marker never moves back; unread is the count of messages in the room
 * less the count at the marker.
 */
import { READ_WITHIN_MS } from "../../protocol/limits.ts";
import type { Actor } from "../auth/user.ts";
import type { Room } from "../fanout/room.ts";
import { UnavailableError } from "../fanout/room-reader.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";

/** Where a user's marker stands now. */
export interface ReadUpTo {
  readonly seq: number;
  readonly unread: number;
}

/** Moves a marker. */
export async function markRead(context: CommandContext, who: Actor, text: string, seq: number): Promise<ReadUpTo> {
  const { access, markers } = context;
  const room = await access.room(who, text, "mark_read");
  // Another node may have told them a record that this one has yet to hear.
  if (seq > room.head) await access.settle(text);
  if (seq > room.head) {
    throw new CommandError("bad_field", `seq lies beyond the newest record, which is ${room.head}`);
  }
  await markers.mark({ user: who.user.id, room: room.id, seq, n: await countAt(context, room, seq) });
  const marker = (await markers.of(who.user.id)).get(room.id) ?? { seq, n: 0 };
  return { seq: marker.seq, unread: unreadIn(room, who.user.id, marker.n) };
}

/** How many messages wait for somebody whose marker stands at a count of `n`: none from before they came. */
export function unreadIn(room: Room, user: string, n: number | undefined): number {
  return Math.max(0, room.n - Math.max(n ?? 0, room.roster?.members.get(user)?.n ?? 0));
}

async function countAt({ reader }: CommandContext, room: Room, seq: number): Promise<number> {
  if (seq === room.head) return room.n;
  if (seq === 0) return 0;
  try {
    const stored = await reader.record(room, seq, READ_WITHIN_MS);
    if (stored !== undefined) return stored.n;
    // Retention took it: what is left says how many there were before.
    const [oldest] = await reader.recordsAfter(room, seq + 1, 1, READ_WITHIN_MS);
    if (oldest === undefined) return room.n;
    return oldest.n - (oldest.record.kind === "message" ? 1 : 0);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    throw new CommandError("unavailable", error.message, { cause: error });
  }
}
