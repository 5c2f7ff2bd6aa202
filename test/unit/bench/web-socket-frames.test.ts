/** Frames of the tool against those of the `ws` package, both ways; and what a server must not send. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { SharedReadBuffer } from "../../../src/bench/bench-socket.ts";
import { BenchWebSocket } from "../../../src/bench/bench-web-socket.ts";
import { EventScanner } from "../../../src/bench/event-scanner.ts";
import type { EventSink, ScanPlan } from "../../../src/bench/event-sink.ts";
import { MessageTemplate, messageText } from "../../../src/bench/message-layout.ts";
import { FrameTemplate, readFrames } from "../../../src/bench/web-socket-frames.ts";

/** The default is a second, which is no deadline on a busy machine. */
const WITHIN_MS = 30_000;

/** Reads frames out of pieces; what each told, a line each. */
function read(bytes: Buffer, cuts: readonly number[]): readonly string[] {
  const told: string[] = [];
  const shared = new SharedReadBuffer();
  const sink = {
    text: (all: Buffer, from: number, to: number) => told.push(all.toString("utf8", from, to)),
    ping: (payload: Buffer) => told.push(`ping ${payload}`),
    closing: (code: number, reason: string) => told.push(`closing ${code} ${reason}`),
    broken: (what: string) => told.push(`broken: ${what}`),
  };
  let carry: Buffer | undefined;
  let from = 0;
  const ends = [...new Set([...cuts, bytes.length])].filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
  for (const end of ends) {
    // A read brings as much as there is room for.
    while (from < end) {
      const count = bytes.copy(shared.target, 0, from, end);
      carry = shared.take(carry, count, (all, first, last) => readFrames(all, first, last, sink));
      from += count;
    }
  }
  return told;
}

/** A long text by its length and hash, so that a failure can be read. */
function shortened(text: string): string {
  return text.length < 150 ? text : `${text.length} ${createHash("sha1").update(text).digest("hex")}`;
}

function serverFrame(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

describe("frames", () => {
  it("are read whole however they are cut, control frames between them", () => {
    const lengths = fc.constantFrom(0, 1, 125, 126, 200, 65_535, 65_536, 70_000);
    fc.assert(
      fc.property(fc.array(lengths, { maxLength: 4 }), fc.array(fc.nat(200_000), { maxLength: 4 }), (sizes, cuts) => {
        const frames = sizes.flatMap((size, index) => [
          serverFrame(0x81, Buffer.alloc(size, 0x61 + index)),
          serverFrame(0x89, Buffer.from(`p${index}`)),
          serverFrame(0x8a, Buffer.from("pong")),
        ]);
        const expected = sizes.flatMap((size, index) => ["abcd".charAt(index).repeat(size), `ping p${index}`]);
        expect(read(Buffer.concat(frames), cuts).map(shortened)).toEqual(expected.map(shortened));
      }),
      { numRuns: 30, examples: [[[65_535, 65_535, 70_000, 70_000], []]] },
    );
  });

  it("say why a server closes, and what it must not send", () => {
    const reason = Buffer.concat([Buffer.from([0x03, 0xe9]), Buffer.from("going_away")]);
    expect(read(serverFrame(0x88, reason), [])).toEqual(["closing 1001 going_away"]);
    expect(read(serverFrame(0x88, Buffer.alloc(0)), [])).toEqual(["closing 1005 "]);
    expect(read(Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5]), [])).toEqual(["broken: a masked frame"]);
    expect(read(serverFrame(0x82, Buffer.from("binary")), [])).toEqual(["broken: a frame that begins with 0x82"]);
    expect(read(serverFrame(0x01, Buffer.from("part")), [])).toEqual(["broken: a frame that begins with 0x1"]);
  });

  it("carry own messages like lines do", () => {
    const plan: ScanPlan = {
      run: "ab12",
      textBytes: 64,
      rooms: ["general"],
      streamRooms: Int32Array.from([0]),
      anyLayout: true,
    };
    const told: string[] = [];
    const sink: EventSink = {
      ownMessage: (stream, number, micros, seq) => told.push(`own ${stream} ${number} ${micros} ${seq}`),
      otherMessage: (room, seq) => told.push(`other ${room} ${seq}`),
      acknowledged: () => told.push("ack"),
      event: (type) => told.push(`event ${type}`),
      malformed: (line) => told.push(`malformed ${line}`),
    };
    const scanner = new EventScanner(plan, sink, "frames");
    const text = messageText("ab12", { stream: 0, number: 7, micros: 9 }, 64);
    const message = `{"_et":"user_message","r":"general","u":"71OU8","c":"${text}"`;
    const added = `,"i":"0190a0b0-1111-7222-8333-444455556666","q":12,"t":"2026-01-01T00:00:00.000Z"`;
    for (const frame of [
      `${message}}`,
      `${message}${added}}`,
      `${message}${added},"later":1}`,
      '{"_et":"room_participation","r":"general","u":"71OU8","s":"joined"}',
      '{"_et":"room_change","r":"general","q":13,"t":"","e":"member_added","u":"a","by":"b"}',
      '{"_et":"caught_up","r":"general","q":13}',
      `{"chat_id":"x","content":"${text}"}`,
      `<li>${text}</li>`,
      `<li>${text.replace("abc", "ab")}</li>`,
    ]) {
      // What stood in the buffer before is still there behind a frame; it is no part of it.
      const bytes = Buffer.concat([Buffer.from(frame), Buffer.from(`}\r\n${message}`), Buffer.alloc(32 * 1024)]);
      scanner.frame(bytes, 0, Buffer.byteLength(frame));
    }
    expect(told).toEqual([
      "own 0 7 9 0",
      "own 0 7 9 12",
      "own 0 7 9 12",
      "other general 13",
      "event room_change",
      "event caught_up",
      "own 0 7 9 0",
      "own 0 7 9 0",
      expect.stringContaining("malformed <li>"),
    ]);
  });
});

