/**
 * Test support: a connection without a socket. It reads commands as the TCP door does (none while the session is behind
 * or a command is being waited for) and takes bytes as fast as the test says. What the client gets, it gets as lines.
 */

import type { Core } from "../../src/server/core.ts";
import { LineFraming } from "../../src/server/fanout/framing.ts";
import type { Transport } from "../../src/server/fanout/outbox.ts";
import type { Session } from "../../src/server/fanout/session.ts";

/** An event as the client parses it. */
export type WireEvent = Readonly<Record<string, unknown>> & { readonly _et: string };

const CARRIAGE_RETURN = 0x0d;
const NEWLINE = 0x0a;

/** Both ends of one connection. */
export class MemoryConnection implements Transport {
  /** `true`: what is written is taken at once, at the next turn of promises. `false`: only what `take` takes. */
  isFast = true;
  /** Every write that the session made, as it came. */
  readonly writes: Buffer[] = [];
  /** How often the server stopped reading because the session was behind. */
  pauses = 0;
  /** Whether the server closed the connection. */
  isClosed = false;
  /** What is wrong with what came: a write that holds half a line. */
  fault: string | undefined;
  #session: Session | undefined;
  readonly #dispatcher: Core["dispatcher"];
  readonly #heard: (event: WireEvent, line: string) => void;
  readonly #commands: string[] = [];
  #isBusy = false;
  #isCut = false;
  /** Bytes of the writes that were not taken, oldest first, and how much of the first was. */
  readonly #pending: Buffer[] = [];
  #firstTaken = 0;
  #pendingBytes = 0;

  private constructor(core: Core, heard: (event: WireEvent, line: string) => void) {
    this.#dispatcher = core.dispatcher;
    this.#heard = heard;
  }

  /** Connects: a new guest with a session that was told `login_successful`. `heard` gets each event as it is taken. */
  static async open(core: Core, heard: (event: WireEvent, line: string) => void): Promise<MemoryConnection> {
    const guest = await core.guests.admit();
    const connection = new MemoryConnection(core, heard);
    const session = core.sessions.open({
      ...{ door: "tcp", transport: connection, framing: new LineFraming(), token: guest.token, user: guest },
      ...{ credential: { type: "guest", user: guest.id }, address: "127.0.0.1" },
    });
    connection.#begin(session);
    core.dispatcher.greet(session);
    return connection;
  }

  /** The session at the server's end. */
  get session(): Session {
    return this.#session as Session;
  }

  /** Commands that were sent and not yet read by the server. */
  get unread(): number {
    return this.#commands.length;
  }

  /** Sends a command. */
  send(command: object): void {
    this.sendLine(JSON.stringify(command));
  }

  /** Sends a line, whatever it says. */
  sendLine(line: string): void {
    if (this.#isCut) return;
    this.#commands.push(line);
    this.#pump();
  }

  /** Cuts the connection: what was not taken is lost, and the server learns of it. */
  cut(): void {
    if (this.#isCut) return;
    this.#lose();
    this.session.end("disconnected");
  }

  /** The server is gone: nothing comes and nothing goes any more, and nobody learns of it. */
  vanish(): void {
    this.#lose();
  }

  /** Takes up to so many bytes of what was written. Resolves nothing, waits for nothing. */
  take(bytes: number): void {
    let left = Math.min(bytes, this.#pendingBytes);
    while (left > 0) {
      const first = this.#pending[0] as Buffer;
      const part = Math.min(left, first.length - this.#firstTaken);
      this.#firstTaken += part;
      this.#pendingBytes -= part;
      left -= part;
      if (this.#firstTaken < first.length) return;
      this.#pending.shift();
      this.#firstTaken = 0;
      this.#hear(first);
      // As a socket does: once for each write.
      if (!this.#isCut) this.session.outbox.written();
    }
  }

  pendingBytes(): number {
    return this.#pendingBytes;
  }

  write(bytes: Uint8Array): void {
    const write = Buffer.from(bytes);
    this.writes.push(write);
    if (write.at(-1) !== NEWLINE || write.at(-2) !== CARRIAGE_RETURN) this.fault = "a write ends within a line";
    if (this.#isCut) return;
    this.#pending.push(write);
    this.#pendingBytes += write.length;
    if (this.isFast) queueMicrotask(() => this.take(Number.MAX_SAFE_INTEGER));
  }

  pauseReading(): void {
    this.pauses += 1;
  }

  resumeReading(): void {
    this.#pump();
  }

  close(): void {
    this.isClosed = true;
  }

  #begin(session: Session): void {
    this.#session = session;
  }

  #lose(): void {
    this.#isCut = true;
    this.#commands.length = 0;
    this.#pending.length = 0;
    this.#pendingBytes = 0;
    this.#firstTaken = 0;
  }

  #hear(write: Buffer): void {
    for (const line of write.toString().split("\r\n").slice(0, -1)) this.#heard(JSON.parse(line) as WireEvent, line);
  }

  #pump(): void {
    while (!this.#isBusy && !this.#isCut && !this.session.behind && !this.session.ended) {
      const line = this.#commands.shift();
      if (line === undefined) return;
      const done = this.#dispatcher.handle(this.session, line);
      if (done !== undefined) this.#waitFor(done);
    }
  }

  #waitFor(done: Promise<void>): void {
    this.#isBusy = true;
    void done.then(() => {
      this.#isBusy = false;
      this.#pump();
    });
  }
}

/** Keeps what a connection hears. */
export class Listener {
  readonly events: WireEvent[] = [];
  readonly lines: string[] = [];

  readonly heard = (event: WireEvent, line: string): void => {
    this.events.push(event);
    this.lines.push(line);
  };

  /** The events of one type. */
  of(type: string): readonly WireEvent[] {
    return this.events.filter((event) => event._et === type);
  }

  /** The seqs of a room as they were told: messages and changes. */
  seqs(room: string): readonly number[] {
    return this.events
      .filter((event) => event["r"] === room && (event._et === "user_message" || event._et === "room_change"))
      .map((event) => event["q"] as number);
  }

  /** Each event in short, as `ack 3`, to compare an order with. */
  get story(): readonly string[] {
    return this.events.map(({ _et, q, code, s }) =>
      [_et, q ?? code ?? (_et === "login_successful" ? "" : s)].join(" ").trim(),
    );
  }
}

/** The numbers `from` to `to`, both included. */
export function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
