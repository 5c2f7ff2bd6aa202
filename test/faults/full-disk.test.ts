/**
 * A disk that is full for real: a small tmpfs under the data folder. Senders hear what became of their messages,
 * nothing false is acknowledged, reads go on, and all goes on by itself once there is room. Needs `dist/` and the right
 * to mount.
 */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChatClient, connectChat, readHistory } from "../support/chat-client.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { LoadRoom, readBack } from "../support/load-room.ts";
import { noSmallDisk, type SmallDisk, smallDisk } from "../support/small-disk.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const DISK_BYTES = 24 * MIB;
/** What lies on the disk besides, and goes when room is made. */
const BALLAST_BYTES = 10 * MIB;
const TEXT = "x".repeat(8000);
/** More than the disk holds, should it never be full. */
const MESSAGES_MAX = (2 * DISK_BYTES) / TEXT.length;

let disk: SmallDisk | undefined;
let folder: FaultsFolder | undefined;

beforeEach(async () => {
  if (noSmallDisk !== undefined) return;
  disk = await smallDisk(DISK_BYTES);
  folder = await faultsFolder(disk.dir);
});

afterEach(async () => {
  await folder?.remove();
  await disk?.remove();
});

describe("a full disk", () => {
  it("LOG-5 CMD-5 PROJ-4 tells senders, acknowledges nothing false, reads on, and goes on when there is room", async ({
    skip,
  }) => {
    if (disk === undefined || folder === undefined) return skip(`no small disk: ${noSmallDisk}`);
    const ballast = join(disk.dir, "ballast");
    await writeFile(ballast, Buffer.alloc(BALLAST_BYTES, 1));
    const server = await folder.start();
    const room = new LoadRoom("general");
    const sender = await connectChat(server.tcpPort);
    const listener = await connectChat(server.tcpPort);
    for (const client of [sender, listener]) {
      await client.hello(undefined);
      await client.join(room.name);
    }

    const failed = await sayUntilRefused(sender, room, "before");
    expect(failed.codes).toEqual(new Set(["not_sent"]));
    const full = room.acknowledged.size;
    expect(full).toBeGreaterThan(100);
    // Again and again: each attempt is answered, none does harm.
    for (let attempt = 0; attempt < 5; attempt++) {
      const key = `full-${attempt}`;
      room.keys.add(key);
      expect(await sender.say(room.name, TEXT, key)).toMatchObject({ _et: "error", code: "not_sent", r: "general" });
    }
    // Everybody was told all that was acknowledged, and history has it.
    await until(
      10_000,
      () => "the listener to hear all",
      () => listener.events.filter(({ _et }) => _et === "user_message").length >= full || undefined,
    );
    const read = await readHistory(sender, room.name);
    expect(read.length).toBe(full);
    for (const [key, { id, seq }] of room.acknowledged) expect(read[seq - 1]).toMatchObject({ key, id });
    const stillFull = await connectChat(server.tcpPort);
    expect((await stillFull.joinAfter(room.name, 0)).length).toBe(full);
    stillFull.drop();

    await rm(ballast);
    const again = await until(
      15_000,
      () => "a message to be taken again",
      async () => {
        const key = `room-${room.keys.size}`;
        const answer = await say(sender, room, TEXT, key);
        return answer === "ack" ? key : undefined;
      },
    );
    expect(room.acknowledged.get(again)?.seq).toBe(full + 1);
    await listener.heard("the message after the full disk", ({ k }) => k === again);
    // A key that was refused as not sent is as good as new.
    expect((await sender.say(room.name, TEXT, "full-0"))._et).toBe("ack");
    // The store takes writes again by itself.
    await until(
      15_000,
      () => "the server to be ready",
      async () => (await fetch(`http://127.0.0.1:${server.httpPort}/readyz`)).ok || undefined,
    );
    await server.kill("SIGKILL");

    const after = await folder.start();
    const reader = await connectChat(after.tcpPort);
    const { wrong, messages } = await readBack(room, reader);
    expect(wrong).toEqual([]);
    expect(messages.length).toBe(full + 2);
    reader.drop();
    expect(await after.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  it("LOG-5 STOP-1 starts and stops on a full disk, and tells what it can't write", async ({ skip }) => {
    if (disk === undefined || folder === undefined) return skip(`no small disk: ${noSmallDisk}`);
    const first = await folder.start();
    const room = new LoadRoom("general");
    const sender = await connectChat(first.tcpPort);
    await sender.hello(undefined);
    await sender.join(room.name);
    await sayUntilRefused(sender, room, "fill");
    const stopped = await first.kill("SIGTERM");
    expect(stopped).toEqual({ code: 0, signal: null });

    const second = await folder.start();
    const reader = await connectChat(second.tcpPort);
    const kept = await readBack(room, reader);
    expect(kept.wrong).toEqual([]);
    expect(kept.messages.length).toBe(room.acknowledged.size);
    expect(await second.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  });
});

/** Says one thing; the `ack` is noted. Returns `ack` or the code of the error. */
async function say(client: ChatClient, room: LoadRoom, text: string, key: string): Promise<string> {
  room.keys.add(key);
  const { _et, i, q, code } = await client.say(room.name, text, key);
  if (_et === "ack" && i !== undefined && q !== undefined) room.acknowledged.set(key, { id: i, seq: q });
  return _et === "ack" ? "ack" : (code ?? "no code");
}

/** Fills the disk with messages, many at a time as long as that goes, until ten in a row are refused one by one. */
async function sayUntilRefused(
  client: ChatClient,
  room: LoadRoom,
  label: string,
): Promise<{ readonly codes: ReadonlySet<string> }> {
  const codes = new Set<string>();
  // Where several at once don't fit any more, one may.
  let together = 8;
  let sent = 0;
  for (let refused = 0; refused < 10; ) {
    if (sent > MESSAGES_MAX) throw new Error("the disk never became full");
    const batch = Array.from({ length: together }, () => say(client, room, TEXT, `${label}-${sent++}`));
    const answers = await Promise.all(batch);
    for (const answer of answers) if (answer !== "ack") codes.add(answer);
    if (answers.includes("ack")) refused = 0;
    else if (together === 1) refused += 1;
    else together = 1;
  }
  return { codes };
}
