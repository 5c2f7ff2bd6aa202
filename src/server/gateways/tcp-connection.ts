/**
 * Stages 1 and 6 over TCP: one connection: bytes in become lines for the commands, and what a session is told goes out.
 */
import type { Socket } from "node:net";
import { looksLikeHttp } from "../../protocol/framing.ts";
import type { Clock, Timer } from "../clock.ts";
import type { Dispatcher } from "../commands/dispatch.ts";
import type { Transport } from "../fanout/outbox.ts";
import type { Session } from "../fanout/session.ts";
import { type Line, Lines, NOT_UTF8, TOO_LONG } from "./lines.ts";

/** How long a closed connection may take to say its last words, in milliseconds. */
const LINGER_MS = 2000;

/** Bytes that are read of one connection before what it posted is durable; then the others have their turn. */
const UNSETTLED_BYTES_MAX = 256 * 1024;

const ignore = (): void => {
  // Read, and thrown away.
};

/** A connection and, once it is known whose it is, its session. */
export class TcpConnection implements Transport {
  readonly #socket: Socket;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  readonly #lines: Lines;
  readonly #written = (): void => this.#session?.outbox.written();
  #session: Session | undefined;
  #isFirstLine = true;
  /** Bytes that were read since all that was posted had last been settled. */
  #unsettledBytes = 0;
  /** A command is being waited for. */
  #busy = false;
  /** The client will say no more. */
  #halfClosed = false;
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
    socket.on("data", (chunk: Buffer) => {
      this.#lines.feed(chunk);
      this.#pump();
      this.#holdBack(chunk.length);
    });
    socket.on("end", () => {
      this.#halfClosed = true;
      this.#pump();
    });
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
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#pump();
    if (this.#mayRead()) this.#socket.resume();
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

  #mayRead(): boolean {
    const session = this.#session;
    return !this.#busy && session !== undefined && !session.behind && !session.ended;
  }

  /** Hands lines on until one has to be waited for. */
  #pump(): void {
    while (this.#mayRead()) {
      const line = this.#lines.next();
      if (line === undefined) {
        if (this.#halfClosed) this.#finish();
        return;
      }
      this.#take(line);
    }
  }

  /** Without this, one client that floods would fill the append queue, and everybody's messages would wait behind its. */
  #holdBack(bytes: number): void {
    this.#unsettledBytes += bytes;
    if (this.#unsettledBytes <= UNSETTLED_BYTES_MAX || !this.#mayRead()) return;
    this.#unsettledBytes = 0;
    this.#waitFor(this.#dispatcher.settled());
  }

  #take(line: Line): void {
    const session = this.#session;
    if (session === undefined) return;
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
      const done = this.#dispatcher.handle(session, line);
      if (done !== undefined) this.#waitFor(done);
    }
  }

  #waitFor(done: Promise<void>): void {
    this.#busy = true;
    this.#socket.pause();
    void done.then(() => {
      this.#busy = false;
      this.resumeReading();
    });
  }

  /** The client has said all it will: it hears what becomes of it, then the connection closes. */
  #finish(): void {
    this.#halfClosed = false;
    this.#busy = true;
    void this.#dispatcher.settled().then(() => {
      this.#clock.endOfTurn(() => this.#session?.end("disconnected"));
    });
  }
}
