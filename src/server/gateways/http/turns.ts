/**
 * Stage 1, the HTTP door: what one connection may ask at a time. Requests can be sent without waiting for answers, and
 * answers stand in memory until the ones before them have been taken: so a request is begun only when that can't grow, and
 * whoever piles up more than anybody needs is let go. Sees requests and responses, never what they are about.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Requests of one connection that are carried out at a time, where they post: their answers are as short as what was
 * posted, and posts that come together reach the disk together. Any other waits until all before it have been taken.
 */
const POSTS_AT_ONCE = 64;

/** Requests that may wait on one connection; beyond, it is closed, for what was asked can't be told apart any more. */
const WAITING_MAX = 1000;

/** A request that waits. */
interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** The requests of one connection. */
interface Line {
  running: number;
  /** Whether the one that runs is to be alone. */
  isAlone: boolean;
  readonly waiting: Waiting[];
}

/** Gives each request its turn. */
export class Turns {
  readonly #handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly #lines = new WeakMap<Socket, Line>();

  /** `handle` carries out a request. */
  constructor(handle: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#handle = handle;
  }

  /** A request came. */
  readonly take = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    let line = this.#lines.get(socket);
    if (line === undefined) {
      line = { running: 0, isAlone: false, waiting: [] };
      this.#lines.set(socket, line);
    }
    if (line.waiting.length === 0 && mayBegin(line, request)) this.#begin(line, { request, response });
    else if (line.waiting.push({ request, response }) > WAITING_MAX) {
      line.waiting.length = 0;
      socket.destroy();
    }
  };

  #begin(line: Line, { request, response }: Waiting): void {
    line.running += 1;
    line.isAlone = request.method !== "POST";
    // Told once the answer has left for the client, or never will.
    response.once("close", () => {
      line.running -= 1;
      this.#next(line);
    });
    this.#handle(request, response);
  }

  #next(line: Line): void {
    for (let first = line.waiting[0]; first !== undefined && mayBegin(line, first.request); first = line.waiting[0]) {
      line.waiting.shift();
      if (first.request.socket.destroyed) {
        line.waiting.length = 0;
        return;
      }
      this.#begin(line, first);
    }
  }
}

const mayBegin = ({ running, isAlone }: Line, { method }: IncomingMessage): boolean =>
  running === 0 || (!isAlone && method === "POST" && running < POSTS_AT_ONCE);
