/** The request that asks for a WebSocket: what is asked for, what is wrong with it, and what it is answered. */
import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import type { CommandError } from "../../../src/server/commands/command-error.ts";
import { problem } from "../../../src/server/gateways/http/problem.ts";
import { handshakeAnswer, refusalAnswer, targetOf } from "../../../src/server/gateways/websocket-handshake.ts";

const WHOLE = {
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

function requestOf(url: string, headers: Readonly<Record<string, string | undefined>> = WHOLE, method = "GET") {
  const rawHeaders = Object.entries(headers).flat();
  return { url, method, headers, rawHeaders } as unknown as IncomingMessage;
}

function refusedWith(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as CommandError).code;
  }
  throw new Error("it was taken");
}

describe("the target", () => {
  it("is a session, or the chats of one user", () => {
    expect(targetOf(requestOf("/ws"))).toEqual({ type: "session" });
    expect(targetOf(requestOf("/ws?x=/ws/connect/1"))).toEqual({ type: "session" });
    expect(targetOf(requestOf("/ws/connect/abc?x"))).toEqual({ type: "feed", user: "abc" });
  });

  it.each([
    "/",
    "/ws/",
    "/WS",
    "/wsx",
    "/ws/connect",
    "/ws/connect/",
    "/ws/connect/a/b",
    "//ws",
    "/chats",
    "/ws#x",
    "",
  ])("is not found at %j", (url) => {
    expect(refusedWith(() => targetOf(requestOf(url)))).toBe("not_found");
  });

  it("is asked for with GET", () => {
    expect(refusedWith(() => targetOf(requestOf("/ws", WHOLE, "POST")))).toBe("method_not_allowed");
  });
});

describe("the handshake", () => {
  it("is answered as the example of the RFC", () => {
    expect(handshakeAnswer(requestOf("/ws"), null).split("\r\n")).toEqual([
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      "",
      "",
    ]);
  });

  it.each([
    ["upgrade", "h2c"],
    ["upgrade", undefined],
    ["sec-websocket-version", "8"],
    ["sec-websocket-version", "13, 8"],
    ["sec-websocket-version", undefined],
    ["sec-websocket-key", "short=="],
    ["sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="],
    ["sec-websocket-key", undefined],
  ])("is refused where %s is %s", (name, value) => {
    expect(refusedWith(() => handshakeAnswer(requestOf("/ws", { ...WHOLE, [name]: value }), null))).toBe("bad_request");
  });

  it("takes any case of `websocket`", () => {
    expect(handshakeAnswer(requestOf("/ws", { ...WHOLE, upgrade: "WebSocket" }), null)).toContain(" 101 ");
  });

  it("is refused where the server may have left headers out, for an Origin may have been among them", () => {
    const four = requestOf("/ws");
    expect(handshakeAnswer(four, 5)).toContain(" 101 ");
    expect(refusedWith(() => handshakeAnswer(four, 4))).toBe("bad_request");
    const many = Object.fromEntries(Array.from({ length: 2001 }, (_, number) => [`x-${number}`, "1"]));
    expect(refusedWith(() => handshakeAnswer(requestOf("/ws", { ...WHOLE, ...many }), null))).toBe("bad_request");
  });
});

describe("a refusal", () => {
  it("WIRE-7 is one whole HTTP answer with a problem that names the code", () => {
    const answer = refusalAnswer(problem("too_many_sessions", "this server is füll"));
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    const [first, ...headers] = head.split("\r\n");
    expect(first).toBe("HTTP/1.1 503 Service Unavailable");
    expect(headers).toContain(`content-length: ${Buffer.byteLength(body)}`);
    expect(headers).toContain("content-type: application/problem+json; charset=utf-8");
    expect(headers).toContain("connection: close");
    expect(headers).toContain("sec-websocket-version: 13");
    expect(JSON.parse(body)).toMatchObject({ status: 503, code: "too_many_sessions", detail: "this server is füll" });
  });
});
