/**
 * The SDK's calls over HTTP, each on a real server, and what they say where something goes wrong.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ApiError, HttpApi } from "../../src/sdk/http-api.ts";
import { publicRoomId } from "../../src/server/uuid.ts";
import { HttpPerson } from "../support/http-people.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";

let server: HttpServer;
let ann: HttpApi;
let annsId: string;
let bob: HttpPerson;

const newApi = (token?: string): HttpApi => new HttpApi({ base: `http://127.0.0.1:${server.port}/`, token });

beforeAll(async () => {
  server = await startHttpServer({ auth: { mode: "password", guests: false } });
  ann = newApi();
  annsId = (await ann.signUp({ name: "Ann", password: "correct horse battery" })).id;
  await ann.signIn({ name: "Ann", password: "correct horse battery" });
  bob = await HttpPerson.password(server.port, "Bob", "another long one");
});

afterAll(() => server.stop());

const failure = (call: Promise<unknown>): Promise<ApiError> =>
  call.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: ApiError) => error,
  );

describe("the calls", () => {
  it("say who is who", async () => {
    const me = await ann.me();
    expect(me).toMatchObject({ id: annsId, name: "Ann", isAdmin: false });
    expect(Math.abs(me.createdAt - Date.now())).toBeLessThan(60_000);
    expect(await ann.user(bob.id)).toMatchObject({ id: bob.id, name: "Bob", updatedAt: expect.any(Number) });
    expect((await ann.findUsers("b")).map(({ name }) => name)).toEqual(["Bob"]);
  });

  it("that move a read marker are sent though the page is left meanwhile", async () => {
    const kept: unknown[] = [];
    const fetchAndNote: typeof fetch = (input, init) => {
      kept.push([init?.method, init?.keepalive]);
      return fetch(input, init);
    };
    const api = new HttpApi({ base: `http://127.0.0.1:${server.port}`, fetch: fetchAndNote });
    await api.signIn({ name: "Ann", password: "correct horse battery" });
    const { id } = await api.createChat({ name: "read", members: [] });
    await api.markRead(id, 1);
    expect(kept.at(-1)).toEqual(["PUT", true]);
    expect(kept.filter((one) => (one as unknown[])[1] === true)).toHaveLength(1);
  });

  it("list the public rooms", async () => {
    const [general] = await ann.rooms();
    expect(general).toEqual({
      ...{ id: publicRoomId("general"), name: "general", description: "for all", lastSeq: 0 },
    });
  });

  it("make chats, and change who is in them", async () => {
    const chat = await ann.createChat({ name: "Tea", members: [] });
    expect(chat).toMatchObject({ name: "Tea", members: [annsId], createdAt: expect.any(Number) });
    expect((await ann.addMembers(chat.id, [bob.id])).members).toEqual([annsId, bob.id]);
    expect((await ann.chat(chat.id)).members).toEqual([annsId, bob.id]);
    const said = await bob.post(chat.id, "hi");
    const [summary] = await ann.chats();
    expect(summary).toMatchObject({ id: chat.id, ownerId: annsId, isDirect: false, unread: 1, lastSeq: said.seq });
    expect(summary?.lastMessage).toEqual({
      ...{ type: "message", room: chat.id, seq: said.seq, id: said.message_id, user: "Bob", text: "hi" },
      ...{ time: Date.parse(said.created_at), key: undefined, isRemoved: false },
    });
    expect(await ann.markRead(chat.id, said.seq)).toEqual({ seq: said.seq, unread: 0 });
    await ann.removeMessage(chat.id, said.message_id);
    expect((await ann.chats())[0]?.lastMessage).toMatchObject({ text: "", isRemoved: true });
    await ann.removeMember(chat.id, bob.id);
    expect((await ann.chat(chat.id)).members).toEqual([annsId]);
  });

  it("find the one chat of two people again", async () => {
    const first = await ann.createChat({ members: [bob.id], direct: true });
    const again = await ann.createChat({ members: [bob.id], direct: true });
    expect(again.id).toBe(first.id);
    expect((await ann.chats()).find(({ id }) => id === first.id)).toMatchObject({
      ...{ isDirect: true, lastMessage: undefined, unread: 0 },
    });
  });

  it("make tokens, which sign in, and revoke them", async () => {
    const made = await ann.createToken({ label: "bot", expiresIn: 3600 });
    const { token, ...listed } = made;
    expect(listed).toMatchObject({ label: "bot", expiresAt: listed.createdAt + 3_600_000 });
    expect(await ann.tokens()).toEqual([listed]);
    const bot = newApi(token);
    expect((await bot.me()).id).toBe(annsId);
    await ann.revokeToken(made.id);
    expect(await failure(bot.me())).toMatchObject({ code: "unauthorized", status: 401, retry: false });
    expect((await ann.createToken()).expiresAt).toBeUndefined();
  });

  it("change a password, and stay signed in", async () => {
    const carol = newApi();
    await carol.signUp({ name: "Carol", password: "the first of them" });
    await carol.signIn({ name: "Carol", password: "the first of them" });
    await carol.changePassword("the first of them", "the second of them");
    expect((await carol.me()).name).toBe("Carol");
    expect(await failure(newApi().signIn({ name: "Carol", password: "the first of them" }))).toMatchObject({
      code: "wrong_credentials",
    });
  });

  it("sign out", async () => {
    const again = newApi();
    await again.signIn({ name: "Ann", password: "correct horse battery" });
    await again.signOut();
    expect(await failure(again.me())).toMatchObject({ code: "unauthorized" });
  });
});

describe("a call that fails", () => {
  it("says why, in the server's words", async () => {
    const error = await failure(newApi().signUp({ name: "ann", password: "correct horse battery" }));
    expect(error).toMatchObject({ name: "ApiError", code: "name_taken", status: 409, retry: false });
    expect(error.detail).toBe(error.message);
    expect(error.retryAfterMs).toBeUndefined();
  });

  it("says when to try again", async () => {
    let error = await failure(newApi().signIn({ name: "Bob", password: "wrong" }));
    for (let n = 0; n < 20 && error.code === "wrong_credentials"; n++) {
      error = await failure(newApi().signIn({ name: "Bob", password: "wrong" }));
    }
    expect(error).toMatchObject({ code: "too_many_sign_ins", status: 429, retry: true });
    expect(error.retryAfterMs).toBeGreaterThan(0);
  });

  it("knows why a connection does not come to be", async () => {
    expect(await ann.whyNot()).toBeUndefined();
    expect(await newApi("wrong").whyNot()).toMatchObject({ code: "unauthorized" });
  });
});

describe("where no such server answers", () => {
  const closings: (() => unknown)[] = [];
  afterEach(() => {
    for (const closing of closings.splice(0)) closing();
  });

  async function answering(status: number, headers: Record<string, string>, body: string): Promise<HttpApi> {
    const other = createServer((_request, response) => response.writeHead(status, headers).end(body));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    closings.push(() => other.close());
    return new HttpApi({ base: `http://127.0.0.1:${(other.address() as AddressInfo).port}` });
  }

  it("a redirect is told as one", async () => {
    const api = await answering(302, { location: "https://login.example/" }, "");
    expect(await failure(api.chats())).toMatchObject({ code: "redirected", detail: "https://login.example/" });
    expect(await api.whyNot()).toEqual({ code: "redirected", text: "https://login.example/" });
  });

  it("so is what is not understood", async () => {
    const page = await answering(200, { "content-type": "text/html" }, "<h1>Hello</h1>");
    expect(await failure(page.me())).toMatchObject({ code: "not_understood", status: 200, retry: false });
    const gateway = await answering(502, { "content-type": "text/html" }, "<h1>Bad gateway</h1>");
    expect(await failure(gateway.me())).toMatchObject({ code: "not_understood", status: 502, retry: true });
  });

  it("nobody is unreachable", async () => {
    const api = new HttpApi({ base: "http://127.0.0.1:1" });
    expect(await failure(api.me())).toMatchObject({ code: "unreachable", status: 0, retry: true });
    expect(await api.whyNot()).toBeUndefined();
  });
});
