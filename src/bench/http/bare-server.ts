/**
 * Load tool, the baseline over HTTP: a bare `node:http` server that reads the form of a post, and answers at once.
 * Nothing is checked, kept or told to anybody: what remains is what Node itself needs for a request.
 */
import { createServer, type Server } from "node:http";
import { parse } from "node:querystring";
import { serveUntilStopped } from "../serve-until-stopped.ts";

/** A bare server that is not listening yet. */
export function createBareServer(): Server {
  return createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const { content } = parse(body);
      const answer = JSON.stringify({ content });
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) });
      response.end(answer);
    });
  });
}

/** Serves it at `HOST:PORT`; resolves with `true` after SIGTERM or ctrl-c. */
export async function serveBareHttp(address: string): Promise<boolean> {
  return await serveUntilStopped(createBareServer(), "http", address);
}
