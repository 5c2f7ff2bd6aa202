/** `/ui/chats/{id}`: reading, writing, members, removing. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Actor } from "../../../../src/server/auth/user.ts";
import type { Chat } from "../../../../src/server/commands/chat.ts";
import { CommandError } from "../../../../src/server/commands/command-error.ts";
import { type PagesServer, pagesServer } from "../../../support/pages-server.ts";

let pages: PagesServer;
let chat: Chat;

beforeEach(async () => {
  pages = await pagesServer();
  for (const name of ["alice", "bob", "carol"]) await pages.cookieOf(name);
  const members = [actor("alice").user.id, actor("bob").user.id];
  chat = (await pages.chats.createChat(actor("alice"), { name: "Plans", members, direct: false })).chat;
});

afterEach(() => pages.server.close());

function actor(name: string): Actor {
  const person = pages.chats.named(name);
  if (person === undefined) throw new Error(`nobody is called ${name}`);
  return { user: { ...person, isGuest: false, isAdmin: pages.chats.admins.has(person.id) }, address: "" };
}

async function get(name: string, url: string, headers: Record<string, string> = {}) {
  return pages.server.inject({ url, headers: { cookie: await pages.cookieOf(name), ...headers } });
}

async function post(name: string, url: string, fields: Record<string, string> = {}) {
  const headers = { cookie: await pages.cookieOf(name), "content-type": "application/x-www-form-urlencoded" };
  return pages.server.inject({ method: "POST", url, headers, payload: new URLSearchParams(fields).toString() });
}

const page = (rest = ""): string => `/ui/chats/${chat.id}${rest}`;
const texts = (body: string) => [...body.matchAll(/<p class="text" dir="auto">([^<]*)<\/p>/g)].map(([, text]) => text);
const nonceOf = (body: string): string => /name="nonce" value="([^"]+)"/.exec(body)?.[1] ?? "";

async function fill(count: number): Promise<void> {
  for (let index = 1; index <= count; index += 1) await pages.chats.post(actor("bob"), chat.id, `${index}`, undefined);
}

describe("a chat's page", () => {
  it("shows messages oldest first, with author, time and day", async () => {
    await fill(12);
    const { body, statusCode } = await get("alice", page());
    expect(statusCode).toBe(200);
    expect(texts(body)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]);
    expect(body.match(/<time datetime="[^"]+">(Friday 2|Saturday 3) January 2026</g)).toHaveLength(2);
    expect(body).toContain(
      '<bdi class="name">bob</bdi> <a href="#m-1"><time datetime="2026-01-02T23:50:00.000Z">23:50',
    );
  });

  it("turns pages both ways without a gap", async () => {
    await fill(120);
    const newest = (await get("alice", page())).body;
    const linkOf = (body: string, words: string): string =>
      new RegExp(`href="([^"]+)">${words}<`).exec(body)?.[1]?.replace(/#.*/, "") ?? "";
    const middle = (await get("alice", linkOf(newest, "Older messages"))).body;
    const oldest = (await get("alice", linkOf(middle, "Older messages"))).body;
    const all = [...texts(oldest), ...texts(middle), ...texts(newest)];
    expect(all).toEqual(Array.from({ length: 120 }, (_, index) => `${index + 1}`));
    expect(oldest).not.toContain("Older messages");
    expect(newest).not.toContain("Newer messages");
    expect(texts((await get("alice", linkOf(oldest, "Newer messages"))).body)).toEqual(
      texts(middle).concat(texts(newest)).slice(0, 50),
    );
    // One writes at the end only.
    expect([newest, middle].map((body) => body.includes('name="content"'))).toEqual([true, false]);
    const beyond = await get("alice", page("?after=120"));
    expect([beyond.statusCode, beyond.headers["location"]]).toEqual([303, page()]);
  });

  it.each(["before=x", "before=-1", "after=1e3", "before=9007199254740993", "before=1.5"])(
    "refuses %s",
    async (query) => {
      expect((await get("alice", page(`?${query}`))).statusCode).toBe(400);
    },
  );

  it("has what was shown count as read, but for a page that is fetched ahead, or replaced by the client", async () => {
    await fill(3);
    const unread = async () => (await pages.chats.chats(actor("alice")))[0]?.unread;
    await get("alice", page(), { "sec-purpose": "prefetch" });
    expect(await unread()).toBe(3);
    await get("alice", page(), { cookie: `${await pages.cookieOf("alice")}; verbatim_client=1` });
    expect(await unread()).toBe(3);
    await get("alice", page("?before=3"));
    expect(await unread()).toBe(1);
    await get("alice", page());
    expect(await unread()).toBe(0);
  });

  it("is there for members only", async () => {
    for (const url of [page(), page("/members"), "/ui/chats/nowhere", `/ui/chats/${"%3Cb%3E"}`]) {
      const { statusCode, body } = await get("carol", url);
      expect(statusCode).toBe(404);
      expect(body).toContain("There is no such chat, or you are not in it.");
    }
    expect((await post("carol", page("/messages"), { content: "let me in" })).statusCode).toBe(404);
  });

  it("shows a public room by its name and by its id, without members", async () => {
    const [general, odd] = pages.chats.publicRooms;
    for (const [id, room] of [
      ["general", general],
      [general?.id, general],
      [encodeURIComponent(odd?.name ?? ""), odd],
    ] as const) {
      const { statusCode, body } = await get("carol", `/ui/chats/${id}`);
      expect(statusCode).toBe(200);
      expect(body).toContain(room?.description);
      expect(body).not.toContain("member");
    }
    const sent = await post("carol", "/ui/chats/general/messages", { content: "hello", nonce: "n" });
    expect(sent.headers["location"]).toBe("/ui/chats/general#write");
    expect(texts((await get("alice", "/ui/chats/general")).body)).toEqual(["hello"]);
  });

  it("leads to the end of the newest messages, whatever stands in the address", async () => {
    expect((await get("alice", page("/latest"))).headers["location"]).toBe(`${page()}#end`);
    expect((await get("alice", "/ui/chats/%2F%2Fevil.example%0d%0a/latest")).headers["location"]).toBe(
      "/ui/chats/%2F%2Fevil.example%0D%0A#end",
    );
  });
});

