/** `/dashboard`: one's chats, and beginning new ones. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Actor } from "../../../../src/server/auth/user.ts";
import { type PagesServer, pagesServer } from "../../../support/pages-server.ts";

let pages: PagesServer;
let cookie: string;

beforeEach(async () => {
  pages = await pagesServer();
  cookie = await pages.cookieOf("alice");
  for (const name of ["bob", "Carol", "carl, the younger"]) await pages.cookieOf(name);
});

afterEach(() => pages.server.close());

function actor(name: string): Actor {
  const person = pages.chats.named(name);
  if (person === undefined) throw new Error(`nobody is called ${name}`);
  return { user: { ...person, isGuest: false, isAdmin: false }, address: "" };
}

function get(url: string) {
  return pages.server.inject({ url, headers: { cookie } });
}

function post(url: string, fields: Record<string, string>) {
  const headers = { cookie, "content-type": "application/x-www-form-urlencoded" };
  return pages.server.inject({ method: "POST", url, headers, payload: new URLSearchParams(fields).toString() });
}

async function chatOf(members: readonly string[], name: string, direct = false) {
  const ids = members.map((member) => actor(member).user.id);
  return (await pages.chats.createChat(actor(members[0] ?? ""), { name, members: ids, direct })).chat;
}

describe("the dashboard", () => {
  it("lists one's chats, the latest first, with the last words and what is unread", async () => {
    const older = await chatOf(["alice", "bob"], "Plans <1>");
    const newer = await chatOf(["bob", "alice"], "", true);
    await pages.chats.post(actor("bob"), older.id, "one", undefined);
    await pages.chats.post(actor("bob"), newer.id, "<b>first</b>", undefined);
    await pages.chats.post(actor("bob"), newer.id, "second\n\nline <i>", undefined);
    await chatOf(["bob", "Carol"], "not hers");
    const { body } = await get("/dashboard");
    const list = body.slice(body.indexOf('id="chats-title"'), body.indexOf('id="find-title"'));
    expect(list.indexOf(">bob<")).toBeGreaterThan(0);
    expect(list.indexOf(">bob<")).toBeLessThan(list.indexOf("Plans &lt;1&gt;"));
    expect(list).toContain('2<span class="unseen"> unread</span>');
    expect(list).toContain("second line &lt;i&gt;");
    expect(list).toContain('datetime="2026-01-02T23:51:00.000Z">2026-01-02 23:51');
    expect(list).not.toContain("not hers");
  });

  it("does not show what was removed", async () => {
    const { id } = await chatOf(["alice", "bob"], "x");
    const message = await pages.chats.post(actor("bob"), id, "regretted", undefined);
    await pages.chats.removeMessage(actor("bob"), id, message.id);
    const { body } = await get("/dashboard");
    expect(body).toContain("<i>message removed</i>");
    expect(body).not.toContain("regretted");
  });

  it("lists a hundred chats, and all when asked", async () => {
    for (let index = 0; index < 103; index += 1) await chatOf(["alice"], `chat ${index}`);
    const some = (await get("/dashboard")).body;
    expect(some.match(/class="entry"/g)).toHaveLength(100);
    expect(some).toContain('<a href="/dashboard?all=1">3 more</a>');
    expect((await get("/dashboard?all=1")).body.match(/class="entry"/g)).toHaveLength(103);
  });

  it("lists the public rooms, each under an address that leads there", async () => {
    const { body } = await get("/dashboard");
    const [, odd] = pages.chats.publicRooms;
    expect(body).toContain('href="/ui/chats/general/latest"');
    expect(body).toContain(`href="/ui/chats/${odd?.id}/latest"`);
    expect(body).toContain("a/b &amp; c");
  });

  it("finds people by the beginning of their name", async () => {
    const { body } = await get("/dashboard?find=CAR");
    expect(body).toContain("<bdi>Carol</bdi>");
    expect(body).toContain("<bdi>carl, the younger</bdi>");
    expect(body).not.toContain("<bdi>bob</bdi>");
    expect(body).toContain('value="CAR"');
    expect((await get("/dashboard?find=%3Cx")).body).toContain("begins with <bdi>&lt;x</bdi>");
  });

  it("makes a chat of the people who are named, one on each line", async () => {
    const { statusCode, headers } = await post("/ui/chats", {
      ...{ name: " Plans ", members: "BOB\r\n\r\n carl, the younger \r\nbob\r\n" },
    });
    expect(statusCode).toBe(303);
    const id = /^\/ui\/chats\/([0-9a-f-]{36})#write$/.exec(headers["location"] ?? "")?.[1] ?? "";
    const chat = await pages.chats.chat(actor("alice"), id);
    expect(chat.name).toBe("Plans");
    expect(chat.members).toEqual(["bob", "carl, the younger", "alice"].map((name) => actor(name).user.id));
  });

  it("keeps what was typed, and blames the right field, where somebody is not known", async () => {
    const { statusCode, body } = await post("/ui/chats", { name: "Plans <b>", members: "bob\nnobody<" });
    expect(statusCode).toBe(404);
    expect(body).toContain("Nobody is called “nobody&lt;”.");
    expect(body).toContain('value="Plans &lt;b&gt;"');
    expect(body).toContain("bob\nnobody&lt;</textarea>");
    expect(body).toContain('aria-describedby="chat-error chat-members-hint" aria-invalid="true" autofocus');
  });

  it("looks up a hundred names at most for one form", async () => {
    expect((await post("/ui/chats", { name: "x", members: "bob\n".repeat(100) })).statusCode).toBe(303);
    expect((await post("/ui/chats", { name: "x", members: "bob\n".repeat(101) })).statusCode).toBe(400);
  });

  it("opens the one chat of two, by name or by who was found", async () => {
    const byName = await post("/ui/direct", { user: " Bob" });
    const byId = await post("/ui/direct", { user_id: actor("bob").user.id });
    expect(byName.statusCode).toBe(303);
    expect(byId.headers["location"]).toBe(byName.headers["location"]);
    const unknown = await post("/ui/direct", { user: "nobody" });
    expect(unknown.statusCode).toBe(404);
    expect(unknown.body).toContain('value="nobody"');
  });
});
