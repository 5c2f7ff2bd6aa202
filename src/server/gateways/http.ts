/**
 * Stage 1, the HTTP door: health, readiness and metrics, for whoever runs the server. Touches the network, telemetry
 * and the readiness that it is handed; nothing of log, store or projector.
 */
import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Listen } from "../config/config.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { isAllowedHost, isAllowedOrigin } from "./http-host.ts";
import type { Problem } from "./http-problem.ts";
import { problem } from "./http-problem.ts";
import { listenError } from "./listen-error.ts";

/** Whether the server can do its work, check by check. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>;
}

/** What the HTTP door needs. */
export interface HttpGatewayOptions {
  readonly listen: Listen;
  readonly telemetry: Telemetry;
  /** Looks at log, store and lag. Must answer within a second or two. */
  readonly readiness: () => Promise<Readiness>;
}

/** The open HTTP door. */
export interface HttpGateway {
  /** Where it listens, with the real port. */
  readonly listen: Listen;
  /** Takes no more requests and ends those that run. */
  close(): Promise<void>;
}

const REQUEST_MS_MAX = 10_000;
const KEEP_ALIVE_MS = 5_000;
const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 64;
const CONNECTIONS_MAX = 256;
/** Nothing that is asked here has a body. */
const BODY_BYTES_MAX = 1024;

/**
 * Opens the HTTP door.
 * @throws StartError where the address can't be listened on; it names the flag to change.
 */
export async function openHttpGateway(options: HttpGatewayOptions): Promise<HttpGateway> {
  const { listen, telemetry } = options;
  // Loaded here, so that a server without this door does not carry it.
  const { fastify } = await import("fastify");
  const server: FastifyInstance = fastify({
    logger: false,
    // Fastify sets it to 0 = for ever.
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    http: { maxHeaderSize: HEADER_BYTES_MAX },
    clientErrorHandler: refuseRequest,
    frameworkErrors: (error, _request, reply) => {
      send(reply, problem(error.statusCode ?? 400, error.message));
    },
  });
  server.server.maxHeadersCount = HEADERS_MAX;
  server.server.maxConnections = CONNECTIONS_MAX;

  server.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
    // Any web page can make a browser send requests here; only pages of our own address may.
    if (!isAllowedHost(request.headers.host, listen.host)) {
      return send(reply, problem(421, "the Host of the request is not an address of this server"));
    }
    if (!isAllowedOrigin(request.headers)) {
      return send(reply, problem(403, "the request comes from a page of another origin"));
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return send(reply.header("allow", "GET, HEAD"), problem(405, `${request.method} is not possible here`));
    }
    return undefined;
  });
  server.get("/healthz", async () => ({ status: "ok" }));
  server.get("/readyz", async (_request, reply) => {
    const { ready, checks } = await look(options);
    return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not ready", checks });
  });
  server.get("/metrics", async (_request, reply) => reply.type(telemetry.contentType).send(await telemetry.render()));
  server.setNotFoundHandler((_request, reply) => send(reply, problem(404, "there is /healthz, /readyz and /metrics")));
  server.setErrorHandler((error, _request, reply) => {
    const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
    if (typeof status === "number" && status >= 400 && status < 500)
      return send(reply, problem(status, "the request could not be understood"));
    telemetry.internalError("http", error);
    return send(reply, problem(500, "the server failed; its log says why"));
  });

  try {
    await server.listen({ host: listen.host, port: listen.port });
  } catch (error) {
    await server.close();
    throw listenError("http", listen, error);
  }
  const address = server.server.address();
  const port = typeof address === "object" && address !== null ? address.port : listen.port;
  return { listen: { host: listen.host, port }, close: () => server.close() };
}

/** A readiness that can't be found out is not ready. */
async function look({ readiness, telemetry }: HttpGatewayOptions): Promise<Readiness> {
  try {
    return await readiness();
  } catch (error) {
    telemetry.internalError("readiness", error);
    return { ready: false, checks: { readiness: { ok: false, detail: "could not be found out; see the log" } } };
  }
}

function send(reply: FastifyReply, body: Problem): FastifyReply {
  return reply.code(body.status).type("application/problem+json").send(JSON.stringify(body));
}

/** Answers what is no request at all, before Fastify sees one, and closes. */
function refuseRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ""] ?? 400;
  const answer = problem(status, "the request could not be read");
  const body = JSON.stringify(answer);
  socket.end(
    `HTTP/1.1 ${status} ${answer.title}\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
