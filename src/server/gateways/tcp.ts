/**
 * Stages 1 and 6 over TCP: newline-delimited JSON. Takes connections, gives each a guest and a session. Sees commands
 * and sessions, never log, store or projector.
 */
import { createServer, type Server, type Socket } from "node:net";
import { error, loginSuccessful } from "../../protocol/events.ts";
import { LINE_END } from "../../protocol/framing.ts";
import type { Guests } from "../auth/guests.ts";
import type { Clock } from "../clock.ts";
import type { Dispatcher } from "../commands/dispatch.ts";
import type { Listen } from "../config/config.ts";
import type { Place, Sessions } from "../fanout/sessions.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { listenError } from "./listen-error.ts";
import { TcpConnection } from "./tcp-connection.ts";

/**
 * How long a connection is silent before the kernel asks whether the peer is there, in milliseconds; with the ten
 * probes a second apart that Node sets, a peer that is gone is found within 70 s.
 */
const KEEP_ALIVE_MS = 60_000;

/** What the door needs of the server. */
export interface TcpGatewayOptions {
  readonly sessions: Sessions;
  readonly dispatcher: Dispatcher;
  readonly guests: Guests;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly lineBytesMax: number;
  /** The JSON text of the rooms. */
  readonly listings: string;
}

/** The TCP door. */
export class TcpGateway {
  readonly #options: TcpGatewayOptions;
  readonly #server: Server;

  constructor(options: TcpGatewayOptions) {
    this.#options = options;
    // No `noDelay`: what a session hears in a turn is one write already, and where the peer has not acknowledged the last
    // one, the kernel sends the next ones together; at many small messages that is a quarter of the processor time.
    const settings = { allowHalfOpen: true, pauseOnConnect: true };
    this.#server = createServer({ ...settings, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) =>
      this.#connected(socket),
    );
  }

  /** Listens, and gives the address that it got. Throws a `StartError` where it can't. */
  async listen({ host, port }: Listen): Promise<Listen> {
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) => reject(listenError("tcp", { host, port }, cause)));
      server.listen({ host, port, backlog: 4096 }, resolve);
    });
    server.removeAllListeners("error");
    // A connection that can't be taken, for want of a file descriptor say, hurts nobody else.
    server.on("error", (cause) => this.#options.telemetry.internalError("accept", cause));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP server has an address");
    return { host: address.address, port: address.port };
  }

  /** Takes no more connections; those there are go on. */
  close(): void {
    this.#server.close();
  }

  #connected(socket: Socket): void {
    const { sessions, telemetry } = this.#options;
    socket.on("error", () => {
      // An error closes the socket, and closing is what is listened to.
    });
    const place = sessions.takePlace(socket.remoteAddress ?? "");
    if (place === undefined) {
      telemetry.sessionRefused("tcp", "too_many_sessions");
      refuse(socket, error("too_many_sessions", "this server is full; try again later", undefined, undefined));
      return;
    }
    this.#admit(socket, place).catch((cause: unknown) => {
      place.release();
      telemetry.sessionRefused("tcp", "unavailable");
      telemetry.readFailed(cause);
      refuse(socket, error("unavailable", "the server can't take you right now; try again", undefined, undefined));
    });
  }

  async #admit(socket: Socket, place: Place): Promise<void> {
    const { sessions, dispatcher, guests, clock, lineBytesMax, listings } = this.#options;
    const guest = await guests.admit();
    if (socket.destroyed) {
      place.release();
      await guests.leave(guest.token);
      return;
    }
    const connection = new TcpConnection(socket, dispatcher, clock, lineBytesMax);
    const session = sessions.open("tcp", connection, guest.token, guest);
    session.answer(loginSuccessful(session.token, session.user.name, listings));
    connection.start(session, () => place.release());
  }
}

function refuse(socket: Socket, event: string): void {
  socket.resume();
  socket.end(event + LINE_END, () => socket.destroy());
}
