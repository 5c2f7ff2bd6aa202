/**
 * Test support: an identity provider as far as keys go: one JSON document over HTTP on loopback, which the test changes,
 * breaks or holds back.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A server of one document. */
export interface JsonServer {
  readonly url: string;
  /** What it answers; `undefined` = nothing, ever. */
  answer: { status: number; body: string; headers?: Record<string, string> } | undefined;
  /** How often it was asked. */
  asked: number;
  close(): Promise<void>;
}

/** Starts one. */
export async function startJsonServer(document: unknown): Promise<JsonServer> {
  const server = createServer((_request, response) => {
    served.asked += 1;
    const { answer } = served;
    if (answer !== undefined) response.writeHead(answer.status, answer.headers ?? {}).end(answer.body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const served: JsonServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    answer: { status: 200, body: JSON.stringify(document) },
    asked: 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  return served;
}
