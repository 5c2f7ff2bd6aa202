/**
 * Tests of chats as requests and sessions meet in them: what is made is there at once, whoever is removed hears nothing
 * after it, and what waits to be read is counted exactly.
 */
import { afterEach, describe, expect, it } from "vitest";
import type { Actor } from "../../../src/server/auth/user.ts";
import { MemoryDirectory } from "../../../src/server/directory/memory.ts";
import { MemoryDisk } from "../../../src/server/log/memory.ts";
import { MemoryStore } from "../../../src/server/store/memory.ts";
import { type MemoryServer, type MemoryServerOptions, startMemoryServer } from "../../support/memory-server.ts";
import { Listener, MemoryConnection, numbers } from "../../support/memory-transport.ts";
import { until } from "../../support/until.ts";

const servers: MemoryServer[] = [];

async function start(options: MemoryServerOptions = {}): Promise<MemoryServer> {
  const server = await startMemoryServer(options);
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function person({ core }: MemoryServer, name: string): Promise<Actor> {
  const ask = { name, password: undefined, invite: undefined };
  const { id, isAdmin } = await core.accounts.create(ask, "127.0.0.1");
  return { user: { id, name, isAdmin, isGuest: false }, address: "127.0.0.1" };
}

/** A session of somebody's who said `hello`. */
async function session({ core }: MemoryServer, who: Actor): Promise<{ connection: MemoryConnection; ear: Listener }> {
  const ear = new Listener();
  const connection = await MemoryConnection.open(core, ear.heard);
  connection.send({ _ct: "hello", v: 1, t: who.user.id });
  await until(
    5000,
    () => "the greeting",
    () => (ear.of("login_successful").length === 2 ? true : undefined),
  );
  return { connection, ear };
}

const heard = (ear: Listener, type: string, count = 1): Promise<true> =>
  until(
    5000,
    () => `${count} × ${type}; heard ${ear.story.join(", ")}`,
    () => (ear.of(type).length >= count ? true : undefined),
  );

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)),
  );

const team = (members: readonly Actor[]) => ({
  ...{ name: "team", direct: false, members: members.map(({ user }) => user.id) },
});

describe("a chat", () => {
  it("CMD-4 is there for its members the moment it is made, and for nobody else", async () => {
    const server = await start();
    const { api } = server.core;
    const [ann, bob, eve] = [await person(server, "ann"), await person(server, "bob"), await person(server, "eve")];
    const { chat } = await api.createChat(ann, team([bob]));
    expect(chat).toMatchObject({ name: "team", owner: ann.user.id, members: [bob.user.id, ann.user.id] });
    expect(await api.post(bob, chat.id, "at once", undefined)).toMatchObject({ seq: 2, content: "at once" });
    expect(
      (await api.messages(ann, chat.id, { before: undefined, after: undefined, limit: 10 })).messages,
    ).toHaveLength(1);
    expect(await refusal(api.post(eve, chat.id, "me too", undefined))).toBe("unknown_room");
    expect(await refusal(api.chat(eve, chat.id))).toBe("unknown_room");
    const { connection, ear } = await session(server, eve);
    connection.send({ _ct: "join_room", r: chat.id });
    connection.send({ _ct: "history", r: chat.id });
    await heard(ear, "error", 2);
    expect(ear.of("error").map((event) => event["code"])).toEqual(["unknown_room", "unknown_room"]);
  });

  it("PROJ-6 of two people is one, both asking at once", async () => {
    const server = await start();
    const { api } = server.core;
    const [ann, bob] = [await person(server, "ann"), await person(server, "bob")];
    const asks = [ann, bob, ann, bob].map((who) =>
      api.createChat(who, { name: undefined, direct: true, members: [who === ann ? bob.user.id : ann.user.id] }),
    );
    const made = await Promise.all(asks);
    expect(new Set(made.map(({ chat }) => chat.id)).size).toBe(1);
    expect(made.filter(({ isNew }) => isNew)).toHaveLength(1);
    const { id } = made[0]?.chat ?? { id: "" };
    expect(await refusal(api.removeMember(ann, id, ann.user.id))).toBe("forbidden");
    expect(await refusal(api.addMembers(ann, id, [(await person(server, "eve")).user.id]))).toBe("forbidden");
  });

  it("FAN-1 CMD-4 whoever is removed hears it, and nothing after it, also when they were behind", async () => {
    const server = await start({ limits: { outboxBytesMax: 4000 } });
    const { api } = server.core;
    const [ann, bob] = [await person(server, "ann"), await person(server, "bob")];
    const { chat } = await api.createChat(ann, team([ann, bob]));
    const live = await session(server, bob);
    const slow = await session(server, bob);
    for (const { connection } of [live, slow]) connection.send({ _ct: "join_room", r: chat.id });
    await heard(slow.ear, "user_joined_room");
    slow.connection.isFast = false;
    const posts = numbers(1, 60).map((number) =>
      api.post(ann, chat.id, `message ${number} ${"x".repeat(200)}`, undefined),
    );
    await Promise.all(posts);
    await api.removeMember(ann, chat.id, bob.user.id);
    await Promise.all(numbers(61, 70).map((number) => api.post(ann, chat.id, `secret ${number}`, undefined)));
    await heard(live.ear, "room_removed");
    slow.connection.isFast = true;
    slow.connection.take(Number.MAX_SAFE_INTEGER);
    await heard(slow.ear, "room_removed");
    for (const { ear } of [live, slow]) {
      // The making of the chat was before they came; its last seq is the one that removed them.
      expect(ear.seqs(chat.id)).toEqual(numbers(2, 62));
      expect(ear.lines.join("\n")).not.toContain("secret");
      expect(ear.events.findLast((event) => event["r"] === chat.id)?.["_et"]).toBe("room_removed");
    }
    live.connection.send({ _ct: "join_room", r: chat.id, after: 62 });
    await heard(live.ear, "error");
    expect(live.ear.of("error")[0]).toMatchObject({ code: "unknown_room" });
  });

  it("CMD-1 tells of each message once through a feed, wherever its user is added, until they speak", async () => {
    const server = await start();
    const { api, dispatcher, sessions } = server.core;
    const [ann, bob] = [await person(server, "ann"), await person(server, "bob")];
    const { chat: first } = await api.createChat(ann, team([ann, bob]));
    const ear = new Listener();
    const connection = await MemoryConnection.open(server.core, ear.heard);
    sessions.become(connection.session, bob.user, "token", { type: "open", user: bob.user.id });
    dispatcher.openFeed(connection.session);
    await api.post(ann, first.id, "one", undefined);
    const { chat: second } = await api.createChat(ann, team([ann, bob]));
    await api.post(ann, second.id, "two", undefined);
    const { chat: third } = await api.createChat(ann, team([ann]));
    await api.post(ann, third.id, "not yet", undefined);
    await api.addMembers(ann, third.id, [bob.user.id]);
    await api.post(bob, third.id, "three", undefined);
    await api.removeMember(ann, first.id, bob.user.id);
    await api.post(ann, first.id, "gone", undefined);
    await heard(ear, "user_message", 3);
    expect(ear.events.slice(1).map((event) => event["c"])).toEqual(["one", "two", "three"]);
    connection.send({ _ct: "typing", r: second.id });
    await heard(ear, "error");
    await api.post(ann, second.id, "four", undefined);
    expect(ear.events.slice(4).map((event) => event["_et"])).toEqual(["login_successful", "error"]);
  });
});

