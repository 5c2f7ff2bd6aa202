/**
 * The WebSocket door over real sockets: who is let in as whom, from which pages, what `/ws` and `/ws/connect/{user_id}`
 * are told, and how they end. What it shares with TCP is in the gateway contract.
 */
import { afterEach, describe, expect, it } from "vitest";
import type { Account } from "../../src/server/directory/directory.ts";
import { HandClock } from "../support/hand-clock.ts";
import { until } from "../support/until.ts";
import {
  type GreetedWebSocket,
  type Knock,
  OPCODE,
  type Refusal,
  upgradeRequest,
  WebSocketClient,
} from "../support/websocket-client.ts";
import {
  startWebSocketServer,
  type WebSocketServer,
  type WebSocketServerOptions,
} from "../support/websocket-server.ts";

const closings: (() => unknown)[] = [];

afterEach(async () => {
  for (const closing of closings.splice(0).reverse()) await closing();
});

async function start(options: WebSocketServerOptions = {}): Promise<WebSocketServer> {
  const server = await startWebSocketServer(options);
  closings.push(() => server.stop());
  return server;
}

async function connect({ port }: WebSocketServer, knock: Knock = {}): Promise<WebSocketClient> {
  const client = await WebSocketClient.connect(port, knock);
  closings.push(() => client.drop());
  return client;
}

async function arrive({ port }: WebSocketServer, knock: Knock = {}): Promise<GreetedWebSocket> {
  const client = await WebSocketClient.arrive(port, knock);
  closings.push(() => client.drop());
  return client;
}

async function refused({ port }: WebSocketServer, { path = "/ws", headers = {} }: Knock = {}): Promise<Refusal> {
  return await WebSocketClient.refused(port, upgradeRequest(path, port, headers));
}

const PASSWORD = "correct horse battery staple";

async function account(
  { core }: WebSocketServer,
  name: string,
  password: string | undefined = undefined,
): Promise<Account> {
  return await core.accounts.create({ name, password, invite: undefined }, "127.0.0.1");
}

/** What a browser of somebody shows after they signed in with their password. */
async function signIn({ core }: WebSocketServer, name: string): Promise<Knock> {
  const { cookie } = await core.accounts.signIn({ name, password: PASSWORD }, "127.0.0.1");
  return { headers: { Cookie: `theme=dark; verbatim_session=${cookie?.value}` } };
}

/** A chat of some people, the first of whom owns it; `post` says something in it as one of them. */
async function chatOf({ core }: WebSocketServer, people: readonly Account[]) {
  const [owner] = people as [Account];
  const actor = (who: Account) => ({ user: { ...who, isGuest: false }, address: "127.0.0.1" });
  const members = people.map(({ id }) => id);
  const { chat } = await core.api.createChat(actor(owner), { name: "tea", members, direct: false });
  return { id: chat.id, post: (who: Account, text: string) => core.api.post(actor(who), chat.id, text, undefined) };
}

