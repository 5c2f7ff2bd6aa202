/**
 * The SDK: frames over a WebSocket. In a browser it is the browser's own; in Node a class is handed in, that of the
 * package `ws` or any other that has the same shape.
 */
import type { CloseReason, Connect, Transport, TransportEvents } from "./transport.ts";

/** What is used of a WebSocket. Whatever the events hold beside what is read here, they may. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

/** What makes one. */
export type WebSocketClass = new (url: string) => WebSocketLike;

/** What the class of `ws` tells in addition: a browser can't see with what a WebSocket was refused. */
interface RefusalTeller {
  on?(
    type: "unexpected-response",
    listener: (
      request: { destroy(): void },
      response: { readonly statusCode?: number; readonly headers: Readonly<Record<string, unknown>> },
    ) => void,
  ): void;
  terminate?(): void;
}

/** Connects to the `/ws` of a server. `ownClass` = the browser's own where it is left out; throws where there is none. */
export function webSocketTransport(url: string, ownClass?: WebSocketClass): Connect {
  const used = ownClass ?? (globalThis as unknown as { WebSocket?: WebSocketClass }).WebSocket;
  if (used === undefined) throw new TypeError("there is no WebSocket here: hand in a class, as that of the package ws");
  return () => new WebSocketTransport(url, used);
}

class WebSocketTransport implements Transport {
  readonly #url: string;
  readonly #class: WebSocketClass;
  #socket: (WebSocketLike & RefusalTeller) | undefined;
  #on: TransportEvents | undefined;

  constructor(url: string, ownClass: WebSocketClass) {
    this.#url = url;
    this.#class = ownClass;
  }

  open(on: TransportEvents): void {
    this.#on = on;
    const socket: WebSocketLike & RefusalTeller = new this.#class(this.#url);
    this.#socket = socket;
    socket.onopen = () => this.#on?.opened();
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      if (typeof data === "string") this.#on?.received(data);
    };
    socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) =>
      this.#closed({ code, text: reason });
    // `onclose` follows.
    socket.onerror = () => undefined;
    socket.on?.("unexpected-response", (request, { statusCode, headers }) => {
      this.#closed({ code: statusCode, text: String(headers["location"] ?? `HTTP ${statusCode}`) });
      request.destroy();
    });
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  close(): void {
    this.#on = undefined;
    // A peer that is gone would keep a socket that asks it for leave.
    const socket = this.#socket;
    socket?.terminate === undefined ? socket?.close() : socket.terminate();
  }

  #closed(reason: CloseReason): void {
    const on = this.#on;
    this.#on = undefined;
    on?.closed(reason);
  }
}
