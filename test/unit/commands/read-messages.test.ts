/**
 * Tests of pages of messages where people come and go between them: each message stands on one page, whichever way one
 * walks, and a page is found in a few looks however many came and went.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Actor } from "../../../src/server/auth/user.ts";
import { RoomReader } from "../../../src/server/fanout/room-reader.ts";
import { type MemoryServer, startMemoryServer } from "../../support/memory-server.ts";
import { numbers } from "../../support/memory-transport.ts";

const PEOPLE = 40;

let server: MemoryServer | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await server?.stop();
  server = undefined;
});

async function person({ core }: MemoryServer, name: string): Promise<Actor> {
  const { id, isAdmin } = await core.accounts.create({ name, password: undefined, invite: undefined }, "127.0.0.1");
  return { user: { id, name, isAdmin, isGuest: false }, address: "127.0.0.1" };
}

/** A chat in which somebody says the numbers 1 to 3, each after so many others have come, and `last` more come then. */
async function chatWithCrowd(last: number) {
  server = await startMemoryServer();
  const { api } = server.core;
  const ann = await person(server, "ann");
  const { chat } = await api.createChat(ann, { name: "crowd", direct: false, members: [ann.user.id] });
  const others: Actor[] = [];
  for (const number of numbers(1, PEOPLE)) others.push(await person(server, `user ${number}`));
  const ids = others.map(({ user }) => user.id);
  const come = async (): Promise<void> => {
    await api.addMembers(ann, chat.id, ids);
    for (const id of ids) await api.removeMember(ann, chat.id, id);
  };
  for (const number of [1, 2, 3]) {
    await come();
    await api.post(ann, chat.id, `${number}`, undefined);
  }
  for (let times = 0; times < last; times++) await come();
  return { api, ann, chat: chat.id };
}

describe("pages of messages among those who come and go", () => {
  it.each([1, 2, 3, 7])("HTTP-4 hold each message once, %i at a time, walked up or down", async (limit) => {
    const { api, ann, chat } = await chatWithCrowd(1);
    const down: string[] = [];
    for (let before: number | undefined = Number.MAX_SAFE_INTEGER; before !== undefined; ) {
      const page = await api.messages(ann, chat, { before, after: undefined, limit });
      expect(page.messages.length).toBeLessThanOrEqual(limit);
      down.push(...page.messages.map(({ content }) => content));
      before = page.olderBefore;
    }
    expect(down).toEqual(["3", "2", "1"]);
    const up: string[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await api.messages(ann, chat, { before: undefined, after, limit });
      expect(page.messages.length).toBeLessThanOrEqual(limit);
      up.push(...page.messages.map(({ content }) => content).reverse());
      after = page.newerAfter;
    }
    expect(up).toEqual(["1", "2", "3"]);
  });

  it("HTTP-4 are found in a few looks: one chat in which thousands come and go must not hold up a list of chats", async () => {
    const { api, ann, chat } = await chatWithCrowd(3);
    const looks = [vi.spyOn(RoomReader.prototype, "recordsBefore"), vi.spyOn(RoomReader.prototype, "recordsAfter")];
    expect((await api.chats(ann))[0]?.last?.content).toBe("3");
    expect((await api.messages(ann, chat, { before: undefined, after: 0, limit: 1 })).messages[0]?.content).toBe("1");
    // 240 records back and 80 on: 1 + 2 + 4 + … of them.
    for (const look of looks) expect(look.mock.calls.length).toBeLessThanOrEqual(8);
  });

  it("HTTP-4 are not read many times over for the few that a page still lacks", async () => {
    const { api, ann, chat } = await chatWithCrowd(0);
    for (const number of numbers(4, 103)) await api.post(ann, chat, `${number}`, undefined);
    await api.addMembers(ann, chat, [(await person(server as MemoryServer, "late")).user.id]);
    const look = vi.spyOn(RoomReader.prototype, "recordsBefore");
    const page = await api.messages(ann, chat, { before: undefined, after: undefined, limit: 100 });
    expect(page.messages.map(({ content }) => content)).toEqual(numbers(4, 103).map(String).reverse());
    const taken = await Promise.all(look.mock.results.map(async ({ value }) => (await value).length));
    expect(taken.reduce((sum, count) => sum + count, 0)).toBeLessThan(110);
  });
});
