/**
 * Stages 1 and 6 over HTTP: the API, server-sent events, documentation, health and metrics, and the pages; WebSockets
 * hang on the same server. Sees commands and sessions, never log, store or projector.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { SecureContextOptions, Server as TlsServer } from "node:tls";
import type { FastifyRequest } from "fastify";
import { CommandError } from "../../commands/command-error.ts";
import type { Listen } from "../../config/config.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { PageFrame } from "../pages/door.ts";
import { registerPages } from "../pages/pages.ts";
import { refuseSignIn } from "../pages/sign-in-routes.ts";
import { readWebClient, webFolder } from "../web/web-assets.ts";
import { attachWebSockets, type WebSocketDoor } from "../websocket.ts";
import { failureAnswer, writeFailure } from "./answers.ts";
import { createApp } from "./app.ts";
import { notedCalls, POST_MESSAGE_PATH } from "./calls.ts";
import { addDocs } from "./docs.ts";
import type { HttpDoor } from "./door.ts";
import { EventStreams } from "./events.ts";
import { Gate } from "./gate.ts";
import { createNodeServer, listenOn } from "./node-server.ts";
import { openApi } from "./openapi.ts";
import { addOperations } from "./operations.ts";
import { Origins } from "./origins.ts";
import { pagesDoor } from "./pages-door.ts";
import { PostLane, type Posts } from "./post-lane.ts";
import { PostMessage } from "./post-message.ts";
import { addCalls, askOf } from "./register.ts";
import { Turns } from "./turns.ts";
import { Visitors } from "./visitors.ts";

/**
 * Connections beside as many as there may be sessions: for short requests, and to tell who comes too many that the server
 * is full. Half of the open files that are kept from sessions.
 */
const CONNECTIONS_BESIDE_SESSIONS = 256;

/** What the door needs. */
export interface HttpGatewayOptions {
  readonly listen: Listen;
  /** Origins (`https://chat.example.org`) whose pages may speak to this server; their hosts are names of it. */
  readonly origins: readonly string[];
  /** Certificate and key, where the door speaks TLS. */
  readonly tls: SecureContextOptions | undefined;
  readonly door: HttpDoor & Omit<WebSocketDoor, "origins" | "clientAddress">;
}

/** The open HTTP door. */
export interface HttpGateway {
  /** Where it listens, with the real port. */
  readonly listen: Listen;
  /** Uses another certificate for whoever connects from now on. */
  setSecureContext(tls: SecureContextOptions): void;
  /**
   * Takes no more connections and requests. What is being answered goes on, and so do sessions: whoever stops the server
   * ends those, then calls `close`.
   */
  stopAccepting(): void;
  /** Ends whatever still runs. */
  close(): Promise<void>;
}

/**
 * Opens the HTTP door.
 * @throws StartError where the address can't be listened on; it names the flag to change.
 */
export async function openHttpGateway(options: HttpGatewayOptions): Promise<HttpGateway> {
  const { door, listen } = options;
  const origins = new Origins({ mode: door.auth.mode, listenHost: listen.host, origins: options.origins });
  const gate = new Gate(origins);
  const visitors = new Visitors(door);
  const streams = new EventStreams(door);
  const posts = new PostMessage(door, visitors);
  const turns = new Turns();
  let lane: PostLane | undefined;
  const makeServer = (handle: RequestListener): Server => {
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      // What came before the server began to stop is answered, though it waits.
      const refusal = gate.refusal(request);
      turns.take(request, response, () => {
        if (refusal !== undefined) writeFailure(response, refusal, door.telemetry);
        else if (!posts.take(request, response)) handle(request, response);
      });
    };
    const { tls } = options;
    const server = createNodeServer(take, tls, door.limits.sessionsMax + CONNECTIONS_BESIDE_SESSIONS);
    if (tls === undefined) lane = new PostLane(server, lanePosts(gate, posts, door.telemetry), door.clock);
    return server;
  };
  const app = createApp(door, makeServer, [{ method: "POST", path: POST_MESSAGE_PATH }]);
  const { mode, signUp, openAnyway } = door.auth;
  const frame: PageFrame = { mode, signUp, openAnyway: mode === "open" && openAnyway, web: readWebClient(webFolder()) };
  addCalls(app, door, {
    visitors,
    streams,
    refuseSignIn: (reply, asked, error) => void refuseSignIn(reply, frame, asked, error),
  });
  const guard = onlyAdmins(door, visitors);
  const isAdmin = (request: FastifyRequest): Promise<boolean> =>
    guard(request).then(
      () => true,
      () => false,
    );
  addOperations(app, door, guard, isAdmin);
  addDocs(app, openApi(notedCalls()), guard, door.telemetry);
  registerPages(app, pagesDoor(door, visitors, frame));
  await app.ready();

  const { server } = app;
  const clientAddress: WebSocketDoor["clientAddress"] = (peer, headers) => door.proxies.clientAddress(peer, headers);
  const webSockets = attachWebSockets(server, { ...door, origins, clientAddress });
  const stopAccepting = (): void => {
    gate.stop();
    webSockets.close();
    lane?.stop();
    server.close();
  };
  const close = async (): Promise<void> => {
    stopAccepting();
    streams.close();
    lane?.close();
    server.closeAllConnections();
    await app.close();
  };
  try {
    const address = await listenOn(server, "http", listen);
    const setSecureContext = (tls: SecureContextOptions): void => {
      if ("setSecureContext" in server) (server as unknown as TlsServer).setSecureContext(tls);
    };
    return { listen: address, setSecureContext, stopAccepting, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Posts that have to pass the gate. */
function lanePosts(gate: Gate, posts: PostMessage, telemetry: Telemetry): Posts {
  return {
    roomOf: (request) => posts.roomOf(request),
    answer: (request, room, body) => {
      const refusal = gate.refusal(request);
      return refusal === undefined
        ? posts.answer(request, room, body)
        : Promise.resolve(failureAnswer(refusal, telemetry));
    },
  };
}

/** In open mode there are no admins to ask, and the door is on loopback. */
function onlyAdmins(door: HttpDoor, visitors: Visitors): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    if (door.auth.mode === "open") return;
    const { user } = await askOf(visitors, request).actor();
    if (!user.isAdmin) throw new CommandError("forbidden", "this is for admins");
  };
}
