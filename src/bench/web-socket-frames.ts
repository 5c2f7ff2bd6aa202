/**
 * Load tool, WebSocket frames of the client's side (RFC 6455): the upgrade request, masked frames out, frames in read
 * where they stand in the bytes. Written by hand, for a library makes an object and two events of every frame. Touches
 * no socket.
 */
import { createHash, randomBytes } from "node:crypto";
import type { LineTemplate } from "./message-layout.ts";

/** What frames bring. */
export interface FrameSink {
  /** A whole text frame stands in `from` ≤ index < `to`. */
  text(bytes: Buffer, from: number, to: number): void;
  /** A ping, whose payload goes back in a pong. */
  ping(payload: Buffer): void;
  /** The server closes, with its code (1005: none) and reason. */
  closing(code: number, reason: string): void;
  /** Something that this reader can't take, or a server must not send. */
  broken(what: string): void;
}

const OP_TEXT = 1;
const OP_CLOSE = 8;
const OP_PING = 9;
const OP_PONG = 10;

/** Reads whole frames in `from` ≤ index < `to` and returns where the first unfinished one begins. */
export function readFrames(bytes: Buffer, from: number, to: number, sink: FrameSink): number {
  let at = from;
  while (to - at >= 2) {
    const first = bytes[at] as number;
    let length = bytes[at + 1] as number;
    let payloadAt = at + 2;
    if (length === 126) {
      if (to - at < 4) return at;
      length = bytes.readUInt16BE(payloadAt);
      payloadAt += 2;
    } else if (length === 127) {
      if (to - at < 10) return at;
      length = Number(bytes.readBigUInt64BE(payloadAt));
      payloadAt += 8;
    } else if (length > 127) {
      sink.broken("a masked frame");
      return to;
    }
    const end = payloadAt + length;
    if (end > to) return at;
    // The final fragment, no extension; each event is one frame, so there is never a continuation.
    if (first === (0x80 | OP_TEXT)) sink.text(bytes, payloadAt, end);
    else if (!readControl(first, bytes.subarray(payloadAt, end), sink)) return to;
    at = end;
  }
  return at;
}

/** Whether it was a control frame. */
function readControl(first: number, payload: Buffer, sink: FrameSink): boolean {
  if (first === (0x80 | OP_PING)) sink.ping(Buffer.from(payload));
  else if (first === (0x80 | OP_CLOSE)) {
    const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    sink.closing(code, payload.toString("utf8", 2));
  } else if (first !== (0x80 | OP_PONG)) {
    sink.broken(`a frame that begins with 0x${first.toString(16)}`);
    return false;
  }
  return true;
}

/** Bytes before the payload of a frame from the client: two, the length where it is long, and the mask. */
function headBytes(length: number): number {
  return length < 126 ? 6 : length < 65_536 ? 8 : 14;
}

/** Writes the head of a masked frame at `at`. */
function writeHead(target: Buffer, at: number, first: number, length: number, mask: Uint8Array): void {
  target[at] = first;
  if (length < 126) target[at + 1] = 0x80 | length;
  else if (length < 65_536) {
    target[at + 1] = 0x80 | 126;
    target.writeUInt16BE(length, at + 2);
  } else {
    target[at + 1] = 0x80 | 127;
    target.writeBigUInt64BE(BigInt(length), at + 2);
  }
  target.set(mask, at + headBytes(length) - 4);
}

function applyMask(target: Uint8Array, from: number, to: number, mask: Uint8Array): void {
  for (let at = from; at < to; at++) target[at] = (target[at] as number) ^ (mask[(at - from) & 3] as number);
}

/** One masked frame from the client, opcode text unless it answers a ping. */
export function clientFrame(payload: Uint8Array, kind: "text" | "pong"): Buffer {
  const head = headBytes(payload.length);
  const frame = Buffer.alloc(head + payload.length);
  const mask = randomBytes(4);
  writeHead(frame, 0, 0x80 | (kind === "text" ? OP_TEXT : OP_PONG), payload.length, mask);
  frame.set(payload, head);
  applyMask(frame, head, frame.length, mask);
  return frame;
}

/**
 * Writes the lines of a template as masked frames. All of one template share a mask: a fresh one for each guards proxies
 * against hostile pages, which this is not, but no mask at all would spare the server work that browsers give it.
 */
export class FrameTemplate implements LineTemplate {
  readonly lineBytes: number;
  readonly #line: LineTemplate;
  readonly #head: number;
  readonly #mask = randomBytes(4);
  readonly #scratch: Buffer;

  /** `line` ends with one newline, which is not sent. */
  constructor(line: LineTemplate) {
    this.#line = line;
    this.#head = headBytes(line.lineBytes - 1);
    this.lineBytes = this.#head + line.lineBytes - 1;
    this.#scratch = Buffer.alloc(line.lineBytes);
  }

  write(target: Buffer, at: number, number: number, micros: number): number {
    const end = at + this.lineBytes;
    this.#line.write(this.#scratch, 0, number, micros);
    writeHead(target, at, 0x80 | OP_TEXT, this.#scratch.length - 1, this.#mask);
    target.set(this.#scratch.subarray(0, -1), at + this.#head);
    applyMask(target, at + this.#head, end, this.#mask);
    return end;
  }
}

/** Where a WebSocket is asked for. */
export interface WebSocketAddress {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** The value of the header `Cookie`. */
  readonly cookie: string | undefined;
}

/** `HOST:PORT` as a URL and the header `Host` have it. */
export function authority({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The request for an upgrade, and what `Sec-WebSocket-Accept` has to answer. */
export function upgradeRequest(address: WebSocketAddress): { readonly request: string; readonly accept: string } {
  const key = randomBytes(16).toString("base64");
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const lines = [
    `GET ${address.path} HTTP/1.1`,
    `Host: ${authority(address)}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
    ...(address.cookie === undefined ? [] : [`Cookie: ${address.cookie}`]),
  ];
  return { request: `${lines.join("\r\n")}\r\n\r\n`, accept };
}
