/**
 * Stage 1, the HTTP door: chats and who is in them.
 */
import { z } from "zod";
import { CommandError } from "../../commands/command-error.ts";
import type { Uuid } from "../../record.ts";
import { type Answer, type Ask, asUuid, asWritten, done, ok } from "./ask.ts";
import type { HttpDoor } from "./door.ts";
import { check, text } from "./fields.ts";
import { type Call, PLAIN_NOTE } from "./route.ts";
import { chatJson, chatShape, markerShape, summariesJson, summaryShape } from "./shapes.ts";

const ids = z.array(text().max(64)).describe("ids of users");

const newChat = z.object({
  name: text().optional().describe("may be missing where `direct` is true"),
  members: ids.optional(),
  direct: z.boolean().optional().describe("with one member: the chat with them, the same every time"),
});

const newMembers = z.object({ members: ids });

const marker = z.object({ seq: z.int().min(0).describe("the last record that one has read") });

/** `POST /chats`: makes a chat. */
async function createChat({ api }: HttpDoor, ask: Ask): Promise<Answer> {
  const { name, members, direct } = check(newChat, ask.body);
  const who = await ask.visitor();
  const asked = { name, members: userIds(members ?? []), direct: direct ?? false };
  if (!asked.direct && name === undefined) throw new CommandError("bad_field", "name: a chat has a name");
  const { chat, isNew } = await api.createChat(who, asked);
  return ok(chatJson(chat), isNew ? 201 : 200, { location: `/chats/${chat.id}` });
}

/** `GET /chats`: one's chats. */
async function listChats({ api }: HttpDoor, ask: Ask): Promise<Answer> {
  return ok(summariesJson(await api.chats(await ask.actor())));
}

/** `GET /chats/{chat_id}`: a chat. */
async function showChat({ api }: HttpDoor, ask: Ask): Promise<Answer> {
  const who = await ask.visitor();
  return ok(chatJson(await api.chat(who, roomOf(ask))));
}

/** `POST /chats/{chat_id}/members`: adds people. */
async function addMembers({ api }: HttpDoor, ask: Ask): Promise<Answer> {
  const { members } = check(newMembers, ask.body);
  const who = await ask.actor();
  return ok(chatJson(await api.addMembers(who, roomOf(ask), userIds(members))));
}

/** `DELETE /chats/{chat_id}/members/{user_id}`: removes somebody, or oneself. */
async function removeMember({ api }: HttpDoor, ask: Ask): Promise<Answer> {
  const who = await ask.actor();
  const user = ask.param("user_id");
  await api.removeMember(who, roomOf(ask), asWritten(user));
  return done;
}

/** `PUT /chats/{chat_id}/read`: moves one's read marker. */
async function markRead({ api }: HttpDoor, ask: Ask): Promise<Answer> {
  const { seq } = check(marker, ask.body);
  const moved = await api.markRead(await ask.actor(), roomOf(ask), seq);
  return ok(`{"seq":${moved.seq},"unread":${moved.unread}}`);
}

/** The room of a path: an id, or for a public room its name. */
export const roomOf = (ask: Ask): string => asWritten(ask.param("chat_id"));

function userIds(texts: readonly string[]): readonly Uuid[] {
  return texts.map((text) => {
    const id = asUuid(text);
    if (id === undefined) throw new CommandError("bad_field", "members: each is the id of a user, a UUID");
    return id;
  });
}

/** The calls. */
export const chatCalls: readonly Call[] = [
  {
    method: "POST",
    path: "/chats",
    listsMembers: true,
    handle: createChat,
    note: {
      ...PLAIN_NOTE,
      summary: "Make a chat",
      group: "chats",
      body: newChat,
      answers: [
        { status: 201, says: "the chat", json: chatShape },
        { status: 200, says: "the chat of these two, which was there already", json: chatShape },
      ],
      errors: ["unknown_user", "too_many_chats", "too_many_members"],
    },
  },
  {
    method: "GET",
    path: "/chats",
    listsMembers: false,
    handle: listChats,
    note: {
      ...PLAIN_NOTE,
      summary: "One's chats",
      group: "chats",
      answers: [
        { status: 200, says: "each with its last message and how many are unread", json: z.array(summaryShape) },
      ],
    },
  },
  {
    method: "GET",
    path: "/chats/:chat_id",
    listsMembers: false,
    handle: showChat,
    note: {
      ...PLAIN_NOTE,
      summary: "A chat",
      group: "chats",
      answers: [{ status: 200, says: "the chat", json: chatShape }],
      errors: ["unknown_room"],
    },
  },
  {
    method: "POST",
    path: "/chats/:chat_id/members",
    listsMembers: true,
    handle: addMembers,
    note: {
      ...PLAIN_NOTE,
      summary: "Add people to a chat",
      group: "chats",
      body: newMembers,
      answers: [{ status: 200, says: "the chat as it is now", json: chatShape }],
      errors: ["unknown_room", "unknown_user", "forbidden", "too_many_chats", "too_many_members"],
    },
  },
  {
    method: "DELETE",
    path: "/chats/:chat_id/members/:user_id",
    listsMembers: false,
    handle: removeMember,
    note: {
      ...PLAIN_NOTE,
      summary: "Remove somebody from a chat, or leave it",
      group: "chats",
      answers: [{ status: 204, says: "they are out", json: undefined }],
      errors: ["unknown_room", "unknown_user", "forbidden"],
    },
  },
  {
    method: "PUT",
    path: "/chats/:chat_id/read",
    listsMembers: false,
    handle: markRead,
    note: {
      ...PLAIN_NOTE,
      summary: "Move one's read marker; it never moves back",
      group: "chats",
      body: marker,
      answers: [{ status: 200, says: "where it stands, and how many messages are unread", json: markerShape }],
      errors: ["unknown_room", "forbidden", "banned"],
    },
  },
];
