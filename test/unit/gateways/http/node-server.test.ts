/** Node's server as the HTTP door sets it up: what a connection may cost. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  createNodeServer,
  hasTooManyHeaders,
  SILENT_MS_MAX,
} from "../../../../src/server/gateways/http/node-server.ts";

const closings: (() => void)[] = [];

afterEach(() => {
  for (const close of closings.splice(0)) close();
});

describe("a server", () => {
  it("bounds how long anything may take, and how much of it there may be", () => {
    const server = createNodeServer(() => undefined, undefined, 7);
    expect(server).toMatchObject({
      requestTimeout: 10_000,
      headersTimeout: 5_000,
      keepAliveTimeout: 5_000,
      timeout: 30_000,
      maxConnections: 7,
      maxHeadersCount: 64,
    });
  });

  it("lets go of an answer that nobody reads", async () => {
    const answer = Buffer.alloc(64 * 1024 * 1024, "x");
    const server = createNodeServer((_request, response) => response.end(answer), undefined, 10);
    expect(server.timeout).toBe(SILENT_MS_MAX);
    // The same, sooner: what is tested is that it ends, not how long half a minute is.
    server.timeout = 200;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const [accepted] = [once(server, "connection")];
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    closings.push(
      () => client.destroy(),
      () => server.close(),
    );
    client.on("error", () => undefined);
    client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.pause();
    const [socket] = await accepted;
    await once(socket, "close");
    expect(socket.destroyed).toBe(true);
  });

  it("takes at most as many connections as it is told, and others as soon as one goes", async () => {
    const server = createNodeServer((_request, response) => response.end("hi"), undefined, 2);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const open = async (): Promise<"taken" | "dropped"> => {
      const socket = connect(port, "127.0.0.1");
      closings.push(() => socket.destroy());
      // One that is dropped with its request unread is reset, and closes by that.
      socket.on("error", () => undefined);
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      return await new Promise((resolve) => {
        socket.once("data", () => resolve("taken"));
        socket.once("close", () => resolve("dropped"));
      });
    };
    closings.push(() => server.close());
    expect([await open(), await open(), await open()]).toEqual(["taken", "taken", "dropped"]);
  });

  it("sees that headers may have been left out", () => {
    expect(hasTooManyHeaders(Array.from({ length: 2 * 63 }, () => "x"))).toBe(false);
    expect(hasTooManyHeaders(Array.from({ length: 2 * 64 }, () => "x"))).toBe(true);
  });
});
