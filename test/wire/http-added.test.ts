/**
 * The HTTP API beyond what older clients know: lists, direct chats, members, read markers, removing, bans, tokens, keys.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publicRoomId } from "../../src/server/uuid.ts";
import { ask, type HttpAnswer } from "../support/http-client.ts";
import { type HttpChat, HttpPerson, type HttpUser } from "../support/http-people.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";
import { until } from "../support/until.ts";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const NOBODY = "0198c0de-0000-7000-8000-000000000000";

let server: HttpServer;
let port: number;
let alice: HttpPerson;
let bob: HttpPerson;
let carol: HttpPerson;

beforeAll(async () => {
  server = await startHttpServer();
  port = server.port;
  alice = await HttpPerson.open(port, "alice");
  bob = await HttpPerson.open(port, "Bob");
  carol = await HttpPerson.open(port, "carol");
});

afterAll(() => server.stop());

/** Status and code of a problem, whose content type and status must be those of a problem. */
function problemOf({ status, headers, json }: HttpAnswer): string {
  expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  expect(json()).toMatchObject({ type: "about:blank", status, title: expect.any(String), detail: expect.any(String) });
  return `${status} ${json()["code"]}`;
}

describe("people", () => {
  it("ask who they are", async () => {
    const { status, json } = await alice.ask("/me");
    expect(status).toBe(200);
    expect(json()).toEqual({ ...alice.user, is_admin: false });
    expect(problemOf(await ask(port, "/me"))).toBe("401 unauthorized");
    expect((await ask(port, "/me")).headers["www-authenticate"]).toBe("Bearer");
    expect(problemOf(await ask(port, "/me", { headers: { cookie: `user_id=${NOBODY}` } }))).toBe("401 unauthorized");
  });

  it("AUTH-1 are who they are by an id in capitals too, wherever it stands", async () => {
    const id = alice.id.toUpperCase();
    const shown: readonly Record<string, string>[] = [{ cookie: `user_id=${id}` }, { authorization: `Bearer ${id}` }];
    for (const headers of shown) expect((await ask(port, "/me", { headers })).json()).toMatchObject(alice.user);
    const form = { content: "hi", sender_id: id };
    const posted = await ask(port, "/chats/general/messages", { form });
    expect(posted.json()).toMatchObject({ sender_id: alice.id });
    const room = publicRoomId("general").toUpperCase();
    expect(problemOf(await alice.ask(`/rooms/${room}/bans`))).toBe("403 forbidden");
    expect((await alice.ask(`/ui/chats/${room}`)).status).toBe(200);
    for (const written of [room, room.replace("-", "%2D")]) {
      expect((await ask(port, `/chats/${written}/messages`, { form })).status, written).toBe(200);
    }
  });

  it("are found by how their names begin, without regard to case", async () => {
    const found = await ask(port, "/users?name=b");
    expect(found.json<HttpUser[]>()).toEqual([bob.user]);
    expect((await ask(port, "/users?name=nobody")).body).toBe("[]");
    expect(problemOf(await ask(port, "/users"))).toBe("400 bad_field");
    expect(problemOf(await ask(port, "/users?name=a&name=b"))).toBe("400 bad_field");
  });

  it("are 404 where there are none", async () => {
    for (const id of [NOBODY, "nobody", "%3Cscript%3E", "';%20DROP%20TABLE%20users;--"]) {
      expect(problemOf(await ask(port, `/users/${id}`))).toBe("404 unknown_user");
    }
    expect((await ask(port, `/users/${alice.id.toUpperCase()}`)).json()).toEqual(alice.user);
  });
});

describe("public rooms", () => {
  it("are listed, and read and written by name or id", async () => {
    const { json } = await ask(port, "/rooms");
    expect(json<unknown[]>()).toEqual([
      { room_id: publicRoomId("general"), name: "general", description: "for all", last_seq: expect.any(Number) },
      { room_id: publicRoomId("rust"), name: "rust", description: "for some", last_seq: expect.any(Number) },
    ]);
    const { message_id } = await alice.post("general", "to all");
    expect((await bob.messages(publicRoomId("general")))[0]).toMatchObject({ message_id, content: "to all" });
  });
});