describe("/ws", () => {
  it("WIRE-2 greets a guest, and tells everything from the start, as after hello", async () => {
    const server = await start();
    const person = await connect(server);
    expect(await person.event()).toMatchObject({
      _et: "login_successful",
      s: expect.stringMatching(/^[\w-]{21}$/),
      u: expect.stringMatching(/^[\w-]{5}$/),
      rs: [{ n: "general" }, { n: "rust" }],
      v: 1,
    });
    await person.join("rust");
    const other = await arrive(server);
    await other.join("rust");
    other.send({ _ct: "typing", r: "rust" });
    await person.heard({ _et: "typing", r: "rust", u: other.name });
    expect(person.fault).toBeUndefined();
  });

  it("WIRE-11 is the same guest again with hello", async () => {
    const server = await start();
    const first = await arrive(server);
    first.send({ _ct: "hello", v: 1 });
    await first.heard({ _et: "login_successful" });
    const again = await arrive(server);
    again.send({ _ct: "hello", v: 1, s: first.session });
    expect(await again.event()).toMatchObject({ _et: "login_successful", u: first.name, s: first.session });
  });

  it("in open mode is whom its cookie names, and knows their chats", async () => {
    const server = await start();
    const alice = await account(server, "Alice");
    const { id } = await chatOf(server, [alice]);
    const client = await connect(server, { headers: { Cookie: `a=b; user_id=${alice.id}` } });
    expect(await client.event()).toMatchObject({
      u: "Alice",
      rs: [{ n: "general" }, { n: "rust" }, { n: id, d: "tea" }],
    });
    client.send({ _ct: "join_room", r: id });
    expect(await client.event()).toMatchObject({ _et: "user_joined_room", r: id, us: ["Alice"] });
  });

  it("is refused a cookie of nobody", async () => {
    const server = await start();
    const headers = { Cookie: "user_id=018f0000-0000-7000-8000-000000000000" };
    expect(await refused(server, { headers })).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  });

  it("AUTH-2 with a password is whom the sign-in or the token says, and not whom `user_id` names", async () => {
    const server = await start({ auth: { mode: "password" } });
    const alice = await account(server, "Alice", PASSWORD);
    const bob = await account(server, "Bob", PASSWORD);
    const cookie = await arrive(server, await signIn(server, "Alice"));
    expect(cookie.name).toBe("Alice");
    const user = { ...bob, isGuest: false };
    const { token } = await server.core.accounts.createToken(user, "bot", undefined);
    expect(await arrive(server, { headers: { Authorization: `Bearer ${token}` } })).toMatchObject({ name: "Bob" });
    expect(await refused(server, { headers: { Authorization: `Bearer ${token}x` } })).toMatchObject({ status: 401 });
    const named = await arrive(server, { headers: { Cookie: `user_id=${alice.id}` } });
    expect(named.name).toMatch(/^[\w-]{5}$/);
  });

  it("AUTH-5 where guests are not taken says who it is with hello and a token, or asks nothing", async () => {
    const server = await start({ auth: { mode: "password", guests: false }, door: { takesGuests: false } });
    const alice = await account(server, "Alice", PASSWORD);
    const { token } = await server.core.accounts.createToken({ ...alice, isGuest: false }, "bot", undefined);
    const client = await connect(server);
    client.send({ _ct: "join_room", r: "rust" });
    expect(await client.event()).toMatchObject({ code: "unauthorized" });
    client.send({ _ct: "hello", v: 1, t: token });
    expect(await client.event()).toMatchObject({ _et: "login_successful", u: "Alice" });
    expect(await client.join("rust")).toEqual(["Alice"]);
  });

  it("CMD-4 hears within a second that what it was signed in with has ended", async () => {
    const clock = new HandClock();
    const server = await start({ auth: { mode: "password" }, clock });
    await account(server, "Alice", PASSWORD);
    const knock = await signIn(server, "Alice");
    const client = await arrive(server, knock);
    const signedIn = await server.core.authenticator.identify({
      cookie: knock.headers?.["Cookie"]?.split("verbatim_session=")[1],
      ...{ userIdCookie: undefined, bearer: undefined, named: undefined, address: "127.0.0.1" },
    });
    if (signedIn === undefined) throw new Error("nobody signed in");
    await server.core.accounts.signOut(signedIn.credential);
    await clock.advance(1000);
    expect(await client.event()).toMatchObject({ _et: "error", code: "signed_out" });
    await client.closed();
    expect(client.closing).toEqual({ code: 4403, reason: "signed_out" });
  });
});

