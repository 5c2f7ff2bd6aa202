/**
 * Test support: one connection that speaks the wire, quick enough for load. Whoever wants to live through lost
 * connections takes a `Chatter` instead.
 */
import { connect, type Socket } from "node:net";
import { until } from "./until.ts";

/** An event as it came; a field that it did not have is `undefined`. */
export interface ChatEvent {
  readonly _et: string;
  readonly r: string | undefined;
  readonly u: string | undefined;
  readonly c: string | undefined;
  readonly i: string | undefined;
  readonly q: number | undefined;
  readonly k: string | undefined;
  readonly s: string | undefined;
  readonly code: string | undefined;
  readonly oldest: number | undefined;
  readonly ms: readonly ChatEvent[] | undefined;
  readonly more: boolean | undefined;
  /** What happened, where it is no message. */
  readonly e: string | undefined;
  /** Whether the text was taken away. */
  readonly x: boolean | undefined;
}

/** A message that stands in a room. */
export interface ChatMessage {
  readonly seq: number;
  readonly id: string;
  readonly user: string;
  readonly text: string;
  readonly key: string | undefined;
}

/** Hears an event. */
export type Listener = (event: ChatEvent) => void;

const WITHIN_MS = 10_000;

/** Connects to a server on this machine; resolves after its greeting. With a listener, no events are kept. */
export async function connectChat(port: number, listener?: Listener): Promise<ChatClient> {
  const client = new ChatClient(port, listener);
  await until(
    WITHIN_MS,
    () => "the greeting",
    () => {
      if (client.hasEnded) throw new Error(`the connection ended before the greeting: ${client.failure}`);
      return client.greeting;
    },
  );
  return client;
}

/** A message out of its event. */
function messageOf({ q, i, u, c, k }: ChatEvent): ChatMessage {
  if (q === undefined || i === undefined || u === undefined || c === undefined) throw new Error("not a whole message");
  return { seq: q, id: i, user: u, text: c, key: k };
}

/** One connection. */
export class ChatClient {
  /** Everything heard so far, in order; empty where a listener was given. */
  readonly events: ChatEvent[] = [];
  /** Resolves once the connection is gone, however it went. */
  readonly ended: Promise<void>;
  /** The last `login_successful`. */
  greeting: ChatEvent | undefined;
  hasEnded = false;
  /** Why it went, where it did not go in peace. */
  failure: string | undefined;
  readonly #socket: Socket;
  readonly #listener: Listener | undefined;
  #rest = "";
  #slow: NodeJS.Timeout | undefined;

