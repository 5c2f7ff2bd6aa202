/**
 * The SDK on a real server, over TCP and over WebSocket: people talk, come back as who they were, miss nothing, and are
 * told why where something ends.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import { ChatClient, type ChatClientOptions } from "../../src/sdk/chat-client.ts";
import { HttpApi } from "../../src/sdk/http-api.ts";
import { tcpTransport } from "../../src/sdk/tcp-transport.ts";
import type { Connect } from "../../src/sdk/transport.ts";
import { webSocketTransport } from "../../src/sdk/web-socket-transport.ts";
import { systemClock } from "../../src/server/clock.ts";
import { MemoryDirectory } from "../../src/server/directory/memory.ts";
import { TcpGateway } from "../../src/server/gateways/tcp.ts";
import { MemoryDisk } from "../../src/server/log/memory.ts";
import { MemoryStore } from "../../src/server/store/memory.ts";
import { silentTelemetry } from "../../src/server/telemetry/create-telemetry.ts";
import { makeCertificate } from "../support/certificate.ts";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "../support/http-server.ts";
import { OPEN_DOOR } from "../support/open-auth.ts";
import { recordsOf, textsOf } from "../support/sdk-listening.ts";
import { until } from "../support/until.ts";

const closings: (() => unknown)[] = [];

afterEach(async () => {
  for (const closing of closings.splice(0).reverse()) await closing();
});

/** A server that can be stopped and started again with what it had. */
async function startServer(options: HttpServerOptions = {}) {
  const kept = { disk: new MemoryDisk(1), store: new MemoryStore(), directory: new MemoryDirectory() };
  let server: HttpServer | undefined = await startHttpServer({ ...options, ...kept });
  const stop = async (): Promise<void> => {
    await server?.stop();
    server = undefined;
  };
  closings.push(stop);
  return {
    get running(): HttpServer {
      if (server === undefined) throw new Error("it is stopped");
      return server;
    },
    /** Where to connect to, while it is stopped as well. */
    ports: { http: server.port, tcp: server.tcpPort },
    stop,
    async startAgain(): Promise<void> {
      kept.store = kept.store.reopen();
      kept.directory = kept.directory.reopen();
      // On other ports: the old ones may be somebody else's by now.
      server = await startHttpServer({ ...options, ...kept });
      this.ports.http = server.port;
      this.ports.tcp = server.tcpPort;
    },
  };
}

type Server = Awaited<ReturnType<typeof startServer>>;

const overTcp =
  ({ ports }: Server): Connect =>
  () =>
    tcpTransport({ host: "127.0.0.1", port: ports.tcp })();
const overWebSocket =
  ({ ports }: Server): Connect =>
  () =>
    webSocketTransport(`ws://127.0.0.1:${ports.http}/ws`, WebSocket)();

const base = ({ ports }: Server): string => `http://127.0.0.1:${ports.http}`;

function newClient(connect: Connect, more: Partial<ChatClientOptions> = {}): ChatClient {
  const client = new ChatClient({ connect, ...more });
  closings.push(() => client.close());
  return client;
}

const online = (client: ChatClient): Promise<unknown> =>
  until(
    10_000,
    () => `to be online, not ${JSON.stringify(client.state)}`,
    () => client.state.type === "online" || undefined,
  );

const ended = (client: ChatClient): Promise<string> =>
  until(
    10_000,
    () => `the end, not ${JSON.stringify(client.state)}`,
    () => (client.state.type === "ended" ? client.state.reason.code : undefined),
  );

const count = (records: readonly unknown[], wanted: number): Promise<unknown> =>
  until(
    10_000,
    () => `${wanted} records, not ${records.length}`,
    () => records.length >= wanted || undefined,
  );

