/**
 * Test support: a small chat server in memory that speaks the calls which the load tool uses, over HTTP and WebSocket,
 * and can be told to do it wrong. It stands on `node:http` and `ws`, so that the tool's own frames meet another's.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";

/** A message as it is kept. */
interface Message {
  readonly sender: string;
  readonly content: string;
  readonly id: string;
  readonly seq: number;
}

interface Chat {
  readonly id: string;
  readonly messages: Message[];
  readonly members: ReadonlySet<string>;
  /** Sessions of `/ws` that have joined. */
  readonly joined: Set<WebSocket>;
}

/** What is done wrong; each hook sees what would be right. */
export interface Faults {
  /** The frames that a listener gets in the place of one; `listener` counts them in the order of their coming. */
  readonly push?: (listener: number, frame: string) => readonly string[];
  /** The answer to the `count`th post instead of 200, and whether the message is kept and pushed all the same. */
  readonly post?: (count: number) => { status: number; body: string; kept: boolean } | undefined;
  /** Messages at the head of a chat that a page leaves out. */
  readonly pageBehind?: number;
  /** Whether a session that resumes is told what it missed. */
  readonly resumes?: boolean;
  /** Whether answers carry the fields that were added to the wire as it is, and frames look like it. */
  readonly asItIs?: boolean;
}

const FEED = /^\/ws\/connect\/([\w-]+)$/;
const MESSAGES = /^\/chats\/([\w-]+)\/messages(?:\?(?:before=(\d+)&)?limit=(\d+))?$/;

/** A server that is not listening yet. */
export function createFakeChatServer(faults: Faults = {}): Server {
  const fake = new FakeChat(faults);
  const server = createServer((request, response) => void fake.answer(request, response));
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => fake.welcome(request, webSocket));
  });
  return server;
}

class FakeChat {
  readonly #faults: Faults;
  readonly #names = new Map<string, string>();
  readonly #chats = new Map<string, Chat>();
  readonly #feeds: { user: string; socket: WebSocket }[] = [];
  readonly #numbers = new Map<WebSocket, number>();
  #posts = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const form = new URLSearchParams(body);
    const reply = (status: number, value: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
    };
    const { method, url = "" } = request;
    const messages = MESSAGES.exec(url);
    if (method === "POST" && url === "/users") {
      const id = randomUUID();
      const username = form.get("username") ?? "";
      this.#names.set(username, id);
      reply(201, { user_id: id, username, created_at: new Date(), updated_at: new Date() });
    } else if (method === "POST" && url === "/login") {
      const id = this.#names.get(form.get("username") ?? "");
      reply(303, {}, { location: "/", "set-cookie": `user_id=${id}; Path=/` });
    } else if (method === "POST" && url === "/chats") {
      const members = form.getAll("members");
      const chat: Chat = { id: randomUUID(), messages: [], members: new Set(members), joined: new Set() };
      this.#chats.set(chat.id, chat);
      reply(201, { chat_id: chat.id, members, name: form.get("name"), created_at: new Date() });
    } else if (messages !== null) {
      const chat = this.#chats.get(messages[1] ?? "");
      if (chat === undefined) reply(404, { code: "unknown_room" });
      else if (method === "GET")
        this.#page(chat, Number(messages[2] ?? Number.POSITIVE_INFINITY), Number(messages[3] ?? 1000), response);
      else this.#post(chat, userOf(request), form.get("content") ?? "", response);
    } else reply(404, { code: "not_found" });
  }

  welcome(request: IncomingMessage, socket: WebSocket): void {
    this.#numbers.set(socket, this.#numbers.size);
    const feed = FEED.exec(request.url ?? "")?.[1];
    if (feed !== undefined) {
      this.#feeds.push({ user: feed, socket });
      return;
    }
    const rs = [...this.#chats.keys()].map((n) => ({ n, d: "A chat." }));
    socket.send(JSON.stringify({ _et: "login_successful", s: "s".repeat(21), u: userOf(request).slice(0, 5), rs }));
    const user = userOf(request);
    socket.on("message", (data) => this.#command(socket, user, JSON.parse(String(data)) as Record<string, unknown>));
    socket.on("close", () => {
      for (const { joined } of this.#chats.values()) joined.delete(socket);
    });
  }

  #post(chat: Chat, sender: string, content: string, response: ServerResponse): void {
    const fault = this.#faults.post?.(++this.#posts);
    if (fault?.kept !== false) {
      const message = this.#say(chat, sender, content);
      if (fault === undefined) {
        const added = this.#faults.asItIs === true ? {} : { seq: message.seq };
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ message_id: message.id, ...added }));
        return;
      }
    }
    response.writeHead(fault?.status ?? 500, { "content-type": "application/problem+json" }).end(fault?.body);
  }

  #say(chat: Chat, sender: string, content: string): Message {
    const message = { sender, content, id: randomUUID(), seq: chat.messages.length + 1 };
    chat.messages.push(message);
    for (const { user, socket } of this.#feeds) if (chat.members.has(user)) this.#push(socket, chat, message);
    for (const socket of chat.joined) this.#push(socket, chat, message);
    return message;
  }

  #page(chat: Chat, before: number, limit: number, response: ServerResponse): void {
    const end = Math.min(before - 1, chat.messages.length) - (this.#faults.pageBehind ?? 0);
    const page = chat.messages.slice(Math.max(0, end - limit), Math.max(0, end)).reverse();
    const rows = page.map((row) => ({ message_id: row.id, sender_id: row.sender, content: row.content, seq: row.seq }));
    response.writeHead(200, { "content-type": "application/json" });
    // Several writes: in chunks.
    const text = JSON.stringify(rows);
    response.write(text.slice(0, 100));
    response.end(text.slice(100));
  }

  #command(socket: WebSocket, user: string, command: Readonly<Record<string, unknown>>): void {
    const chat = this.#chats.get(String(command.r));
    if (chat === undefined) return;
    if (command._ct === "send_message") this.#say(chat, user, String(command.c));
    if (command._ct !== "join_room") return;
    chat.joined.add(socket);
    socket.send(JSON.stringify({ _et: "user_joined_room", r: chat.id, us: ["71OU8"] }));
    socket.send(JSON.stringify({ _et: "room_participation", r: chat.id, u: "71OU8", s: "joined" }));
    const from = typeof command.after === "number" ? command.after : chat.messages.length - 1;
    const missed = this.#faults.resumes === false ? [] : chat.messages.slice(Math.max(0, from));
    for (const message of missed) this.#push(socket, chat, message);
    socket.send(JSON.stringify({ _et: "caught_up", r: chat.id, q: chat.messages.length }));
  }

  #push(socket: WebSocket, chat: Chat, { sender, content, id, seq }: Message): void {
    const message = { _et: "user_message", r: chat.id, u: sender.slice(0, 5), c: content };
    const added = { i: id, q: seq, t: new Date(0).toISOString() };
    const event = this.#faults.asItIs === true ? { chat_id: chat.id, content } : { ...message, ...added };
    const frame = JSON.stringify(event);
    for (const text of this.#faults.push?.(this.#numbers.get(socket) ?? 0, frame) ?? [frame]) socket.send(text);
  }
}

function userOf({ headers }: IncomingMessage): string {
  return /user_id=([\w-]+)/.exec(headers.cookie ?? "")?.[1] ?? "";
}