describe("one's chats", () => {
  it("PROJ-6 come with their last message and how many are unread", async () => {
    const chat = await carol.chat("news", alice);
    await alice.post(chat, "one");
    const { seq } = await alice.post(chat, "two");
    const mine = (await carol.ask("/chats")).json<Record<string, unknown>[]>();
    expect(mine).toEqual([
      {
        ...{ chat_id: chat, members: [alice.id, carol.id], name: "news", created_at: expect.stringMatching(TIME) },
        ...{ owner_id: carol.id, direct: false, last_seq: seq, unread: 2 },
        last_message: {
          ...{ chat_id: chat, sender_id: alice.id, content: "two", message_id: expect.any(String), seq },
          ...{ sender_name: "alice", created_at: expect.stringMatching(TIME) },
        },
      },
    ]);
    const read = await carol.ask(`/chats/${chat}/read`, { method: "PUT", form: { seq: String(seq - 1) } });
    expect([read.status, read.json()]).toEqual([200, { seq: seq - 1, unread: 1 }]);
    const back = await carol.ask(`/chats/${chat}/read`, { method: "PUT", json: { seq: 1 } });
    expect(back.json()).toEqual({ seq: seq - 1, unread: 1 });
    for (const wrong of ["", "x", "-1", "1.5", "9007199254740993"]) {
      expect(problemOf(await carol.ask(`/chats/${chat}/read`, { method: "PUT", form: { seq: wrong } }))).toBe(
        "400 bad_field",
      );
    }
    expect(problemOf(await ask(port, "/chats"))).toBe("401 unauthorized");
  });

  it("of two are the same every time, whoever of them asks", async () => {
    const first = await alice.ask("/chats", { form: { direct: "true", members: bob.id } });
    expect(first.status).toBe(201);
    const again = await bob.ask("/chats", { json: { direct: true, members: [alice.id] } });
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(first.headers.location).toBe(`/chats/${first.json<HttpChat>().chat_id}`);
    for (const form of [
      { direct: "true" },
      { direct: "true", members: alice.id },
      { direct: "perhaps", members: bob.id },
    ]) {
      expect(problemOf(await alice.ask("/chats", { form }))).toBe("400 bad_field");
    }
  });

  it("are made only of people that there are, and with a name", async () => {
    expect(problemOf(await alice.ask("/chats", { form: { name: "x", members: NOBODY } }))).toBe("404 unknown_user");
    expect(problemOf(await alice.ask("/chats", { form: { name: "x", members: "bob" } }))).toBe("400 bad_field");
    expect(problemOf(await alice.ask("/chats", { form: { members: bob.id } }))).toBe("400 bad_field");
    expect(problemOf(await alice.ask("/chats", { form: "name=a&name=b" }))).toBe("400 bad_field");
    expect(problemOf(await alice.ask("/chats", { json: { name: 1, members: [bob.id] } }))).toBe("400 bad_field");
    expect(problemOf(await alice.ask("/chats", { json: { name: "\ud800", members: [] } }))).toBe("400 bad_field");
  });
});

