/**
 * The SDK: what carries frames to a server and back. Both transports of the package stand beside it; whoever has another
 * way writes their own.
 */

/** Why a connection is over. */
export interface CloseReason {
  /** The close code of a WebSocket, or the HTTP status with which it was refused; `undefined` where there is none. */
  readonly code: number | undefined;
  /** For a person. Where a WebSocket was redirected, where to. */
  readonly text: string;
}

/** What a transport tells. After `closed` it MUST tell nothing more. */
export interface TransportEvents {
  /** Frames can be sent. */
  opened(): void;
  /** One frame: one JSON text, without line end. */
  received(text: string): void;
  /** The connection is over, or never came to be. MUST be told once, unless `close` was called. */
  closed(reason: CloseReason): void;
}

/** One connection, made anew for each attempt. */
export interface Transport {
  /** Called once. */
  open(on: TransportEvents): void;
  /** Sends one JSON text without line end. Called between `opened` and `closed` only. */
  send(text: string): void;
  /** Ends the connection. May come before `open`, which is then never called; and more than once. */
  close(): void;
}

/** Makes the transport of one attempt. */
export type Connect = () => Transport;
