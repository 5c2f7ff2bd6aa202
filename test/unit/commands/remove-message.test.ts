/**
 * Tests of what a removed message still stands for: its key, its seq and its place; and that its text is gone from the
 * store when the removal is answered, also where the store was slow, and after a restart.
 */
import { afterEach, describe, expect, it } from "vitest";
import type { Actor } from "../../../src/server/auth/user.ts";
import type { Message } from "../../../src/server/commands/chat.ts";
import { type MemoryServer, startMemoryServer } from "../../support/memory-server.ts";
import { Listener, MemoryConnection } from "../../support/memory-transport.ts";
import { NO_LIMIT } from "../../support/store-history.ts";
import { until } from "../../support/until.ts";

const servers: MemoryServer[] = [];

async function start(on: Partial<Pick<MemoryServer, "disk" | "store" | "directory">> = {}): Promise<MemoryServer> {
  const server = await startMemoryServer(on);
  servers.push(server);
  return server;
}

/** The next server on what this one leaves. */
async function restart(server: MemoryServer): Promise<MemoryServer> {
  servers.splice(servers.indexOf(server), 1);
  await server.stop();
  const { disk, store, directory } = server;
  return await start({ disk, store: store.reopen(), directory: directory.reopen() });
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function person({ core }: MemoryServer, name: string): Promise<Actor> {
  const { id, isAdmin } = await core.accounts.create({ name, password: undefined, invite: undefined }, "127.0.0.1");
  return { user: { id, name, isAdmin, isGuest: false }, address: "127.0.0.1" };
}

/** A chat in which somebody says a secret with a key, and then takes it back. */
async function saidAndRemoved(server: MemoryServer): Promise<{ ann: Actor; chat: string; sent: Message }> {
  const { api } = server.core;
  const ann = await person(server, "ann");
  const { chat } = await api.createChat(ann, { name: "team", direct: false, members: [ann.user.id] });
  const sent = await api.post(ann, chat.id, "a secret", "key-1");
  await api.post(ann, chat.id, "after it", "key-2");
  await api.removeMessage(ann, chat.id, sent.id);
  return { ann, chat: chat.id, sent };
}

const bodies = async ({ store }: MemoryServer, room: string): Promise<string[]> =>
  (await store.range(room, 1, 1000, NO_LIMIT)).map(({ record }) => record.body);

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );

describe("a removed message", () => {
  it("PROJ-3 has no text in the store once that is answered, and when everything is removed once more", async () => {
    const server = await start();
    const { ann, chat, sent } = await saidAndRemoved(server);
    expect((await bodies(server, chat)).filter((body) => body.includes("secret"))).toEqual([]);
    expect((await bodies(server, chat))[sent.seq - 1]).toBe("");
    await server.core.api.removeMessage(ann, chat, sent.id);
    const again = await restart(server);
    expect((await bodies(again, chat))[sent.seq - 1]).toBe("");
    // Nothing was appended the second time.
    expect(await bodies(again, chat)).toHaveLength(4);
  });

  it("PROJ-2 answers for its key: a retry gets the first id and seq, and brings no text back", async () => {
    let server = await start();
    const { ann, chat, sent } = await saidAndRemoved(server);
    for (let round = 0; round < 2; round++) {
      const { api } = server.core;
      const { id, seq } = sent;
      expect(await api.post(ann, chat, "a secret", "key-1")).toMatchObject({ id, seq, removed: true, content: "" });
      expect(await codeOf(api.post(ann, chat, "another secret", "key-1"))).toBe("key_reused");
      // The other one's key is its own still.
      expect(await api.post(ann, chat, "after it", "key-2")).toMatchObject({ content: "after it", removed: false });
      server = await restart(server);
    }
    expect((await bodies(server, chat))[sent.seq - 1]).toBe("");
  });

  it("WIRE-14 is acknowledged again to a session that sends it again", async () => {
    const server = await start();
    const { ann, chat, sent } = await saidAndRemoved(server);
    const ear = new Listener();
    const connection = await MemoryConnection.open(server.core, ear.heard);
    connection.send({ _ct: "hello", v: 1, t: ann.user.id });
    connection.send({ _ct: "join_room", r: chat });
    connection.send({ _ct: "send_message", r: chat, c: "a secret", k: "key-1" });
    await until(
      5000,
      () => `an ack; heard ${ear.story.join(", ")}`,
      () => (ear.of("ack").length > 0 ? true : undefined),
    );
    expect(ear.of("ack")).toEqual([{ _et: "ack", k: "key-1", i: sent.id, q: sent.seq }]);
    expect(ear.of("user_message")).toEqual([]);
  });
});
