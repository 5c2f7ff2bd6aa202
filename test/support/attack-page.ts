/**
 * Test support: a web page of somebody else that tries all it can to reach a chat server through its reader's browser,
 * and a server that lets everybody in, to show that the tries do reach one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Page } from "playwright-core";
import { WebSocketServer } from "ws";

/** What the page knows of its victim: more than anybody would tell it. */
export interface Victim {
  /** The server to reach. */
  readonly target: string;
  readonly user: string;
  readonly chat: string;
}

/** What came of one try: what the page could read, or why it could not. */
export interface Try {
  readonly name: string;
  /** `true` where the page got hold of an answer that it could read, or of an open connection. */
  readonly gotIn: boolean;
  readonly text: string;
}

/** How long one try may take, in milliseconds. */
const TRY_MS_MAX = 5_000;

/** The tries, as the program of the page. Each gives back what it could read, and throws where it could read nothing. */
const PROGRAM = `async ({ target, user, chat, limit }) => {
  const form = (fields) => new URLSearchParams(fields);
  const opaque = { mode: "no-cors", credentials: "include" };
  const read = async (path, options = {}) => {
    const answer = await fetch(target + path, { credentials: "include", ...options });
    if (answer.type === "opaque" || answer.type === "opaqueredirect") throw new Error("an answer that can't be read");
    if (!answer.ok) throw new Error("status " + answer.status);
    return await answer.text();
  };
  const forged = { content: "forged", sender_id: user, nonce: "x" };
  const element = (name, attributes) => new Promise((resolve, reject) => {
    const made = Object.assign(document.createElement(name), attributes);
    made.onload = () => name === "iframe" ? reject(new Error("a frame that can't be read")) : resolve(name + " was loaded");
    made.onerror = () => reject(new Error(name + " was refused"));
    document.body.append(made);
  });
  const socket = (path) => new Promise((resolve, reject) => {
    const made = new WebSocket(target.replace("http", "ws") + path);
    made.onopen = () => resolve("a WebSocket is open");
    made.onerror = () => reject(new Error("the WebSocket was refused"));
  });
  const submit = (path, fields, enctype) => new Promise((resolve, reject) => {
    const frame = document.createElement("iframe");
    frame.name = "frame" + Math.random();
    document.body.append(frame);
    const made = Object.assign(document.createElement("form"), {
      action: target + path, method: "post", target: frame.name, enctype,
    });
    for (const [name, value] of Object.entries(fields)) {
      made.append(Object.assign(document.createElement("input"), { name, value, type: "hidden" }));
    }
    document.body.append(made);
    frame.onload = () => {
      try {
        resolve(frame.contentDocument.body.textContent);
      } catch {
        reject(new Error("a frame that can't be read"));
      }
    };
    made.submit();
  });
  const tries = {
    "read a page": () => read("/dashboard"),
    "read a chat's page": () => read("/ui/chats/" + chat),
    "read messages": () => read("/chats/" + chat + "/messages"),
    "read who one is": () => read("/users/" + user),
    "read, unseen": () => read("/chats/" + chat + "/messages", opaque),
    "post a form": () => read("/chats/" + chat + "/messages", { ...opaque, method: "POST", body: form(forged) }),
    "post text": () => read("/chats/" + chat + "/messages", { ...opaque, method: "POST", body: String(form(forged)) }),
    "post JSON": () => read("/chats/" + chat + "/messages", {
      method: "POST", body: JSON.stringify(forged), headers: { "content-type": "application/json" },
    }),
    "post a page's form": () => read("/ui/chats/" + chat + "/messages", { ...opaque, method: "POST", body: form(forged) }),
    "remove a member": () => read("/chats/" + chat + "/members/" + user, { method: "DELETE" }),
    "leave by a page's form": () => read("/ui/chats/" + chat + "/members/" + user + "/remove", { ...opaque, method: "POST" }),
    "make an account": () => read("/users", { ...opaque, method: "POST", body: form({ username: "forged", password: "forged forged" }) }),
    "make an account by a page's form": () => read("/ui/sign-up", { ...opaque, method: "POST", body: form({ username: "forged", password: "forged forged" }) }),
    "make a chat": () => read("/chats", { ...opaque, method: "POST", body: form({ name: "forged", members: user }) }),
    "sign in as another": () => read("/login", { ...opaque, method: "POST", body: form({ username: "other", password: "correct horse battery staple" }) }),
    "sign out": () => read("/logout", opaque),
    "sign out by a form": () => read("/logout", { ...opaque, method: "POST" }),
    "send a beacon": async () => {
      navigator.sendBeacon(target + "/chats/" + chat + "/messages", form(forged));
      throw new Error("nobody tells");
    },
    "submit a form": () => submit("/ui/chats/" + chat + "/messages", forged, "application/x-www-form-urlencoded"),
    "submit a form as text": () => submit("/chats/" + chat + "/messages", forged, "text/plain"),
    "sign out by an image": () => element("img", { src: target + "/logout" }),
    "run messages as a script": () => element("script", { src: target + "/chats/" + chat + "/messages" }),
    "show a page in a frame": () => element("iframe", { src: target + "/dashboard" }),
    "follow events": () => new Promise((resolve, reject) => {
      const made = new EventSource(target + "/chats/" + chat + "/events", { withCredentials: true });
      made.onopen = () => resolve("the events are open");
      made.onerror = () => reject(new Error("the events were refused"));
    }),
    "open a WebSocket": () => socket("/ws"),
    "open somebody's WebSocket": () => socket("/ws/connect/" + user),
  };
  const results = [];
  for (const [name, attempt] of Object.entries(tries)) {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), limit));
    try {
      results.push({ name, gotIn: true, text: await Promise.race([attempt(), late]) });
    } catch (error) {
      results.push({ name, gotIn: false, text: String(error) });
    }
  }
  return results;
}`;

/** Has the page that is open try everything. */
export function attack(page: Page, victim: Victim): Promise<readonly Try[]> {
  return page.evaluate<readonly Try[]>(`(${PROGRAM})(${JSON.stringify({ ...victim, limit: TRY_MS_MAX })})`);
}

/** The page itself: nothing but a place to run in. */
export const ATTACK_PAGE = "<!doctype html><title>Kittens</title><body><h1>Kittens</h1>";

/** A server that lets everybody in. */
export interface CarelessServer {
  readonly port: number;
  /** What reached it, and how often: `POST /chats`, …, and `UPGRADE /ws`. */
  readonly reached: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Opens one. Any path is the attacker's page, or whatever a GET of it may want. */
export async function openCarelessServer(): Promise<CarelessServer> {
  const reached = new Map<string, number>();
  const count = (what: string): void => {
    reached.set(what, (reached.get(what) ?? 0) + 1);
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    count(`${request.method} ${request.url}`);
    request.resume();
    const origin = request.headers.origin ?? "*";
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("access-control-allow-credentials", "true");
    response.setHeader("access-control-allow-headers", "content-type");
    response.setHeader("access-control-allow-methods", "DELETE");
    const isEvents = request.url?.endsWith("/events") === true;
    response.writeHead(200, { "content-type": isEvents ? "text/event-stream" : "text/html" });
    if (isEvents) response.write(": hello\n\n");
    else response.end(ATTACK_PAGE);
  };
  const server = createServer(answer);
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    count(`UPGRADE ${request.url}`);
    sockets.handleUpgrade(request, socket, head, (open) => open.on("error", () => undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    reached,
    stop: async () => {
      for (const open of sockets.clients) open.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
