/**
 * `POST /chats/{id}/messages`: say something in a chat that one is in, or in a public room. Answered once it is durable
 * and has its number; nothing has been written to the store yet.
 */
import { NAME_LENGTH_MAX, READ_WITHIN_MS } from "../../protocol/limits.ts";
import type { Actor } from "../auth/user.ts";
import type { Room } from "../fanout/room.ts";
import { UnavailableError } from "../fanout/room-reader.ts";
import { type StoredRecord, senderKey, type Uuid } from "../record.ts";
import { uuidTime } from "../uuid.ts";
import { append } from "./append.ts";
import { type Message, messageOf } from "./chat.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";

/** Half of a character that takes two: UTF-8 has no way to write it, so it can't come back as it went. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Posts a message. With a key a repeat gives the first one back. */
export async function postMessage(
  context: CommandContext,
  who: Actor,
  text: string,
  content: string,
  key: string | undefined,
): Promise<Message> {
  const { access, appender, rateLimit, limits } = context;
  let room = access.roomOf(text);
  if (room === undefined || access.denial(who, room, "post") !== undefined) room = await access.room(who, text, "post");
  if (content === "") throw new CommandError("empty_message", "content: a message has a text");
  const bytes = Buffer.byteLength(content);
  if (bytes > limits.messageBytesMax) {
    const most = `a message has ${limits.messageBytesMax} bytes of UTF-8 at most; this one has ${bytes}`;
    throw new CommandError("message_too_long", most);
  }
  if (LONE_SURROGATE.test(content)) throw new CommandError("bad_field", "content: half a character stands in it");
  if (key !== undefined && (key.length === 0 || key.length > NAME_LENGTH_MAX)) {
    throw new CommandError("bad_field", `a key has 1 to ${NAME_LENGTH_MAX} characters`);
  }
  if (!rateLimit.take(who.user)) {
    throw new CommandError("too_fast", `${limits.messagesPerSecond} messages a second at most`);
  }
  const body = JSON.stringify(content);
  const appended = await append(appender, { kind: "message", room, sender: who.user, body, key });
  if (appended.type === "accepted") return said(appended.stored, content);
  const { first } = appended;
  if (!first.sameContent) throw new CommandError("key_reused", "the key was used for other content");
  return (await kept(context, room, first.seq)) ?? asSaid(who, room, first.id, first.seq, content, key);
}

/** The message of a record that was made a moment ago: its text need not be read out of JSON again. */
function said({ record, seq, n }: StoredRecord, content: string): Message {
  const { id, room, sender, senderName, time } = record;
  return { id, room, seq, n, sender, senderName, time, content, key: senderKey(record), removed: false };
}

async function kept({ reader }: CommandContext, room: Room, seq: number): Promise<Message | undefined> {
  try {
    const stored = await reader.record(room, seq, READ_WITHIN_MS);
    return stored === undefined ? undefined : messageOf(stored);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    throw new CommandError("unavailable", error.message, { cause: error });
  }
}

/** The first of a repeat that retention has removed: what the repeat says is what it said. */
function asSaid({ user }: Actor, room: Room, id: Uuid, seq: number, content: string, key: string | undefined): Message {
  const sender = { sender: user.id, senderName: user.name };
  return { id, room: room.id, seq, n: 0, ...sender, time: uuidTime(id), content, key, removed: false };
}