describe("/ws/connect/{user_id}", () => {
  it("WS-2 tells each message of each of the user's chats in one frame, and nothing else until the first command", async () => {
    const server = await start();
    const [alice, bob, carol] = [
      await account(server, "Alice"),
      await account(server, "Bob"),
      await account(server, "Carol"),
    ];
    const first = await chatOf(server, [alice, bob]);
    const feed = await connect(server, { path: `/ws/connect/${bob.id}` });
    const guest = await arrive(server);
    await guest.join("rust");
    await first.post(alice, "one");
    // A chat that begins while he listens, with changes that are no messages, and one that is none of his business.
    const second = await chatOf(server, [carol, bob]);
    await (await chatOf(server, [alice, carol])).post(carol, "not for Bob");
    await second.post(carol, "two");
    await first.post(bob, "three");
    for (const [id, text, name] of [
      [first.id, "one", "Alice"],
      [second.id, "two", "Carol"],
      [first.id, "three", "Bob"],
    ]) {
      expect(await feed.event()).toMatchObject({ _et: "user_message", r: id, c: text, u: name });
    }
    // It makes nobody present.
    const alices = await arrive(server, { headers: { Cookie: `user_id=${alice.id}` } });
    expect(await alices.join(first.id)).toEqual(["Alice"]);
    feed.send({ _ct: "join_room", r: "rust" });
    expect(await feed.event()).toMatchObject({ _et: "login_successful", u: "Bob" });
    expect(await feed.event()).toMatchObject({ _et: "user_joined_room", r: "rust", us: [guest.name, "Bob"] });
    expect(await feed.event()).toMatchObject({ _et: "room_participation", r: "rust", s: "joined" });
    await first.post(alice, "four, which he did not join");
    expect(await feed.quiet()).toEqual([]);
    expect(feed.fault).toBeUndefined();
  });

  it("WS-2 FAN-1 FAN-2 misses no message and hears none twice, though it falls behind", async () => {
    const server = await start({ limits: { outboxBytesMax: 64 * 1024 } });
    const [alice, bob] = [await account(server, "Alice"), await account(server, "Bob")];
    const { post } = await chatOf(server, [alice, bob]);
    const feed = await connect(server, { path: `/ws/connect/${bob.id}` });
    feed.socket.pause();
    const text = "x".repeat(8000);
    // How much the kernel takes for who reads nothing differs by machine: tens of MB on some.
    let count = 0;
    const isBehind = async (): Promise<boolean> =>
      /^verbatim_sessions_behind_total [1-9]/m.test(await server.telemetry.render());
    while (count < 1500 || (count < 12_000 && !(await isBehind()))) {
      await Promise.all(Array.from({ length: 100 }, (_, at) => post(alice, `${count + at} ${text}`)));
      count += 100;
    }
    expect(await isBehind()).toBe(true);
    feed.socket.resume();
    const heard: unknown[] = [];
    while (heard.length < count) {
      const event = await feed.event();
      expect(event["_et"]).toBe("user_message");
      heard.push(event["q"]);
    }
    expect(heard).toEqual(heard.map((_, index) => (heard[0] as number) + index));
    feed.send({ _ct: "leave_room", r: "rust" });
    expect(await feed.event()).toMatchObject({ _et: "login_successful" });
  });

  it("in open mode needs no cookie and looks at none, and is refused for whom there is not", async () => {
    const server = await start();
    const [alice, bob] = [await account(server, "Alice"), await account(server, "Bob")];
    const feed = await connect(server, { path: `/ws/connect/${bob.id}`, headers: { Cookie: `user_id=${alice.id}` } });
    feed.send({ _ct: "nothing" });
    feed.send({ _ct: "leave_room", r: "rust" });
    await feed.heard({ _et: "login_successful", u: "Bob" });
    const inCapitals = await connect(server, { path: `/ws/connect/${bob.id.toUpperCase()}` });
    inCapitals.send({ _ct: "leave_room", r: "rust" });
    await inCapitals.heard({ _et: "login_successful", u: "Bob" });
    for (const user of ["018f0000-0000-7000-8000-000000000000", "bob", "%00", "..%2f"]) {
      expect(await refused(server, { path: `/ws/connect/${user}` })).toMatchObject({ status: 401 });
    }
  });

  it("CMD-4 with a password is for whoever signed in, and for nobody else", async () => {
    const server = await start({ auth: { mode: "password" } });
    const alice = await account(server, "Alice", PASSWORD);
    const bob = await account(server, "Bob", PASSWORD);
    const knock = await signIn(server, "Alice");
    const { post } = await chatOf(server, [alice, bob]);
    const feed = await connect(server, { ...knock, path: `/ws/connect/${alice.id}` });
    await post(bob, "for Alice");
    expect(await feed.event()).toMatchObject({ c: "for Alice" });
    const ofBob = { path: `/ws/connect/${bob.id}` };
    expect(await refused(server, { ...knock, ...ofBob })).toMatchObject({ status: 403, body: { code: "forbidden" } });
    expect(await refused(server, ofBob)).toMatchObject({ status: 401, body: { code: "unauthorized" } });
    const named = { ...ofBob, headers: { Cookie: `user_id=${bob.id}` } };
    expect(await refused(server, named)).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  });
});

