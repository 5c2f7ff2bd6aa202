/**
 * Stage 1, the HTTP door: Node's own server: what a connection may cost before anybody has asked for anything, and the
 * answer to what is no request at all.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import type { ErrorName } from "../../../protocol/error-codes.ts";
import type { Listen } from "../../config/config.ts";
import { listenError } from "../listen-error.ts";
import { problem, problemResponse } from "./problem.ts";

/** A whole request, its body too, takes so long at most, in milliseconds. */
const REQUEST_MS_MAX = 10_000;
/** Its headers, in milliseconds; a connection that says nothing at first has as long. */
const HEADERS_MS_MAX = 5_000;
/** How often connections are looked through for those that take too long, in milliseconds. */
const LOOK_EVERY_MS = 1_000;
/** A connection without a request is kept for so long, in milliseconds. */
export const KEEP_ALIVE_MS = 5_000;
/**
 * A connection on which nothing moves, in milliseconds: who asks for a long answer and does not read it must not keep it
 * in memory. What is meant to be silent, a stream or a WebSocket, is looked after as a session and has none.
 */
export const SILENT_MS_MAX = 30_000;
const HEADER_BYTES_MAX = 16 * 1024;
/** Node leaves out what is beyond, so a request that has as many is refused. */
const HEADERS_MAX = 64;

/** Makes a server that does not listen yet; one that speaks TLS is a `https.Server`, and is much the same. */
export function createNodeServer(
  handle: RequestListener,
  tls: SecureContextOptions | undefined,
  connectionsMax: number,
): Server {
  const options = {
    requestTimeout: REQUEST_MS_MAX,
    headersTimeout: HEADERS_MS_MAX,
    connectionsCheckingInterval: LOOK_EVERY_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
    // Looked at with everything else: Node's own answer would have no body.
    requireHostHeader: false,
  };
  const server = tls === undefined ? createServer(options, handle) : createTlsServer({ ...options, ...tls }, handle);
  // What somebody expects beyond `100-continue` may be passed over, and Node's own answer would have no body.
  server.on("checkExpectation", handle);
  server.timeout = SILENT_MS_MAX;
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = connectionsMax;
  return server as Server;
}

/** Whether headers of a request were left out because there were too many: an `Origin` may have been among them. */
export const hasTooManyHeaders = (rawHeaders: readonly string[]): boolean => rawHeaders.length / 2 >= HEADERS_MAX;

/** Whether a request has several `Host`: Node gives the first, and whoever stands before us may have gone by another. */
export function namesTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts > 1;
}

/**
 * Listens, and gives the address that it got.
 * @throws StartError where the address can't be listened on; it names the flag to change.
 */
export async function listenOn(server: Server, flag: "http" | "ops", { host, port }: Listen): Promise<Listen> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(flag, { host, port }, error)));
    server.listen({ host, port, backlog: 4096 }, resolve);
  });
  server.removeAllListeners("error");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("an HTTP server has an address");
  return { host, port: address.port };
}

/** What Node found wrong with what came, in our words. */
const REFUSALS: Readonly<Record<string, readonly [ErrorName, string]>> = {
  HPE_HEADER_OVERFLOW: ["headers_too_large", `the headers have ${HEADER_BYTES_MAX} bytes at most`],
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "the request took too long to come"],
};

/** A socket as Node's server keeps it: with the response that is on its way, if one is. */
interface AnsweredSocket extends Socket {
  readonly _httpMessage: { readonly headersSent: boolean } | null | undefined;
}

/** Whether a request of a connection is being answered. */
export const isAnswering = (socket: Socket): boolean => (socket as AnsweredSocket)._httpMessage != null;

/** Answers what is no request, before anybody else sees one, and closes. */
export function refuseRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  // What has been answered already, though its body went on, must not be answered twice.
  const isAnswered = (socket as AnsweredSocket)._httpMessage?.headersSent === true;
  if (error.code === "ECONNRESET" || !socket.writable || isAnswered) {
    socket.destroy();
    return;
  }
  const why = REFUSALS[error.code ?? ""] ?? (["bad_request", "this is no HTTP request"] as const);
  socket.end(problemResponse(problem(...why), {}));
}