describe("a WebSocket of the tool", () => {
  let server: Server;
  let sockets: WebSocketServer;
  let port = 0;

  beforeEach(async () => {
    server = createServer();
    sockets = new WebSocketServer({ server });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });

  afterEach(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });

  /** Connects; what was told, a line each. */
  function connect(to: number): { readonly socket: BenchWebSocket; readonly told: string[] } {
    const told: string[] = [];
    const address = { host: "127.0.0.1", port: to, path: "/ws?a", cookie: "user_id=7" };
    const socket = new BenchWebSocket(address, new SharedReadBuffer(), {
      opened: () => told.push("opened"),
      reading: () => undefined,
      text: (bytes, from, until) => told.push(shortened(bytes.toString("utf8", from, until))),
      scanned: () => undefined,
      lost: (reason) => told.push(`lost: ${reason}`),
    });
    return { socket, told };
  }

  it("is understood by another implementation, and understands it", async () => {
    const heard: string[] = [];
    const pongs: string[] = [];
    const requests: string[] = [];
    sockets.on("connection", (peer: WebSocket, request) => {
      requests.push(`${request.url} ${request.headers.cookie}`);
      peer.on("message", (data, isBinary) => heard.push(`${isBinary ? "binary " : ""}${shortened(String(data))}`));
      peer.on("pong", (data) => pongs.push(String(data)));
      peer.send("first, right behind the handshake");
      peer.ping("are you there");
      peer.send("ü".repeat(100_000));
    });
    const { socket, told } = connect(port);
    await vi.waitFor(() => expect(told).toHaveLength(3), WITHIN_MS);
    expect(told).toEqual(["opened", "first, right behind the handshake", shortened("ü".repeat(100_000))]);
    expect(requests).toEqual(["/ws?a user_id=7"]);
    socket.say(["short", "é".repeat(200), "x".repeat(66_000)]);
    const line = new MessageTemplate("ab12", "general", 3, 64, false);
    const template = new FrameTemplate(line);
    const bytes = Buffer.alloc(2 * template.lineBytes);
    expect(template.write(bytes, template.write(bytes, 0, 41, 5), 42, 6)).toBe(bytes.length);
    socket.write(bytes);
    await vi.waitFor(() => expect(heard).toHaveLength(5), WITHIN_MS);
    expect(heard.slice(0, 3)).toEqual(["short", shortened("é".repeat(200)), shortened("x".repeat(66_000))]);
    const texts = [41, 42].map((number) => messageText("ab12", { stream: 3, number, micros: number - 36 }, 64));
    expect(heard.slice(3).map((text) => JSON.parse(text) as unknown)).toEqual(
      texts.map((c) => ({ _ct: "send_message", r: "general", c })),
    );
    expect(pongs).toEqual(["are you there"]);
    for (const peer of sockets.clients) peer.close(4408, "slow");
    await vi.waitFor(() => expect(told.at(-1)).toBe("lost: closed by the server with 4408 slow"), WITHIN_MS);
    expect(socket.open).toBe(false);
  });

  it("says what kept it from opening", async () => {
    const plain = createTcpServer((peer) => {
      peer.once("data", () => peer.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    });
    const wrong = createTcpServer((peer) => {
      peer.once("data", () => peer.write("HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: x\r\n\r\n"));
    });
    for (const [other, why] of [
      [plain, "no WebSocket: HTTP/1.1 404 Not Found"],
      [wrong, "the server answered to another upgrade"],
    ] as const) {
      other.listen(0, "127.0.0.1");
      await once(other, "listening");
      const { told } = connect((other.address() as AddressInfo).port);
      await vi.waitFor(() => expect(told).toEqual([`lost: ${why}`]), WITHIN_MS);
      other.close();
    }
    const { told } = connect(1);
    await vi.waitFor(() => expect(told).toEqual([expect.stringContaining("ECONNREFUSED")]), WITHIN_MS);
  });
});
