/**
 * Every error code of the wire. `docs/protocol.md` lists the same codes; a test holds the two equal, both ways.
 */

/** What a code means to a client. */
export interface ErrorCode {
  /** Whether trying the same again later may succeed. */
  readonly retry: boolean;
  /** Whether the server closes the connection after it. */
  readonly closes: boolean;
  /** What it means, in one sentence. */
  readonly meaning: string;
}

const code = (retry: boolean, closes: boolean, meaning: string): ErrorCode => ({ retry, closes, meaning });

/** The table: code → what it means. */
export const ERROR_CODES = {
  bad_utf8: code(false, false, "The line is not UTF-8."),
  bad_json: code(false, false, "The line is not one JSON object."),
  unknown_command: code(false, false, "The command is not one that this server knows."),
  bad_field: code(
    false,
    false,
    "A field is missing, has the wrong type or lies outside its bounds; the text names it.",
  ),
  unknown_room: code(false, false, "There is no such room, or it may not be seen."),
  already_joined: code(false, false, "The session follows this room already."),
  not_joined: code(false, false, "The session does not follow this room."),
  hello_too_late: code(false, false, "`hello` comes before the first `join_room`."),
  unauthorized: code(false, false, "The token is not valid here."),
  message_too_long: code(false, false, "The text has more than `messageBytesMax` bytes of UTF-8."),
  too_many_rooms: code(false, false, "The session follows `roomsPerSessionMax` rooms already."),
  key_reused: code(false, false, "The key was used before for other content."),
  too_fast: code(true, false, "More messages than `messagesPerSecond` allows."),
  overloaded: code(true, false, "Too much waits to be written; the message will never appear. Retry after a second."),
  not_sent: code(true, false, "The message could not be made durable and will never appear."),
  unknown: code(true, false, "The message may or may not appear. A retry with the same key is safe."),
  unavailable: code(true, false, "What was asked for can't be read right now."),
  line_too_long: code(false, true, "The line is longer than `lineBytesMax`; it can't be resynchronised."),
  not_a_browser: code(false, true, "This port does not speak HTTP."),
  too_many_sessions: code(true, true, "The server holds as many sessions as it may, in all or for one address."),
  slow: code(true, true, "The session took nothing for 30 s. Come back and resume."),
  going_away: code(true, true, "The server is stopping. Come back and resume."),
} as const satisfies Record<string, ErrorCode>;

/** The name of an error code. */
export type ErrorName = keyof typeof ERROR_CODES;
