/**
 * Stage 1, the HTTP door: what goes out, as JSON text: each shape has its schema, from which the documentation is made,
 * and the one function that writes it, in the same order of keys. A test holds the two equal.
 */
import { z } from "zod";
import type { PublicRoom } from "../../commands/api.ts";
import type { Chat, ChatSummary, Message } from "../../commands/chat.ts";
import { IsoTimes } from "../../iso-time.ts";
import type { Account, ApiToken, HttpApi } from "./door.ts";

/** Somebody who may not be in a public room for a time. */
type Ban = Awaited<ReturnType<HttpApi["ban"]>>;

const id = z.uuid();
const time = z.iso.datetime().describe("UTC, with milliseconds");
const seq = z.int().min(0).describe("a record's number within its room: 1, 2, 3, … without holes");

const times = new IsoTimes();

/** A time as the API writes it. */
const showTime = (milliseconds: number): string => times.of(milliseconds);

const list = (items: readonly string[]): string => `[${items.join(",")}]`;

/** A user. */
export const userShape = z.object({ user_id: id, username: z.string(), created_at: time, updated_at: time });

/** A user as JSON text. */
export function userJson({ id, name, createdAt, updatedAt }: Account): string {
  return `{"user_id":"${id}","username":${JSON.stringify(name)},"created_at":"${showTime(createdAt)}","updated_at":"${showTime(updatedAt)}"}`;
}

/** Oneself. */
export const meShape = userShape.extend({ is_admin: z.boolean() });

/** Oneself as JSON text. */
export const meJson = (account: Account, isAdmin: boolean): string =>
  `${userJson(account).slice(0, -1)},"is_admin":${isAdmin}}`;

/** A chat. */
export const chatShape = z.object({ chat_id: id, members: z.array(id), name: z.string(), created_at: time });

/** A chat as JSON text. */
export function chatJson({ id, members, name, createdAt }: Chat): string {
  const ids = list(members.map((member) => `"${member}"`));
  return `{"chat_id":"${id}","members":${ids},"name":${JSON.stringify(name)},"created_at":"${showTime(createdAt)}"}`;
}

/** A message. */
export const messageShape = z.object({
  chat_id: id,
  sender_id: id,
  content: z.string().describe("empty where the message was removed"),
  message_id: id,
  seq,
  sender_name: z.string().describe("what the sender was called when it was sent"),
  created_at: time,
  removed: z.literal(true).optional().describe("there where the text was taken away"),
});

/** A message as JSON text. */
export function messageJson(message: Message): string {
  const { id, room, seq, sender, senderName, time, content, removed } = message;
  const end = removed ? ',"removed":true}' : "}";
  return `{"chat_id":"${room}","sender_id":"${sender}","content":${JSON.stringify(content)},"message_id":"${id}","seq":${seq},"sender_name":${JSON.stringify(senderName)},"created_at":"${showTime(time)}"${end}`;
}

/** Messages as JSON text. */
export const messagesJson = (messages: readonly Message[]): string => list(messages.map(messageJson));

/** The answer to a post. */
export const postedShape = z.object({
  message_id: id,
  chat_id: id,
  sender_id: id,
  content: z.string(),
  created_at: time,
  seq,
});

/** The answer to a post as JSON text. */
export function postedJson({ id, room, sender, content, time, seq }: Message): string {
  return `{"message_id":"${id}","chat_id":"${room}","sender_id":"${sender}","content":${JSON.stringify(content)},"created_at":"${showTime(time)}","seq":${seq}}`;
}

/** A chat in the list of one's chats. */
export const summaryShape = chatShape.extend({
  owner_id: id.nullable().describe("null once everybody has left"),
  direct: z.boolean().describe("whether it is the chat of two people"),
  last_seq: seq,
  unread: z.int().min(0).describe("messages after one's read marker"),
  last_message: messageShape.nullable(),
});

/** One's chats as JSON text. */
export function summariesJson(chats: readonly ChatSummary[]): string {
  return list(
    chats.map((chat) => {
      const last = chat.last === undefined ? "null" : messageJson(chat.last);
      const { owner, isDirect, lastSeq, unread } = chat;
      return `${chatJson(chat).slice(0, -1)},"owner_id":${owner === undefined ? null : `"${owner}"`},"direct":${isDirect},"last_seq":${lastSeq},"unread":${unread},"last_message":${last}}`;
    }),
  );
}

/** A read marker. */
export const markerShape = z.object({ seq, unread: z.int().min(0) });

/** A public room. */
export const roomShape = z.object({ room_id: id, name: z.string(), description: z.string(), last_seq: seq });

/** A public room as JSON text. */
export function roomJson({ id, name, description, lastSeq }: PublicRoom): string {
  return `{"room_id":"${id}","name":${JSON.stringify(name)},"description":${JSON.stringify(description)},"last_seq":${lastSeq}}`;
}

/** A ban. */
export const banShape = z.object({
  room_id: id,
  type: z.enum(["user", "address"]),
  subject: z.string(),
  until: time,
  by: id,
});

/** A ban as JSON text. */
export function banJson({ room, type, subject, until, by }: Ban): string {
  return `{"room_id":"${room}","type":"${type}","subject":${JSON.stringify(subject)},"until":"${showTime(until)}","by":"${by}"}`;
}

/** A token, without its secret. */
export const tokenShape = z.object({
  token_id: id,
  label: z.string(),
  created_at: time,
  expires_at: time.nullable().describe("null = until it is revoked"),
});

/** A token as JSON text. */
export function tokenJson({ id, label, createdAt, expiresAt }: ApiToken): string {
  const expires = expiresAt === undefined ? "null" : `"${showTime(expiresAt)}"`;
  return `{"token_id":"${id}","label":${JSON.stringify(label)},"created_at":"${showTime(createdAt)}","expires_at":${expires}}`;
}

/** A new token, the only time that its secret is told. */
export const newTokenShape = z.object({ token: z.string(), ...tokenShape.shape });

/** Several of a shape as JSON text. */
export const listJson = <T>(items: readonly T[], write: (item: T) => string): string => list(items.map(write));

/** An error, as RFC 9457 has it. */
export const problemShape = z.object({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  code: z.string().describe("what it is to a program: stable"),
  detail: z.string().describe("what it is to a person"),
  retry: z.boolean().describe("whether the same again may succeed later"),
});
