/** All doors that sessions come through, held to the contract; and people of different doors in one room. */
import { expect, it } from "vitest";
import { clientFrame, OPCODE, WebSocketClient } from "../support/websocket-client.ts";
import { startWebSocketServer } from "../support/websocket-server.ts";
import { WireClient } from "../support/wire-client.ts";
import { type DoorUnderTest, gatewayContract, type Person } from "./gateway.ts";

const tcp: DoorUnderTest = {
  arrive: async ({ tcpPort }) => {
    const client = await WireClient.arrive(tcpPort);
    client.send({ _ct: "hello", v: 1 });
    await client.heard({ _et: "login_successful", u: client.name });
    return client;
  },
  encode: (texts) => Buffer.from(texts.map((text) => `${text}\n`).join("")),
  closeCode: () => undefined,
  hasCloseCodes: false,
};

const webSocket: DoorUnderTest = {
  arrive: async ({ port }) => await WebSocketClient.arrive(port),
  encode: (texts) => Buffer.concat(texts.map((payload) => clientFrame({ opcode: OPCODE.text, payload }))),
  closeCode: (person: Person) => (person as unknown as WebSocketClient).closing?.code,
  hasCloseCodes: true,
};

gatewayContract("TCP", tcp);
gatewayContract("WebSocket", webSocket);

it("FAN-1 people of both doors meet in one room and hear the same, byte for byte", async () => {
  const server = await startWebSocketServer();
  try {
    const first = await tcp.arrive(server);
    const second = await webSocket.arrive(server);
    await first.join("rust");
    expect(await second.join("rust")).toEqual([first.name, second.name]);
    await first.heard({ s: "joined", u: second.name });
    for (const person of [first, second])
      person.send({ _ct: "send_message", r: "rust", c: `héllo from ${person.name}` });
    const lines = [await first.line(), await first.line()];
    expect([await second.line(), await second.line()]).toEqual(lines);
    second.send({ _ct: "quit" });
    expect(await first.event()).toMatchObject({ s: "left", u: second.name });
    first.drop();
  } finally {
    await server.stop();
  }
});
