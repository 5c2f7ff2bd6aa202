/**
 * Test support: a WebSocket client that sees the wire as it is: it writes any bytes, well-formed frames or not, and takes
 * the server's frames apart by itself, strictly: whole, unmasked, text or control.
 */
import type { Socket } from "node:net";
import { connect } from "node:net";
import { EventClient } from "./event-client.ts";
import { until } from "./until.ts";

const WITHIN_MS = 10_000;
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** The kinds of frames. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame as a client sends it. */
export interface ClientFrame {
  readonly opcode: number;
  readonly payload?: string | Uint8Array;
  /** Whether it is the last of its message; yes unless told. */
  readonly fin?: boolean;
  /** Whether it is masked, as a client's has to be; yes unless told. */
  readonly masked?: boolean;
  /** The length that it claims to have; its payload's unless told. */
  readonly length?: bigint;
}

/** The bytes of a frame as a client sends it. */
export function clientFrame({ opcode, payload = "", fin = true, masked = true, length }: ClientFrame): Buffer {
  const bytes = Buffer.from(payload as string);
  const claimed = length ?? BigInt(bytes.length);
  const short = claimed < 126n ? Number(claimed) : claimed < 65_536n ? 126 : 127;
  const head = Buffer.from([(fin ? 0x80 : 0) | opcode, (masked ? 0x80 : 0) | short]);
  const more = Buffer.alloc(short === 126 ? 2 : short === 127 ? 8 : 0);
  if (short === 126) more.writeUInt16BE(Number(claimed));
  if (short === 127) more.writeBigUInt64BE(claimed);
  if (!masked) return Buffer.concat([head, more, bytes]);
  const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
  const hidden = Buffer.from(bytes.map((byte, at) => byte ^ (mask[at % 4] as number)));
  return Buffer.concat([head, more, mask, hidden]);
}

/** A request that asks for a WebSocket; a header whose value is `undefined` is left out. */
export function upgradeRequest(
  path: string,
  port: number,
  headers: Readonly<Record<string, string | undefined>>,
): string {
  const all = {
    Host: `127.0.0.1:${port}`,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]));
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** What a request got that became no WebSocket. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Where a client knocks, and what it shows. */
export interface Knock {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** One connection. */
export class WebSocketClient extends EventClient {
  readonly socket: Socket;
  /** How the server closed: its code, where it gave one, and its words. */
  closing: { readonly code: number | undefined; readonly reason: string } | undefined;
  /** The payloads of the pongs that came. */
  readonly pongs: string[] = [];
  /** How many pings came. */
  pings = 0;
  /** Whether it answers pings, as every client does. */
  answersPings = true;
  /** The first frame that is not as a server's must be. */
  fault: string | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #head: string | undefined;

  private constructor(socket: Socket) {
    super();
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => undefined);
    socket.on("end", () => this.end());
    socket.on("close", () => this.end());
  }

