/**
 * Stages 1 and 6 over WebSocket: one connection: frames in become commands, and what a session is told goes out, in
 * whole frames that were made elsewhere. Control frames are answered here.
 */
import type { Duplex } from "node:stream";
import { ERROR_CODES } from "../../protocol/error-codes.ts";
import type { Clock, Timer } from "../clock.ts";
import type { Dispatcher } from "../commands/dispatch.ts";
import { Fifo } from "../fanout/fifo.ts";
import type { Transport } from "../fanout/outbox.ts";
import type { Session } from "../fanout/session.ts";
import type { CloseReason } from "../telemetry/counts.ts";
import { CommandPump, type CommandSource } from "./command-pump.ts";
import { closeFrame, PING_FRAME, pongFrame } from "./websocket-frames.ts";
import type { Heartbeat, Pulse } from "./websocket-heartbeat.ts";
import { type FrameFault, type FrameListener, FrameReader } from "./websocket-reader.ts";

/** How long a closed connection may take to say its last words, in milliseconds. */
const LINGER_MS = 2000;

/** Pieces that a message may come in: each keeps up to 64 KiB alive that it came in. */
const PIECES_MAX = 1024;
/** Chunks that a frame may come in. */
const CHUNKS_MAX = 1024;

/** Pings and pongs that a client may send from one of our pings to the next; they cost work, and no limit holds them back. */
const CONTROL_FRAMES_MAX = 1000;

const NORMAL = 1000;
const SERVER_FAULT = 1011;

/** A frame that is binary. */
const BINARY = Symbol("binary");

/** What a connection brings. */
type Item = string | typeof BINARY | FrameFault;

const ignore = (): void => {
  // Read, and thrown away.
};

/** What a connection needs of the door. */
export interface ConnectionOptions {
  readonly socket: Duplex;
  readonly dispatcher: Pick<Dispatcher, "handle" | "settled">;
  readonly clock: Clock;
  readonly heartbeat: Heartbeat;
  readonly frameBytesMax: number;
}

/** A WebSocket and, once it is known whose it is, its session. */
export class WebSocketConnection implements Transport, CommandSource<Item>, FrameListener, Pulse {
  readonly #socket: Duplex;
  readonly #dispatcher: ConnectionOptions["dispatcher"];
  readonly #clock: Clock;
  readonly #heartbeat: Heartbeat;
  readonly #reader: FrameReader;
  readonly #items = new Fifo<Item>();
  readonly #written = (): void => this.#taken();
  #session: Session | undefined;
  #pump: CommandPump<Item> | undefined;
  /** Answers to pings of the chunk at hand. */
  #pongs: Buffer[] = [];
  /** The answer to the last ping, where the client does not take what was written before. */
  #latePong: Buffer | undefined;
  /** Pings and pongs since the last ping of ours. */
  #controlFrames = 0;
  /** Whether the client was asked for a sign of life and gave none yet. */
  #isAsked = false;
  /** How the client closed: its code, where it gave one. */
  #clientClose: { readonly code: number | undefined } | undefined;
  #fault: FrameFault | undefined;
  #linger: Timer | undefined;

  constructor({ socket, dispatcher, clock, heartbeat, frameBytesMax }: ConnectionOptions) {
    this.#socket = socket;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
    this.#heartbeat = heartbeat;
    this.#reader = new FrameReader(this, { frameBytesMax, piecesMax: PIECES_MAX, chunksMax: CHUNKS_MAX });
  }

  /**
   * Begins to read, `head` first: the session is there and its first answer given. `closed` is called when the socket is
   * gone.
   */
  start(session: Session, head: Buffer, closed: () => void): void {
    this.#session = session;
    const socket = this.#socket;
    const pump = new CommandPump(session, this, this.#dispatcher, this.#clock);
    this.#pump = pump;
    const unwatch = this.#heartbeat.watch(this);
    const feed = (chunk: Buffer): void => {
      // Whatever it is, somebody is there.
      this.#isAsked = false;
      this.#reader.feed(chunk);
      pump.received(chunk.length);
      this.#answerPings();
    };
    socket.on("data", feed);
    socket.on("end", () => pump.finished());
    socket.on("close", () => {
      unwatch();
      this.#linger?.cancel();
      session.end("disconnected");
      closed();
    });
    if (head.length > 0) feed(head);
  }

  pendingBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes, this.#written);
  }