describe("writing", () => {
  it("posts and comes back to where one writes", async () => {
    const { statusCode, headers } = await post("alice", page("/messages"), { content: "hi", nonce: "n" });
    expect([statusCode, headers["location"]]).toEqual([303, `${page()}#write`]);
  });

  it("takes the line ends of a browser's form as one character each", async () => {
    await post("alice", page("/messages"), { content: "\r\na\r\n\r\nb", nonce: "n" });
    const { messages } = await pages.chats.messages(actor("alice"), chat.id, {
      before: undefined,
      after: undefined,
      limit: 1,
    });
    expect(messages[0]?.content).toBe("\na\n\nb");
  });

  it("makes one message of a form that is sent twice, and two of two texts", async () => {
    const nonce = nonceOf((await get("alice", page())).body);
    expect(nonce).toHaveLength(22);
    for (const content of ["same", "same", "other"]) await post("alice", page("/messages"), { content, nonce });
    const { body } = await get("alice", page());
    expect(texts(body)).toEqual(["same", "other"]);
    expect(nonceOf(body)).not.toBe(nonce);
  });

  it("keeps the text to the letter where it could not be sent, and the nonce, so that it can be sent again", async () => {
    pages.chats.failure = new CommandError("unknown", "the message may or may not appear");
    const content = "\n  <b>long</b> &amp; \u202Erev";
    const { statusCode, body } = await post("alice", page("/messages"), { content, nonce: "once" });
    expect(statusCode).toBe(503);
    expect(body).toContain("it will not appear twice");
    expect(body).toContain(">\n\n  &lt;b&gt;long&lt;/b&gt; &amp;amp; \u202Erev</textarea>");
    expect(nonceOf(body)).toBe("once");
    expect(body).toContain('aria-describedby="write-error" aria-invalid="true" autofocus');
    expect(body).toContain("<title>Error: Plans");
  });

  it("refuses an empty message", async () => {
    const { statusCode, body } = await post("alice", page("/messages"), { content: "", nonce: "n" });
    expect(statusCode).toBe(400);
    expect(body).toContain("Write something first.");
  });

  it("gives the text back even where the chat is gone", async () => {
    await pages.chats.removeMember(actor("bob"), chat.id, actor("bob").user.id);
    const { statusCode, body } = await post("bob", page("/messages"), { content: "too <late>", nonce: "n" });
    expect(statusCode).toBe(404);
    expect(body).toContain("too &lt;late&gt;</textarea>");
  });
});

