/**
 * Stage 1, the HTTP door: `POST /chats/{chat_id}/messages`, the call that most requests are. It is carried out before
 * Fastify sees the request, on Node's own request and response, because that saves a fifth of the processor time that the
 * door takes for it (measured with everything behind the door left out: 59 µs instead of 74, a bare server 45). What it
 * checks is what all calls check, by the same functions.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { NAME_LENGTH_MAX } from "../../../protocol/limits.ts";
import { CommandError } from "../../commands/command-error.ts";
import { failureAnswer, writeAnswer, writeFailure } from "./answers.ts";
import { type Answer, asWritten, ok } from "./ask.ts";
import { bodyType, collectBody, parseBody } from "./body.ts";
import type { HttpDoor } from "./door.ts";
import { text } from "./fields.ts";
import { type CallNote, PLAIN_NOTE } from "./route.ts";
import { postedJson, postedShape } from "./shapes.ts";
import type { Visitors } from "./visitors.ts";

const START = "/chats/";
const END = "/messages";

/** What of a request a post is. */
export type PostRequest = Pick<IncomingMessage, "method" | "url" | "headers" | "rawHeaders" | "socket">;

/** Takes in messages. */
export class PostMessage {
  readonly #door: HttpDoor;
  readonly #visitors: Visitors;

  constructor(door: HttpDoor, visitors: Visitors) {
    this.#door = door;
    this.#visitors = visitors;
  }

  /** Takes a request in where it posts a message; `false` where it is another call. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const room = this.roomOf(request);
    if (room === undefined) return false;
    collectBody(
      request,
      this.#door.limits.bodyBytesMax,
      (bytes) => void this.answer(request, room, bytes).then((answer) => writeAnswer(response, answer)),
      (error) => writeFailure(response, error, this.#door.telemetry),
    );
    return true;
  }

  /** The room that a request posts to; `undefined` where it is another call. */
  roomOf({ method, url = "" }: PostRequest): string | undefined {
    return method === "POST" ? roomIn(url) : undefined;
  }

  /** Carries a post out, its body read; never rejects. */
  async answer(request: PostRequest, room: string, body: Buffer): Promise<Answer> {
    try {
      const { content, sender_id: sender } = parseBody(bodyType(request.headers["content-type"]), body);
      if (typeof content !== "string") throw wrong("content is the text and is given once");
      const named = sender ?? undefined;
      if (named !== undefined && typeof named !== "string") throw wrong("sender_id is the id of a user");
      const address = this.#visitors.address(request);
      const key = keyOf(request);
      const signedIn = await this.#visitors.identify(request, address, named);
      if (signedIn === undefined) throw new CommandError("unauthorized", "say who you are: sign in, or send a token");
      return ok(postedJson(await this.#door.api.post({ user: signedIn.user, address }, room, content, key)));
    } catch (error) {
      return failureAnswer(error, this.#door.telemetry);
    }
  }
}

const wrong = (text: string): CommandError => new CommandError("bad_field", text);

/** The room of `/chats/{chat_id}/messages`, with or without a query; `undefined` where the path is another. */
function roomIn(url: string): string | undefined {
  if (!url.startsWith(START)) return undefined;
  const query = url.indexOf("?", START.length);
  const end = (query < 0 ? url.length : query) - END.length;
  if (end <= START.length || !url.startsWith(END, end)) return undefined;
  const part = url.slice(START.length, end);
  if (part.includes("/")) return undefined;
  try {
    return asWritten(part.includes("%") ? decodeURIComponent(part) : part);
  } catch {
    return undefined;
  }
}

function keyOf({ headers }: PostRequest): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key !== "string" || !/^[\x20-\x7e]+$/.test(key) || key.length > NAME_LENGTH_MAX) {
    throw wrong(`Idempotency-Key has 1 to ${NAME_LENGTH_MAX} characters of ASCII`);
  }
  return key;
}

const message = z.object({
  content: text().min(1).describe("the text"),
  sender_id: z.string().optional().describe("who says it, in open mode and without a cookie"),
});

/** What documentation says of it. */
export const postMessageNote: CallNote = {
  ...PLAIN_NOTE,
  summary: "Say something in a chat or public room; answered once it is durable",
  group: "messages",
  body: message,
  headers: [
    {
      name: "Idempotency-Key",
      says: "1 to 64 characters: a repeat gets the same answer and makes no second message",
    },
  ],
  answers: [{ status: 200, says: "it is durable, and this is its place", json: postedShape }],
  errors: [
    "empty_message",
    "message_too_long",
    "unknown_room",
    "forbidden",
    "banned",
    "key_reused",
    "too_fast",
    "overloaded",
    "not_sent",
    "unknown",
  ],
};
