/**
 * Stages 1 and 6 over WebSocket: `/ws`, a session as over TCP, and `/ws/connect/{user_id}`, the messages of one's chats.
 * Takes the requests of the HTTP door that ask for one, and says who each connection is before it becomes one. Sees
 * commands and sessions, never log, store or projector.
 */
import type { IncomingHttpHeaders, IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ErrorName } from "../../protocol/error-codes.ts";
import type { Limits } from "../../protocol/limits.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { User } from "../auth/user.ts";
import type { Clock, Timer } from "../clock.ts";
import { CommandError } from "../commands/command-error.ts";
import type { Dispatcher } from "../commands/dispatch.ts";
import type { Session, SessionOptions } from "../fanout/session.ts";
import type { Place } from "../fanout/sessions.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { credentialsOf } from "./http/credentials.ts";
import { isAnswering } from "./http/node-server.ts";
import type { Origins } from "./http/origins.ts";
import { isPassedOver, passOver } from "./http/passed-over.ts";
import { problem } from "./http/problem.ts";
import { WebSocketConnection } from "./websocket-connection.ts";
import { WebSocketFraming } from "./websocket-frames.ts";
import { handshakeAnswer, isForWebSockets, refusalAnswer, type Target, targetOf } from "./websocket-handshake.ts";
import { Heartbeat } from "./websocket-heartbeat.ts";

/** How long a request that was refused may take to hear it, in milliseconds. */
const LINGER_MS = 2000;

/** What the door needs of the server. */
export interface WebSocketDoor {
  readonly sessions: {
    takePlace(address: string): Place | undefined;
    open(options: SessionOptions): Session;
    close(session: Session, code: ErrorName, text: string): void;
  };
  readonly dispatcher: Pick<Dispatcher, "handle" | "settled" | "greet" | "openFeed">;
  readonly guests: {
    /** A new guest, who leaves with their session. */
    admit(): Promise<User & { readonly token: string }>;
    newToken(): string;
    leave(token: string): Promise<void>;
  };
  readonly authenticator: Pick<Authenticator, "identify" | "mode">;
  /** Whether whoever shows nothing is a guest; otherwise they have to say `hello` with a token first. */
  readonly takesGuests: boolean;
  readonly limits: Pick<Limits, "frameBytesMax" | "signInSecondsMax">;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly origins: Pick<Origins, "refusal">;
  /** The address of a client, as the trusted proxies tell it, or `undefined` where they disagree; `socketAddress` = who is connected. */
  clientAddress(socketAddress: string, headers: IncomingHttpHeaders): string | undefined;
}

/** The WebSocket door. */
export interface WebSockets {
  /** Opens no more WebSockets; those there are go on until their sessions end. */
  close(): void;
}

/** Takes the upgrade requests of a server from now on. */
export function attachWebSockets(server: Server, door: WebSocketDoor): WebSockets {
  const upgrades = new Upgrades(server, door);
  const upgrade = (request: IncomingMessage, duplex: Duplex, head: Buffer): void => {
    const socket = duplex as Socket;
    // Sent behind requests that are not answered yet: their answers would run into the frames, or come after this one's.
    if (isAnswering(socket)) socket.destroy();
    else if (!isForWebSockets(request) && isPassedOver(request)) passOver(server, request, socket, head);
    else void upgrades.take(request, socket, head);
  };
  server.on("upgrade", upgrade);
  return { close: () => upgrades.stop() };
}

/** Who somebody turned out to be. */
type Arrival = Pick<SessionOptions, "token" | "user" | "credential">;

class Upgrades {
  readonly #server: Server;
  readonly #door: WebSocketDoor;
  readonly #framing = new WebSocketFraming();
  readonly #heartbeat: Heartbeat;
  #isStopped = false;

  constructor(server: Server, door: WebSocketDoor) {
    this.#server = server;
    this.#door = door;
    this.#heartbeat = new Heartbeat(door.clock);
  }

  stop(): void {
    this.#isStopped = true;
    this.#heartbeat.stop();
  }

