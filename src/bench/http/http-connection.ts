/**
 * Load tool, one keep-alive connection of an HTTP client: one request at a time, its answer where it stands in the read
 * buffer. A connection that the server closed between two requests is made anew, as browsers do.
 */
import { BenchSocket, type SharedReadBuffer } from "../bench-socket.ts";
import { type Answer, AnswerReader } from "./answer-reader.ts";

/** What becomes of a request. */
export interface AnswerEvents {
  /** The answer is here; the connection is free again. */
  readonly answered: (answer: Answer) => void;
  /** There will be none, with the reason; what became of the request is not known. */
  readonly failed: (reason: string) => void;
}

/** One connection. */
export class HttpConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #shared: SharedReadBuffer;
  readonly #events: AnswerEvents;
  readonly #answer = new AnswerReader();
  #socket: BenchSocket | undefined = undefined;
  #waiting = false;

  constructor(host: string, port: number, shared: SharedReadBuffer, events: AnswerEvents) {
    this.#host = host;
    this.#port = port;
    this.#shared = shared;
    this.#events = events;
  }

  /** Whether an answer is outstanding. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Sends one request, while none is outstanding. Its bytes MUST stay as they are until the answer comes. */
  send(request: Uint8Array | string): void {
    this.#waiting = true;
    this.#socket ??= this.#connect();
    this.#socket.write(request);
  }

  /** Ends the connection at once. */
  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #connect(): BenchSocket {
    return new BenchSocket(this.#host, this.#port, this.#shared, {
      scan: (bytes, from, to) => this.#scan(bytes, from, to),
      scanned: () => undefined,
      lost: (reason) => this.#lost(reason),
    });
  }

  #scan(bytes: Buffer, from: number, to: number): number {
    const end = this.#answer.read(bytes, from, to);
    if (end === from) return from;
    if (end < 0 || end < to || !this.#waiting) {
      this.close();
      this.#lost(end < 0 ? "an answer without a length" : "more bytes than were asked for");
      return to;
    }
    this.#waiting = false;
    if (this.#answer.closes) this.close();
    this.#events.answered(this.#answer);
    return to;
  }

  #lost(reason: string): void {
    this.#socket = undefined;
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#events.failed(reason);
  }
}
