/**
 * Damaged and mismatched data, end to end: found, named, never silently skipped; and a way out of each. Needs `dist/`.
 */
import { cp, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChatClient, type ChatMessage, connectChat, readHistory } from "../support/chat-client.ts";
import { Dice, isLong, seed } from "../support/faults-run.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { runVerbatim } from "../support/spawned-server.ts";

const ROOMS = ["general", "rust"];

let folder: FaultsFolder;

beforeEach(async () => {
  folder = await faultsFolder();
});

afterEach(async () => {
  await folder.remove();
});

/**
 * Says so many things in each room, one after another, so that each is a batch of its own; ends the server. Gives what
 * history has of all rooms then.
 */
async function chat(
  count: number,
  label: string,
  end: "SIGTERM" | "SIGKILL",
): Promise<readonly (readonly ChatMessage[])[]> {
  const server = await folder.start();
  const client = await connectChat(server.tcpPort);
  await client.hello(undefined);
  for (const room of ROOMS) await client.join(room);
  for (let number = 0; number < count; number++) {
    for (const room of ROOMS) {
      expect((await client.say(room, `${label} ${number} in ${room}`, `${label}-${number}-${room}`))._et).toBe("ack");
    }
  }
  const rooms = await readRooms(client);
  client.drop();
  await server.kill(end);
  return rooms;
}

async function readRooms(client: ChatClient): Promise<readonly (readonly ChatMessage[])[]> {
  const rooms: (readonly ChatMessage[])[] = [];
  for (const room of ROOMS) rooms.push(await readHistory(client, room));
  return rooms;
}

/** What history has of all rooms, from a server that is started for it. */
async function readAll(): Promise<{
  readonly rooms: readonly (readonly ChatMessage[])[];
  readonly logLines: readonly Readonly<Record<string, unknown>>[];
}> {
  const server = await folder.start();
  const client = await connectChat(server.tcpPort);
  const rooms = await readRooms(client);
  client.drop();
  expect(await server.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  return { rooms, logLines: server.logLines() };
}

/** Starts the server where it must refuse; gives the one line that it said. */
async function refusal(): Promise<string> {
  const args = ["serve", "--data", folder.data, "--tcp", "127.0.0.1:0", "--http", "off"];
  const { code, stdout, stderr } = await runVerbatim(args);
  expect(stdout).not.toContain("listening");
  expect(stderr).toMatch(/^verbatim: [^\n]+\n$/);
  expect(code).toBe(1);
  return stderr;
}

async function newestSegment(): Promise<{ readonly path: string; readonly bytes: number }> {
  const path = (await folder.segments()).at(-1) ?? "";
  return { path, bytes: (await stat(path)).size };
}

async function flipByte(path: string, at: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = (byte[0] as number) ^ 0xff;
    await file.write(byte, 0, 1, at);
  } finally {
    await file.close();
  }
}

async function append(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "a");
  await file.write(bytes);
  await file.close();
}

