/** The HTTP door: health, readiness, metrics, and who may ask, over a real socket. */
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { HttpGateway, Readiness } from "../../../src/server/gateways/http.ts";
import { openHttpGateway } from "../../../src/server/gateways/http.ts";
import { isAllowedHost, isAllowedOrigin } from "../../../src/server/gateways/http-host.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { silentTelemetry } from "../../../src/server/telemetry/create-telemetry.ts";

const opened: HttpGateway[] = [];

afterEach(async () => {
  for (const gateway of opened.splice(0)) await gateway.close();
});

async function open(readiness: () => Promise<Readiness> = async () => ({ ready: true, checks: {} }), port = 0) {
  const listen = { host: "127.0.0.1", port };
  const gateway = await openHttpGateway({ listen, telemetry: silentTelemetry(), readiness });
  opened.push(gateway);
  return gateway.listen.port;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(port: number, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("the HTTP door", () => {
  it("says that the process is alive", async () => {
    const { status, body, headers } = await ask(await open(), "/healthz");
    expect([status, body]).toEqual([200, '{"status":"ok"}']);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("names each check of readiness, with 503 where one fails", async () => {
    const checks = { log: { ok: true, detail: "writable" }, lag: { ok: false, detail: "12345 records" } };
    let ready = false;
    const port = await open(async () => ({ ready, checks }));
    const not = await ask(port, "/readyz");
    expect(not.status).toBe(503);
    expect(JSON.parse(not.body)).toEqual({ status: "not ready", checks });
    ready = true;
    expect((await ask(port, "/readyz")).status).toBe(200);
  });

  it("is not ready where readiness can't be found out", async () => {
    const port = await open(() => Promise.reject(new Error("no idea")));
    const { status, body } = await ask(port, "/readyz");
    expect(status).toBe(503);
    expect(body).not.toContain("no idea");
  });

  it("gives the metrics as Prometheus text", async () => {
    const { status, body, headers } = await ask(await open(), "/metrics");
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toContain("\nactive_websocket_users 0\n");
  });

  it("answers HEAD without a body", async () => {
    const { status, body } = await ask(await open(), "/healthz", {}, "HEAD");
    expect([status, body]).toEqual([200, ""]);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"])("refuses %s", async (method) => {
    const port = await open();
    for (const path of ["/healthz", "/elsewhere"]) {
      const { status, headers, body } = await ask(port, path, {}, method);
      expect(status).toBe(405);
      expect(headers["allow"]).toBe("GET, HEAD");
      expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
      expect(JSON.parse(body)).toMatchObject({ status: 405, code: "method_not_allowed" });
    }
  });

  it("answers anything else with a problem", async () => {
    const port = await open();
    for (const path of ["/", "/chats", "/healthz/"]) {
      const { status, headers, body } = await ask(port, path);
      expect(status).toBe(404);
      expect(headers["content-type"]).toContain("application/problem+json");
      expect(JSON.parse(body)).toEqual({
        type: "about:blank",
        title: "Not Found",
        status: 404,
        code: "not_found",
        detail: "there is /healthz, /readyz and /metrics",
      });
    }
    const bad = await ask(port, "/%zz");
    expect(bad.status).toBe(400);
    expect(bad.headers["content-type"]).toContain("application/problem+json");
  });

  it("answers a request that is none, or too large, with a problem, and closes", async () => {
    const port = await open();
    for (const [bytes, status] of [
      ["NOT HTTP\r\n\r\n", 400],
      [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    ] as const) {
      const text = await new Promise<string>((resolve, reject) => {
        let answer = "";
        const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
        socket.on("data", (chunk) => {
          answer += chunk.toString();
        });
        socket.on("error", reject);
        socket.on("close", () => resolve(answer));
      });
      expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(text).toContain("application/problem+json");
      expect(JSON.parse(text.slice(text.indexOf("\r\n\r\n")))).toMatchObject({ status });
    }
  });

  it("turns away a Host that is not this server, and pages of others", async () => {
    const port = await open();
    const status = async (headers: Record<string, string>) => (await ask(port, "/metrics", headers)).status;
    expect(await status({ host: `localhost:${port}` })).toBe(200);
    expect(await status({ host: `[::1]:${port}` })).toBe(200);
    expect(await status({ host: `rebound.example:${port}` })).toBe(421);
    const host = `localhost:${port}`;
    expect(await status({ host, origin: `http://localhost:${port}` })).toBe(200);
    expect(await status({ host, origin: "http://other.example" })).toBe(403);
    expect(await status({ host, origin: "null" })).toBe(403);
    expect(await status({ host, "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await status({ host, "sec-fetch-site": "none" })).toBe(200);
  });

  it("STOP-1 names the flag where the port is in use", async () => {
    const port = await open();
    const second = open(undefined, port);
    await expect(second).rejects.toThrow(
      `--http: 127.0.0.1:${port} is in use by another program; stop it or choose another with --http HOST:PORT`,
    );
    await expect(second).rejects.toBeInstanceOf(StartError);
  });

  it("closes at once, with a keep-alive connection open", async () => {
    const port = await open();
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined);
    await opened.pop()?.close();
    await closed;
  });
});

describe("a Host", () => {
  it.each([
    ["localhost", "127.0.0.1", true],
    ["127.8.8.8:1", "127.0.0.1", true],
    ["chat.example:8000", "chat.example", true],
    ["CHAT.example", "chat.example", true],
    ["10.1.2.3:8000", "0.0.0.0", true],
    ["[2001:db8::1]:8000", "::", true],
    ["10.1.2.3:8000", "127.0.0.1", false],
    ["chat.example", "0.0.0.0", false],
    ["localhost.example", "127.0.0.1", false],
    ["127.0.0.1.example", "127.0.0.1", false],
    ["localhost:8000@evil", "127.0.0.1", false],
    [undefined, "127.0.0.1", false],
  ])("%s at a server on %s: %s", (header, configured, allowed) => {
    expect(isAllowedHost(header, configured)).toBe(allowed);
  });

  it("is what an Origin must match", () => {
    expect(isAllowedOrigin({ host: "localhost:1", origin: "https://localhost:1" })).toBe(true);
    expect(isAllowedOrigin({ host: "localhost:1", origin: "http://localhost:2" })).toBe(false);
    expect(isAllowedOrigin({ host: "localhost:1", "sec-fetch-site": "same-site" })).toBe(false);
  });
});
