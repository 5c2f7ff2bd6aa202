/**
 * Connections that only post, which are read and answered without Node's own requests: whoever posts can't tell, and
 * whatever else comes on one of them is Node's to answer, in its turn.
 */
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../support/http-client.ts";
import { type HttpMessage, HttpPerson } from "../support/http-people.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";
import { until } from "../support/until.ts";

const FORM = "Content-Type: application/x-www-form-urlencoded\r\n";
/** A header that changes nothing, and that a plain post does not have: Node answers a request that has it. */
const FOR_NODE = "TE: trailers\r\n";

let server: HttpServer;
let alice: HttpPerson;
const sockets: Socket[] = [];

beforeAll(async () => {
  server = await startHttpServer();
  alice = await HttpPerson.open(server.port, "alice");
});

afterAll(() => server.stop());

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A connection, and what has come on it. */
class Line {
  readonly socket: Socket;
  text = "";
  hasEnded = false;
  isClosed = false;

  constructor(port = server.port, allowHalfOpen = false) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen });
    sockets.push(this.socket);
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk) => {
      this.text += chunk.toString();
    });
    this.socket.on("end", () => {
      this.hasEnded = true;
    });
    this.socket.on("close", () => {
      this.isClosed = true;
    });
  }

  send(text: string): void {
    this.socket.write(text);
  }

  get statuses(): readonly string[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = ""]) => status);
  }

  answers(count: number): Promise<readonly string[]> {
    return until(
      5000,
      () => `${count} answers; heard ${this.text}`,
      () => (this.statuses.length >= count ? this.statuses : undefined),
    );
  }

  closed(): Promise<boolean> {
    return until(
      5000,
      () => "the end of the connection",
      () => this.isClosed || undefined,
    );
  }
}

