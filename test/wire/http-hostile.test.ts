/**
 * The HTTP door against what nobody should send. Everything is answered, with what was wrong; 500 is never the answer,
 * and the server serves the next one as if nothing had been.
 */
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, type HttpAnswer, type HttpAsk, sendRaw } from "../support/http-client.ts";
import { HttpPerson } from "../support/http-people.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";

const FORM = "application/x-www-form-urlencoded";

let server: HttpServer;
let port: number;
let alice: HttpPerson;
let chat: string;

beforeAll(async () => {
  server = await startHttpServer();
  port = server.port;
  alice = await HttpPerson.open(port, "alice");
  chat = await alice.chat("hostile", alice);
});

afterAll(() => server.stop());

const codeOf = ({ status, headers, json }: HttpAnswer): string => {
  expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  return `${status} ${json()["code"]}`;
};

/** Every answer that came on one connection: its status and code. */
function codesIn(text: string): readonly string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+)[\s\S]*?(?="code":"(\w+)")/g)].map(
    ([, status, code]) => `${status} ${code}`,
  );
}

const post = (asked: HttpAsk): Promise<HttpAnswer> =>
  alice.ask(`/chats/${chat}/messages`, { method: "POST", ...asked });

describe("a body", () => {
  it.each([
    [{ body: "content=hi" }, "415 unsupported_media_type"],
    [{ body: "content=hi", headers: { "content-type": "text/plain" } }, "415 unsupported_media_type"],
    [
      { body: "content=hi", headers: { "content-type": "multipart/form-data; boundary=x" } },
      "415 unsupported_media_type",
    ],
    [{ body: "content=hi", headers: { "content-type": `${FORM}; charset=utf-16` } }, "415 unsupported_media_type"],
    [{ body: "content=hi", headers: { "content-type": "" } }, "415 unsupported_media_type"],
    [{ body: "content=hi", headers: { "content-type": ";;;=\u00ff" } }, "415 unsupported_media_type"],
    [{ form: "content=hi", headers: { "content-encoding": "gzip" } }, "415 unsupported_media_type"],
    [{ body: "", headers: { "content-type": FORM } }, "400 bad_field"],
    [{}, "400 bad_field"],
    [{ form: "content=hi&content=ho" }, "400 bad_field"],
    [{ form: "=hi&&&" }, "400 bad_field"],
    [{ form: "content" }, "400 empty_message"],
    [{ form: "content=%ff%fe" }, "400 bad_utf8"],
    [{ body: Buffer.from("content=\xff", "latin1"), headers: { "content-type": FORM } }, "400 bad_utf8"],
    [
      { body: Buffer.from('{"content":"\xff"}', "latin1"), headers: { "content-type": "application/json" } },
      "400 bad_utf8",
    ],
    [{ body: "{", headers: { "content-type": "application/json" } }, "400 bad_json"],
    [{ json: [] }, "400 bad_json"],
    [{ json: "content" }, "400 bad_json"],
    [{ json: { content: 1 } }, "400 bad_field"],
    [{ json: { content: ["hi"] } }, "400 bad_field"],
    [{ json: { content: "half \ud800 a pair" } }, "400 bad_field"],
    [{ json: { content: "hi", sender_id: {} } }, "400 bad_field"],
    [{ body: '{"__proto__":{"content":"hi"}}', headers: { "content-type": "application/json" } }, "400 bad_field"],
    [{ form: Array.from({ length: 100 }, (_, i) => `f${i}=`).join("&") }, "400 bad_field"],
    [{ form: `content=${"x".repeat(70_000)}` }, "413 body_too_large"],
  ] as [HttpAsk, string][])("CMD-3 %o is refused with %s", async (asked, expected) => {
    expect(codeOf(await post(asked))).toBe(expected);
  });

  it.each([
    [{ body: "content=hi", headers: { "content-type": `${FORM}; charset=UTF-8` } }, "hi"],
    [{ body: '{"content":"hi"}', headers: { "content-type": 'Application/JSON ; charset="utf-8"; x=y' } }, "hi"],
    [{ form: "content=100%+of+%zz+%" }, "100% of %zz %"],
    [{ form: "__proto__=x&constructor=y&content=a%2Bb+c&toString=z" }, "a+b c"],
    [{ body: '{"content":"first","content":"last"}', headers: { "content-type": "application/json" } }, "last"],
    [{ form: "content=%00%1b%5b31m%E2%80%AE%3Cscript%3E" }, "\0\u001b[31m\u202e<script>"],
    [{ body: "content=Ä🙂", headers: { "content-type": FORM } }, "Ä🙂"],
  ] as [HttpAsk, string][])("%o says %j", async (asked, expected) => {
    const answer = await post(asked);
    expect([answer.status, answer.json()["content"]]).toEqual([200, expected]);
    expect((await alice.messages(chat))[0]?.content).toBe(expected);
  });

  it("HTTP-2 that is too long in pieces is refused, and the connection goes on", async () => {
    const head = `POST /chats/${chat}/messages HTTP/1.1\r\nHost: localhost\r\nCookie: user_id=${alice.id}\r\n`;
    const piece = `4000\r\n${"x".repeat(0x4000)}\r\n`;
    const text = await sendRaw(
      port,
      `${head}Content-Type: ${FORM}\r\nTransfer-Encoding: chunked\r\n\r\n${piece.repeat(6)}0\r\n\r\n`,
      `GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    expect(codesIn(text)).toEqual(["413 body_too_large", "404 not_found"]);
  });

  it("HTTP-2 with both a length and chunks, or with a wrong length, is no request", async () => {
    const head = `POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${FORM}\r\n`;
    for (const rest of [
      "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Content-Length: -1\r\n\r\n",
      "Content-Length: 5, 6\r\n\r\nhello",
      "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
      "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      "Transfer-Encoding: gzip\r\n\r\n",
    ]) {
      const text = await sendRaw(port, head + rest);
      expect(codesIn(text), rest).toEqual(["400 bad_request"]);
    }
  });

  it("HTTP-2 may be read slowly only for so long, and so may headers", async () => {
    const [silent, headers, body, half] = await Promise.all([
      sendRaw(port, ""),
      sendRaw(port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"),
      sendRaw(
        port,
        `POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${FORM}\r\nContent-Length: 20\r\n\r\nuser`,
      ),
      sendRaw(
        port,
        `POST /chats/${chat}/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${FORM}\r\nContent-Length: 20\r\n\r\nco`,
      ),
    ]);
    expect(codesIn(silent)).toEqual(["408 request_timeout"]);
    expect(codesIn(headers)).toEqual(["408 request_timeout"]);
    expect(codesIn(body)).toEqual(["408 request_timeout"]);
    expect(codesIn(half)).toEqual(["408 request_timeout"]);
  }, 120_000);
});

describe("a request", () => {
  it.each([
    ["NOT HTTP\r\n\r\n", "400 bad_request"],
    ["GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "400 bad_request"],
    ["GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "400 bad_request"],
    [`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, "431 headers_too_large"],
    [
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\n${"X: y\r\n".repeat(200)}Connection: close\r\n\r\n`,
      "431 headers_too_large",
    ],
    [
      "GET http://elsewhere.example/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "400 bad_request",
    ],
    ["OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "400 bad_request"],
    ["GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "403 wrong_origin"],
    ["GET /healthz HTTP/1.0\r\n\r\n", "400 bad_request"],
    ["GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "400 bad_request"],
    ["GET /chats/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "400 bad_request"],
    ["POST /chats/%zz/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "400 bad_request"],
    ["PROPFIND /chats HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "405 method_not_allowed"],
  ])("CMD-3 %j is answered %s", async (bytes, expected) => {
    const text = await sendRaw(port, bytes);
    expect(codesIn(text)).toEqual([expected]);
    expect(text).toMatch(/\r\ncontent-type: application\/problem\+json; charset=utf-8\r\n/i);
  });

  it("HTTP-2 that leaves before it is answered disturbs nobody", async () => {
    for (let i = 0; i < 20; i++) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => {
          socket.write(`POST /chats/${chat}/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${FORM}\r\n`);
          // Every other one leaves within its body.
          const body = i % 2 === 0 ? "content=hi" : "conte";
          socket.write(`Cookie: user_id=${alice.id}\r\nContent-Length: 10\r\n\r\n${body}`, () => socket.destroy());
        });
        socket.on("close", () => resolve());
      });
    }
    expect((await ask(port, "/healthz")).status).toBe(200);
  });

  it("may expect what it likes", async () => {
    expect((await ask(port, "/healthz", { headers: { expect: "the unexpected" } })).status).toBe(200);
  });

  it("for a file elsewhere finds none", async () => {
    for (const path of [
      "/../../etc/passwd",
      "/docs/static/../../../../package.json",
      "/docs/static/..%2f..%2f..%2fpackage.json",
      "/docs/static/%2e%2e/%2e%2e/package.json",
      "/docs/static/....//....//package.json",
      "/docs/static/\\..\\..\\package.json",
      "/docs/static/%00",
    ]) {
      const text = await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      expect(text, path).toMatch(/^HTTP\/1\.1 (40\d)/);
      expect(text).not.toContain("dependencies");
    }
  });
});

describe("anything at all", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.constantFrom(
      "'; DROP TABLE messages; --",
      "<img src=x onerror=alert(1)>",
      "../../etc/passwd",
      "\0",
      "𝒳".repeat(40),
      "%",
      "%2f%2e%2e",
      "__proto__",
      "constructor",
      "9007199254740993",
      "-1",
      "1e309",
      "true",
      "null",
    ),
  );
  const value = fc.oneof(anyText, fc.integer().map(String), fc.uuid());
  const method = fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS");
  const part = value.map((text) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, "half")));
  const path = fc.oneof(
    fc.tuple(
      fc.constantFrom("/users/", "/chats/", "/tokens/", "/rooms/", "/ui/chats/", "/ws/connect/", "/docs/static/"),
      part,
      fc.constantFrom("", "/messages", "/members", "/read", "/bans", "/messages/x", "/members/x", "/"),
    ),
    fc.tuple(fc.constantFrom("/users", "/chats", "/login", "/tokens", "/rooms", "/me", "/readyz", "/dashboard")),
  );
  const names = ["username", "name", "members", "content", "sender_id", "seq", "direct", "limit", "before", "after"];
  const fields = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...names, "type", "subject", "seconds"), anyText), value), {
    maxLength: 6,
  });
  const json = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 3 }));

  it("CMD-3 never ends in a fault of the server's own", async () => {
    await fc.assert(
      fc.asyncProperty(method, path, fields, fields, json, fc.nat(3), async (how, where, query, body, object, kind) => {
        const search = new URLSearchParams(query as [string, string][]).toString();
        const asked: HttpAsk = [
          {},
          { form: new URLSearchParams(body as [string, string][]).toString() },
          { json: object },
          { form: "x=%" },
        ][kind] as HttpAsk;
        const address = where.join("") + (search === "" ? "" : `?${search}`);
        const hasBody = how !== "GET" && how !== "HEAD";
        const answer = await alice.ask(address, { method: how, ...(hasBody ? asked : {}) });
        expect([how, address, answer.status < 500 || answer.status === 503]).toEqual([how, address, true]);
      }),
      { numRuns: 400 },
    );
    const metrics = (await ask(port, "/metrics")).body;
    expect(metrics).toMatch(/^verbatim_internal_errors_total 0$/m);
  }, 120_000);

  it("CMD-3 in bytes is answered or closed, and the next one is served", async () => {
    const start = fc.constantFrom(
      "GET ",
      "POST /users HTTP/1.1\r\nHost: localhost\r\n",
      "\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    );
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 300 }), async (first, bytes) => {
        await new Promise<void>((resolve) => {
          const socket = connect(port, "127.0.0.1", () => {
            socket.write(first);
            socket.end(bytes);
          });
          socket.resume();
          socket.on("error", () => undefined);
          socket.on("close", () => resolve());
        });
      }),
      { numRuns: 100 },
    );
    expect((await ask(port, "/healthz")).status).toBe(200);
  }, 120_000);
});
