/**
 * Telemetry, beside all stages: what has been counted so far, as plain numbers. The hot path adds to them; the metrics
 * library sees them only when somebody asks for `/metrics`, so a message costs no look-up of labels.
 */
import type { CommandName } from "../../protocol/commands.ts";
import type { ErrorName } from "../../protocol/error-codes.ts";
import type { AppendFailure } from "../log/message-log.ts";

/** The doors that a session may come through. */
export type Door = "tcp" | "websocket" | "sse";

/** Why a session ended: the client said so, its connection went, or the error code that closed it. */
export type CloseReason = "quit" | "disconnected" | "failed" | ErrorName;

/** A command's name, or `none` where what came was not a command at all. */
export type CommandLabel = CommandName | "none";

/** What requests ask, by the name under which it is counted. */
export const API_CALLS = [
  "create_chat",
  "get_chat",
  "list_chats",
  "add_member",
  "remove_member",
  "post_message",
  "read_messages",
  "remove_message",
  "mark_read",
  "ban",
  "unban",
  "list_bans",
  "follow",
] as const;

/** One of `API_CALLS`. */
export type ApiCall = (typeof API_CALLS)[number];

/** Everything that is counted, since the start of the process. */
export interface Counts {
  messagesAccepted: number;
  readonly messagesFailed: Record<AppendFailure, number>;
  duplicatesDropped: number;
  recordsDelivered: number;
  recordsStored: number;
  recordsSetAside: number;
  holes: number;
  /** By partition; 0 where another node writes it. */
  readonly lagRecords: number[];
  storeFailures: number;
  readFailures: number;
  internalErrors: number;
  readonly sessionsOpened: Record<Door, number>;
  /** Sessions there are now. */
  readonly sessions: Record<Door, number>;
  readonly sessionsClosed: Record<Door, Partial<Record<CloseReason, number>>>;
  readonly sessionsRefused: Record<Door, Partial<Record<ErrorName, number>>>;
  sessionsBehind: number;
  sessionsLive: number;
  readonly commands: Record<CommandName, number>;
  readonly commandsRefused: Record<CommandLabel, Partial<Record<ErrorName, number>>>;
  readonly requests: Record<ApiCall, number>;
  readonly requestsRefused: Record<ApiCall, Partial<Record<ErrorName, number>>>;
  signIns: number;
  readonly signInsRefused: Record<"wrong_credentials" | "too_many_sign_ins", number>;
  /** Users who have a session over WebSocket. */
  webSocketUsers: number;
  /** Nodes that are alive, this one included. */
  nodesAlive: number;
  snapshots: number;
  snapshotBytes: number;
  logTrims: number;
  recordsRetired: number;
}

/** Nothing counted yet. Each name is there from the start, so that a dashboard shows 0 and not a gap. */
export function noCounts(): Counts {
  return {
    messagesAccepted: 0,
    messagesFailed: { not_sent: 0, unknown: 0, overloaded: 0 },
    duplicatesDropped: 0,
    recordsDelivered: 0,
    recordsStored: 0,
    recordsSetAside: 0,
    holes: 0,
    lagRecords: [],
    storeFailures: 0,
    readFailures: 0,
    internalErrors: 0,
    sessionsOpened: { tcp: 0, websocket: 0, sse: 0 },
    sessions: { tcp: 0, websocket: 0, sse: 0 },
    sessionsClosed: { tcp: {}, websocket: {}, sse: {} },
    sessionsRefused: { tcp: {}, websocket: {}, sse: {} },
    sessionsBehind: 0,
    sessionsLive: 0,
    commands: { hello: 0, join_room: 0, leave_room: 0, send_message: 0, history: 0, typing: 0, quit: 0 },
    commandsRefused: {
      hello: {},
      join_room: {},
      leave_room: {},
      send_message: {},
      history: {},
      typing: {},
      quit: {},
      none: {},
    },
    requests: forEachCall(() => 0),
    requestsRefused: forEachCall(() => ({})),
    signIns: 0,
    signInsRefused: { wrong_credentials: 0, too_many_sign_ins: 0 },
    webSocketUsers: 0,
    nodesAlive: 1,
    snapshots: 0,
    snapshotBytes: 0,
    logTrims: 0,
    recordsRetired: 0,
  };
}

function forEachCall<T>(make: () => T): Record<ApiCall, T> {
  return Object.fromEntries(API_CALLS.map((call) => [call, make()])) as Record<ApiCall, T>;
}
