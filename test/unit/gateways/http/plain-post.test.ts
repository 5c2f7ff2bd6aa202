/** Plain posts: what is read here is read as Node reads it, and what could be read in two ways is not read here at all. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPlainPost } from "../../../../src/server/gateways/http/plain-post.ts";

const HEAD = ["Host: localhost:8000", "Cookie: user_id=6f1b8b0e", "Content-Type: application/x-www-form-urlencoded"];
const BODY = "content=hello";

/** A request, its parts to be chosen. */
function request({
  first = "POST /chats/general/messages HTTP/1.1",
  headers = HEAD,
  length = [`Content-Length: ${BODY.length}`],
  body = BODY,
}: {
  readonly first?: string;
  readonly headers?: readonly string[];
  readonly length?: readonly string[];
  readonly body?: string;
} = {}): Buffer {
  return Buffer.from(`${[first, ...headers, ...length].join("\r\n")}\r\n\r\n${body}`, "latin1");
}

/** What a request says, whoever read it. */
interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

const server = createServer({ requireHostHeader: false });

/** The requests that Node finds in some bytes, up to what it can't read: then `refused` stands behind them. */
function byNode(bytes: Buffer): Promise<readonly (Seen | "refused")[]> {
  const seen: (Seen | "refused")[] = [];
  return new Promise((resolve) => {
    const end = (): void => {
      server.removeAllListeners();
      for (const listener of listeners) server.on("connection", listener as () => void);
      resolve(seen);
    };
    const listeners = server.listeners("connection");
    server.on("request", (incoming, response) => {
      const { method, url, headers, rawHeaders } = incoming;
      const parts: Buffer[] = [];
      incoming.on("data", (part: Buffer) => parts.push(part));
      incoming.on("end", () => {
        seen.push({ method, url, headers, rawHeaders, body: Buffer.concat(parts).toString("latin1") });
        response.end();
      });
    });
    const taken = (): void => void seen.push("refused");
    server.on("clientError", taken);
    server.on("upgrade", taken);
    server.on("checkContinue", taken);
    server.on("checkExpectation", taken);
    const duplex = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    duplex.on("error", () => undefined);
    server.emit("connection", duplex);
    duplex.push(bytes);
    // All of it is read in this turn; what is begun and not whole stays unseen.
    setImmediate(() => setImmediate(end));
  });
}

const asSeen = (bytes: Buffer): Seen | undefined => {
  const post = readPlainPost(bytes, undefined);
  if (post === undefined) return undefined;
  const { method, url, headers, rawHeaders } = post.head;
  return { method, url, headers, rawHeaders, body: post.body.toString("latin1") };
};