/** A post as bytes. */
function post(body: string, options: { readonly room?: string; readonly headers?: string } = {}): string {
  const { room = "general", headers = `${FORM}Cookie: user_id=${alice.id}\r\n` } = options;
  return `POST /chats/${room}/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;

/** An answer without what differs from one to the next. */
const alike = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID")
    .replace(/"seq":\d+/, "SEQ")
    .replace(/"created_at":"[^"]+"/, "TIME")
    .replace(/content-length: \d+/, "LENGTH")
    .replace(/Date: [^\r]+ GMT/, "DATE");

async function said(room = "general"): Promise<readonly string[]> {
  const page = await ask(server.port, `/chats/${room}/messages?limit=200`, { headers: alice.headers });
  return page.json<HttpMessage[]>().map(({ content }) => content);
}

describe("a post on a connection that only posts", () => {
  it.each<[string, string, { readonly room?: string; readonly headers?: string }]>([
    ["that is well", "content=hello+%E2%9C%93", {}],
    ["as JSON", '{"content":"h\u00e9"}', { headers: "Content-Type: application/json\r\nSENDER" }],
    ["by the one that it names", "content=x&sender_id=SENDER_ID", { headers: FORM }],
    ["without a text", "", {}],
    ["with an empty text", "content=", {}],
    ["to nowhere", "content=x", { room: "nowhere" }],
    ["that is no form", "content=%FF%FE", {}],
    ["that is no JSON", "{", { headers: "Content-Type: application/json\r\nSENDER" }],
    ["of another type", "x", { headers: "Content-Type: text/plain\r\nSENDER" }],
    ["by nobody", "content=x", { headers: FORM }],
    ["by somebody unknown", "content=x", { headers: `${FORM}Cookie: user_id=nobody\r\n` }],
    ["from a page of another site", "content=x", { headers: `${FORM}SENDEROrigin: http://evil.example\r\n` }],
    ["with a key that is none", "content=x", { headers: `${FORM}SENDERIdempotency-Key: ${"k".repeat(65)}\r\n` }],
  ])("HTTP-1 HTTP-2 is answered as on any other: %s", async (_what, body, { room = "general", headers }) => {
    const sender = `Cookie: user_id=${alice.id}\r\n`;
    const all = (headers ?? `${FORM}SENDER`).replace("SENDER", sender);
    const text = body.replace("SENDER_ID", alice.id);
    const [lane, nodes] = [new Line(), new Line()];
    lane.send(post(text, { room, headers: all }));
    nodes.send(post(text, { room, headers: all + FOR_NODE }));
    await Promise.all([lane.answers(1), nodes.answers(1)]);
    expect(alike(lane.text)).toBe(alike(nodes.text));
    // And the connection goes on.
    lane.send(post("content=again", {}));
    expect((await lane.answers(2)).at(-1)).toBe("200");
  });

  it("HTTP-2 to a Host that is not ours is refused", async () => {
    const line = new Line();
    line.send(post("content=x").replace("Host: 127.0.0.1", "Host: evil.example"));
    expect(await line.answers(1)).toEqual(["403"]);
  });

  it("HTTP-3 with a key makes one message, whichever way a repeat comes", async () => {
    const headers = `${FORM}Cookie: user_id=${alice.id}\r\nIdempotency-Key: once\r\n`;
    const [lane, nodes] = [new Line(), new Line()];
    lane.send(post("content=only+once", { headers }));
    await lane.answers(1);
    nodes.send(post("content=only+once", { headers: headers + FOR_NODE }));
    await nodes.answers(1);
    const id = /"message_id":"([^"]+)"/;
    expect(id.exec(nodes.text)?.[1]).toBe(id.exec(lane.text)?.[1]);
    expect((await said()).filter((text) => text === "only once")).toHaveLength(1);
  });

  it("HTTP-1 may come in any pieces, among other requests, before answers are there: all are answered in turn", async () => {
    const chat = await alice.chat("in pieces");
    const posts = Array.from({ length: 12 }, (_, index) => post(`content=${index}`, { room: chat }));
    const alone = new Line();
    for (const [index, one] of posts.slice(0, 3).entries()) {
      alone.send(one);
      await alone.answers(index + 1);
    }
    alone.send(get("/healthz"));
    await alone.answers(4);
    alone.send(posts[3] ?? "");
    expect(await alone.answers(5)).toEqual(["200", "200", "200", "200", "200"]);

    const atOnce = new Line();
    atOnce.send(posts.slice(4, 8).join("") + get("/healthz"));
    expect(await atOnce.answers(5)).toEqual(["200", "200", "200", "200", "200"]);

    // One is being answered while the next ones come, in pieces that begin and end anywhere.
    const pieces = new Line();
    const rest = posts.slice(8).join("") + get("/nowhere");
    for (let at = 0; at < rest.length; at += 97) {
      pieces.send(rest.slice(at, at + 97));
      if (at % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await pieces.answers(5)).toEqual(["200", "200", "200", "200", "404"]);
    expect((await said(chat)).map(Number).sort((a, b) => a - b)).toEqual(posts.map((_, index) => index));
  });

  it("WIRE-5 does not keep the connection from becoming a WebSocket", async () => {
    const line = new Line();
    line.send(post("content=first+this"));
    await line.answers(1);
    line.send(
      "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`,
    );
    expect((await line.answers(2)).at(-1)).toBe("101");
    await until(
      5000,
      () => `a frame behind ${line.text}`,
      () => line.text.split("\r\n\r\n").at(-1)?.includes("{") || undefined,
    );
  });

  it("HTTP-1 is answered also where its client says at once that nothing more comes", async () => {
    const line = new Line(server.port, true);
    line.socket.end(post("content=and+goodbye"));
    expect(await line.answers(1)).toEqual(["200"]);
    await line.closed();
    expect(await said()).toContain("and goodbye");
  });

  it("HTTP-1 is kept though its client is gone before the answer", async () => {
    const line = new Line();
    await until(
      5000,
      () => "the connection",
      () => !line.socket.connecting || undefined,
    );
    line.send(post("content=gone+already"));
    line.socket.resetAndDestroy();
    await alice.ask("/chats/general/messages", { form: { content: "next" } });
    // Whether it was read before the reset is the kernel's to say; the server is well either way.
    expect(await said()).toContain("next");
  });

  it("HTTP-2 keeps its connection for 5 s, and one on which nothing ever comes is told so", async () => {
    const [posted, silent] = [new Line(), new Line()];
    posted.send(post("content=and+silence"));
    await Promise.all([posted.closed(), silent.closed()]);
    expect(posted.statuses).toEqual(["200"]);
    expect(silent.statuses).toEqual(["408"]);
  });

  it("WIRE-20 whose client takes no answers is let go, and takes no memory meanwhile", async () => {
    const line = new Line();
    line.socket.pause();
    const one = post("content=never+read");
    await until(
      30_000,
      () => "the end of the connection",
      () => {
        for (let count = 0; count < 100 && line.socket.writableLength < 1e6; count++) line.socket.write(one);
        // A socket that does not read learns of the end only when it writes.
        return line.isClosed || line.socket.writableLength >= 1e6 || undefined;
      },
    );
    // Held back or closed: either way the others are served.
    expect((await alice.ask("/chats/general/messages", { form: { content: "I am served" } })).status).toBe(200);
  });
});

describe("a server that stops", () => {
  it("STOP-1 answers the post that it has, then closes, and closes what is idle at once", async () => {
    let isSlow = false;
    let isUnderWay = false;
    const stopping = await startHttpServer({
      fate: () => {
        isUnderWay = isSlow;
        return { delayMs: isSlow ? 3000 : 0, outcome: "durable" };
      },
    });
    const bob = await HttpPerson.open(stopping.port, "bob");
    const headers = `${FORM}Cookie: user_id=${bob.id}\r\n`;
    const [idle, busy] = [new Line(stopping.port), new Line(stopping.port)];
    idle.send(post("content=first", { headers }));
    await idle.answers(1);
    isSlow = true;
    busy.send(post("content=last", { headers }));
    await until(
      5000,
      () => "the post to be under way",
      () => isUnderWay || undefined,
    );
    stopping.gateway.stopAccepting();
    await idle.closed();
    expect(await busy.answers(1)).toEqual(["200"]);
    expect(busy.text).toMatch(/\r\nConnection: close\r\n/);
    await busy.closed();
    await stopping.stop();
  });
});
