/**
 * Stages 1 and 6 over TCP: one connection: bytes in become lines for the commands, and what a session is told goes out.
 */
import type { Socket } from "node:net";
import { looksLikeHttp } from "../../protocol/framing.ts";
import type { Clock, Timer } from "../clock.ts";
import type { Dispatcher } from "../commands/dispatch.ts";
import type { Transport } from "../fanout/outbox.ts";
import type { Session } from "../fanout/session.ts";
import { CommandPump, type CommandSource } from "./command-pump.ts";
import { type Line, Lines, NOT_UTF8, TOO_LONG } from "./lines.ts";

/** How long a closed connection may take to say its last words, in milliseconds. */
const LINGER_MS = 2000;

const ignore = (): void => {
  // Read, and thrown away.
};

/** A connection and, once it is known whose it is, its session. */
export class TcpConnection implements Transport, CommandSource<Line> {
  readonly #socket: Socket;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  readonly #lines: Lines;
  readonly #written = (): void => this.#session?.outbox.written();
  #session: Session | undefined;
  #pump: CommandPump<Line> | undefined;
  #isFirstLine = true;
  #linger: Timer | undefined;

  constructor(socket: Socket, dispatcher: Dispatcher, clock: Clock, lineBytesMax: number) {
    this.#socket = socket;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
    this.#lines = new Lines(lineBytesMax);
  }

  /** Begins to read: the session is there and its first answer given. `closed` is called when the socket is gone. */
  start(session: Session, closed: () => void): void {
    this.#session = session;
    const socket = this.#socket;
    const pump = new CommandPump(session, this, this.#dispatcher, this.#clock);
    this.#pump = pump;
    socket.on("data", (chunk: Buffer) => {
      this.#lines.feed(chunk);
      pump.received(chunk.length);
    });
    socket.on("end", () => pump.finished());
    socket.on("close", () => {
      this.#linger?.cancel();
      session.end("disconnected");
      closed();
    });
    socket.resume();
  }

  pendingBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes, this.#written);
  }

  pauseReading(): void {
    this.pause();
  }

  resumeReading(): void {
    this.#pump?.resume();
  }

  close(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    // What the client still sends is read and thrown away: to close with bytes unread would reset the connection, and
    // the last error line would be lost with it.
    socket.removeAllListeners("data");
    socket.on("data", ignore);
    socket.resume();
    socket.end();
    this.#linger = this.#clock.after(LINGER_MS, () => socket.destroy());
  }

  next(): Line | undefined {
    return this.#lines.next();
  }

  take(line: Line): Promise<void> | undefined {
    const session = this.#session;
    if (session === undefined) return undefined;
    const isFirst = this.#isFirstLine;
    this.#isFirstLine = false;
    if (line === TOO_LONG) {
      session.refuse(
        "line_too_long",
        "the line is too long; what follows it can't be told apart",
        undefined,
        undefined,
      );
      session.end("line_too_long");
    } else if (line === NOT_UTF8) {
      this.#dispatcher.refuseBytes(session);
    } else if (isFirst && looksLikeHttp(line)) {
      session.refuse("not_a_browser", "this port does not speak HTTP", undefined, undefined);
      session.end("not_a_browser");
    } else {
      return this.#dispatcher.handle(session, line);
    }
    return undefined;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
