/**
 * The HTTP API as it was before Verbatim: every call as older clients and load scripts send it, and nothing else. What is
 * expected here is exact.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, sendRaw } from "../support/http-client.ts";
import { type HttpChat, HttpPerson, type HttpUser } from "../support/http-people.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const JSON_TYPE = "application/json; charset=utf-8";

let server: HttpServer;
let port: number;
let alice: HttpPerson;
let bob: HttpPerson;

beforeAll(async () => {
  server = await startHttpServer();
  port = server.port;
  alice = await HttpPerson.open(port, "Alice");
  bob = await HttpPerson.open(port, "Bob");
});

afterAll(() => server.stop());

describe("users", () => {
  it("HTTP-1 are made by POST /users, and shown by GET /users/{user_id}", async () => {
    const { status, headers, body, json } = await ask(port, "/users", { form: "username=Ch%C3%A4rlie+Brown" });
    expect([status, headers["content-type"]]).toEqual([201, JSON_TYPE]);
    expect(Object.keys(json())).toEqual(["user_id", "username", "created_at", "updated_at"]);
    expect(json()).toEqual({
      user_id: expect.stringMatching(UUID),
      username: "Chärlie Brown",
      created_at: expect.stringMatching(TIME),
      updated_at: expect.stringMatching(TIME),
    });
    const shown = await ask(port, `/users/${json<HttpUser>().user_id}`);
    expect([shown.status, shown.headers["content-type"], shown.body]).toEqual([200, JSON_TYPE, body]);
  });

  it("HTTP-1 have a name of their own: 409 where it is taken", async () => {
    for (const username of ["Alice", "ALICE"]) {
      const { status, json } = await ask(port, "/users", { form: { username } });
      expect([status, json()["code"]]).toEqual([409, "name_taken"]);
    }
  });

  it("HTTP-1 may be asked for by JSON with the same names", async () => {
    const { status, json } = await ask(port, "/users", { json: { username: "Jason" } });
    expect([status, json()["username"]]).toEqual([201, "Jason"]);
  });
});

describe("signing in", () => {
  it("HTTP-1 sets the cookie, and leads to /", async () => {
    const { status, headers, body } = await ask(port, "/login", { form: { username: "Alice" } });
    expect([status, headers.location, body]).toEqual([303, "/", ""]);
    expect(headers["set-cookie"]).toEqual([`user_id=${alice.id}; Path=/; HttpOnly; SameSite=Lax`]);
  });

  it("leads to / and from there to the page of a chat that the form names, and never elsewhere", async () => {
    for (const [to, place, end] of [
      ["/ui/chats/general", "/?to=%2Fui%2Fchats%2Fgeneral", "/ui/chats/general"],
      ["https://evil.example/\r\nx: y", "/?to=https%3A%2F%2Fevil.example%2F%0D%0Ax%3A%20y", "/dashboard"],
    ] as const) {
      const { status, headers } = await ask(port, "/login", { form: { username: "Alice", to } });
      expect([status, headers.location]).toEqual([303, place]);
      expect((await alice.ask(place)).headers.location).toBe(end);
    }
  });

  it("HTTP-1 leads on from / to /dashboard with a cookie, and back without", async () => {
    const home = await alice.ask("/");
    expect([home.status, home.headers.location]).toEqual([303, "/dashboard"]);
    expect((await ask(port, "/")).headers["content-type"]).toBe("text/html; charset=utf-8");
    const dashboard = await ask(port, "/dashboard");
    expect([dashboard.status, dashboard.headers.location]).toEqual([303, "/"]);
    expect((await alice.ask("/dashboard")).status).toBe(200);
  });

  it("HTTP-1 is over with GET /logout, which drops the cookie and leads to /", async () => {
    const { status, headers } = await alice.ask("/logout");
    expect([status, headers.location]).toEqual([303, "/"]);
    expect(headers["set-cookie"]?.[0]).toMatch(/^user_id=; Path=\/; .*Max-Age=0/);
  });
});

describe("chats", () => {
  it("HTTP-1 are made by POST /chats, with members in the order given and whoever asks at the end", async () => {
    const form = `name=Tea+time&members=${bob.id}&members=${alice.id}`;
    const { status, headers, body, json } = await bob.ask("/chats", { form });
    expect([status, headers["content-type"]]).toEqual([201, JSON_TYPE]);
    expect(Object.keys(json())).toEqual(["chat_id", "members", "name", "created_at"]);
    expect(json()).toEqual({
      chat_id: expect.stringMatching(UUID),
      members: [bob.id, alice.id],
      name: "Tea time",
      created_at: expect.stringMatching(TIME),
    });
    const shown = await bob.ask(`/chats/${json<HttpChat>().chat_id}`);
    expect([shown.status, shown.body]).toEqual([200, body]);

    const added = await bob.ask("/chats", { form: `name=Tea&members=${alice.id}` });
    expect(added.json<HttpChat>().members).toEqual([alice.id, bob.id]);
  });

  it("HTTP-1 AUTH-1 need no cookie: the first member owns them", async () => {
    const form = `name=Nobody+asked&members=${bob.id}&members=${alice.id}`;
    const { status, json } = await ask(port, "/chats", { form });
    expect([status, json<HttpChat>().members]).toEqual([201, [bob.id, alice.id]]);
    const { chat_id } = json<HttpChat>();
    const removed = await bob.ask(`/chats/${chat_id}/members/${alice.id}`, { method: "DELETE" });
    expect(removed.status).toBe(204);
  });

  it("HTTP-1 AUTH-1 can be read by a request without a cookie", async () => {
    const chat = await alice.chat("open", bob);
    await alice.post(chat, "hi");
    expect((await ask(port, `/chats/${chat}`)).status).toBe(200);
    expect((await ask(port, `/chats/${chat}/messages`)).json<unknown[]>()).toHaveLength(1);
  });

  it("that are not there are 404", async () => {
    const nowhere = await ask(port, "/chats/0198c0de-0000-7000-8000-000000000000");
    expect([nowhere.status, nowhere.json()["code"]]).toEqual([404, "unknown_room"]);
  });
});

describe("messages", () => {
  it("HTTP-1 CMD-1 are posted as a form with the cookie, and read newest first", async () => {
    const chat = await alice.chat("words", bob);
    const first = await alice.ask(`/chats/${chat}/messages`, { form: "content=hello+%22world%22%21" });
    expect([first.status, first.headers["content-type"]]).toEqual([200, JSON_TYPE]);
    await bob.ask(`/chats/${chat}/messages`, { form: { content: "and you?\nÄ 🙂" } });
    const { status, headers, json } = await bob.ask(`/chats/${chat}/messages`);
    expect([status, headers["content-type"]]).toEqual([200, JSON_TYPE]);
    const messages = json<Record<string, unknown>[]>();
    expect(messages.map((message) => Object.keys(message).slice(0, 4))).toEqual([
      ["chat_id", "sender_id", "content", "message_id"],
      ["chat_id", "sender_id", "content", "message_id"],
    ]);
    expect(messages).toEqual([
      expect.objectContaining({ chat_id: chat, sender_id: bob.id, content: "and you?\nÄ 🙂" }),
      expect.objectContaining({ chat_id: chat, sender_id: alice.id, content: 'hello "world"!' }),
    ]);
    expect(messages.every(({ message_id }) => UUID.test(String(message_id)))).toBe(true);
  });

  it("HTTP-1 AUTH-1 take sender_id in the body in place of a missing cookie, but not of one that is there", async () => {
    const chat = await alice.chat("who", bob);
    const path = `/chats/${chat}/messages`;
    const named = await ask(port, path, { form: { content: "from the body", sender_id: bob.id } });
    expect(named.json()["sender_id"]).toBe(bob.id);
    const both = await alice.ask(path, { json: { content: "from the cookie", sender_id: bob.id } });
    expect(both.json()["sender_id"]).toBe(alice.id);
    const nobody = await ask(port, path, { form: { content: "from whom?" } });
    expect([nobody.status, nobody.json()["code"]]).toEqual([401, "unauthorized"]);
  });

  it("are refused where they are empty", async () => {
    const chat = await alice.chat("silence", bob);
    const { status, json } = await alice.ask(`/chats/${chat}/messages`, { form: "content=" });
    expect([status, json()["code"]]).toEqual([400, "empty_message"]);
    expect(await alice.messages(chat)).toEqual([]);
  });

  it("CMD-2 are there for whoever reads as soon as the post is answered", async () => {
    const chat = await alice.chat("at once", bob);
    for (let i = 0; i < 20; i++) {
      const { message_id } = await alice.post(chat, `${i}`);
      expect((await bob.messages(chat))[0]?.message_id).toBe(message_id);
    }
  });
});

describe("a load script", () => {
  it("HTTP-1 that pipelines posts on one connection gets its answers in order", async () => {
    const chat = await alice.chat("fast", bob);
    const post = (content: string, last = false): string =>
      `POST /chats/${chat}/messages HTTP/1.1\r\nHost: localhost:${port}\r\nCookie: user_id=${alice.id}\r\n` +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${8 + content.length}\r\n` +
      `${last ? "Connection: close\r\n" : ""}\r\ncontent=${content}`;
    const answers = await sendRaw(port, post("one"), post("two"), post("three", true));
    expect(answers.match(/"content":"\w+"/g)).toEqual(['"content":"one"', '"content":"two"', '"content":"three"']);
    expect((await alice.messages(chat)).map(({ content }) => content)).toEqual(["three", "two", "one"]);
  });

  it("HTTP-1 reads the metrics", async () => {
    const { status, headers, body } = await ask(port, "/metrics");
    expect([status, headers["content-type"]]).toEqual([200, expect.stringMatching(/^text\/plain; version=0\.0\.4/)]);
    expect(body).toMatch(/^chat_messages_posted_total [1-9]\d*$/m);
    expect(body).toMatch(/^active_websocket_users 0$/m);
  });
});