describe("a plain post", () => {
  it("is read as Node reads it", async () => {
    for (const bytes of [
      request(),
      request({ headers: [...HEAD, "connection: Keep-Alive", "Idempotency-Key: a b\tc", "X-Odd:x:y", "Accept:\t*/*"] }),
      request({ first: "POST /chats/6F1B8B0E/messages?x=%20&y HTTP/1.1", headers: [] }),
      request({ length: ["CONTENT-LENGTH: 0"], body: "" }),
      request({ length: ["Content-Length: 4"], body: "\r\n\r\n" }),
    ]) {
      expect(asSeen(bytes), bytes.toString("latin1")).toBeDefined();
      expect(await byNode(bytes)).toEqual([asSeen(bytes)]);
    }
  });

  it("has no head read anew that is the one before, and every other one is", () => {
    const before = readPlainPost(request(), undefined)?.head;
    expect(before).toBeDefined();
    expect(readPlainPost(request({ body: "content=world" }), before)).toEqual({
      head: before,
      body: Buffer.from("content=world"),
    });
    expect(readPlainPost(request({ body: "content=world" }), before)?.head).toBe(before);
    const other = readPlainPost(request({ headers: ["Host: localhost:8001", ...HEAD.slice(1)] }), before);
    expect(other?.head).not.toBe(before);
    expect(other?.head.headers.host).toBe("localhost:8001");
    expect(readPlainPost(request({ body: "content=longer than it says" }), before)).toBeUndefined();
    expect(readPlainPost(request({ body: "short" }), before)).toBeUndefined();
  });

  it("keeps nothing of the read that is used again", () => {
    const bytes = request();
    const before = readPlainPost(bytes, undefined)?.head;
    bytes.fill(0x78);
    expect(readPlainPost(request(), before)?.head).toBe(before);
  });

  it.each([
    ["another method", request({ first: "PUT /chats/general/messages HTTP/1.1" })],
    ["a method in small letters", request({ first: "post /chats/general/messages HTTP/1.1" })],
    ["another call", request({ first: "POST /users HTTP/1.1" })],
    ["a whole URL", request({ first: "POST http://localhost/chats/general/messages HTTP/1.1" })],
    ["a space in its path", request({ first: "POST /chats/a b/messages HTTP/1.1" })],
    ["a path beyond ASCII", request({ first: "POST /chats/\xe9/messages HTTP/1.1" })],
    ["an older HTTP", request({ first: "POST /chats/general/messages HTTP/1.0" })],
    ["no HTTP", request({ first: "POST /chats/general/messages" })],
    ["no length", request({ length: [] })],
    ["a length twice", request({ length: ["Content-Length: 13", "Content-Length: 13"] })],
    ["a length with a sign", request({ length: ["Content-Length: +13"] })],
    ["a length with a nought before it", request({ length: ["Content-Length: 013"] })],
    ["a length in hex", request({ length: ["Content-Length: 0xd"] })],
    ["an empty length", request({ length: ["Content-Length: "] })],
    ["chunks", request({ length: ["Transfer-Encoding: chunked"], body: "0\r\n\r\n" })],
    ["chunks and a length", request({ headers: [...HEAD, "Transfer-Encoding: chunked"] })],
    ["less body than it says", request({ body: "content=hell" })],
    ["more than its body", request({ body: `${BODY}POST` })],
    ["a second one behind it", Buffer.concat([request(), request()])],
    ["a head that is not whole", request().subarray(0, 40)],
    ["nothing", Buffer.alloc(0)],
    ["an end to its connection", request({ headers: [...HEAD, "Connection: close"] })],
    ["another protocol to go on in", request({ headers: [...HEAD, "Connection: Upgrade", "Upgrade: websocket"] })],
    ["an offer alone", request({ headers: [...HEAD, "Upgrade: h2c"] })],
    ["something to expect", request({ headers: [...HEAD, "Expect: 100-continue"] })],
    ["a coded body", request({ headers: [...HEAD, "Content-Encoding: gzip"] })],
    ["two hosts", request({ headers: [...HEAD, "host: evil.example"] })],
    ["two cookies", request({ headers: [...HEAD, "Cookie: user_id=other"] })],
    ["a space before a colon", request({ headers: [...HEAD, "Origin : http://localhost:8000"] })],
    ["a header that goes on", request({ headers: [...HEAD, "X-Long: one", " two"] })],
    ["a header without a name", request({ headers: [...HEAD, ": x"] })],
    ["a header without a colon", request({ headers: [...HEAD, "Origin"] })],
    ["an empty header", request({ headers: [...HEAD, "Origin:"] })],
    ["a line end alone", request({ headers: [...HEAD, "X-Odd: one\nOrigin: two"] })],
    ["a return alone", request({ headers: [...HEAD, "X-Odd: one\rOrigin: two"] })],
    ["a zero byte", request({ headers: [...HEAD, "X-Odd: \0"] })],
    ["a header beyond ASCII", request({ headers: [...HEAD, "X-Odd: \xe9"] })],
    ["a name of JavaScript's own", request({ headers: [...HEAD, "__proto__: x"] })],
    ["more headers than anybody sends", request({ headers: Array.from({ length: 40 }, (_, n) => `X-${n}: y`) })],
    ["a head without end", request({ headers: [...HEAD, `X-Long: ${"x".repeat(9000)}`] })],
  ])("is none that has %s", (_what, bytes) => {
    expect(readPlainPost(bytes, undefined)).toBeUndefined();
    expect(readPlainPost(bytes, readPlainPost(request(), undefined)?.head)).toBeUndefined();
  });

  it("is, whatever is changed about it, one that Node reads the same, or none", async () => {
    const odd = fc.constantFrom(
      ..."\r\n \t:;,\0\x7f\xe9+%0",
      "\r\n",
      "\r\n\r\n",
      "\n",
      "Transfer-Encoding: chunked\r\n",
      "Content-Length: 5\r\n",
      "connection: close\r\n",
      "HTTP/1.1",
      "POST /chats/",
    );
    const change = fc.record({ at: fc.nat(400), gone: fc.nat(3), put: fc.oneof(odd, fc.constant("")) });
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 3 }), fc.boolean(), async (changes, isFitted) => {
        let text = request({ headers: [...HEAD, "Connection: keep-alive"] }).toString("latin1");
        for (const { at, gone, put } of changes) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + put + text.slice(place + gone);
        }
        if (isFitted) {
          const [head = "", ...rest] = text.split("\r\n\r\n");
          const length = rest.join("\r\n\r\n").length;
          text = text.replace(head, head.replace(/Content-Length: \d+/, `Content-Length: ${length}`));
        }
        const bytes = Buffer.from(text, "latin1");
        const ours = asSeen(bytes);
        if (ours === undefined) return;
        read += 1;
        expect(await byNode(bytes)).toEqual([ours]);
      }),
      { numRuns: 3000 },
    );
    // Or it would hold by reading nothing.
    expect(read).toBeGreaterThan(500);
  });
});