describe.each([
  ["TCP", overTcp],
  ["WebSocket", overWebSocket],
])("over %s", (_name, connectTo) => {
  it("two people talk in one order", async () => {
    const server = await startServer();
    const [alice, bob] = [newClient(connectTo(server)), newClient(connectTo(server))];
    const hers = recordsOf(alice.open("general", { after: 0 }));
    const his = recordsOf(bob.open("general", { after: 0 }));
    alice.connect();
    bob.connect();
    for (let n = 1; n <= 50; n++) {
      alice.room("general")?.send(`a${n}`);
      bob.room("general")?.send(`b${n}`);
    }
    await Promise.all([count(hers, 100), count(his, 100)]);
    expect(hers).toEqual(his);
    expect(hers.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    const inOrder = (letter: string): string[] => Array.from({ length: 50 }, (_, at) => `${letter}${at + 1}`);
    expect(textsOf(hers).filter((text) => text.startsWith("a"))).toEqual(inOrder("a"));
    expect(textsOf(hers).filter((text) => text.startsWith("b"))).toEqual(inOrder("b"));
    expect(alice.room("general")?.outgoing).toEqual([]);
    const names = [alice.user, bob.user].toSorted();
    await until(
      5000,
      () => "both to be seen",
      () => alice.room("general")?.presence.count === 2 || undefined,
    );
    expect(alice.room("general")?.presence.users.toSorted()).toEqual(names);
    expect(await alice.roundTrip()).toBeGreaterThanOrEqual(0);
    const page = await bob.room("general")?.history({ before: 11, limit: 10 });
    expect(page).toEqual({ records: hers.slice(0, 10), more: false });
  });

  it("a server that is stopped and started again is come back to, as the same guest, with all that was said", async () => {
    const server = await startServer();
    const client = newClient(connectTo(server));
    const room = client.open("general", { after: 0 });
    const records = recordsOf(room);
    client.connect();
    room.send("before");
    await count(records, 1);
    const { user } = client;
    await server.stop();
    await until(
      5000,
      () => "to be offline",
      () => client.state.type !== "online" || undefined,
    );
    room.send("meanwhile");
    await server.startAgain();
    client.retryNow();
    await count(records, 2);
    room.send("after");
    await count(records, 3);
    expect(textsOf(records)).toEqual(["before", "meanwhile", "after"]);
    expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(client.user).toBe(user);
    expect(room.outgoing).toEqual([]);
  });

  it("a token that is revoked ends what it signed in", async () => {
    const server = await startServer({ auth: { mode: "password", guests: false } });
    const api = new HttpApi({ base: base(server) });
    await api.signUp({ name: "Ann", password: "correct horse battery" });
    await api.signIn({ name: "Ann", password: "correct horse battery" });
    const { token, id } = await api.createToken({ label: "bot" });
    const client = newClient(connectTo(server), { token });
    client.connect();
    await online(client);
    expect(client.user).toBe("Ann");
    await api.revokeToken(id);
    expect(await ended(client)).toBe("signed_out");
    client.connect();
    expect(await ended(client)).toBe("unauthorized");
  });

  it("who shows nothing where that is needed is told so", async () => {
    const server = await startServer({ auth: { mode: "password", guests: false } });
    const client = newClient(connectTo(server));
    client.connect();
    expect(await ended(client)).toBe("unauthorized");
  });

  it("a chat is told of, followed and lost", async () => {
    const server = await startServer();
    const [ann, bob] = [new HttpApi({ base: base(server) }), new HttpApi({ base: base(server) })];
    const [annsId, bobsId] = [(await ann.signUp({ name: "Ann" })).id, (await bob.signUp({ name: "Bob" })).id];
    await ann.signIn({ name: "Ann" });
    const client = newClient(connectTo(server), { token: bobsId });
    const added: string[] = [];
    client.on("roomAdded", ({ description }) => added.push(description));
    client.connect();
    await online(client);
    const chat = await ann.createChat({ name: "Tea", members: [annsId, bobsId] });
    await count(added, 1);
    const room = client.open(chat.id, { after: 0 });
    const records = recordsOf(room);
    await count(records, 1);
    expect(records).toMatchObject([{ type: "change", kind: "room_created", name: "Tea", by: "Ann" }]);
    room.send("hi");
    await count(records, 2);
    await ann.removeMember(chat.id, bobsId);
    await until(
      5000,
      () => "the room to be gone",
      () => room.state.type === "gone" || undefined,
    );
    expect(records.at(-1)).toMatchObject({ type: "change", kind: "member_removed", user: "Bob" });
    expect(client.rooms.some(({ room: name }) => name === chat.id)).toBe(false);
  });

  it("a server that takes less than one says is still told everything, in its time", async () => {
    const server = await startServer({ limits: { messagesPerSecond: 20, messagesBurst: 5 } });
    const client = newClient(connectTo(server));
    const room = client.open("general", { after: 0 });
    const records = recordsOf(room);
    client.connect();
    await online(client);
    for (let n = 1; n <= 15; n++) room.send(`m${n}`);
    await count(records, 15);
    expect(textsOf(records).toSorted()).toEqual(Array.from({ length: 15 }, (_, at) => `m${at + 1}`).toSorted());
    expect(room.outgoing).toEqual([]);
  });

  it("a message that is too long has failed; one for which the server hangs up too, and the rest goes on", async () => {
    const server = await startServer();
    const client = newClient(connectTo(server));
    const room = client.open("general", { after: 0 });
    const records = recordsOf(room);
    const failed: string[] = [];
    room.on("outgoing", ({ state }) => {
      if (state.type === "failed") failed.push(state.code);
    });
    client.connect();
    await online(client);
    room.send("x".repeat(20_000));
    room.send("y".repeat(200_000));
    room.send("short");
    await count(records, 1);
    expect(textsOf(records)).toEqual(["short"]);
    expect(failed).toEqual(["message_too_long", "line_too_long"]);
  });
});

describe("over TCP", () => {
  it("TLS is spoken where that is asked for, and a certificate that nobody knows is refused", async () => {
    const { running } = await startServer();
    const tls = makeCertificate();
    const { sessions, dispatcher, guests } = running.core;
    const gateway = new TcpGateway({
      ...{ sessions, dispatcher, guests, telemetry: silentTelemetry(), limits: DEFAULT_LIMITS, clock: systemClock },
      ...OPEN_DOOR,
      tls,
    });
    const { port } = await gateway.listen({ host: "127.0.0.1", port: 0 });
    closings.push(() => gateway.close());
    const address = { host: "127.0.0.1", port };
    const client = newClient(tcpTransport({ ...address, tls: { ca: tls.cert } }));
    client.connect();
    await online(client);
    const other = newClient(tcpTransport({ ...address, tls: true }));
    other.connect();
    const reason = await until(
      5000,
      () => "to be refused",
      () => (other.state.type === "waiting" ? other.state.reason : undefined),
    );
    expect(reason).toMatch(/certificate/);
  });

  it("says what is wrong where nobody listens", async () => {
    const server = await startServer();
    await server.stop();
    for (const host of ["127.0.0.1", "localhost"]) {
      const client = newClient(tcpTransport({ host, port: server.ports.tcp }));
      client.connect();
      // Where a name has several addresses, the first is left with another word when the process stood still meanwhile.
      await until(
        5000,
        () => `to be refused, not ${JSON.stringify(client.state)}`,
        () => (client.state.type === "waiting" && client.state.reason.includes("ECONNREFUSED")) || undefined,
      );
    }
  });
});

describe("over WebSocket", () => {
  /** What answers every request as told. */
  async function answering(status: number, headers: Record<string, string>): Promise<number> {
    const server = createServer((_request, response) => response.writeHead(status, headers).end());
    server.on("upgrade", (_request, socket) => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${status} No\r\n${lines.join("")}content-length: 0\r\n\r\n`);
    });
    server.listen(0, "127.0.0.1");
    await until(
      5000,
      () => "to listen",
      () => server.listening || undefined,
    );
    closings.push(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  it("a redirect ends it, and says where to", async () => {
    const port = await answering(302, { location: "https://login.example/" });
    const client = newClient(webSocketTransport(`ws://127.0.0.1:${port}/ws`, WebSocket));
    client.connect();
    expect(await ended(client)).toBe("redirected");
    expect(client.state).toMatchObject({ reason: { text: "https://login.example/" } });
  });

  it("a redirect that a browser can't see is found by asking", async () => {
    const port = await answering(302, { location: "https://login.example/" });
    // As browsers are: a WebSocket that is refused says nothing.
    class Mute extends WebSocket {
      constructor(url: string) {
        super(url);
        const add = this.addListener.bind(this);
        const on = (type: "open", listener: () => void) =>
          (type as string) === "unexpected-response" ? this : add(type, listener);
        Object.assign(this, { on });
      }
    }
    const { whyNot } = new HttpApi({ base: `http://127.0.0.1:${port}` });
    const client = newClient(webSocketTransport(`ws://127.0.0.1:${port}/ws`, Mute), { whyNot });
    client.connect();
    expect(await ended(client)).toBe("redirected");
  });

  it("a page that may not is refused, and does not try on", async () => {
    const server = await startServer();
    class Foreign extends WebSocket {
      constructor(url: string) {
        super(url, { origin: "https://elsewhere.example" });
      }
    }
    const client = newClient(webSocketTransport(`ws://127.0.0.1:${server.ports.http}/ws`, Foreign));
    client.connect();
    expect(await ended(client)).toBe("forbidden");
  });

  it("a cookie says who one is", async () => {
    const server = await startServer();
    const api = new HttpApi({ base: base(server) });
    const { id } = await api.signUp({ name: "Ann" });
    class WithCookie extends WebSocket {
      constructor(url: string) {
        super(url, { headers: { cookie: `user_id=${id}` } });
      }
    }
    const client = newClient(webSocketTransport(`ws://127.0.0.1:${server.ports.http}/ws`, WithCookie));
    client.connect();
    await online(client);
    expect(client.user).toBe("Ann");
  });

  it("needs a class where there is none", () => {
    // Node has one of its own from version 22 on.
    expect("WebSocket" in globalThis).toBe(Number.parseInt(process.versions.node, 10) >= 22);
    if (!("WebSocket" in globalThis)) expect(() => webSocketTransport("ws://127.0.0.1/ws")).toThrow(/hand in a class/);
  });
});