describe(`damaged data, seed ${seed}`, () => {
  for (const end of isLong ? (["SIGTERM", "SIGKILL"] as const) : (["SIGKILL"] as const)) {
    it(`LOG-6 STOP-1 a byte in the middle of the log, after ${end}: refused, found, repaired`, async () => {
      const dice = new Dice(seed);
      const before = await chat(25, "said", end);
      const { path, bytes } = await newestSegment();
      const at = dice.whole(Math.floor(bytes * 0.3), Math.floor(bytes * 0.7));
      await flipByte(path, at);

      const line = await refusal();
      expect(line).toContain(path.split("/").at(-1));
      expect(line).toMatch(/position \d+/);
      expect(line).toMatch(/byte \d+/);
      expect(line).toContain("verbatim check");
      // Refusing changes nothing: a second start says the same.
      expect(await refusal()).toBe(line);
      const position = Number(/position (\d+)/.exec(line)?.[1]);
      const check = await runVerbatim(["check", folder.data]);
      expect(check.code).toBe(1);
      expect(check.stdout).toContain(`position ${position}`);

      const repair = await runVerbatim(["repair", folder.data]);
      expect(repair).toMatchObject({ code: 0, stderr: "" });
      const reports = (await readdir(folder.data)).filter((name) => /^lost-\d.*\.jsonl$/.test(name));
      expect(reports.length).toBe(1);
      const report = (await readFile(join(folder.data, reports[0] ?? ""), "utf8")).trimEnd().split("\n");
      expect(JSON.parse(report[0] ?? "")).toMatchObject({ lost: { from: position } });

      const after = await readAll();
      // One batch a message: what stands before the damaged one is there, and nothing else.
      expect(after.rooms.flat().length).toBe(position);
      for (const [index, room] of after.rooms.entries()) {
        expect(room).toEqual(before[index]?.slice(0, room.length));
      }
      // Each message behind the damaged one can still be read in the report.
      const lost = report.slice(1).map((text) => JSON.parse(text) as { record: { key: string }; position: number });
      const said = 2 * 25;
      expect(lost.map((entry) => entry.position)).toEqual(
        Array.from({ length: said - position - 1 }, (_, index) => position + 1 + index),
      );
      await chat(2, "after the repair", "SIGTERM");
      expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 0 });
    });
  }

  it("LOG-6 LOG-1 a torn tail: cut, said, and nothing acknowledged goes with it", async () => {
    await chat(10, "kept", "SIGKILL");
    const { path, bytes } = await newestSegment();
    // The beginning of a batch, as a process leaves it that is killed while it writes.
    const whole = await readFile(path);
    const lastBatch = whole.lastIndexOf(Buffer.from([0xf7, 0x76, 0x62]));
    expect(lastBatch).toBeGreaterThan(0);
    await append(path, whole.subarray(lastBatch, lastBatch + 60));
    const { rooms, logLines } = await readAll();
    const cut = logLines.find(({ msg }) => String(msg).includes("torn tail"));
    expect(cut).toMatchObject({ level: "warn", bytes: 60, offset: bytes, position: 20 });
    expect(rooms.map((room) => room.length)).toEqual([10, 10]);
    expect((await stat(path)).size).toBe(bytes);
    const again = await readAll();
    expect(again.rooms).toEqual(rooms);
    expect(again.logLines.find(({ msg }) => String(msg).includes("torn tail"))).toBeUndefined();
    expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 0 });
  });

  it("PROJ-1 PROJ-3 a deleted store: rebuilt with the same seqs and ids, keys known as before", async () => {
    await chat(25, "first", "SIGTERM");
    const before = await chat(10, "second", "SIGKILL");
    await rm(join(folder.data, "store"), { recursive: true });
    const gone = await runVerbatim(["check", folder.data]);
    expect(gone.code).toBe(1);
    expect(gone.stdout).toContain("a start rebuilds it from the log");
    expect((await readAll()).rooms).toEqual(before);
    expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 0 });
  });

  it("STOP-1 PROJ-3 a store that goes beyond the log: refused, and repaired", async () => {
    const old = await chat(10, "old", "SIGTERM");
    await cp(join(folder.data, "log"), join(folder.dir, "old-log"), { recursive: true });
    await chat(10, "new", "SIGTERM");
    await rm(join(folder.data, "log"), { recursive: true });
    await rename(join(folder.dir, "old-log"), join(folder.data, "log"));
    const line = await refusal();
    expect(line).toContain("position 40");
    expect(line).toMatch(/ends at 20\b/);
    expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 1 });
    expect(await runVerbatim(["repair", folder.data])).toMatchObject({ code: 0 });
    expect((await readAll()).rooms).toEqual(old);
    await chat(3, "newer", "SIGTERM");
    expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 0 });
  });

  it("LOG-6 STOP-1 a log that is gone while its store is there: refused, not begun anew", async () => {
    await chat(5, "said", "SIGTERM");
    await rename(join(folder.data, "log"), join(folder.dir, "log"));
    const line = await refusal();
    expect(line).toContain("log");
    await rm(join(folder.data, "log"), { recursive: true, force: true });
    await rename(join(folder.dir, "log"), join(folder.data, "log"));
    expect((await readAll()).rooms.map((room) => room.length)).toEqual([5, 5]);
  });

  it("LOG-6 an index of the store that is damaged: never served as if it were whole", async () => {
    const before = await chat(20, "said", "SIGTERM");
    const path = join(folder.data, "store", "data.mdb");
    const bytes = await readFile(path);
    // Inside the rows: the text of a message, wherever LMDB put it.
    const at = bytes.indexOf(Buffer.from("said 7 in general"));
    expect(at).toBeGreaterThan(0);
    for (let from = at; from >= 0; from = bytes.indexOf(Buffer.from("said 7 in general"), from + 1)) {
      await flipByte(path, from + 5);
    }
    expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 1 });
    const server = await folder.start();
    const client = await connectChat(server.tcpPort);
    const page = await client.history("general", { after: 0 });
    // Said to be unavailable, or written anew from the log; never short of a message, never wrong.
    if (page._et === "error") expect(page.code).toBe("unavailable");
    else expect(page.ms?.length).toBe(20);
    client.drop();
    await server.kill("SIGTERM");
    await rm(join(folder.data, "store"), { recursive: true });
    expect((await readAll()).rooms).toEqual(before);
  });
});
