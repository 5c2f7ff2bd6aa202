/**
 * Test support, load: the ways in by which somebody who chats comes: over TCP or WebSocket, as a guest or as a user of the
 * open mode, or over `/ws/connect/{user_id}`, which begins as an ear only.
 */
import { WebSocket } from "ws";
import type { ChatEvent, Listener } from "./chat-client.ts";

/** Who comes, and through which door. */
export type Entrance =
  | { readonly type: "guest"; readonly over: "tcp" | "websocket" }
  | { readonly type: "user"; readonly over: "tcp" | "websocket" | "feed"; readonly id: string; readonly name: string };

/** One connection of somebody who chats, whatever door it goes through. */
export interface ChatLink {
  /** Resolves once it is gone, however it went. */
  readonly ended: Promise<void>;
  readonly hasEnded: boolean;
  /** Sends one command; what is sent on a connection that is gone is lost. */
  send(command: Readonly<Record<string, unknown>>): void;
  drop(): void;
}

/** A connection over WebSocket, by the client of the package `ws`. */
export class WebSocketLink implements ChatLink {
  readonly ended: Promise<void>;
  hasEnded = false;
  /** Whether it ever was a WebSocket. */
  wasOpen = false;
  /** The code that the connection was closed with; 1006 where the server said none. */
  closeCode: number | undefined;
  readonly #socket: WebSocket;

  /** `opened` is called once the connection is a WebSocket, before anything is heard. */
  constructor(port: number, path: string, userId: string | undefined, listener: Listener, opened: () => void) {
    const headers = userId === undefined ? {} : { cookie: `user_id=${userId}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers, perMessageDeflate: false });
    this.#socket = socket;
    socket.on("open", () => {
      this.wasOpen = true;
      opened();
    });
    socket.on("message", (data: Buffer) => listener(JSON.parse(data.toString()) as ChatEvent));
    // An error closes it, and closing is what is listened to.
    socket.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      socket.on("close", (code) => {
        this.closeCode = code;
        this.hasEnded = true;
        resolve();
      });
    });
  }

  send(command: Readonly<Record<string, unknown>>): void {
    this.#socket.send(JSON.stringify(command), () => undefined);
  }

  /** Reads nothing more until `readOn`. */
  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  drop(): void {
    this.#socket.terminate();
  }
}