  constructor(port: number, listener: Listener | undefined) {
    this.#listener = listener;
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("error", (error) => {
      this.failure = error.message;
    });
    socket.on("data", (text: string) => this.#take(text));
    this.ended = new Promise((resolve) => {
      socket.on("close", () => {
        this.hasEnded = true;
        clearInterval(this.#slow);
        resolve();
      });
    });
  }

  /** Sends one command. Returns whether the socket is not behind with what it was given. */
  send(command: Readonly<Record<string, unknown>>): boolean {
    return this.write(`${JSON.stringify(command)}\n`);
  }

  /** Sends bytes as they are. */
  write(text: string): boolean {
    return this.#socket.write(text);
  }

  /** Waits for the first event, of all that were heard and will be, that fits. */
  async heard(what: string, fits: (event: ChatEvent) => boolean, withinMs = WITHIN_MS): Promise<ChatEvent> {
    return await this.#heardFrom(0, what, fits, withinMs);
  }

  /** Sends a command and waits for the first event after it that fits. */
  async ask(
    command: Readonly<Record<string, unknown>>,
    fits: (event: ChatEvent) => boolean,
    withinMs = WITHIN_MS,
  ): Promise<ChatEvent> {
    const from = this.events.length;
    this.send(command);
    return await this.#heardFrom(from, `an answer to ${JSON.stringify(command).slice(0, 200)}`, fits, withinMs);
  }

  /** Says `hello`, as the guest of an earlier session where one is given; resolves with who one is. */
  async hello(session: string | undefined): Promise<{ readonly user: string; readonly session: string }> {
    const { u, s } = await this.ask({ _ct: "hello", v: 1, s: session }, ({ _et }) => _et === "login_successful");
    return { user: u ?? "", session: s ?? "" };
  }

  /** Joins a room from now on; resolves once one is in it. */
  async join(room: string): Promise<void> {
    await this.ask({ _ct: "join_room", r: room }, ({ _et, r }) => _et === "room_participation" && r === room);
  }

  /** Joins a room and resolves with all that stands in it after a seq, once caught up. */
  async joinAfter(room: string, after: number, withinMs = 30_000): Promise<readonly ChatMessage[]> {
    const from = this.events.length;
    const command = { _ct: "join_room", r: room, after };
    await this.ask(command, ({ _et, r }) => _et === "caught_up" && r === room, withinMs);
    const heard = this.events.slice(from).filter(({ _et, r }) => _et === "user_message" && r === room);
    return heard.map(messageOf);
  }

  /** Sends a message with a key and resolves with its `ack`, or the error that it got. */
  async say(room: string, text: string, key: string, withinMs = 15_000): Promise<ChatEvent> {
    const command = { _ct: "send_message", r: room, c: text, k: key };
    return await this.ask(command, ({ _et, k }) => (_et === "ack" || _et === "error") && k === key, withinMs);
  }

  /** One page of history, oldest first, or the error that it got. */
  async history(room: string, cursor: { readonly after: number } | { readonly before: number }): Promise<ChatEvent> {
    const command = { _ct: "history", r: room, limit: 1000, ...cursor };
    return await this.ask(command, ({ _et, r }) => (_et === "history" || _et === "error") && r === room);
  }

  /** Reads nothing more until `readOn`. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Reads as fast as it comes again. */
  readOn(): void {
    clearInterval(this.#slow);
    this.#slow = undefined;
    this.#socket.removeAllListeners("data");
    this.#socket.on("data", (text: string) => this.#take(text));
    this.#socket.resume();
  }

  /** Reads no more than so many bytes a second, until `readOn`. */
  readSlowly(bytesPerSecond: number): void {
    const socket = this.#socket;
    socket.removeAllListeners("data");
    socket.pause();
    // What the socket was asked for is all it reads from the kernel, a buffer of its own apart.
    this.#slow = setInterval(() => {
      const text: unknown = socket.read(bytesPerSecond) ?? socket.read();
      if (typeof text === "string") this.#take(text);
    }, 1000);
  }

  /** Drops the connection. */
  drop(): void {
    this.#socket.destroy();
  }

  async #heardFrom(
    from: number,
    what: string,
    fits: (event: ChatEvent) => boolean,
    withinMs: number,
  ): Promise<ChatEvent> {
    let next = from;
    return await until(
      withinMs,
      () =>
        `${what}; heard last:\n${this.events
          .slice(-5)
          .map((event) => JSON.stringify(event).slice(0, 300))
          .join("\n")}`,
      () => {
        for (; next < this.events.length; next++) {
          const event = this.events[next];
          if (event !== undefined && fits(event)) return event;
        }
        if (this.hasEnded) throw new Error(`the connection ended while waiting for ${what}: ${this.failure}`);
        return undefined;
      },
    );
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\r\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = JSON.parse(line) as ChatEvent;
      if (event._et === "login_successful") this.greeting = event;
      if (this.#listener === undefined) this.events.push(event);
      else this.#listener(event);
    }
  }
}

/** Everything that history has of a room, read page by page from the first record on. */
export async function readHistory(client: ChatClient, room: string): Promise<readonly ChatMessage[]> {
  const all: ChatMessage[] = [];
  for (let more = true; more; ) {
    const page = await client.history(room, { after: all.at(-1)?.seq ?? 0 });
    if (page._et === "error") throw new Error(`history: ${page.code}`);
    for (const event of page.ms ?? []) all.push(messageOf(event));
    more = page.more === true;
  }
  return all;
}
