/**
 * Stage 1, the HTTP door: all calls, as one table.
 */
import { chatCalls } from "./chats.ts";
import { eventsNote } from "./events.ts";
import { messageCalls } from "./messages.ts";
import type { NotedCall } from "./openapi.ts";
import { operationNotes } from "./operations.ts";
import { postMessageNote } from "./post-message.ts";
import { roomCalls } from "./rooms.ts";
import type { Call } from "./route.ts";
import { signInCalls } from "./sign-in.ts";
import { tokenCalls } from "./tokens.ts";
import { userCalls } from "./users.ts";
import { webSocketNotes } from "./web-socket-notes.ts";

/** Where a message is posted. */
export const POST_MESSAGE_PATH = "/chats/:chat_id/messages";
/** Where a room is followed. */
export const EVENTS_PATH = "/chats/:chat_id/events";

/** The calls that take a request and answer it, each by a function. */
export const calls: readonly Call[] = [
  ...userCalls,
  ...signInCalls,
  ...chatCalls,
  ...messageCalls,
  ...roomCalls,
  ...tokenCalls,
];

/** Everything that documentation tells of. */
export function notedCalls(): readonly NotedCall[] {
  return [
    ...calls,
    { method: "POST", path: POST_MESSAGE_PATH, note: postMessageNote },
    { method: "GET", path: EVENTS_PATH, note: eventsNote },
    ...Object.entries(webSocketNotes).map(([path, note]) => ({ method: "GET", path, note })),
    ...Object.entries(operationNotes).map(([path, note]) => ({ method: "GET", path, note })),
  ];
}
