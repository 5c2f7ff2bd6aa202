/**
 * `GET /chats`: one's chats, each with its last message, its newest seq and how many messages are unread; the one in
 * which something was said last comes first.
 */
import type { Actor } from "../auth/user.ts";
import { UnavailableError } from "../fanout/room-reader.ts";
import { type ChatSummary, chatOf } from "./chat.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { unreadIn } from "./mark-read.ts";
import { lastMessage } from "./read-messages.ts";

/** Lists somebody's chats. */
export async function listChats(context: CommandContext, { user }: Actor): Promise<readonly ChatSummary[]> {
  const { rosters, hub, markers } = context;
  const marked = await markers.of(user.id);
  const chats: ChatSummary[] = [];
  try {
    for (const roster of rosters.ofUser(user.id)) {
      const room = hub.roomById(roster.id);
      if (room === undefined) continue;
      const last = await lastMessage(context, room);
      const unread = unreadIn(room, user.id, marked.get(room.id)?.n);
      chats.push({ ...chatOf(roster), last, lastSeq: room.head, unread });
    }
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    throw new CommandError("unavailable", error.message, { cause: error });
  }
  return chats.sort((a, b) => lastTime(b) - lastTime(a));
}

const lastTime = ({ last, createdAt }: ChatSummary): number => last?.time ?? createdAt;
