/**
 * The SDK: what the package exports as `verbatim-chat/sdk`. The one file of the project that only passes on what others
 * have: it is the face that programs outside see. The transport over TCP, which needs Node, is `verbatim-chat/sdk/tcp`.
 */
// biome-ignore-all lint/performance/noBarrelFile: the package's face
export type { ErrorName } from "../protocol/error-codes.ts";
export { ChatClient, type ChatClientOptions } from "./chat-client.ts";
export type { SdkClock } from "./clock.ts";
export { ChatError } from "./errors.ts";
export { ApiError, HttpApi, type HttpApiOptions } from "./http-api.ts";
export type { Chat, ChatSummary, Me, NewToken, PublicRoom, Token, User } from "./http-shapes.ts";
export type { Room } from "./room.ts";
export type { CloseReason, Connect, Transport, TransportEvents } from "./transport.ts";
export type {
  ClientEvents,
  ConnectionState,
  EndReason,
  HistoryPage,
  KeptOutgoing,
  Message,
  Outgoing,
  OutgoingKeeper,
  Presence,
  RoomChange,
  RoomEvents,
  RoomListing,
  RoomRecord,
  RoomState,
  SendState,
} from "./types.ts";
export { type WebSocketClass, type WebSocketLike, webSocketTransport } from "./web-socket-transport.ts";
