/**
 * Whose pages may speak to the server through a browser, in open mode and where people sign in: none but its own and
 * those that are named, whatever they call themselves.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../support/http-client.ts";
import { HttpPerson } from "../support/http-people.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";

const OURS = "https://chat.example.org";

let open: HttpServer;
let password: HttpServer;
let alice: HttpPerson;
let bob: HttpPerson;

beforeAll(async () => {
  open = await startHttpServer();
  alice = await HttpPerson.open(open.port, "alice");
  password = await startHttpServer({ auth: { mode: "password", guests: false }, origins: [OURS] });
  bob = await HttpPerson.password(password.port, "bob", "correct horse battery");
});

afterAll(async () => {
  await open.stop();
  await password.stop();
});

/** What a browser's request is answered with: a read, and one that changes something. */
async function tried(server: HttpServer, who: HttpPerson, headers: Record<string, string>): Promise<[number, number]> {
  const post = { form: { name: "x", members: who.id }, headers };
  const [read, change] = [await who.ask("/me", { headers }), await who.ask("/chats", post)];
  for (const answer of [read, change]) {
    if (answer.status === 403) expect(answer.json()["code"]).toBe("wrong_origin");
  }
  // A simple request of a form, without a preflight, is what a page of others could send.
  const user = await ask(server.port, "/login", { form: { username: who.name }, headers });
  expect(user.status === 403).toBe(change.status === 403);
  return [read.status, change.status];
}

describe("in open mode", () => {
  it.each([
    [{}, 200, 201],
    [{ origin: "SELF" }, 200, 201],
    [{ origin: "SELF", "sec-fetch-site": "same-origin" }, 200, 201],
    [{ "sec-fetch-site": "none" }, 200, 201],
    [{ "sec-fetch-site": "same-origin" }, 200, 201],
    [{ "sec-fetch-site": "cross-site" }, 403, 403],
    [{ "sec-fetch-site": "same-site" }, 403, 403],
    [{ origin: "null" }, 403, 403],
    [{ origin: "" }, 403, 403],
    [{ origin: "http://evil.example" }, 403, 403],
    [{ origin: "http://localhost.evil.example" }, 403, 403],
    [{ origin: "http://evil-localhost" }, 403, 403],
    [{ origin: "http://localhost:1" }, 403, 403],
    [{ origin: "http://localhost" }, 403, 403],
    [{ origin: "SELF/" }, 403, 403],
    [{ origin: "SELF.evil.example" }, 403, 403],
    [{ origin: "http://user@SELF" }, 403, 403],
    [{ origin: OURS }, 403, 403],
  ])("a page with %o reads %i and changes %i", async (headers, read, change) => {
    const own = `http://localhost:${open.port}`;
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace("SELF", own)]));
    expect(await tried(open, alice, { host: `localhost:${open.port}`, ...sent })).toEqual([read, change]);
  });

  it.each([
    ["localhost", 200],
    ["LOCALHOST:80", 200],
    ["127.0.0.1", 200],
    ["127.8.8.8:1", 200],
    ["[::1]:8000", 200],
    ["evil.example", 403],
    ["localhost.evil.example", 403],
    ["evil.example:8000", 403],
    ["127.0.0.1.evil.example", 403],
    ["10.1.2.3", 403],
    ["localhost:8000@evil.example", 403],
    ["localhost evil", 403],
    ["chat.example.org", 403],
  ])("Host: %s is answered %i: a name that is pointed at us gets nowhere", async (host, expected) => {
    for (const path of ["/me", "/healthz", "/", "/docs", "/metrics"]) {
      const { status } = await alice.ask(path, { headers: { host } });
      expect([path, status === 403]).toEqual([path, expected === 403]);
    }
    const posted = await alice.ask("/chats/general/messages", { form: { content: "hi" }, headers: { host } });
    expect(posted.status).toBe(expected);
  });

  it("no page of others may read an answer: there is no leave for it in any header", async () => {
    const { headers } = await ask(open.port, "/rooms");
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    const preflight = await ask(open.port, "/chats", {
      method: "OPTIONS",
      headers: { "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(405);
  });
});

describe("where people sign in", () => {
  it.each([
    [{}, 200, 201],
    [{ origin: "SELF" }, 200, 201],
    [{ origin: OURS }, 200, 201],
    [{ origin: OURS.toUpperCase() }, 200, 201],
    [{ origin: `${OURS}:8443` }, 403, 403],
    [{ origin: OURS.replace("https", "http") }, 403, 403],
    [{ origin: `${OURS}.evil.example` }, 403, 403],
    [{ origin: "https://evil-chat.example.org" }, 403, 403],
    [{ origin: "null" }, 403, 403],
    [{ "sec-fetch-site": "none" }, 200, 201],
    // A link on another page leads here: reading is safe, for that page does not see the answer.
    [{ "sec-fetch-site": "cross-site" }, 200, 403],
    [{ "sec-fetch-site": "same-site" }, 200, 403],
  ])("a page with %o reads %i and changes %i", async (headers, read, change) => {
    const own = `http://localhost:${password.port}`;
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace("SELF", own)]));
    expect(await tried(password, bob, { host: `localhost:${password.port}`, ...sent })).toEqual([read, change]);
  });

  it("a link elsewhere signs nobody out", async () => {
    const { status } = await bob.ask("/logout", { headers: { "sec-fetch-site": "cross-site" } });
    expect([status, (await bob.ask("/me")).status]).toEqual([403, 200]);
  });

  it("the hosts of the origins are names of the server, with any port; others are not", async () => {
    for (const [host, expected] of [
      ["chat.example.org", 200],
      ["Chat.Example.Org:8443", 200],
      ["localhost", 200],
      ["evil.example.org", 403],
      ["example.org", 403],
    ] as const) {
      expect([host, (await bob.ask("/me", { headers: { host } })).status]).toEqual([host, expected]);
    }
  });
});
