/**
 * Test support: requests as `curl` would send them, and as nobody should.
 */
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:http";
import { connect } from "node:net";

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON. */
  json<T = Record<string, unknown>>(): T;
}

/** What is sent. */
export interface HttpAsk {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A form as text, a form as pairs, or any bytes. The content type of a form is set unless `headers` names one. */
  readonly form?: string | readonly (readonly [string, string])[] | Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string | Buffer;
}

/** Sends one request on a connection of its own, which is closed after the answer. */
export function ask(port: number, path: string, asked: HttpAsk = {}): Promise<HttpAnswer> {
  const { body, type } = bodyOf(asked);
  const headers: Record<string, string> = { ...type, ...asked.headers };
  if (body !== undefined && headers["transfer-encoding"] === undefined) {
    headers["content-length"] ??= String(Buffer.byteLength(body));
  }
  // As programs ask that go on asking: a post is then read where most posts are.
  headers["connection"] ??= "keep-alive";
  const method = asked.method ?? (body === undefined ? "GET" : "POST");
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        sent.destroy();
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          json: <T>() => JSON.parse(text) as T,
        });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function bodyOf({ form, json, body }: HttpAsk): { body: string | Buffer | undefined; type: Record<string, string> } {
  if (form !== undefined) {
    const text = typeof form === "string" ? form : new URLSearchParams(form as Record<string, string>).toString();
    return { body: text, type: { "content-type": "application/x-www-form-urlencoded" } };
  }
  if (json !== undefined) return { body: JSON.stringify(json), type: { "content-type": "application/json" } };
  return { body, type: {} };
}

/** Sends bytes as they are, and gives all that comes back until the server closes. */
export function sendRaw(port: number, ...bytes: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => {
      for (const part of bytes) socket.write(part);
    });
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    // A server that closes with bytes unread resets the connection; what it said before counts.
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? undefined : reject(error)));
    socket.on("close", () => resolve(answer));
  });
}
