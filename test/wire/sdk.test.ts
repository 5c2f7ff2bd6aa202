/**
 * The SDK on a real server, over TCP and over WebSocket: people talk, miss nothing, and are who they were.
 */
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ChatClient } from "../../src/sdk/chat-client.ts";
import { tcpTransport } from "../../src/sdk/tcp-transport.ts";
import type { Connect } from "../../src/sdk/transport.ts";
import { type WebSocketClass, webSocketTransport } from "../../src/sdk/web-socket-transport.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";
import { recordsOf, textsOf } from "../support/sdk-listening.ts";
import { until } from "../support/until.ts";

const clients: ChatClient[] = [];
let server: HttpServer | undefined;

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server?.stop();
  server = undefined;
});

function newClient(connect: Connect): ChatClient {
  const client = new ChatClient({ connect });
  clients.push(client);
  return client;
}

const doors: Readonly<Record<string, (server: HttpServer) => Connect>> = {
  TCP: ({ tcpPort }) => tcpTransport({ host: "127.0.0.1", port: tcpPort }),
  WebSocket: ({ port }) => webSocketTransport(`ws://127.0.0.1:${port}/ws`, WebSocket as unknown as WebSocketClass),
};

describe.each(Object.entries(doors))("over %s", (_name, connectTo) => {
  it("two people talk in one order", async () => {
    server = await startHttpServer();
    const alice = newClient(connectTo(server));
    const bob = newClient(connectTo(server));
    const hers = recordsOf(alice.open("general", { after: 0 }));
    const his = recordsOf(bob.open("general", { after: 0 }));
    alice.connect();
    bob.connect();
    for (let n = 1; n <= 50; n++) {
      alice.room("general")?.send(`a${n}`);
      bob.room("general")?.send(`b${n}`);
    }
    await until(
      5000,
      () => `all to be told, not ${hers.length} and ${his.length}`,
      () => (hers.length >= 100 && his.length >= 100) || undefined,
    );
    expect(hers).toEqual(his);
    expect(hers.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    expect(textsOf(hers).filter((text) => text.startsWith("a"))).toEqual(
      Array.from({ length: 50 }, (_, at) => `a${at + 1}`),
    );
    expect(alice.room("general")?.outgoing).toEqual([]);
    expect(alice.room("general")?.presence.users.toSorted()).toEqual([alice.user, bob.user].toSorted());
    expect(await alice.roundTrip()).toBeGreaterThanOrEqual(0);
  });
});
