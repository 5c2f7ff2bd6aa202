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
import { writeAnswer, writeFailure } from "./answers.ts";
import { asWritten, ok } from "./ask.ts";
import { bodyType, collectBody, parseBody } from "./body.ts";
import type { HttpDoor } from "./door.ts";
import { type Fields, text } from "./fields.ts";
import { type CallNote, PLAIN_NOTE } from "./route.ts";
import { postedJson, postedShape } from "./shapes.ts";
import type { Visitors } from "./visitors.ts";

const START = "/chats/";
const END = "/messages";

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
    if (request.method !== "POST") return false;
    const room = roomIn(request.url ?? "");
    if (room === undefined) return false;
    const type = bodyType(request.headers["content-type"]);
    const failed = (error: unknown): void => writeFailure(response, error, this.#door.telemetry);
    collectBody(
      request,
      this.#door.limits.bodyBytesMax,
      (bytes) => {
        this.#post(request, room, parsed(type, bytes)).then((json) => writeAnswer(response, ok(json)), failed);
      },
      failed,
    );
    return true;
  }

  async #post(request: IncomingMessage, room: string, body: () => Fields): Promise<string> {
    const fields = body();
    const { content, sender_id: sender } = fields;
    if (typeof content !== "string") throw wrong("content is the text and is given once");
    const named = sender ?? undefined;
    if (named !== undefined && typeof named !== "string") throw wrong("sender_id is the id of a user");
    const address = this.#visitors.address(request);
    const key = keyOf(request);
    const signedIn = await this.#visitors.identify(request, address, named);
    if (signedIn === undefined) throw new CommandError("unauthorized", "say who you are: sign in, or send a token");
    return postedJson(await this.#door.api.post({ user: signedIn.user, address }, room, content, key));
  }
}

const wrong = (text: string): CommandError => new CommandError("bad_field", text);

/** Within the promise of `#post`, so that a body that is wrong fails it as anything else does. */
const parsed = (type: ReturnType<typeof bodyType>, bytes: Buffer) => (): Fields => parseBody(type, bytes);

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

function keyOf({ headers }: IncomingMessage): string | undefined {
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
