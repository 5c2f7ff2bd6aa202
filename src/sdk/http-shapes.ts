/**
 * The SDK: what the calls over HTTP answer with, as data.
 */
import type { Message } from "./types.ts";

/** Somebody. */
export interface User {
  readonly id: string;
  readonly name: string;
  /** In milliseconds since the epoch, like all times here. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Oneself. */
export interface Me extends User {
  readonly isAdmin: boolean;
}

/** A chat. */
export interface Chat {
  /** What the wire calls it, too. */
  readonly id: string;
  readonly name: string;
  /** Ids of users. */
  readonly members: readonly string[];
  readonly createdAt: number;
}

/** A chat in the list of one's chats. */
export interface ChatSummary extends Chat {
  /** `undefined` once everybody has left. */
  readonly ownerId: string | undefined;
  /** Whether it is the chat of two people. */
  readonly isDirect: boolean;
  readonly lastSeq: number;
  readonly unread: number;
  readonly lastMessage: Message | undefined;
}

/** A public room. */
export interface PublicRoom {
  readonly id: string;
  /** What the wire calls it. */
  readonly name: string;
  readonly description: string;
  readonly lastSeq: number;
}

/** A token, without its secret. */
export interface Token {
  readonly id: string;
  readonly label: string;
  readonly createdAt: number;
  /** `undefined` = until it is revoked. */
  readonly expiresAt: number | undefined;
}

/** A new token. */
export interface NewToken extends Token {
  readonly token: string;
}

/** An answer as it came. */
export type Fields = Readonly<Record<string, unknown>>;

/** A list, each as `read` has it. */
export const listOf = <T>(fields: Fields, read: (one: Fields) => T): readonly T[] =>
  (fields as unknown as readonly Fields[]).map(read);

const text = (value: unknown): string => String(value ?? "");
const timeOf = (value: unknown): number => Date.parse(text(value));

/** A user. */
export const userOf = (fields: Fields): User => ({
  id: text(fields["user_id"]),
  name: text(fields["username"]),
  createdAt: timeOf(fields["created_at"]),
  updatedAt: timeOf(fields["updated_at"]),
});

/** Oneself. */
export const meOf = (fields: Fields): Me => ({ ...userOf(fields), isAdmin: fields["is_admin"] === true });

/** A chat. */
export const chatOf = (fields: Fields): Chat => ({
  id: text(fields["chat_id"]),
  name: text(fields["name"]),
  members: fields["members"] as readonly string[],
  createdAt: timeOf(fields["created_at"]),
});

/** A chat in a list. */
export function summaryOf(fields: Fields): ChatSummary {
  const last = fields["last_message"] as Fields | null;
  return {
    ...chatOf(fields),
    ownerId: (fields["owner_id"] as string | null) ?? undefined,
    isDirect: fields["direct"] === true,
    lastSeq: Number(fields["last_seq"]),
    unread: Number(fields["unread"]),
    lastMessage: last === null ? undefined : messageOf(last),
  };
}

/** A public room. */
export const publicRoomOf = (fields: Fields): PublicRoom => ({
  id: text(fields["room_id"]),
  name: text(fields["name"]),
  description: text(fields["description"]),
  lastSeq: Number(fields["last_seq"]),
});

/** A token. */
export function tokenOf(fields: Fields): Token {
  const expires = fields["expires_at"];
  return {
    id: text(fields["token_id"]),
    label: text(fields["label"]),
    createdAt: timeOf(fields["created_at"]),
    expiresAt: expires === null ? undefined : timeOf(expires),
  };
}

/** A new token. */
export const newTokenOf = (fields: Fields): NewToken => ({ ...tokenOf(fields), token: text(fields["token"]) });

const messageOf = (fields: Fields): Message => ({
  type: "message",
  room: text(fields["chat_id"]),
  seq: Number(fields["seq"]),
  id: text(fields["message_id"]),
  user: text(fields["sender_name"]),
  text: text(fields["content"]),
  time: timeOf(fields["created_at"]),
  key: undefined,
  isRemoved: fields["removed"] === true,
});
