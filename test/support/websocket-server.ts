/**
 * Test support: the WebSocket door, on an HTTP server that does nothing else, over the pipeline on memory adapters, with
 * a clock and the directory in the test's hands.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import { systemClock } from "../../src/server/clock.ts";
import { Origins } from "../../src/server/gateways/http/origins.ts";
import { attachWebSockets, type WebSocketDoor } from "../../src/server/gateways/websocket.ts";
import { type MemoryServer, type MemoryServerOptions, startMemoryServer } from "./memory-server.ts";

/** What the test chooses beside what a memory server lets it choose. */
export interface WebSocketServerOptions extends MemoryServerOptions {
  /** Parts of the door that are others than those of the server. */
  readonly door?: Partial<WebSocketDoor>;
}

/** A server with a WebSocket door. */
export interface WebSocketServer extends MemoryServer {
  /** The port of the TCP door. */
  readonly tcpPort: number;
  /** The server's ends of the connections that there are. */
  readonly sockets: ReadonlySet<Socket>;
  /** Takes no more requests, as a server does that begins to stop. */
  closeDoor(): void;
}

/** Starts one. */
export async function startWebSocketServer(options: WebSocketServerOptions = {}): Promise<WebSocketServer> {
  const memory = await startMemoryServer(options);
  const { core, telemetry } = memory;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const clock = options.clock ?? systemClock;
  const { sessions, dispatcher, guests, authenticator } = core;
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.maxHeadersCount = 100;
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const webSockets = attachWebSockets(server, {
    ...{ sessions, dispatcher, guests, authenticator, telemetry, limits, clock },
    takesGuests: true,
    origins: new Origins({ mode: authenticator.mode, listenHost: "127.0.0.1", origins: [] }),
    clientAddress: (address) => address,
    ...options.door,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    ...memory,
    port: (server.address() as AddressInfo).port,
    tcpPort: memory.port,
    sockets,
    closeDoor: () => webSockets.close(),
    stop: async () => {
      webSockets.close();
      server.close();
      await memory.stop();
      for (const socket of sockets) socket.destroy();
    },
  };
}
