/**
 * Test support: a client that sees the wire as it is: bytes out as given, lines in one by one, and whether the server
 * closed.
 */
import type { Socket } from "node:net";
import { connect } from "node:net";
import { EventClient } from "./event-client.ts";

const NEWLINE = 0x0a;

/** A connection that was greeted. */
export type GreetedClient = WireClient & { readonly name: string; readonly session: string };

/** One connection. */
export class WireClient extends EventClient {
  readonly socket: Socket;
  #rest: Buffer[] = [];

  private constructor(socket: Socket) {
    super();
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    // How a connection ends is told by `closed`; a reset is one way to end.
    socket.on("error", () => undefined);
    socket.on("end", () => this.end());
    socket.on("close", () => this.end());
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

  sendText(text: string): void {
    this.socket.write(`${text}\n`);
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
      this.keep(line.slice(0, -2));
      start = end + 1;
    }
    if (start < chunk.length) this.#rest.push(chunk.subarray(start));
  }
}