describe("removing a message", () => {
  it("is offered for one's own, and to the owner for all", async () => {
    await pages.chats.post(actor("alice"), chat.id, "of alice", undefined);
    await pages.chats.post(actor("bob"), chat.id, "of bob", undefined);
    const count = async (name: string) => (await get(name, page())).body.match(/Remove for everybody/g)?.length ?? 0;
    expect([await count("alice"), await count("bob")]).toEqual([2, 1]);
  });

  it("leaves its place, and goes back to it", async () => {
    await fill(60);
    const { messages } = await pages.chats.messages(actor("bob"), chat.id, { before: 10, after: undefined, limit: 1 });
    const id = messages[0]?.id ?? "";
    const { body } = await get("alice", page("?before=11"));
    const action =
      new RegExp(`action="([^"]*/messages/${id}/remove[^"]*)"`).exec(body)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const { statusCode, headers } = await post("alice", action);
    expect([statusCode, headers["location"]]).toEqual([303, `${page("?before=11")}#m-9`]);
    const after = (await get("alice", page("?before=11"))).body;
    expect(after).toContain("This message was removed.");
    expect(texts(after)).not.toContain("9");
    expect(after).toContain('id="m-9"');
    expect(after).not.toContain(id);
  });

  it("is refused to others", async () => {
    const message = await pages.chats.post(actor("alice"), chat.id, "stays", undefined);
    const { statusCode, body } = await post("bob", page(`/messages/${message.id}/remove`));
    expect(statusCode).toBe(403);
    expect(body).toContain("You may not do this here.");
    expect((await post("bob", page("/messages/%3Cb%3E/remove"))).statusCode).toBe(404);
    expect(texts((await get("bob", page())).body)).toEqual(["stays"]);
  });
});

describe("members", () => {
  it("stand beside the messages, the owner and oneself marked", async () => {
    const { body } = await get("bob", page());
    expect(body).toContain("2 members");
    expect(body).toContain('<bdi>alice</bdi> <span class="quiet">owner</span>');
    expect(body).toContain('<bdi>bob</bdi> <span class="quiet">you</span>');
  });

  it("are added by name", async () => {
    expect((await post("bob", page("/members"), { user: "CAROL" })).headers["location"]).toBe(page());
    expect((await get("carol", page())).statusCode).toBe(200);
    const unknown = await post("bob", page("/members"), { user: "nobody" });
    expect(unknown.statusCode).toBe(404);
    expect(unknown.body).toContain("Nobody is called “nobody”.");
    expect(unknown.body).toContain('value="nobody"');
  });

  it("are removed by the owner, and leave by themselves", async () => {
    const bob = actor("bob").user.id;
    expect((await get("bob", page())).body).not.toContain("Remove from the chat");
    expect((await get("alice", page())).body.match(/Remove from the chat/g)).toHaveLength(1);
    expect((await post("bob", page(`/members/${actor("alice").user.id}/remove`))).statusCode).toBe(403);
    expect((await post("alice", page(`/members/${bob}/remove`))).headers["location"]).toBe(page());
    expect((await get("bob", page())).statusCode).toBe(404);
    const left = await post("alice", page(`/members/${actor("alice").user.id}/remove`));
    expect(left.headers["location"]).toBe("/dashboard");
  });

  it("neither come nor go in a chat of two", async () => {
    const members = [actor("bob").user.id];
    const { chat: direct } = await pages.chats.createChat(actor("alice"), { name: undefined, members, direct: true });
    const { body } = await get("alice", `/ui/chats/${direct.id}`);
    expect(body).toContain('<h1 dir="auto">bob</h1>');
    expect(body).not.toMatch(/Leave this chat|Add somebody|Remove from the chat/);
  });

  it("of a large chat have pages of their own", async () => {
    const names = Array.from({ length: 250 }, (_, index) => `m${String(index).padStart(3, "0")}`);
    for (const name of names) await pages.cookieOf(name);
    await pages.chats.addMembers(
      actor("alice"),
      chat.id,
      names.map((name) => actor(name).user.id),
    );
    const { body } = await get("alice", page());
    expect(body.match(/class="person"/g)).toHaveLength(50);
    expect(body).toContain(`<a href="${page("/members")}">All 252 members</a>`);
    const first = (await get("alice", page("/members"))).body;
    expect(first.match(/class="person"/g)).toHaveLength(200);
    expect(first).toContain(`href="${page("/members?skip=200")}"`);
    const second = (await get("alice", page("/members?skip=200"))).body;
    expect(second.match(/class="person"/g)).toHaveLength(52);
    expect(second).toContain("201 to 252 of 252");
    expect((await get("alice", page("/members?skip=9999"))).body).toContain("Nobody of 252");
  });

  it("are seen by an admin who is none, who reads nothing", async () => {
    await pages.chats.post(actor("bob"), chat.id, "private words", undefined);
    pages.chats.admins.add(actor("carol").user.id);
    const { statusCode, body } = await get("carol", page());
    expect(statusCode).toBe(200);
    expect(body).toContain("Only its members can read this chat.");
    expect(body).toContain("Remove from the chat");
    expect(body).not.toMatch(/private words|name="content"/);
  });
});
