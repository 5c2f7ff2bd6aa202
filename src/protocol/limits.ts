/**
 * The limits of a server that can be set in the configuration, under the same name, with their defaults; and behind them
 * what is fixed. Units stand last in the name. A test sits at the edge of each.
 */

/** The limits of one server. */
export interface Limits {
  /** A message's text, in bytes of UTF-8. */
  readonly messageBytesMax: number;
  /** One line over TCP, in bytes, its newline not counted. */
  readonly lineBytesMax: number;
  /** One frame over WebSocket, in bytes. */
  readonly frameBytesMax: number;
  /** The body of a request over HTTP, in bytes. */
  readonly bodyBytesMax: number;
  /** The body of a request over HTTP that lists members, in bytes. */
  readonly membersBodyBytesMax: number;
  /** What one session still has to be sent, in bytes, those the socket has not taken yet included. */
  readonly outboxBytesMax: number;
  /** Recent events kept in memory, in bytes, over all rooms of a node. */
  readonly recentBytesMax: number;
  /** One batch of the log, in bytes of encoded records. */
  readonly appendBytesMax: number;
  /** What waits to be appended, in bytes; beyond it senders are refused with `overloaded`. */
  readonly appendQueueBytesMax: number;
  /** Rooms that one session may follow by `join_room`. */
  readonly roomsPerSessionMax: number;
  /** Chats that one user may be in. */
  readonly chatsPerUserMax: number;
  /** Members of one chat. */
  readonly membersMax: number;
  /** Records in one page of history. */
  readonly historyPageMax: number;
  /** Records in a page of history where the client names no number. */
  readonly historyPageDefault: number;
  /** Bytes in one page of history; then it ends early and says `more`. */
  readonly pageBytesMax: number;
  /** Sessions at once; lowered at the start to the open-files limit less 512. */
  readonly sessionsMax: number;
  /** Sessions at once from one address; 0 = no limit, as in open mode. */
  readonly sessionsPerAddressMax: number;
  /** How long a session has to say who it is where it must, in seconds. */
  readonly signInSecondsMax: number;
  /** Messages a second for one user; 0 = no limit, as in open mode. */
  readonly messagesPerSecond: number;
  /** Messages that one user may send at once before `messagesPerSecond` holds. */
  readonly messagesBurst: number;
  /** From so many present in a room on, a session hears only its own comings and goings there. */
  readonly presenceTellMax: number;
}

/** The defaults, for open mode. */
export const DEFAULT_LIMITS: Limits = {
  messageBytesMax: 16 * 1024,
  lineBytesMax: 128 * 1024,
  frameBytesMax: 128 * 1024,
  bodyBytesMax: 64 * 1024,
  membersBodyBytesMax: 512 * 1024,
  outboxBytesMax: 1024 * 1024,
  recentBytesMax: 64 * 1024 * 1024,
  appendBytesMax: 768 * 1024,
  appendQueueBytesMax: 64 * 1024 * 1024,
  roomsPerSessionMax: 200,
  chatsPerUserMax: 1000,
  membersMax: 10_000,
  historyPageMax: 1000,
  historyPageDefault: 100,
  pageBytesMax: 256 * 1024,
  sessionsMax: 20_000,
  sessionsPerAddressMax: 0,
  signInSecondsMax: 10,
  messagesPerSecond: 0,
  messagesBurst: 100,
  presenceTellMax: 1000,
};

/** The defaults that are others where people sign in: there somebody is answerable for what an account does. */
export const SIGNED_IN_LIMITS = {
  sessionsPerAddressMax: 200,
  messagesPerSecond: 20,
} as const satisfies Partial<Limits>;

/** Characters in the name of a room, of a user, and in a key: 1 to this many. */
export const NAME_LENGTH_MAX = 64;

/** Characters in the name of a chat: 1 to this many. */
export const CHAT_NAME_LENGTH_MAX = 128;

/** How long what a sender waits for may take, in milliseconds, before they get an error that says where it stands. */
export const ANSWER_WITHIN_MS = 10_000;

/** How long a read waits for the store, in milliseconds, before it answers `unavailable`. */
export const READ_WITHIN_MS = 2_000;

/** How long a session that drains nothing is kept, in milliseconds. */
export const SLOW_AFTER_MS = 30_000;

/** The shortest time between two typing signals of one session in one room, in milliseconds. */
export const TYPING_EVERY_MS = 3_000;

/** How long a guest is known after their last sign of life, in milliseconds. */
export const GUEST_KNOWN_MS = 24 * 60 * 60 * 1000;

/** How long a stopping server waits for outboxes to empty, in milliseconds. */
export const FLUSH_WITHIN_MS = 5_000;
