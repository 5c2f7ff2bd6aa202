/**
 * Test support: a client that sees the wire as it is: bytes out as given, lines in one by one, and whether the server
 * closed.
 */
import type { Socket } from "node:net";
import { connect } from "node:net";
import type { HeardEvent } from "./line-client.ts";
import { until } from "./until.ts";

const WITHIN_MS = 10_000;
const NEWLINE = 0x0a;

/** A connection that was greeted. */
export type GreetedClient = WireClient & { readonly name: string; readonly session: string };

/** One connection. */
export class WireClient {
  readonly socket: Socket;
  #rest: Buffer[] = [];
  readonly #lines: string[] = [];
  #taken = 0;
  #isOver = false;
  /** Bytes received so far. */
  receivedBytes = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    // How a connection ends is told by `closed`; a reset is one way to end.
    socket.on("error", () => undefined);
    socket.on("end", () => {
      this.#isOver = true;
    });
    socket.on("close", () => {
      this.#isOver = true;
    });
  }

  /** Connects to a server on this machine; resolves once connected, before any line. */
  static async connect(port: number): Promise<WireClient> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const client = new WireClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  /** Connects and takes the greeting. */
  static async arrive(port: number): Promise<GreetedClient> {
    const client = await WireClient.connect(port);
    const greeting = await client.event();
    if (greeting["_et"] !== "login_successful") throw new Error(`greeted with ${JSON.stringify(greeting)}`);
    return Object.assign(client, { name: String(greeting["u"]), session: String(greeting["s"]) });
  }

  /** Sends text or bytes as they are. */
  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends one command. */
  send(command: Readonly<Record<string, unknown>>): void {
    this.socket.write(`${JSON.stringify(command)}\n`);
  }

  /** The next line that was not taken yet, without its line end. Rejects where none comes, or the server closes. */
  async line(withinMs = WITHIN_MS): Promise<string> {
    return await until(
      withinMs,
      () => `a line; the last ones were:\n${this.#lines.slice(-5).join("\n")}`,
      () => {
        const line = this.#lines[this.#taken];
        if (line !== undefined) this.#taken += 1;
        else if (this.#isOver) throw new Error("the server closed the connection");
        return line;
      },
    );
  }

  /** The next line, parsed. */
  async event(withinMs = WITHIN_MS): Promise<HeardEvent> {
    return JSON.parse(await this.line(withinMs)) as HeardEvent;
  }

  /** Takes events up to the first that has these fields, and gives all that were taken. */
  async eventsUntil(fields: HeardEvent, withinMs = WITHIN_MS): Promise<readonly HeardEvent[]> {
    const events: HeardEvent[] = [];
    const deadline = performance.now() + withinMs;
    for (;;) {
      const event = await this.event(Math.max(1, deadline - performance.now()));
      events.push(event);
      if (Object.entries(fields).every(([name, value]) => event[name] === value)) return events;
    }
  }

  /** Takes events up to the first that has these fields, and gives that one. */
  async heard(fields: HeardEvent, withinMs = WITHIN_MS): Promise<HeardEvent> {
    const events = await this.eventsUntil(fields, withinMs);
    return events.at(-1) as HeardEvent;
  }

  /** Joins a room and takes all up to one's own `joined`; gives who is there. */
  async join(room: string, more: Readonly<Record<string, unknown>> = {}): Promise<readonly string[]> {
    this.send({ _ct: "join_room", r: room, ...more });
    const there = await this.heard({ _et: "user_joined_room", r: room });
    await this.heard({ _et: "room_participation", r: room, s: "joined" });
    return there["us"] as readonly string[];
  }

  /**
   * Whatever the server had to say to this client before it answers the next command: asks for something that does not
   * exist and gives all events up to that answer, which itself is left out.
   */
  async quiet(): Promise<readonly HeardEvent[]> {
    const mark = `mark ${this.receivedBytes}`;
    this.send({ _ct: mark });
    const events = await this.eventsUntil({ _et: "error", m: `there is no command ${JSON.stringify(mark)}` });
    return events.slice(0, -1);
  }

  /** Resolves once the server has closed the connection; gives the lines that were not taken yet. */
  async closed(withinMs = WITHIN_MS): Promise<readonly string[]> {
    await until(
      withinMs,
      () => "the server to close the connection",
      () => (this.#isOver ? true : undefined),
    );
    const rest = this.#lines.slice(this.#taken);
    this.#taken = this.#lines.length;
    return rest;
  }

  /** How many lines are here that were not taken yet. */
  get waitingLines(): number {
    return this.#lines.length - this.#taken;
  }

  /** Whether the server has closed the connection. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Drops the connection. */
  drop(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...this.#rest, chunk.subarray(start, end + 1)]).toString();
      this.#rest = [];
      if (!line.endsWith("\r\n")) throw new Error(`a line that does not end in \\r\\n: ${JSON.stringify(line)}`);
      this.#lines.push(line.slice(0, -2));
      start = end + 1;
    }
    if (start < chunk.length) this.#rest.push(chunk.subarray(start));
  }
}
