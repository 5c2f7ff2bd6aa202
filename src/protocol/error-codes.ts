/**
 * Every error code of the wire. `docs/protocol.md` lists the same codes; a test holds the two equal, both ways.
 */

/** What a code means to a client. */
export interface ErrorCode {
  /** The status of an HTTP answer with this code. */
  readonly status: number;
  /** Whether trying the same again later may succeed. */
  readonly retry: boolean;
  /** The code with which a WebSocket is closed after it; `undefined` where the session lives on. TCP closes alike. */
  readonly closeCode: number | undefined;
  /** What it means, in one sentence. */
  readonly meaning: string;
}

/** Asking the same again never helps. */
const never = (status: number, meaning: string): ErrorCode => ({ status, retry: false, closeCode: undefined, meaning });

/** Asking the same again later may help. */
const later = (status: number, meaning: string): ErrorCode => ({ status, retry: true, closeCode: undefined, meaning });

/** The session ends with it. */
const ends = (status: number, retry: boolean, closeCode: number, meaning: string): ErrorCode => ({
  status,
  retry,
  closeCode,
  meaning,
});

/** The table: code → what it means. */
export const ERROR_CODES = {
  bad_utf8: never(400, "The line is not UTF-8."),
  bad_json: never(400, "The line, frame or body is not one JSON object."),
  unknown_command: never(400, "The command is not one that this server knows."),
  bad_field: never(400, "A field is missing, has the wrong type or lies outside its bounds; the text names it."),
  bad_request: never(400, "The request could not be read."),
  empty_message: never(400, "A message over HTTP has a text."),
  unauthorized: never(401, "The token, cookie or session is not valid here, or none was shown where one is needed."),
  wrong_credentials: never(401, "There is no such account, or the password is another."),
  forbidden: never(403, "The user may see this, but not do it."),
  banned: never(403, "The user or address may not be in this room for a time."),
  sign_up_closed: never(403, "Accounts are made by an admin, or with an invite."),
  wrong_origin: never(403, "The request comes from a page of another origin, or names another host."),
  not_found: never(404, "There is nothing under this address."),
  unknown_room: never(404, "There is no such room, or it may not be seen."),
  unknown_user: never(404, "There is no such user."),
  unknown_message: never(404, "There is no such message in the room."),
  unknown_token: never(404, "The user has no such token."),
  method_not_allowed: never(405, "The method is not possible here."),
  request_timeout: later(408, "The request took too long to come."),
  already_joined: never(409, "The session follows this room already."),
  not_joined: never(409, "The session does not follow this room."),
  hello_too_late: never(409, "`hello` comes before the first `join_room`."),
  name_taken: never(409, "The name belongs to somebody else."),
  too_many_rooms: never(409, "The session follows `roomsPerSessionMax` rooms already."),
  too_many_chats: never(409, "The user is in `chatsPerUserMax` chats already."),
  too_many_tokens: never(409, "The user has 100 tokens already."),
  too_many_members: never(409, "The chat would have more than `membersMax` members."),
  body_too_large: never(413, "The body is longer than `bodyBytesMax`."),
  message_too_long: never(413, "The text has more than `messageBytesMax` bytes of UTF-8."),
  unsupported_media_type: never(415, "The body is neither a form nor JSON."),
  key_reused: never(422, "The key was used before for other content."),
  headers_too_large: never(431, "The headers of the request are too long or too many."),
  too_fast: later(429, "More than `messagesPerSecond` or another rate allows."),
  too_many_sign_ins: later(429, "Too many sign-ins failed for this account or address. Retry later."),
  internal: later(500, "This went wrong on the server's side."),
  overloaded: later(503, "Too much waits to be written; the message will never appear. Retry after a second."),
  not_sent: later(503, "The message could not be made durable and will never appear."),
  unknown: later(503, "The message may or may not appear. A retry with the same key is safe."),
  unavailable: later(503, "What was asked for can't be done right now."),
  line_too_long: ends(413, false, 1009, "The line or frame is too long; a line can't be resynchronised."),
  bad_frame: ends(400, false, 1002, "What came over the WebSocket is no frame, or comes in too many pieces."),
  not_a_browser: ends(400, false, 1002, "This port does not speak HTTP."),
  sign_in_timeout: ends(401, true, 4401, "The session did not say who it is within `signInSecondsMax`."),
  signed_out: ends(401, false, 4403, "What the session was signed in with has ended."),
  too_many_sessions: ends(503, true, 1013, "The server holds as many sessions as it may, in all or for one address."),
  slow: ends(503, true, 4408, "The session took nothing for 30 s. Come back and resume."),
  going_away: ends(503, true, 1001, "The server is stopping. Come back and resume."),
} as const satisfies Record<string, ErrorCode>;

/** The name of an error code. */
export type ErrorName = keyof typeof ERROR_CODES;
