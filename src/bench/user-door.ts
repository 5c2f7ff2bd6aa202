/**
 * Load tool, the doors by which a user of the room wire comes in: lines over TCP, or a frame each over WebSocket. What
 * is said is the same.
 */
import { BenchSocket, type SharedReadBuffer } from "./bench-socket.ts";
import { BenchWebSocket } from "./bench-web-socket.ts";
import type { EventScanner, Framing } from "./event-scanner.ts";
import type { LineTemplate } from "./message-layout.ts";
import { FrameTemplate, type WebSocketAddress } from "./web-socket-frames.ts";

/** What a user's connection tells. */
export interface UserEvents {
  /** Events are about to be scanned. */
  readonly reading: () => void;
  /** Everything that one read gave has been scanned. */
  readonly scanned: () => void;
  /** The connection is gone, with the reason; not called after `close`. */
  readonly lost: (reason: string) => void;
}

/** A user's connection. */
export interface UserConnection {
  /** Whether bytes can still be sent. */
  readonly open: boolean;
  /** Sends what templates of the same door have written. */
  write(bytes: Uint8Array): void;
  /** Sends commands, all in one write. */
  say(commands: readonly string[]): void;
  /** Ends the connection at once. */
  close(): void;
}

/** A way in. */
export interface UserDoor {
  readonly framing: Framing;
  /** A template of lines as one whose bytes this door takes. */
  template(line: LineTemplate): LineTemplate;
  connect(shared: SharedReadBuffer, scanner: EventScanner, events: UserEvents): UserConnection;
}

/** Lines over TCP. */
export function tcpDoor(host: string, port: number): UserDoor {
  return {
    framing: "lines",
    template: (line) => line,
    connect: (shared, scanner, { reading, scanned, lost }) => {
      const scan = (bytes: Buffer, from: number, to: number): number => {
        reading();
        return scanner.scan(bytes, from, to);
      };
      const socket = new BenchSocket(host, port, shared, { scan, scanned, lost });
      return {
        get open() {
          return socket.open;
        },
        write: (bytes) => socket.write(bytes),
        say: (commands) => socket.write(commands.map((command) => `${command}\n`).join("")),
        close: () => socket.close(),
      };
    },
  };
}

/** Frames over WebSocket. */
export function webSocketDoor(address: WebSocketAddress): UserDoor {
  return {
    framing: "frames",
    template: (line) => new FrameTemplate(line),
    connect: (shared, scanner, { reading, scanned, lost }) => {
      const text = (bytes: Buffer, from: number, to: number): void => scanner.frame(bytes, from, to);
      return new BenchWebSocket(address, shared, { opened: () => undefined, reading, text, scanned, lost });
    },
  };
}
