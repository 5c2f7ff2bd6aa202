/** Tests of posts whose key was used before, where what was said first can't be read. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { RoomReader, UnavailableError } from "../../../src/server/fanout/room-reader.ts";
import { type MemoryServer, startMemoryServer } from "../../support/memory-server.ts";

let server: MemoryServer | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await server?.stop();
  server = undefined;
});

describe("a post that is repeated", () => {
  it("CMD-2 is told to come again while the store can't be read, and is then the first one", async () => {
    server = await startMemoryServer();
    const { accounts, api } = server.core;
    const { id, name } = await accounts.create({ name: "ann", password: undefined, invite: undefined }, "127.0.0.1");
    const ann = { user: { id, name, isAdmin: false, isGuest: false }, address: "127.0.0.1" };
    const first = await api.post(ann, "general", "once", "key");
    const away = vi.spyOn(RoomReader.prototype, "record").mockRejectedValue(new UnavailableError("the store is away"));
    await expect(api.post(ann, "general", "once", "key")).rejects.toMatchObject({ code: "unavailable" });
    away.mockRestore();
    expect(await api.post(ann, "general", "once", "key")).toEqual(first);
  });
});
