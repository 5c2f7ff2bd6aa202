/**
 * The SDK, its half for Node: frames over TCP, one a line, with or without TLS.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Connect, Transport, TransportEvents } from "./transport.ts";

/** Where the server is. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
  /** Speaks TLS: `true`, or with options as `node:tls` has them. */
  readonly tls?: boolean | ConnectionOptions;
}

/** Connects to the TCP port of a server. */
export function tcpTransport(address: TcpAddress): Connect {
  return () => new TcpTransport(address);
}

class TcpTransport implements Transport {
  readonly #address: TcpAddress;
  #socket: Socket | undefined;
  #on: TransportEvents | undefined;

  constructor(address: TcpAddress) {
    this.#address = address;
  }

  open(on: TransportEvents): void {
    this.#on = on;
    const { host, port, tls } = this.#address;
    const isPlain = tls === undefined || tls === false;
    const socket = isPlain ? connectTcp({ host, port }) : connectTls({ ...(tls === true ? {} : tls), host, port });
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.once(isPlain ? "connect" : "secureConnect", () => this.#on?.opened());
    const decoder = new StringDecoder("utf8");
    // The pieces of a line that has not ended yet.
    let pieces: string[] = [];
    socket.on("data", (chunk: Buffer) => {
      const lines = decoder.write(chunk).split("\n");
      for (const [at, line] of lines.entries()) {
        pieces.push(line);
        if (at === lines.length - 1) break;
        const whole = pieces.join("");
        pieces = [];
        this.#on?.received(whole.endsWith("\r") ? whole.slice(0, -1) : whole);
      }
    });
    // Where several addresses were tried, the sum of their errors has no words of its own.
    socket.on("error", (error: NodeJS.ErrnoException) =>
      this.#closed(error.message || `${error.code}: ${host}:${port}`),
    );
    socket.on("close", () => this.#closed("the connection was closed"));
  }

  send(text: string): void {
    this.#socket?.write(`${text}\n`);
  }

  close(): void {
    this.#on = undefined;
    // What was said still goes out; a peer that is gone holds nobody up.
    this.#socket?.destroySoon();
    this.#socket?.unref();
  }

  #closed(text: string): void {
    const on = this.#on;
    this.#on = undefined;
    on?.closed({ code: undefined, text });
  }
}
