/**
 * `GET /chats/{id}/messages`: a page of what was said, newest first. Whoever was acknowledged reads it back at once
 * (CMD-2). Records that are no messages are passed over, so that a page is full while there are messages.
 */
import { READ_WITHIN_MS } from "../../protocol/limits.ts";
import type { Actor } from "../auth/user.ts";
import type { Room } from "../fanout/room.ts";
import { UnavailableError } from "../fanout/room-reader.ts";
import { type Message, messageOf } from "./chat.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";

/** Which page. At most one of `before` and `after`; neither = the newest. */
export interface PageAsked {
  readonly before: number | undefined;
  readonly after: number | undefined;
  /** More than `historyPageMax` is cut to it. */
  readonly limit: number | undefined;
}

/** A page. */
export interface MessagePage {
  /** Newest first. */
  readonly messages: readonly Message[];
  /** What to pass as `before` for the next older page, where there may be one. */
  readonly olderBefore: number | undefined;
  /** What to pass as `after` for the next newer page, where there may be one. */
  readonly newerAfter: number | undefined;
}

/** Reads a page. */
export async function readMessages(
  context: CommandContext,
  who: Actor | undefined,
  text: string,
  asked: PageAsked,
): Promise<MessagePage> {
  const room = await context.access.room(who, text, "read");
  const limit = Math.min(asked.limit ?? context.limits.historyPageMax, context.limits.historyPageMax);
  try {
    return asked.after === undefined
      ? await older(context, room, asked.before ?? room.head + 1, limit)
      : await newer(context, room, asked.after, limit);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    throw new CommandError("unavailable", error.message, { cause: error });
  }
}

/** The newest message of a room, however many have come and gone since; `undefined` where nothing was said, or is left. */
export async function lastMessage(context: CommandContext, room: Room): Promise<Message | undefined> {
  const { messages } = await older(context, room, room.head + 1, 1);
  return messages[0];
}

async function older(
  { reader, limits }: CommandContext,
  room: Room,
  before: number,
  limit: number,
): Promise<MessagePage> {
  const messages: Message[] = [];
  const floor = await reader.floor(room);
  let next = Math.min(before, room.head + 1);
  for (let looks = 0; messages.length < limit && next > floor; looks += 1) {
    const look = widthOf(looks, limit - messages.length, limits.historyPageMax);
    const records = await reader.recordsBefore(room, next, look, READ_WITHIN_MS);
    next = records[0]?.seq ?? floor;
    for (const stored of records.toReversed()) {
      if (stored.record.kind !== "message") continue;
      messages.push(messageOf(stored));
      if (messages.length < limit) continue;
      next = stored.seq;
      break;
    }
  }
  const newest = Math.min(before - 1, room.head);
  return {
    messages,
    olderBefore: next > floor ? next : undefined,
    newerAfter: newest < room.head ? newest : undefined,
  };
}

async function newer(
  { reader, limits }: CommandContext,
  room: Room,
  after: number,
  limit: number,
): Promise<MessagePage> {
  const messages: Message[] = [];
  const { head } = room;
  let last = after;
  for (let looks = 0; messages.length < limit && last < head; looks += 1) {
    const look = widthOf(looks, limit - messages.length, limits.historyPageMax);
    const records = await reader.recordsAfter(room, last + 1, look, READ_WITHIN_MS);
    last = records.at(-1)?.seq ?? head;
    for (const stored of records) {
      if (stored.record.kind !== "message") continue;
      messages.push(messageOf(stored));
      if (messages.length < limit) continue;
      last = stored.seq;
      break;
    }
  }
  return {
    messages: messages.reverse(),
    olderBefore: after > 0 ? after + 1 : undefined,
    newerAfter: last < head ? last : undefined,
  };
}

/**
 * How many records a look takes after so many others: what the page still lacks, for most pages are nearly full after the
 * first; but more each time, for a chat in which thousands came and went since the last word must not be walked through
 * one by one.
 */
const widthOf = (looks: number, lacking: number, most: number): number => Math.min(lacking * 2 ** looks, most);
