/**
 * Stage 1, the HTTP door: connections that do nothing but post, one plain post after the other, as bots, bridges and load
 * scripts do. They are read and answered here; with the first thing that is not a plain post a connection is Node's, with
 * all that came and has not been answered, and stays so. Nothing half read is ever kept here, so there is no slow client to
 * guard against. A third more posts a second than through Node's own requests and responses (docs/performance.md).
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../../clock.ts";
import { answerHead } from "./answers.ts";
import type { Answer } from "./ask.ts";
import { KEEP_ALIVE_MS } from "./node-server.ts";
import { type PlainHead, readPlainPost } from "./plain-post.ts";
import type { PostRequest } from "./post-message.ts";

/** Who has said nothing for so long at first is Node's, which has a time for that, in milliseconds. */
const FIRST_WORD_MS = 1_000;

const GOES_ON = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n`;
const ENDS = "Connection: close\r\n";

/** How a post is carried out: the room that it names, `undefined` where it is another call, and the answer, which never fails. */
export interface Posts {
  roomOf(request: PostRequest): string | undefined;
  answer(request: PostRequest, room: string, body: Buffer): Promise<Answer>;
}

/** The connections of a server that only posted so far. */
export class PostLane {
  readonly #connections = new Set<LaneConnection>();
  #isStopping = false;

  /** Takes the connections of a server from now on: of one that does not speak TLS, where a write is not done at once. */
  constructor(server: Server, posts: Posts, clock: Pick<Clock, "now">) {
    const listeners = server.listeners("connection");
    const toNode = (socket: Socket): void => {
      for (const listener of listeners) listener.call(server, socket);
    };
    server.removeAllListeners("connection");
    const dates = new Dates(clock);
    server.on("connection", (socket) => {
      const connection: LaneConnection = new LaneConnection(socket, {
        posts,
        dates,
        toNode,
        isStopping: () => this.#isStopping,
        left: () => void this.#connections.delete(connection),
      });
      this.#connections.add(connection);
    });
  }

  /** Ends the connections on which nothing is being answered; the others end with their answer. */
  stop(): void {
    this.#isStopping = true;
    for (const connection of this.#connections) connection.stop();
  }

  /** Ends whatever still runs. */
  close(): void {
    this.#isStopping = true;
    for (const connection of this.#connections) connection.destroy();
  }
}

/** What a connection needs. */
interface Surroundings {
  readonly posts: Posts;
  readonly dates: Dates;
  toNode(socket: Socket): void;
  isStopping(): boolean;
  /** The connection is gone, or Node's. */
  left(): void;
}

class LaneConnection {
  readonly #socket: Socket;
  readonly #around: Surroundings;
  #head: PlainHead | undefined;
  /** What that head asks, and the room that it names. */
  #asked: PostRequest | undefined;
  #room: string | undefined;
  #isAnswering = false;
  #hasAnswered = false;
  #hasEnded = false;
  /** What came while a post was being answered. */
  #next: Buffer | undefined;

  readonly #listeners = {
    data: (read: Buffer): void => this.#take(read),
    end: (): void => {
      this.#hasEnded = true;
      if (!this.#isAnswering) this.#socket.end();
    },
    timeout: (): void => this.#silent(),
    error: (): void => {
      // An error closes the socket, and closing is what is listened to.
    },
    close: (): void => this.#around.left(),
  };

  readonly #answered = (answer: Answer): void => this.#answer(answer);

  constructor(socket: Socket, around: Surroundings) {
    this.#socket = socket;
    this.#around = around;
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener);
    socket.setTimeout(FIRST_WORD_MS);
  }

  stop(): void {
    if (!this.#isAnswering) this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(read: Buffer): void {
    if (this.#isAnswering) {
      this.#socket.pause();
      this.#next = this.#next === undefined ? read : Buffer.concat([this.#next, read]);
      return;
    }
    const post = readPlainPost(read, this.#head);
    if (post !== undefined && post.head !== this.#head) this.#see(post.head);
    if (post === undefined || this.#asked === undefined || this.#room === undefined) {
      this.#leave(read);
      return;
    }
    this.#isAnswering = true;
    void this.#around.posts.answer(this.#asked, this.#room, post.body).then(this.#answered);
  }

  #see(head: PlainHead): void {
    const { method, url, headers, rawHeaders } = head;
    this.#head = head;
    this.#asked = { method, url, headers, rawHeaders, socket: this.#socket };
    this.#room = this.#around.posts.roomOf(this.#asked);
  }

  #answer(answer: Answer): void {
    const socket = this.#socket;
    this.#isAnswering = false;
    if (socket.destroyed) return;
    const ends = this.#hasEnded || this.#around.isStopping();
    const head = `${answerHead(answer)}Date: ${this.#around.dates.now()}\r\n${ends ? ENDS : GOES_ON}\r\n`;
    const { json = "" } = answer;
    // Written as Latin-1 where that is the same, which costs Node less.
    socket.write(head + json, Buffer.byteLength(json) === json.length ? "latin1" : "utf8");
    if (ends) {
      socket.destroySoon();
      return;
    }
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      socket.setTimeout(KEEP_ALIVE_MS);
    }
    // Who sends without waiting for answers, or takes none, is Node's to hold back.
    if (this.#next !== undefined || socket.writableLength > 0) this.#leave(this.#next);
  }

  #silent(): void {
    // The answer is what is waited for, and begins the time anew.
    if (this.#isAnswering) return;
    if (this.#hasAnswered) this.#socket.destroy();
    else this.#leave(undefined);
  }

  /** Gives the connection to Node, and what came last with it. */
  #leave(read: Buffer | undefined): void {
    const socket = this.#socket;
    this.#around.left();
    for (const [event, listener] of Object.entries(this.#listeners)) socket.removeListener(event, listener);
    socket.setTimeout(0);
    socket.pause();
    if (read !== undefined) socket.unshift(read);
    this.#around.toNode(socket);
    socket.resume();
  }
}

/** The hour as HTTP writes it, made once a second. */
class Dates {
  readonly #clock: Pick<Clock, "now">;
  #second = -1;
  #text = "";

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  now(): string {
    const now = this.#clock.now();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(now).toUTCString();
    }
    return this.#text;
  }
}
