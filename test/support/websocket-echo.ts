/**
 * Test support: an endpoint that sends back what it is sent, made of the door's own handshake, reader and frames. Only
 * tests start it: it is what a conformance suite talks to.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { closeFrame, frameOf, pongFrame, textFrame } from "../../src/server/gateways/websocket-frames.ts";
import { handshakeAnswer } from "../../src/server/gateways/websocket-handshake.ts";
import { type FrameLimits, FrameReader } from "../../src/server/gateways/websocket-reader.ts";

const BINARY = 0x82;

/** An endpoint that listens. */
export interface EchoServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one with these limits. */
export async function startEchoServer(limits: FrameLimits): Promise<EchoServer> {
  const server = createServer();
  const sockets = new Set<Duplex>();
  server.on("upgrade", (request, socket: Duplex, head) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.write(handshakeAnswer(request, server.maxHeadersCount));
    echo(socket, head, limits);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function echo(socket: Duplex, head: Buffer, limits: FrameLimits): void {
  const reader = new FrameReader(
    {
      text: (text) => void socket.write(textFrame(text)),
      binary: (payload) => void socket.write(frameOf(BINARY, payload)),
      ping: (payload) => void socket.write(pongFrame(payload)),
      pong: () => undefined,
      concluded: (code) => void socket.end(closeFrame(code, "")),
      failed: ({ closeCode, text }) => void socket.end(closeFrame(closeCode, text)),
    },
    limits,
  );
  socket.on("data", (chunk: Buffer) => {
    reader.feed(chunk);
    if (socket.writableNeedDrain) socket.pause();
  });
  socket.on("drain", () => socket.resume());
  socket.on("end", () => socket.end());
  reader.feed(head);
}