describe("members", () => {
  it("CMD-4 are added and removed, and leave; what one may not see is as if it were not there", async () => {
    const chat = await alice.chat("few", bob);
    const path = `/chats/${chat}`;
    for (const [who, asked] of [
      ["/messages", {}],
      ["", {}],
      ["/members", { form: { members: carol.id } }],
      ["/messages", { form: { content: "let me in" } }],
      ["/read", { method: "PUT", form: { seq: "1" } }],
      ["/events", {}],
    ] as const) {
      expect(problemOf(await carol.ask(path + who, asked)), who).toBe("404 unknown_room");
    }
    expect(problemOf(await carol.ask(`/chats/${NOBODY}`))).toBe("404 unknown_room");

    const added = await bob.ask(`${path}/members`, { form: { members: carol.id } });
    expect([added.status, added.json<HttpChat>().members]).toEqual([200, [bob.id, alice.id, carol.id]]);
    expect((await carol.ask(path)).status).toBe(200);
    expect(problemOf(await bob.ask(`${path}/members/${carol.id}`, { method: "DELETE" }))).toBe("403 forbidden");
    const removed = await alice.ask(`${path}/members/${carol.id}`, { method: "DELETE" });
    expect([removed.status, removed.body, removed.headers["content-type"]]).toEqual([204, "", undefined]);
    expect(problemOf(await carol.ask(path))).toBe("404 unknown_room");
    expect((await bob.ask(`${path}/members/${bob.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await alice.ask(path)).json<HttpChat>().members).toEqual([alice.id]);
    expect(problemOf(await alice.ask(`${path}/members/nobody`, { method: "DELETE" }))).toBe("404 unknown_user");
    expect(problemOf(await carol.ask(`${path}/members/nobody`, { method: "DELETE" }))).toBe("404 unknown_room");
  });

  it("may be as many as fit into half a megabyte", async () => {
    const form = `name=many&${Array.from({ length: 10_000 }, () => `members=${bob.id}`).join("&")}`;
    expect(form.length).toBeGreaterThan(64 * 1024);
    const { status, json } = await alice.ask("/chats", { form });
    expect([status, json<HttpChat>().members]).toEqual([201, [bob.id, alice.id]]);
    expect(problemOf(await alice.ask("/chats", { form: `${form}&x=${"x".repeat(80_000)}` }))).toBe(
      "413 body_too_large",
    );
  });
});

describe("a message", () => {
  it("says where it stands", async () => {
    const chat = await alice.chat("places", bob);
    const { status, body, json } = await alice.ask(`/chats/${chat}/messages`, { form: { content: "hi" } });
    expect(status).toBe(200);
    expect(Object.keys(json())).toEqual(["message_id", "chat_id", "sender_id", "content", "created_at", "seq"]);
    const { message_id, created_at, seq } = JSON.parse(body);
    expect((await alice.messages(chat))[0]).toEqual({
      ...{ chat_id: chat, sender_id: alice.id, content: "hi", message_id, seq },
      ...{ sender_name: "alice", created_at },
    });
  });

  it("HTTP-3 with an Idempotency-Key is one, however often it is sent", async () => {
    const chat = await alice.chat("once", bob);
    const path = `/chats/${chat}/messages`;
    const send = (content: string, key: string) =>
      alice.ask(path, { form: { content }, headers: { "idempotency-key": key } });
    const first = await send("hi", "a key");
    const again = await send("hi", "a key");
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(problemOf(await send("ho", "a key"))).toBe("422 key_reused");
    expect((await send("ho", "k".repeat(64))).status).toBe(200);
    for (const key of ["k".repeat(65), "", "kéy"]) {
      expect(problemOf(await send("ho", key))).toBe("400 bad_field");
    }
    expect(await alice.messages(chat)).toHaveLength(2);
  });

  it("has 16 KiB of UTF-8 at most", async () => {
    const chat = await alice.chat("long", bob);
    expect((await alice.ask(`/chats/${chat}/messages`, { form: { content: "x".repeat(16_384) } })).status).toBe(200);
    // Each takes nine characters in a form; the body is within its own limit.
    const wide = "€".repeat(5_462);
    expect(problemOf(await alice.ask(`/chats/${chat}/messages`, { form: { content: wide } }))).toBe(
      "413 message_too_long",
    );
  });

  it("PROJ-6 can be taken back: its text is gone and its place stays", async () => {
    const chat = await alice.chat("slips", bob);
    const { message_id, seq } = await bob.post(chat, "a slip of the tongue");
    const path = `/chats/${chat}/messages/${message_id}`;
    expect(problemOf(await carol.ask(path, { method: "DELETE" }))).toBe("404 unknown_room");
    expect((await bob.ask(path, { method: "DELETE" })).status).toBe(204);
    expect((await alice.messages(chat))[0]).toMatchObject({ message_id, seq, content: "", removed: true });
    const other = await alice.post(chat, "mine");
    const notBobs = await bob.ask(`/chats/${chat}/messages/${other.message_id}`, { method: "DELETE" });
    expect(problemOf(notBobs)).toBe("403 forbidden");
    for (const id of [NOBODY, "nonsense"]) {
      const path = `/chats/${chat}/messages/${id}`;
      expect(problemOf(await alice.ask(path, { method: "DELETE" }))).toBe("404 unknown_message");
      // Whoever may not remove those of others learns nothing of which there are.
      expect(problemOf(await bob.ask(path, { method: "DELETE" }))).toBe("403 forbidden");
    }
  });
});

describe("tokens", () => {
  it("are made, listed without their secret, and revoked", async () => {
    const made = await alice.ask("/tokens", { form: { label: "my bot", expires_in: "3600" } });
    expect(made.status).toBe(201);
    const { token, ...shown } = made.json<Record<string, string>>();
    expect(Object.keys(made.json())).toEqual(["token", "token_id", "label", "created_at", "expires_at"]);
    expect(shown["label"]).toBe("my bot");
    const good = Date.parse(shown["expires_at"] ?? "") - Date.parse(shown["created_at"] ?? "");
    expect(Math.abs(good - 3_600_000)).toBeLessThan(5_000);
    const headers = { authorization: `Bearer ${token}` };
    expect((await ask(port, "/me", { headers })).json()).toMatchObject({ user_id: alice.id });

    const listed = await alice.ask("/tokens");
    expect(listed.json<unknown[]>()).toEqual([shown]);
    expect(listed.body).not.toContain(token);
    expect((await bob.ask("/tokens")).body).toBe("[]");

    const path = `/tokens/${shown["token_id"]}`;
    expect(problemOf(await bob.ask(path, { method: "DELETE" }))).toBe("404 unknown_token");
    expect((await alice.ask(path, { method: "DELETE" })).status).toBe(204);
    expect(problemOf(await alice.ask(path, { method: "DELETE" }))).toBe("404 unknown_token");
    expect(problemOf(await alice.ask("/tokens/x", { method: "DELETE" }))).toBe("404 unknown_token");
    expect(problemOf(await ask(port, "/me", { headers }))).toBe("401 unauthorized");
  });

  it("need no body: they last until they are revoked", async () => {
    const made = await bob.ask("/tokens", { method: "POST" });
    expect([made.status, made.json()["expires_at"], made.json()["label"]]).toEqual([201, null, ""]);
  });
});

describe("bans", () => {
  it("are for admins: anybody else is told that they may not", async () => {
    const form = { type: "user", subject: bob.id, seconds: "60" };
    expect(problemOf(await alice.ask("/rooms/general/bans", { form }))).toBe("403 forbidden");
    expect(problemOf(await alice.ask("/rooms/general/bans"))).toBe("403 forbidden");
    expect(problemOf(await ask(port, "/rooms/general/bans", { form }))).toBe("401 unauthorized");
  });

  it("keep a user out until they are lifted, and are listed meanwhile", async () => {
    const admin = await HttpPerson.open(port, "Admin");
    await server.directory.changeAccount(admin.id, { isAdmin: true }, Date.now());
    // Accounts are remembered for a second.
    const isAdmin = async () => ((await admin.ask("/me")).json()["is_admin"] === true ? true : undefined);
    await until(5000, () => "an admin", isAdmin);
    const made = await admin.ask("/rooms/rust/bans", { form: { type: "user", subject: "Bob", seconds: "60" } });
    expect(made.status).toBe(201);
    expect(made.json()).toEqual({
      ...{ room_id: publicRoomId("rust"), type: "user", subject: bob.id },
      ...{ until: expect.stringMatching(TIME), by: admin.id },
    });
    expect((await admin.ask("/rooms/rust/bans")).json<unknown[]>()).toEqual([made.json()]);
    expect(problemOf(await bob.ask("/chats/rust/messages", { form: { content: "hi" } }))).toBe("403 banned");
    const lifted = await admin.ask(`/rooms/rust/bans?type=user&subject=${bob.id}`, { method: "DELETE" });
    expect(lifted.status).toBe(204);
    expect((await bob.ask("/chats/rust/messages", { form: { content: "hi" } })).status).toBe(200);
    const inBody = await admin.ask("/rooms/rust/bans", { method: "DELETE", form: { type: "user", subject: bob.id } });
    expect(problemOf(inBody)).toBe("404 not_found");
    for (const form of [
      {},
      { type: "dog", subject: "Bob", seconds: "1" },
      { type: "user", subject: "Bob", seconds: "0" },
    ]) {
      expect(problemOf(await admin.ask("/rooms/rust/bans", { form }))).toBe("400 bad_field");
    }
  });
});

describe("where there is nothing", () => {
  it("HTTP-2 a problem says so, and which methods there are", async () => {
    expect(problemOf(await ask(port, "/nothing"))).toBe("404 not_found");
    expect(problemOf(await ask(port, "/chats/"))).toBe("404 unknown_room");
    expect(problemOf(await ask(port, "/", { method: "POST" }))).toBe("405 method_not_allowed");
    for (const [path, method, allow] of [
      ["/users", "DELETE", "GET, HEAD, POST"],
      ["/chats/general/messages", "PATCH", "GET, HEAD, POST"],
      ["/login", "GET", "POST"],
      ["/chats/general/events", "HEAD", "GET"],
      ["/chats/general/read", "OPTIONS", "PUT"],
      ["/docs/static/index.css", "PUT", "GET, HEAD"],
    ] as const) {
      const answer = await ask(port, path, { method });
      expect([path, answer.status, answer.headers["allow"]]).toEqual([path, 405, allow]);
    }
  });

  it("HEAD answers as GET does, without the body", async () => {
    const chat = await alice.chat("head", bob);
    const head = await alice.ask(`/chats/${chat}`, { method: "HEAD" });
    const get = await alice.ask(`/chats/${chat}`);
    expect([head.status, head.body, head.headers["content-length"]]).toEqual([
      200,
      "",
      String(Buffer.byteLength(get.body)),
    ]);
  });

  it("an address of a WebSocket asks for an upgrade", async () => {
    expect(problemOf(await ask(port, "/ws"))).toBe("400 bad_request");
    expect(problemOf(await ask(port, `/ws/connect/${alice.id}`))).toBe("400 bad_request");
  });
});
