/**
 * Load tool, the baseline over engines: a chat server as one writes it first. A post is one produce request, which is
 * waited for; a consumer behind the topic stores and pushes record by record. It keeps nothing in memory but who
 * listens. Honest rather than clever: requests overlap, statements are prepared, nothing is slowed down.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { parse } from "node:querystring";
import type { Producer } from "@platformatic/kafka";
import { type WebSocket, WebSocketServer } from "ws";
import type { PlainMessage, PlainStore } from "./plain-store.ts";

/** What the server works with. */
export interface PlainServerContext {
  readonly topic: string;
  readonly producer: Producer;
  readonly store: PlainStore;
  /** Who listens, by user; filled here. */
  readonly listeners: Map<string, Set<WebSocket>>;
  /** Records that are stored and pushed. */
  readonly handled: () => number;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

type Form = ReturnType<typeof parse>;

const MESSAGES = /^\/chats\/([\w-]+)\/messages(?:\?limit=(\d+))?$/;
const FEED = /^\/ws\/connect\/([\w-]+)$/;
const PAGE = 1000;

/** A plain server that is not listening yet. */
export function createPlainServer(context: PlainServerContext): Server {
  const plain = new PlainChat(context);
  const server = createServer((request, response) => void serve(plain, request, response));
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on("upgrade", (request, socket, head) => {
    const user = FEED.exec(request.url ?? "")?.[1];
    if (user === undefined) socket.destroy();
    else sockets.handleUpgrade(request, socket, head, (webSocket) => plain.listen(user, webSocket));
  });
  return server;
}

async function serve(plain: PlainChat, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body, headers } = await plain
    .answer(request, parse(await bodyOf(request)))
    .catch((error: unknown): Reply => ({ status: 500, body: { error: String(error) }, headers: {} }));
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const type = typeof body === "string" ? "text/plain" : "application/json";
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text), ...headers });
  response.end(text);
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => resolve(body));
    request.on("error", reject);
  });
}

class PlainChat {
  readonly #context: PlainServerContext;
  #posted = 0;

  constructor(context: PlainServerContext) {
    this.#context = context;
  }

  listen(user: string, socket: WebSocket): void {
    const { listeners } = this.#context;
    const own = listeners.get(user) ?? new Set();
    listeners.set(user, own.add(socket));
    socket.on("close", () => own.delete(socket));
    socket.on("error", () => socket.terminate());
  }

  async answer({ method, url = "", headers }: IncomingMessage, form: Form): Promise<Reply> {
    const { store } = this.#context;
    const messages = MESSAGES.exec(url);
    if (messages !== null) {
      const chat = messages[1] as string;
      if (method === "GET") return reply(200, await store.newest(chat, Number(messages[2] ?? PAGE)));
      return await this.#post(chat, headers.cookie, String(form["content"]));
    }
    if (method === "GET" && url === "/metrics") return reply(200, this.#metrics());
    if (method === "POST" && url === "/users") return await this.#register(String(form["username"]));
    if (method === "POST" && url === "/login") {
      const id = await store.userNamed(String(form["username"]));
      if (id === undefined) return reply(404, {});
      return reply(303, "", { location: "/", "set-cookie": `user_id=${id}; Path=/` });
    }
    if (method === "POST" && url === "/chats") {
      const members = [form["members"] ?? []].flat();
      const id = randomUUID();
      await store.addChat(id, String(form["name"]), members);
      return reply(201, { chat_id: id, members, name: form["name"], created_at: new Date() });
    }
    return reply(404, {});
  }

  async #register(username: string): Promise<Reply> {
    const id = randomUUID();
    await this.#context.store.addUser(id, username);
    return reply(201, { user_id: id, username, created_at: new Date(), updated_at: new Date() });
  }

  async #post(chat: string, cookie: string | undefined, content: string): Promise<Reply> {
    const sender = /(?:^|; )user_id=([\w-]+)/.exec(cookie ?? "")?.[1];
    if (sender === undefined) return reply(401, {});
    const message: PlainMessage = { chat_id: chat, sender_id: sender, content, message_id: randomUUID() };
    const { producer, topic } = this.#context;
    await producer.send({
      messages: [{ topic, key: Buffer.from(chat), value: Buffer.from(JSON.stringify(message)) }],
    });
    this.#posted++;
    return reply(200, message);
  }

  #metrics(): string {
    const handled = this.#context.handled();
    return [
      `chat_messages_posted_total ${this.#posted}`,
      `consumer_messages_processed_total ${handled}`,
      `consumer_lag ${Math.max(0, this.#posted - handled)}`,
      "",
    ].join("\n");
  }
}

function reply(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, body, headers };
}
