/**
 * Stage 1, the HTTP door: what documentation says of the addresses that speak WebSocket. Pure.
 */
import type { ErrorName } from "../../../protocol/error-codes.ts";
import { type CallNote, PLAIN_NOTE } from "./route.ts";

const errors: readonly ErrorName[] = ["bad_request", "too_many_sessions"];

/** Path → what is there. */
export const webSocketNotes: Readonly<Record<string, CallNote>> = {
  "/ws": {
    ...PLAIN_NOTE,
    summary: "A WebSocket that speaks the protocol: one JSON object a frame, both ways",
    group: "messages",
    answers: [{ status: 101, says: "commands and events from here on", json: undefined }],
    errors,
    isOpenToAll: true,
  },
  "/ws/connect/:user_id": {
    ...PLAIN_NOTE,
    summary: "A WebSocket with each message of each of the user's chats, one a frame, until its first command",
    group: "messages",
    answers: [{ status: 101, says: "messages from here on", json: undefined }],
    errors: [...errors, "forbidden"],
  },
};
