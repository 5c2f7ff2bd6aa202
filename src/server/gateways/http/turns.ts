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

/** A request, and how it is carried out. */
interface Turn {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly begin: () => void;
}

/** The requests of one connection. */
interface Line {
  running: number;
  /** Whether what runs is to be alone. */
  isAlone: boolean;
  readonly waiting: Turn[];
}

/** Gives each request its turn. */
export class Turns {
  readonly #lines = new WeakMap<Socket, Line>();

  /** A request came; `begin` is called when it is its turn, or never where its connection is gone by then. */
  take(request: IncomingMessage, response: ServerResponse, begin: () => void): void {
    const { socket } = request;
    let line = this.#lines.get(socket);
    if (line === undefined) {
      line = { running: 0, isAlone: false, waiting: [] };
      this.#lines.set(socket, line);
    }
    const turn = { request, response, begin };
    if (line.waiting.length === 0 && mayBegin(line, turn)) start(line, turn);
    else if (line.waiting.push(turn) > WAITING_MAX) {
      line.waiting.length = 0;
      socket.destroy();
    }
  }
}

function start(line: Line, { request, response, begin }: Turn): void {
  line.running += 1;
  line.isAlone = request.method !== "POST";
  // Told once the answer has left for the client, or never will.
  response.once("close", () => {
    line.running -= 1;
    startNext(line);
  });
  begin();
}

function startNext(line: Line): void {
  for (let first = line.waiting[0]; first !== undefined && mayBegin(line, first); first = line.waiting[0]) {
    if (first.request.socket.destroyed) {
      line.waiting.length = 0;
      return;
    }
    line.waiting.shift();
    start(line, first);
  }
}

const mayBegin = ({ running, isAlone }: Line, { request }: Turn): boolean =>
  running === 0 || (!isAlone && request.method === "POST" && running < POSTS_AT_ONCE);
