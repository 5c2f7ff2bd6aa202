/**
 * WebSockets on the whole HTTP door: the story of a chat as its calls tell it, TLS, clients behind a proxy, and the stop
 * of a server that they are connected to.
 */
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { makeCertificate } from "../support/certificate.ts";
import { tempFolder } from "../support/clean-checkout.ts";
import { startHttpServer } from "../support/http-server.ts";
import type { HeardEvent } from "../support/line-client.ts";
import { startLocalServer } from "../support/local-server.ts";
import { upgradeRequest, WebSocketClient } from "../support/websocket-client.ts";

const closings: (() => unknown)[] = [];

afterEach(async () => {
  for (const closing of closings.splice(0).reverse()) await closing();
});

/** A whole server on disk, and the port of its HTTP door. */
async function start() {
  const folder = tempFolder("websocket-http");
  closings.push(() => folder.remove());
  const server = await startLocalServer({ folder: folder.path, http: true });
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (!isStopped) await server.stop();
    isStopped = true;
  };
  closings.push(stop);
  return { port: server.httpPort as number, stop };
}

async function connect(port: number, path: string): Promise<WebSocketClient> {
  const client = await WebSocketClient.connect(port, { path });
  closings.push(() => client.drop());
  return client;
}

describe("a chat, by the calls that older clients know", () => {
  it("WIRE-5 FAN-1 is pushed to every member, each message in exactly one frame and in order", async () => {
    const { port } = await start();
    const post = async (path: string, form: Record<string, string> | URLSearchParams, cookie = ""): Promise<Response> =>
      await fetch(`http://127.0.0.1:${port}${path}`, {
        method: "POST",
        body: new URLSearchParams(form),
        headers: cookie === "" ? {} : { cookie },
        redirect: "manual",
      });
    const people: { readonly id: string; readonly cookie: string }[] = [];
    for (let number = 0; number < 10; number++) {
      const { user_id } = (await (await post("/users", { username: `user ${number}` })).json()) as { user_id: string };
      const login = await post("/login", { username: `user ${number}` });
      people.push({ id: user_id, cookie: login.headers.getSetCookie()[0]?.split(";")[0] ?? "" });
    }
    const form = new URLSearchParams({ name: "all" });
    for (const { id } of people) form.append("members", id);
    const { chat_id } = (await (await post("/chats", form)).json()) as { chat_id: string };
    const feeds = await Promise.all(people.map(({ id }) => connect(port, `/ws/connect/${id}`)));
    const count = 300;
    const posted = await Promise.all(
      Array.from({ length: count }, async (_, number) => {
        const { cookie } = people[number % people.length] as { cookie: string };
        const answer = await post(`/chats/${chat_id}/messages`, { content: `message ${number}` }, cookie);
        expect(answer.status).toBe(200);
        return ((await answer.json()) as { message_id: string }).message_id;
      }),
    );
    const stories = await Promise.all(
      feeds.map(async (feed) => {
        const events: HeardEvent[] = [];
        while (events.length < count) events.push(await feed.event());
        return events;
      }),
    );
    expect(stories[0]?.every(({ _et, r }) => _et === "user_message" && r === chat_id)).toBe(true);
    expect(stories[0]?.map(({ i }) => i).toSorted()).toEqual(posted.toSorted());
    const seqs = stories[0]?.map(({ q }) => Number(q)) ?? [];
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
    for (const story of stories) expect(story).toEqual(stories[0]);
    expect(feeds.map(({ waitingLines, fault }) => [waitingLines, fault])).toEqual(feeds.map(() => [0, undefined]));
  });

  it("STOP-1 ends with a word to every WebSocket, and does not wait for any", async () => {
    const { port, stop } = await start();
    const person = await connect(port, "/ws");
    await person.heard({ _et: "login_successful" });
    await stop();
    expect((await person.closed()).map((line) => JSON.parse(line))).toMatchObject([
      { _et: "error", code: "going_away" },
    ]);
    expect(person.closing).toEqual({ code: 1001, reason: "going_away" });
  });
});

describe("the door around it", () => {
  it("speaks TLS where the door does", async () => {
    const certificate = makeCertificate();
    const server = await startHttpServer({ tls: certificate });
    closings.push(() => server.stop());
    // Not by a name: where that has several addresses, the next one is tried when the process stood still for 250 ms.
    const socket = new WebSocket(`wss://127.0.0.1:${server.port}/ws`, { ca: certificate.cert });
    closings.push(() => socket.terminate());
    const [data] = (await once(socket, "message")) as [Buffer];
    expect(JSON.parse(data.toString())).toMatchObject({ _et: "login_successful" });
    socket.send('{"_ct":"quit"}');
    expect((await once(socket, "close"))[0]).toBe(1000);
  });

  it("WIRE-21 counts the clients of a trusted proxy by their own addresses, and believes no one else", async () => {
    const server = await startHttpServer({ trustProxy: ["127.0.0.1/32"], limits: { sessionsPerAddressMax: 1 } });
    closings.push(() => server.stop());
    const knock = (headers: Record<string, string>) => upgradeRequest("/ws", server.port, headers);
    for (const address of ["192.0.2.1", "192.0.2.2"]) {
      const client = await WebSocketClient.arrive(server.port, { headers: { "X-Forwarded-For": address } });
      closings.push(() => client.drop());
      // What the client wrote itself stands before what the proxy saw.
      const headers = { "X-Forwarded-For": `198.51.100.7, ${address}` };
      expect(await WebSocketClient.refused(server.port, knock(headers))).toMatchObject({
        status: 503,
        body: { code: "too_many_sessions" },
      });
    }
    const torn = { "X-Forwarded-For": "192.0.2.3", Forwarded: "for=192.0.2.4" };
    expect(await WebSocketClient.refused(server.port, knock(torn))).toMatchObject({ status: 400 });
  });

  it("gives what is no WebSocket's address to nobody", async () => {
    const server = await startHttpServer();
    closings.push(() => server.stop());
    for (const path of ["/healthz", "/chats", "/", "/ws/connect"]) {
      const refusal = await WebSocketClient.refused(server.port, upgradeRequest(path, server.port, {}));
      expect(refusal).toMatchObject({ status: 404, body: { code: "not_found" } });
    }
  });
});
