/**
 * Stages 1 and 6 over TCP: newline-delimited JSON. Takes connections, gives each a guest and a session. Sees commands
 * and sessions, never log, store or projector.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, type SecureContextOptions, TLSSocket } from "node:tls";
import { error } from "../../protocol/events.ts";
import { LINE_END } from "../../protocol/framing.ts";
import type { Limits } from "../../protocol/limits.ts";
import type { Guests } from "../auth/guests.ts";
import type { Clock, Timer } from "../clock.ts";
import type { Dispatcher } from "../commands/dispatch.ts";
import { canonicalAddress } from "../config/addresses.ts";
import type { Listen } from "../config/config.ts";
import { LineFraming } from "../fanout/framing.ts";
import type { Session } from "../fanout/session.ts";
import type { Place, Sessions } from "../fanout/sessions.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { listenError } from "./listen-error.ts";
import { TcpConnection } from "./tcp-connection.ts";
import { readClientAddress } from "./tcp-proxy.ts";

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
  readonly limits: Pick<Limits, "lineBytesMax" | "signInSecondsMax">;
  /** Whether whoever shows nothing is a guest; otherwise they have to say `hello` with a token first. */
  readonly takesGuests: boolean;
  /** Certificate and key, where the door speaks TLS. */
  readonly tls: SecureContextOptions | undefined;
  /** Whether a connection from an address begins with a PROXY protocol header, for it is a trusted proxy's. */
  readonly isProxy: (address: string) => boolean;
}

/** The TCP door. */
export class TcpGateway {
  readonly #options: TcpGatewayOptions;
  readonly #server: Server;
  readonly #framing = new LineFraming();
  #secureContext: SecureContext | undefined;

  constructor(options: TcpGatewayOptions) {
    this.#options = options;
    // `noDelay`: without it the kernel holds a small write back until the peer has acknowledged the one before, and a peer
    // with nothing to say does so 40 ms later. What a session hears in a turn is one write already (FAN-3).
    this.#server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
      (socket) => this.#connected(socket),
    );
    if (options.tls !== undefined) this.setSecureContext(options.tls);
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

  /** Uses another certificate for whoever connects from now on. */
  setSecureContext(tls: SecureContextOptions): void {
    this.#secureContext = createSecureContext(tls);
  }

  /** Takes no more connections; those there are go on. */
  close(): void {
    this.#server.close();
  }

  #connected(socket: Socket): void {
    const { telemetry } = this.#options;
    socket.on("error", () => {
      // An error closes the socket, and closing is what is listened to.
    });
    this.#arrive(socket).then(
      ({ connection, address }) => this.#take(connection, address),
      () => {
        telemetry.sessionRefused("tcp", "bad_request");
        socket.destroy();
      },
    );
  }

  /** Whose a connection is, and the one that is left when what comes before the first line has been read. */
  async #arrive(socket: Socket): Promise<{ connection: Socket; address: string }> {
    const { isProxy, clock, limits } = this.#options;
    const withinMs = limits.signInSecondsMax * 1000;
    // One text for each address, whatever family the door listens on: bans and limits compare them.
    const peer = canonicalAddress(socket.remoteAddress ?? "") ?? "";
    const address = isProxy(peer) ? await readClientAddress(socket, peer, clock, withinMs) : peer;
    if (this.#secureContext === undefined) return { connection: socket, address };
    return { connection: await secure(socket, this.#secureContext, clock, withinMs), address };
  }

  #take(socket: Socket, address: string): void {
    const { sessions, telemetry } = this.#options;
    const place = sessions.takePlace(address);
    if (place === undefined) {
      telemetry.sessionRefused("tcp", "too_many_sessions");
      refuse(socket, error("too_many_sessions", "this server is full; try again later", undefined, undefined));
      return;
    }
    this.#admit(socket, address, place).catch((cause: unknown) => {
      place.release();
      telemetry.sessionRefused("tcp", "unavailable");
      telemetry.readFailed(cause);
      refuse(socket, error("unavailable", "the server can't take you right now; try again", undefined, undefined));
    });
  }

  async #admit(socket: Socket, address: string, place: Place): Promise<void> {
    const { sessions, dispatcher, guests, clock, limits, takesGuests } = this.#options;
    const user = await guests.admit();
    if (socket.destroyed) {
      place.release();
      await guests.leave(user.token);
      return;
    }
    const transport = new TcpConnection(socket, dispatcher, clock, limits.lineBytesMax);
    const credential = takesGuests ? ({ type: "guest", user: user.id } as const) : undefined;
    const { token } = user;
    const session = sessions.open({
      ...{ door: "tcp", transport, framing: this.#framing, token, user, credential, address },
    });
    dispatcher.greet(session);
    const late = takesGuests ? undefined : this.#awaitSignIn(session);
    transport.start(session, () => {
      late?.cancel();
      place.release();
    });
  }

  #awaitSignIn(session: Session): Timer {
    const { clock, limits, sessions } = this.#options;
    return clock.after(limits.signInSecondsMax * 1000, () => {
      if (session.credential !== undefined || session.ended) return;
      sessions.close(session, "sign_in_timeout", `say hello with a token within ${limits.signInSecondsMax} s`);
    });
  }
}

function refuse(socket: Socket, event: string): void {
  socket.resume();
  socket.end(event + LINE_END, () => socket.destroy());
}

/** Speaks TLS on a connection; rejects where that has not begun `withinMs`. */
function secure(socket: Socket, secureContext: SecureContext, clock: Clock, withinMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const secured = new TLSSocket(socket, { isServer: true, secureContext });
    const failed = (): void => {
      timer.cancel();
      secured.destroy();
      reject(new Error("the connection speaks no TLS"));
    };
    const timer = clock.after(withinMs, failed);
    secured.on("error", failed);
    secured.on("close", failed);
    secured.once("secure", () => {
      timer.cancel();
      secured.removeListener("close", failed);
      secured.pause();
      resolve(secured);
    });
  });
}
