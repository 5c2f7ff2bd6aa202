/**
 * Stage 1, the HTTP door: reading messages and taking them back. Posting one stands in `post-message.ts`.
 */
import { z } from "zod";
import { type Answer, type Ask, asWritten, done, ok } from "./ask.ts";
import { roomOf } from "./chats.ts";
import type { HttpDoor } from "./door.ts";
import { nextLink, readPage } from "./paging.ts";
import { type Call, PLAIN_NOTE } from "./route.ts";
import { messageShape, messagesJson } from "./shapes.ts";

const page = z.object({
  before: z.int().min(1).optional().describe("only what has a lower seq"),
  after: z.int().min(0).optional().describe("only what has a higher seq"),
  limit: z.int().min(1).optional().describe("how many at most; above the maximum it is cut to it"),
});

/** `GET /chats/{chat_id}/messages`: a page of messages, newest first. */
async function listMessages({ api, limits }: HttpDoor, ask: Ask): Promise<Answer> {
  const asked = readPage(ask.query, limits);
  const who = await ask.visitor();
  const room = roomOf(ask);
  const found = await api.messages(who, room, asked);
  const link = nextLink(`/chats/${encodeURIComponent(room)}/messages`, asked, found);
  return ok(messagesJson(found.messages), 200, link === undefined ? {} : { link });
}

/** `DELETE /chats/{chat_id}/messages/{message_id}`: takes a message's text away; its seq stays. */
async function removeMessage({ api }: HttpDoor, ask: Ask): Promise<Answer> {
  const who = await ask.actor();
  const message = ask.param("message_id");
  await api.removeMessage(who, roomOf(ask), asWritten(message));
  return done;
}

/** The calls. */
export const messageCalls: readonly Call[] = [
  {
    method: "GET",
    path: "/chats/:chat_id/messages",
    listsMembers: false,
    handle: listMessages,
    note: {
      ...PLAIN_NOTE,
      summary: "Messages of a chat or public room, newest first",
      group: "messages",
      query: page,
      answers: [
        {
          status: 200,
          says: "the messages; `Link` with `rel=next` where there are more in this direction",
          json: z.array(messageShape),
        },
      ],
      errors: ["unknown_room", "forbidden", "banned"],
    },
  },
  {
    method: "DELETE",
    path: "/chats/:chat_id/messages/:message_id",
    listsMembers: false,
    handle: removeMessage,
    note: {
      ...PLAIN_NOTE,
      summary: "Take a message's text away (its author, the owner of the chat, an admin)",
      group: "messages",
      answers: [{ status: 204, says: "its text is gone from store and history", json: undefined }],
      errors: ["unknown_room", "unknown_message", "forbidden", "banned"],
    },
  },
];
