/**
 * Stage 1 over WebSocket: the request that asks for one, and its answer (RFC 6455, section 4). Pure. The answer of `ws`
 * comes with a socket of its own that writes what it likes, when it likes; ours is the only one that writes.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { CommandError } from "../commands/command-error.ts";
import { namesTwoHosts } from "./http/node-server.ts";
import { type Problem, problemResponse } from "./http/problem.ts";

/** What is asked for: a session as over TCP, or the messages of one user's chats. */
export type Target = { readonly type: "session" } | { readonly type: "feed"; readonly user: string };

const FEED = /^\/ws\/connect\/([^/]+)$/;
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** Fixed by the RFC. */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const VERSION = "13";
/** The count at which Node leaves headers out without a word, where a server says none of its own. */
const HEADERS_MAX = 2000;

/** Whether a request names an address at which there are WebSockets. */
export const isForWebSockets = ({ url = "" }: IncomingMessage): boolean => /^\/ws(?:[/?]|$)/.test(url);

/** What a request asks for. Throws a `CommandError` where there is no such thing. */
export function targetOf({ method, url = "" }: IncomingMessage): Target {
  const query = url.indexOf("?");
  const path = query < 0 ? url : url.slice(0, query);
  const user = FEED.exec(path)?.[1];
  if (path !== "/ws" && user === undefined) {
    throw new CommandError("not_found", "WebSockets are at /ws and /ws/connect/{user_id}");
  }
  if (method !== "GET") throw new CommandError("method_not_allowed", "a WebSocket begins with GET");
  return user === undefined ? { type: "session" } : { type: "feed", user: user.toLowerCase() };
}

/**
 * The answer that makes a request's connection a WebSocket. Throws a `CommandError` where the request is not a whole
 * one. `headersMax` = the server's `maxHeadersCount`.
 */
export function handshakeAnswer({ headers, rawHeaders }: IncomingMessage, headersMax: number | null): string {
  // What came beyond was left out: an `Origin` may have been among it.
  if (rawHeaders.length / 2 >= (headersMax ?? HEADERS_MAX)) throw badRequest("there are too many headers");
  if (namesTwoHosts(rawHeaders)) throw badRequest("a request names one Host");
  if (headers.upgrade?.toLowerCase() !== "websocket") throw badRequest("Upgrade must be websocket");
  if (headers["sec-websocket-version"] !== VERSION) throw badRequest(`Sec-WebSocket-Version must be ${VERSION}`);
  const key = headers["sec-websocket-key"];
  if (key === undefined || !KEY.test(key)) throw badRequest("Sec-WebSocket-Key must be 16 bytes as base64");
  const accept = createHash("sha1")
    .update(key + ACCEPT_SUFFIX)
    .digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** The answer to a request that gets no WebSocket: a whole HTTP response, after which the connection closes. */
export function refusalAnswer(body: Problem): string {
  return problemResponse(body, { "cache-control": "no-store", "sec-websocket-version": VERSION });
}

const badRequest = (text: string): CommandError => new CommandError("bad_request", text);