describe("a message that is removed", () => {
  it("PROJ-6 loses its text in history at once, wherever it was, and keeps its seq", async () => {
    const server = await start();
    const { api } = server.core;
    const [ann, bob] = [await person(server, "ann"), await person(server, "bob")];
    const { chat } = await api.createChat(ann, team([ann, bob]));
    const sent = await api.post(bob, chat.id, "a secret", "key-1");
    await api.post(ann, chat.id, "after it", undefined);
    await api.removeMessage(bob, chat.id, sent.id);
    const page = { before: undefined, after: undefined, limit: undefined };
    const { messages } = await api.messages(ann, chat.id, page);
    expect(messages.map(({ seq, content, removed }) => [seq, content, removed])).toEqual([
      [3, "after it", false],
      [2, "", true],
    ]);
    const { connection, ear } = await session(server, ann);
    connection.send({ _ct: "join_room", r: chat.id, after: 0 });
    await heard(ear, "caught_up");
    expect(ear.seqs(chat.id)).toEqual([1, 2, 3, 4]);
    expect(ear.lines.join("\n")).not.toContain("a secret");
    expect(ear.of("user_message")[0]).toMatchObject({ c: "", x: true, q: 2, k: "key-1" });
    expect(ear.of("room_change")[1]).toMatchObject({ e: "message_removed", d: { i: sent.id, q: 2 } });
    // A retry of the send is answered as ever, and brings nothing back.
    expect(await api.post(bob, chat.id, "a secret", "key-1")).toMatchObject({ id: sent.id, seq: 2 });
    expect(await refusal(api.removeMessage(bob, chat.id, "01900000-0000-7000-8000-000000000000"))).toBe("forbidden");
    expect(await refusal(api.removeMessage(ann, chat.id, "01900000-0000-7000-8000-000000000000"))).toBe(
      "unknown_message",
    );
  });
});

describe("unread counts", () => {
  it("PROJ-6 are exact, also after the server was killed at any moment", async () => {
    const [disk, store, directory] = [new MemoryDisk(1), new MemoryStore(), new MemoryDirectory()];
    const first = await start({ disk, store, directory });
    const [ann, bob, eve] = [await person(first, "ann"), await person(first, "bob"), await person(first, "eve")];
    const { chat } = await first.core.api.createChat(ann, team([ann, bob]));
    for (const number of numbers(1, 5)) await first.core.api.post(ann, chat.id, `${number}`, undefined);
    await first.core.api.addMembers(ann, chat.id, [eve.user.id]);
    const unread = async ({ core }: MemoryServer, who: Actor) => (await core.api.chats(who))[0]?.unread;
    expect([await unread(first, ann), await unread(first, bob), await unread(first, eve)]).toEqual([0, 5, 0]);
    expect(await first.core.api.markRead(bob, chat.id, 4)).toEqual({ seq: 4, unread: 2 });
    expect(await first.core.api.markRead(bob, chat.id, 2)).toEqual({ seq: 4, unread: 2 });
    await first.core.api.post(bob, chat.id, "mine", undefined);
    await first.core.api.post(ann, chat.id, "yours", undefined);
    // Another server on what is durable now, as after `kill -9`: the first one has not had its second to write markers.
    const second = await start({ disk, store, directory });
    expect([await unread(second, ann), await unread(second, bob), await unread(second, eve)]).toEqual([0, 1, 2]);
    expect(await refusal(second.core.api.markRead(bob, chat.id, 99))).toBe("bad_field");
  });
});