describe("a page of another site", () => {
  it("AUTH-4 gets nowhere, in open mode too", async () => {
    const server = await start();
    const own = `127.0.0.1:${server.port}`;
    const foreign = [
      "null",
      "http://evil.example",
      `http://${own}.evil.example`,
      `http://evil-${own}`,
      `http://127.0.0.1:${server.port + 1}`,
      "http://127.0.0.1",
      `file://${own}`,
      `http://${own}@evil.example`,
    ];
    for (const Origin of foreign) {
      const refusal = await refused(server, { headers: { Origin } });
      expect(refusal, Origin).toMatchObject({ status: 403, body: { code: "wrong_origin" } });
    }
    for (const Host of ["evil.example", `evil.example:${server.port}`, "127.0.0.1.evil.example"]) {
      // DNS rebinding: the page is of the very host that it names.
      const refusal = await refused(server, { headers: { Host, Origin: `http://${Host}` } });
      expect(refusal, Host).toMatchObject({ status: 403, body: { code: "wrong_origin" } });
    }
    const cross = await refused(server, { headers: { "Sec-Fetch-Site": "cross-site" } });
    expect(cross).toMatchObject({ status: 403, body: { code: "wrong_origin" } });
    await arrive(server, { headers: { Origin: `http://${own}`, "Sec-Fetch-Site": "same-origin" } });
    await arrive(server, { headers: { Host: `localhost:${server.port}`, Origin: `http://localhost:${server.port}` } });
  });
});

describe("a request that gets no WebSocket", () => {
  it.each([
    ["another path", "/wsx", {}, 404, "not_found"],
    ["another protocol", "/ws", { Upgrade: "h2c" }, 400, "bad_request"],
    ["another version", "/ws", { "Sec-WebSocket-Version": "12" }, 400, "bad_request"],
    ["no key", "/ws", { "Sec-WebSocket-Key": undefined }, 400, "bad_request"],
  ])("WIRE-7 hears why: %s", async (_, path, headers, status, code) => {
    const server = await start();
    const refusal = await refused(server, { path, headers });
    expect(refusal).toMatchObject({ status, body: { code, status } });
    expect(refusal.headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  });

  it("WIRE-20 WIRE-21 hears that the server is full, and may come when somebody has left", async () => {
    const server = await start({ limits: { sessionsMax: 2 } });
    const first = await arrive(server);
    await arrive(server);
    expect(await refused(server)).toMatchObject({ status: 503, body: { code: "too_many_sessions" } });
    // A place is not lost to those who are not let in.
    for (let round = 0; round < 3; round++) await refused(server, { headers: { Origin: "http://evil.example" } });
    first.drop();
    await until(
      5000,
      () => "a place",
      async () => {
        const client = await WebSocketClient.connect(server.port).catch(() => undefined);
        client?.drop();
        return client;
      },
    );
  });

  it("STOP-1 hears that the server is stopping", async () => {
    const server = await start();
    server.closeDoor();
    expect(await refused(server)).toMatchObject({ status: 503, body: { code: "going_away" } });
  });
});

describe("the end", () => {
  it("WS-4 WIRE-6 of quit is a close that all is well", async () => {
    const server = await start();
    const client = await arrive(server);
    client.send({ _ct: "quit" });
    expect(await client.closed()).toEqual([]);
    expect(client.closing).toEqual({ code: 1000, reason: "" });
  });

  it.each([
    ["a code", Buffer.from([0x0f, 0xa0]), 4000],
    ["no code", "", undefined],
  ])(
    "comes after all that the client asked before it closed with %s, which is answered alike",
    async (_, payload, code) => {
      const server = await start();
      const listener = await arrive(server);
      await listener.join("rust");
      const client = await arrive(server);
      client.send({ _ct: "join_room", r: "rust" });
      for (let number = 0; number < 50; number++)
        client.send({ _ct: "send_message", r: "rust", c: `${number}`, k: `${number}` });
      client.sendFrame({ opcode: OPCODE.close, payload });
      client.send({ _ct: "send_message", r: "rust", c: "after the end" });
      const rest = (await client.closed()).map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(rest.filter(({ _et }) => _et === "ack").map(({ k }) => Number(k))).toEqual([...Array(50).keys()]);
      expect(client.closing).toEqual({ code, reason: "" });
      expect(client.fault).toBeUndefined();
      await listener.heard({ c: "49" });
      expect(await listener.event()).toMatchObject({ s: "left", u: client.name });
    },
  );

  it("comes after all that the client asked before it hung up without a word", async () => {
    const server = await start();
    const listener = await arrive(server);
    await listener.join("rust");
    const client = await arrive(server);
    client.send({ _ct: "join_room", r: "rust" });
    client.send({ _ct: "send_message", r: "rust", c: "bye" });
    client.socket.end();
    await listener.heard({ c: "bye" });
    expect(await listener.event()).toMatchObject({ s: "left", u: client.name });
  });
});