  /** Connects to a server on this machine; resolves once the connection is a WebSocket. */
  static async connect(port: number, knock: Knock = {}): Promise<WebSocketClient> {
    const client = await WebSocketClient.#knock(port, upgradeRequest(knock.path ?? "/ws", port, knock.headers ?? {}));
    const head = await client.#answered();
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`refused: ${head}\n${client.#rest}`);
    if (!head.includes(`sec-websocket-accept: ${ACCEPT.toLowerCase()}`)) throw new Error(`a wrong answer: ${head}`);
    client.#frames();
    return client;
  }

  /** Connects and takes the greeting. */
  static async arrive(port: number, knock: Knock = {}): Promise<GreetedWebSocket> {
    const client = await WebSocketClient.connect(port, knock);
    const greeting = await client.event();
    if (greeting["_et"] !== "login_successful") throw new Error(`greeted with ${JSON.stringify(greeting)}`);
    return Object.assign(client, { name: String(greeting["u"]), session: String(greeting["s"]) });
  }

  /** Sends a request that gets no WebSocket, and gives what it got instead. */
  static async refused(port: number, request: string): Promise<Refusal> {
    const client = await WebSocketClient.#knock(port, request);
    const head = await client.#answered();
    await client.closed();
    const [first = "", ...lines] = head.split("\r\n");
    const headers = Object.fromEntries(lines.map((line) => line.split(": ", 2) as [string, string]));
    const body = client.#rest.toString();
    return {
      status: Number(first.split(" ")[1]),
      headers,
      body: body === "" ? {} : (JSON.parse(body) as Refusal["body"]),
    };
  }

  /** Sends bytes as they are. */
  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends a frame. */
  sendFrame(frame: ClientFrame): void {
    this.socket.write(clientFrame(frame));
  }

  send(command: Readonly<Record<string, unknown>>): void {
    this.sendText(JSON.stringify(command));
  }

  sendText(text: string): void {
    this.sendFrame({ opcode: OPCODE.text, payload: text });
  }

  drop(): void {
    this.socket.destroy();
  }

  static async #knock(port: number, request: string): Promise<WebSocketClient> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
    const client = new WebSocketClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    socket.write(request);
    return client;
  }

  /** The head of the answer to the request, its header names and values in small letters. */
  async #answered(): Promise<string> {
    return await until(
      WITHIN_MS,
      () => `an answer; what came: ${this.#rest}`,
      () => {
        if (this.#head === undefined && this.isOver) throw new Error("the server closed without an answer");
        return this.#head;
      },
    );
  }

  #take(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#head === undefined) {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      const [first = "", ...lines] = this.#rest.toString("latin1", 0, end).split("\r\n");
      this.#head = [first, ...lines.map((line) => line.toLowerCase())].join("\r\n");
      this.#rest = this.#rest.subarray(end + 4);
      if (!first.startsWith("HTTP/1.1 101 ")) return;
    }
    if (this.#head.startsWith("HTTP/1.1 101 ")) this.#frames();
  }

  #frames(): void {
    for (;;) {
      const frame = serverFrame(this.#rest);
      if (frame === undefined) return;
      this.#rest = this.#rest.subarray(frame.bytes);
      this.fault ??= this.#fault(frame);
      if (frame.opcode === OPCODE.text) this.keep(frame.payload.toString());
      if (frame.opcode === OPCODE.pong) this.pongs.push(frame.payload.toString());
      if (frame.opcode === OPCODE.ping) this.#pinged(frame.payload);
      if (frame.opcode === OPCODE.close) this.#closed(frame.payload);
    }
  }

  #fault({ first, second, opcode }: ServerFrame): string | undefined {
    if (this.closing !== undefined) return "a frame after the last one";
    if ((second & 0x80) !== 0) return "a masked frame";
    if ((first & 0xf0) !== 0x80) return "a frame that is not whole, or has reserved bits";
    return opcode === OPCODE.binary || opcode === OPCODE.continuation ? `a frame of kind ${opcode}` : undefined;
  }

  #pinged(payload: Buffer): void {
    this.pings += 1;
    if (this.answersPings) this.sendFrame({ opcode: OPCODE.pong, payload });
  }

  #closed(payload: Buffer): void {
    const code = payload.length < 2 ? undefined : payload.readUInt16BE();
    this.closing = { code, reason: payload.toString("utf8", 2) };
    if (this.socket.writable) this.socket.end(clientFrame({ opcode: OPCODE.close, payload: payload.subarray(0, 2) }));
  }
}

/** A connection that was greeted. */
export type GreetedWebSocket = WebSocketClient & { readonly name: string; readonly session: string };

interface ServerFrame {
  readonly first: number;
  readonly second: number;
  readonly opcode: number;
  readonly payload: Buffer;
  /** All of it. */
  readonly bytes: number;
}

/** The first frame of some bytes, if it is all there. */
export function serverFrame(bytes: Buffer): ServerFrame | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const short = second & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < start) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (bytes.length < start + length) return undefined;
  return { first, second, opcode: first & 15, payload: bytes.subarray(start, start + length), bytes: start + length };
}
