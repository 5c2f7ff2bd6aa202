/**
 * Load tool, somebody who listens over WebSocket: to the feed of all their chats, or in a session that joins its chat,
 * can be cut off, and comes back to where it was.
 */
import type { SharedReadBuffer } from "../bench-socket.ts";
import { BenchWebSocket } from "../bench-web-socket.ts";
import type { EventScanner } from "../event-scanner.ts";
import type { LedgerUser, LoadLedger } from "../load-ledger.ts";
import type { Listening } from "./http-plan.ts";
import type { HttpAddress } from "./requests.ts";

/** What a listener needs of its run. */
export interface ListenerContext {
  readonly address: HttpAddress;
  readonly shared: SharedReadBuffer;
  readonly ledger: LoadLedger;
  readonly scanner: EventScanner;
  readonly micros: () => number;
  /** It hears everything from here on: for the first time, or again after it was cut off. */
  readonly onReady: (listener: Listener) => void;
  /** Its connection is gone or was never made, with the reason; `wasReady`: it had been told of by `onReady`. */
  readonly onLost: (listener: Listener, reason: string, wasReady: boolean) => void;
}

/** One listener with its connection. */
export class Listener implements LedgerUser {
  readonly index: number;
  readonly receivers: Int32Array;
  echoes = 0;
  ready = false;
  readonly #context: ListenerContext;
  readonly #listening: Listening;
  readonly #user: string;
  readonly #room: number;
  readonly #chat: string;
  #socket: BenchWebSocket;
  /** The seq up to which everything was told at the first join; `undefined` before. */
  #caughtUp: number | undefined = undefined;

  /** User `index` with this id listens to chat number `room`. */
  constructor(index: number, user: string, room: number, listening: Listening, context: ListenerContext) {
    this.index = index;
    this.#user = user;
    this.#room = room;
    this.#context = context;
    this.#listening = listening;
    const { rooms } = context.ledger.scan;
    this.#chat = rooms[room] as string;
    this.receivers = new Int32Array(rooms.length).fill(-1);
    this.#socket = this.#connect();
  }

  onEvent(type: string, event: Readonly<Record<string, unknown>>): void {
    if (this.#listening === "feed") return;
    if (type === "login_successful") this.#join();
    else if (event.r !== this.#chat) return;
    else if (type === "user_joined_room") this.#context.ledger.joined(this, this.#chat);
    else if (type === "caught_up") {
      this.#caughtUp ??= Number(event.q);
      this.#becomeReady();
    }
  }

  /** Ends the connection at once, without a word. */
  cut(): void {
    this.ready = false;
    this.#socket.close();
  }

  /** Connects again. */
  comeBack(): void {
    this.#socket = this.#connect();
  }

  #connect(): BenchWebSocket {
    const { address, shared, ledger, scanner, micros, onLost } = this.#context;
    const feed = this.#listening === "feed";
    const path = feed ? `/ws/connect/${this.#user}` : "/ws";
    return new BenchWebSocket({ ...address, path, cookie: feed ? undefined : `user_id=${this.#user}` }, shared, {
      opened: () => {
        if (!feed) return;
        ledger.joined(this, this.#chat);
        this.#becomeReady();
      },
      reading: () => {
        ledger.user = this;
        ledger.nowMicros = micros();
      },
      text: (bytes, from, to) => scanner.frame(bytes, from, to),
      scanned: () => undefined,
      lost: (reason) => {
        const wasReady = this.ready;
        this.ready = false;
        onLost(this, reason, wasReady);
      },
    });
  }

  #join(): void {
    const { ledger } = this.#context;
    const join = { _ct: "join_room", r: this.#chat };
    // The first time only to learn where the room is; from then on everything that was missed.
    const seq = Math.max(this.#caughtUp ?? 0, ledger.cursor(this, this.#room));
    const since = this.#caughtUp === undefined ? { last: 1 } : { after: seq };
    this.#socket.say([JSON.stringify({ ...join, ...since })]);
  }

  #becomeReady(): void {
    if (this.ready) return;
    this.ready = true;
    this.#context.onReady(this);
  }
}
