/**
 * A log that is shortened while it is used: what was cut off stays readable from the store, a lost store is rebuilt
 * from what is left with the same seqs, ids and keys, and what can't come back is told as `reset`. In the test's own
 * process with small segments; the long run does it with the real program and 64 MiB segments as well.
 */
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChatMessage, connectChat, readHistory } from "../support/chat-client.ts";
import { Dice, isLong, seed } from "../support/faults-run.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { Chatter } from "../support/load-chatter.ts";
import { fillLog, type LoadCore, startLoadCore } from "../support/load-core.ts";
import { LoadRoom, readBack } from "../support/load-room.ts";
import { runVerbatim } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const ROOMS = ["general", "rust"];
const SEGMENT_BYTES = 256 * 1024;
const KEEP_BYTES = MIB;
const PADDING = 100;
/** Records of one life of the server: some 2 MiB. */
const LIFE_RECORDS = 10_000;

let folder: FaultsFolder;
let running: LoadCore | undefined;

beforeEach(async () => {
  folder = await faultsFolder();
});

afterEach(async () => {
  await running?.stop();
  running = undefined;
  await folder.remove();
});

async function start(): Promise<LoadCore> {
  const retention = { messages: undefined, days: undefined };
  const segments = { segmentBytesMax: SEGMENT_BYTES, logKeepBytes: KEEP_BYTES };
  running = await startLoadCore({ data: folder.data, rooms: ROOMS, ...segments, retention });
  return running;
}

async function stop(): Promise<void> {
  await running?.stop();
  running = undefined;
}

async function readRooms(port: number): Promise<readonly (readonly ChatMessage[])[]> {
  const client = await connectChat(port);
  const rooms: (readonly ChatMessage[])[] = [];
  for (const room of ROOMS) rooms.push(await readHistory(client, room));
  client.drop();
  return rooms;
}

async function logBytes(): Promise<number> {
  const sizes = await Promise.all((await folder.segments()).map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Fills the log over several lives, each of which ends with a snapshot, until its beginning is gone. */
async function fillAndTrim(lives: number): Promise<number> {
  for (let life = 0; life < lives; life++) {
    const { log } = await start();
    const { end } = await log.bounds(0);
    await fillLog(log, ROOMS, end, end + LIFE_RECORDS, PADDING);
    await stop();
  }
  const { log } = await start();
  const { begin, end } = await log.bounds(0);
  expect(end).toBe(lives * LIFE_RECORDS);
  return begin;
}

describe("a log that is trimmed", () => {
  it("PROJ-3 LOG-2 goes on from where it was: history whole, seqs as they were, size bounded", async () => {
    const begin = await fillAndTrim(4);
    expect(begin).toBeGreaterThan(0);
    // Behind the older of two snapshots, a life of the server apart, and what is to be kept anyway.
    const { tcpPort } = running as LoadCore;
    const rooms = await readRooms(tcpPort);
    expect(rooms.flat().length).toBe(4 * LIFE_RECORDS);
    for (const room of rooms) expect(room.map(({ seq }) => seq)).toEqual(room.map((_, index) => index + 1));
    expect(await logBytes()).toBeLessThan(3.2 * LIFE_RECORDS * 220);
    expect(await logBytes()).toBeGreaterThanOrEqual(KEEP_BYTES);
    const client = await connectChat(tcpPort);
    await client.hello(undefined);
    const all = await client.joinAfter("general", 0);
    expect(all).toEqual(rooms[0]);
    const next = await client.say("general", "on it goes", "next");
    expect(next).toMatchObject({ _et: "ack", q: (rooms[0]?.length ?? 0) + 1 });
    client.drop();
    await stop();
    expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 0 });
  });

  it("PROJ-1 PROJ-2 PROJ-3 WIRE-13 rebuilds a lost store from what is left, and says reset for the rest", async () => {
    await fillAndTrim(4);
    const client = await connectChat((running as LoadCore).tcpPort);
    const { session } = await client.hello(undefined);
    await client.join("general");
    const first = await client.say("general", "with a key", "the key");
    expect(first._et).toBe("ack");
    client.drop();
    const before = await readRooms((running as LoadCore).tcpPort);
    await stop();
    await rm(join(folder.data, "store"), { recursive: true });

    const { tcpPort, log } = await start();
    const { begin } = await log.bounds(0);
    expect(begin).toBeGreaterThan(0);
    const back = await connectChat(tcpPort);
    expect((await back.hello(session)).session).toBe(session);
    const left = await back.joinAfter("general", 0);
    const reset = back.events.find(({ _et }) => _et === "reset");
    expect(reset).toMatchObject({ r: "general", oldest: left[0]?.seq });
    expect(left.length).toBeGreaterThan(0);
    // The same messages under the same seqs and ids; only the beginning is gone.
    expect(left).toEqual(before[0]?.slice(-left.length));
    const again = await back.say("general", "with a key", "the key");
    expect(again).toMatchObject({ _et: "ack", i: first.i, q: first.q });
    expect((await back.say("general", "new", "new key")).q).toBe((before[0]?.length ?? 0) + 1);
    back.drop();
    await stop();
    expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 0 });
  });

  if (isLong) {
    it("PROJ-3 LOG-1 is trimmed by the real program under load and kill -9", { timeout: 900_000 }, async () => {
      const room = new LoadRoom("general");
      const style = { window: 200, padding: 12_000, dice: new Dice(seed) };
      const chatter = new Chatter("c", [room], style);
      const args = ["--log-keep-bytes", "64MiB"];
      for (let life = 0; life < 6; life++) {
        const server = await folder.start({ args });
        expect(await chatter.come(server.tcpPort)).toBe(true);
        const from = room.acknowledged.size;
        await until(
          120_000,
          () => "50 MiB more",
          () => (room.acknowledged.size - from) * style.padding > 50 * MIB || undefined,
        );
        await server.kill(life % 2 === 0 ? "SIGTERM" : "SIGKILL");
      }
      const server = await folder.start({ args });
      chatter.quieten();
      expect(await chatter.come(server.tcpPort)).toBe(true);
      await until(
        20_000,
        () => "the last answers",
        () => chatter.pending === 0 || undefined,
      );
      expect((await folder.segments())[0]).not.toMatch(/\/0+\.seg$/);
      const reader = await connectChat(server.tcpPort);
      const { wrong } = await readBack(room, reader);
      expect(wrong).toEqual([]);
      expect(room.findings()).toEqual([]);
      expect(chatter.faults).toEqual([]);
      reader.drop();
    });
  }
});
