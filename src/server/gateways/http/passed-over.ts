/**
 * Stage 1, the HTTP door: a request that offers to go on in another protocol (`Upgrade: h2c`), as Java's own client and
 * `curl --http2` do with the first request of each connection. A server may pass that over and answer as ever (RFC 9110,
 * section 7.8). Node can't: once anybody listens for WebSockets it takes each such request away from HTTP. So it is given
 * back, without the offer.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import { hasTooManyHeaders } from "./node-server.ts";

/** What an offer consists of; `Connection` names both, and what else it says is kept. */
const OF_THE_OFFER = ["upgrade", "http2-settings"];

/**
 * Whether a request that Node took away may be given back. Not what is for WebSockets; nor what has lost headers, for an
 * `Origin` may have been among them.
 */
export function isPassedOver({ headers, rawHeaders }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() !== "websocket" && !hasTooManyHeaders(rawHeaders);
}

/** Gives a request back to its server, which reads it anew; `head` = what came after its headers. */
export function passOver(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  // The server listens once more as if the connection had just been opened; this one would be left over each time.
  socket.removeAllListeners("timeout");
  socket.unshift(Buffer.concat([Buffer.from(withoutOffer(request), "latin1"), head]));
  server.emit(server instanceof TlsServer ? "secureConnection" : "connection", socket);
}

/** The head of a request as it came, but for the offer. */
function withoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    const lower = name.toLowerCase();
    if (OF_THE_OFFER.includes(lower)) continue;
    text += `${name}: ${lower === "connection" ? otherOptions(value) : value}\r\n`;
  }
  return `${text}\r\n`;
}

const otherOptions = (connection: string): string =>
  connection
    .split(",")
    .map((option) => option.trim())
    .filter((option) => !OF_THE_OFFER.includes(option.toLowerCase()))
    .join(", ");