  /** Makes a request's connection a WebSocket, or says why not. Never rejects. */
  async take(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on("error", () => {
      // An error closes the socket, and closing is what is listened to.
    });
    let place: Place | undefined;
    try {
      const target = targetOf(request);
      const answer = this.#check(request);
      const address = this.#door.clientAddress(socket.remoteAddress ?? "", request.headers);
      if (address === undefined) throw new CommandError("bad_request", "the proxies disagree on who you are");
      place = this.#door.sessions.takePlace(address);
      if (place === undefined) throw new CommandError("too_many_sessions", "this server is full; try again later");
      const arrival = await this.#identify(request, target, address);
      if (socket.destroyed || this.#isStopped) await this.#door.guests.leave(arrival.token);
      if (this.#isStopped) throw stopping();
      if (socket.destroyed) {
        place.release();
        return;
      }
      socket.setTimeout(0);
      socket.write(answer);
      this.#open(socket, head, target, { ...arrival, address }, place);
    } catch (error) {
      place?.release();
      this.#refuse(socket, error);
    }
  }

  /** Whether the request may become a WebSocket, whoever asks; gives the answer to it. */
  #check(request: IncomingMessage): string {
    if (this.#isStopped) throw stopping();
    const foreign = this.#door.origins.refusal(request.headers, true);
    if (foreign !== undefined) throw new CommandError("wrong_origin", foreign);
    return handshakeAnswer(request, this.#server.maxHeadersCount);
  }

  async #identify(request: IncomingMessage, target: Target, address: string): Promise<Arrival> {
    const { authenticator, takesGuests, guests } = this.#door;
    // In open mode whoever names a user is that user: the address says who, so the cookie has nothing to say.
    const named = target.type === "feed" && authenticator.mode === "open" ? target.user : undefined;
    const shown = credentialsOf(request.headers);
    const userIdCookie = named === undefined ? shown.userIdCookie : undefined;
    const signedIn = await authenticator.identify({ ...shown, userIdCookie, named, address });
    if (target.type === "feed") {
      if (signedIn === undefined) throw new CommandError("unauthorized", "sign in to hear your chats");
      if (signedIn.user.id !== target.user) throw new CommandError("forbidden", "these are the chats of somebody else");
    }
    if (signedIn !== undefined) return { ...signedIn, token: guests.newToken() };
    const user = await guests.admit();
    return { user, token: user.token, credential: takesGuests ? { type: "guest", user: user.id } : undefined };
  }

  #open(
    socket: Socket,
    head: Buffer,
    target: Target,
    arrival: Arrival & { readonly address: string },
    place: Place,
  ): void {
    const { sessions, dispatcher, clock, limits } = this.#door;
    const { frameBytesMax } = limits;
    const heartbeat = this.#heartbeat;
    const transport = new WebSocketConnection({ socket, dispatcher, clock, heartbeat, frameBytesMax });
    const session = sessions.open({ door: "websocket", transport, framing: this.#framing, ...arrival });
    if (target.type === "session") {
      session.extended = true;
      dispatcher.greet(session);
    } else {
      dispatcher.openFeed(session);
    }
    const late = session.credential === undefined ? this.#awaitSignIn(session) : undefined;
    transport.start(session, head, () => {
      late?.cancel();
      place.release();
    });
  }

  #awaitSignIn(session: Session): Timer {
    const { clock, limits, sessions } = this.#door;
    return clock.after(limits.signInSecondsMax * 1000, () => {
      if (session.credential !== undefined || session.ended) return;
      sessions.close(session, "sign_in_timeout", `say hello with a token within ${limits.signInSecondsMax} s`);
    });
  }

  #refuse(socket: Socket, error: unknown): void {
    const { code, message } = this.#explain(error);
    this.#door.telemetry.sessionRefused("websocket", code);
    if (socket.destroyed) return;
    const linger = this.#door.clock.after(LINGER_MS, () => socket.destroy());
    socket.on("close", () => linger.cancel());
    socket.resume();
    socket.end(refusalAnswer(problem(code, message)));
  }

  /** What a client is told of an error. One that is none of theirs is told of, and they may try again. */
  #explain(error: unknown): { readonly code: ErrorName; readonly message: string } {
    if (error instanceof CommandError) return error;
    this.#door.telemetry.readFailed(error);
    return { code: "unavailable", message: "the server can't take you right now; try again" };
  }
}

const stopping = (): CommandError => new CommandError("going_away", "the server is stopping; come back and resume");
