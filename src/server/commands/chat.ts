/**
 * Stage 2: what requests are answered with: chats and messages as any door may show them. Pure.
 */
import type { Room } from "../fanout/room.ts";
import type { Roster } from "../projector/roster.ts";
import { type LogRecord, REMOVED_BODY, type StoredRecord, senderKey, type Uuid } from "../record.ts";

/** A chat. */
export interface Chat {
  readonly id: Uuid;
  readonly name: string;
  readonly isDirect: boolean;
  /** `undefined` once everybody has left. */
  readonly owner: Uuid | undefined;
  /** In the order of coming. */
  readonly members: readonly Uuid[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** One of somebody's chats. */
export interface ChatSummary extends Chat {
  /** The newest message that is kept. */
  readonly last: Message | undefined;
  /** The seq of the newest record. */
  readonly lastSeq: number;
  /** How many messages came since the user's read marker. */
  readonly unread: number;
}

/** A message. */
export interface Message {
  readonly id: Uuid;
  readonly room: Uuid;
  readonly seq: number;
  /** How many messages the room has had up to and with this one. */
  readonly n: number;
  readonly sender: Uuid;
  readonly senderName: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly content: string;
  readonly key: string | undefined;
  /** Whether its text was taken away. */
  readonly removed: boolean;
}

/** A chat as its roster has it. */
export function chatOf({ id, name, isDirect, owner, members, createdAt }: Roster): Chat {
  return { id, name, isDirect, owner, members: [...members.keys()], createdAt };
}

/** A message as its record has it. */
export function messageOf({ record, seq, n }: StoredRecord): Message {
  const { id, room, sender, senderName, time, body } = record;
  const key = senderKey(record);
  const removed = body === REMOVED_BODY;
  return { id, room, seq, n, sender, senderName, time, key, removed, content: removed ? "" : contentOf(record) };
}

/** The text of a message. One that somebody else wrote into the log with a body that is no text is shown as it stands. */
function contentOf({ body }: LogRecord): string {
  const content: unknown = JSON.parse(body);
  return typeof content === "string" ? content : body;
}

/** The roster of a room that is known to be a chat. */
export function rosterOf({ roster, id }: Room): Roster {
  if (roster === undefined) throw new TypeError(`room ${id} is no chat`);
  return roster;
}
