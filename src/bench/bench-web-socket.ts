/**
 * Load tool, one WebSocket connection: asks for the upgrade, then hands over text frames where they stand in the read
 * buffer and answers pings. Knows nothing of what the texts mean.
 */
import { BenchSocket, type SharedReadBuffer } from "./bench-socket.ts";
import { clientFrame, type FrameSink, readFrames, upgradeRequest, type WebSocketAddress } from "./web-socket-frames.ts";

/** What a connection tells. */
export interface WebSocketEvents {
  /** The server has agreed: from here on frames may come. */
  readonly opened: () => void;
  /** Frames are about to be read. */
  readonly reading: () => void;
  /** A whole text frame stands in `from` ≤ index < `to`, with the slack of the read buffer behind it. */
  readonly text: (bytes: Buffer, from: number, to: number) => void;
  /** Everything that one read gave has been told. */
  readonly scanned: () => void;
  /** The connection is gone or was never made, with the reason; not called after `close`. */
  readonly lost: (reason: string) => void;
}

/** One WebSocket. */
export class BenchWebSocket implements FrameSink {
  readonly #socket: BenchSocket;
  readonly #events: WebSocketEvents;
  readonly #accept: string;
  #opened = false;
  #failed = false;

  constructor(address: WebSocketAddress, shared: SharedReadBuffer, events: WebSocketEvents) {
    this.#events = events;
    this.text = events.text;
    const { request, accept } = upgradeRequest(address);
    this.#accept = accept;
    this.#socket = new BenchSocket(address.host, address.port, shared, {
      scan: (bytes, from, to) => {
        const at = this.#opened ? from : this.#handshake(bytes, from, to);
        if (!this.#opened || at === to) return at;
        events.reading();
        return readFrames(bytes, at, to, this);
      },
      scanned: events.scanned,
      lost: events.lost,
    });
    this.#socket.write(request);
  }

  readonly text: (bytes: Buffer, from: number, to: number) => void;

  /** Whether frames can be sent. */
  get open(): boolean {
    return this.#opened && this.#socket.open;
  }

  /** Sends bytes that are whole frames; the caller MUST NOT change them afterwards. */
  write(frames: Uint8Array): void {
    this.#socket.write(frames);
  }

  /** Sends texts, a frame each, all in one write. */
  say(texts: readonly string[]): void {
    this.#socket.write(Buffer.concat(texts.map((text) => clientFrame(Buffer.from(text), "text"))));
  }

  /** Ends the connection at once, as when a cable is cut. */
  close(): void {
    this.#socket.close();
  }

  ping(payload: Buffer): void {
    this.#socket.write(clientFrame(payload, "pong"));
  }

  closing(code: number, reason: string): void {
    this.#fail(`closed by the server with ${code} ${reason}`.trim());
  }

  broken(what: string): void {
    this.#fail(`the server sent ${what}`);
  }

  #handshake(bytes: Buffer, from: number, to: number): number {
    const end = bytes.indexOf("\r\n\r\n", from, "latin1");
    if (end < 0 || end + 4 > to) return from;
    const head = bytes.toString("latin1", from, end);
    const accepted = /^sec-websocket-accept:\s*(\S+)\s*$/im.exec(head)?.[1];
    if (!head.startsWith("HTTP/1.1 101 ")) {
      this.#fail(`no WebSocket: ${head.slice(0, head.indexOf("\r\n"))}`);
      return to;
    }
    if (accepted !== this.#accept) {
      this.#fail("the server answered to another upgrade");
      return to;
    }
    this.#opened = true;
    this.#events.opened();
    return end + 4;
  }

  #fail(why: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#socket.close();
    this.#events.lost(why);
  }
}