  pauseReading(): void {
    this.pause();
  }

  resumeReading(): void {
    this.#pump?.resume();
  }

  close(reason: CloseReason): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    // As over TCP: to close with bytes unread would reset the connection, and the last words would be lost with it.
    socket.removeAllListeners("data");
    socket.on("data", ignore);
    socket.resume();
    socket.end(this.#lastFrame(reason));
    this.#linger = this.#clock.after(LINGER_MS, () => socket.destroy());
  }

  next(): Item | undefined {
    return this.#items.shift();
  }

  take(item: Item): Promise<void> | undefined {
    const session = this.#session;
    if (session === undefined) return undefined;
    if (typeof item === "string") return this.#dispatcher.handle(session, item);
    if (item === BINARY) {
      session.refuse("bad_json", "a frame holds one JSON object, as text: this one is binary", undefined, undefined);
    } else {
      this.#fault = item;
      session.refuse(item.error, item.text, undefined, undefined);
      session.end(item.error);
    }
    return undefined;
  }

  pause(): void {
    this.#socket.pause();
    // Nobody is heard who is not read.
    this.#isAsked = false;
  }

  resume(): void {
    this.#socket.resume();
  }

  text(text: string): void {
    this.#items.push(text);
  }

  binary(): void {
    this.#items.push(BINARY);
  }

  ping(payload: Buffer): void {
    this.#pongs.push(pongFrame(payload));
    this.pong();
  }

  pong(): void {
    this.#controlFrames += 1;
    if (this.#controlFrames !== CONTROL_FRAMES_MAX + 1) return;
    this.failed({ error: "bad_frame", closeCode: 1008, text: "there are too many pings and pongs" });
  }

  concluded(code: number | undefined): void {
    this.#clientClose = { code };
    this.#pump?.finished();
  }

  failed(fault: FrameFault): void {
    this.#items.push(fault);
    this.#pump?.received(0);
  }

  ask(): void {
    this.#controlFrames = 0;
    // Who is not read can't answer, and who does not take what was written before is slow, which has a rule of its own.
    if (this.#socket.isPaused() || this.#socket.writableLength > 0 || this.#session?.ended !== false) return;
    this.#isAsked = true;
    this.#control(PING_FRAME);
  }

  judge(): void {
    if (this.#isAsked) this.#session?.end("disconnected");
  }

  /** All pings of a chunk are answered at once; where the client takes nothing the last one alone, as the RFC allows. */
  #answerPings(): void {
    const pongs = this.#pongs;
    if (pongs.length === 0) return;
    this.#pongs = [];
    if (this.#session?.ended !== false) return;
    if (this.#socket.writableLength === 0) this.#control(Buffer.concat(pongs));
    else this.#latePong = pongs.at(-1);
  }

  /** Writes control frames. */
  #control(frames: Uint8Array): void {
    this.write(frames);
    // The outbox counts how long a client takes nothing, whoever wrote it.
    if (this.#socket.writableLength > 0) this.#session?.outbox.flush();
  }

  #taken(): void {
    const late = this.#latePong;
    if (late !== undefined && this.#socket.writableLength === 0 && this.#session?.ended === false) {
      this.#latePong = undefined;
      this.#control(late);
    }
    this.#session?.outbox.written();
  }

  #lastFrame(reason: CloseReason): Buffer {
    if (this.#clientClose !== undefined) return closeFrame(this.#clientClose.code, "");
    if (this.#fault !== undefined) return closeFrame(this.#fault.closeCode, this.#fault.error);
    if (reason === "quit" || reason === "disconnected") return closeFrame(NORMAL, "");
    if (reason === "failed") return closeFrame(SERVER_FAULT, "");
    return closeFrame(ERROR_CODES[reason].closeCode ?? SERVER_FAULT, reason);
  }
}
