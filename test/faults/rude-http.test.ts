/**
 * Clients of the HTTP port that ask and ask and take no answer, over HTTP, server-sent events and WebSocket, beside
 * honest ones over every door: these notice nothing, and memory is bounded. Needs `dist/`.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Dice, seed, sized } from "../support/faults-run.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { HttpPerson } from "../support/http-people.ts";
import { Crowd, doorsOf } from "../support/load-crowd.ts";
import { MemoryWatch, ownBytes } from "../support/load-paced.ts";
import type { SpawnedServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";
import { clientFrame, OPCODE, upgradeRequest } from "../support/websocket-client.ts";

const MIB = 1024 * 1024;
const RUDE_MS = sized(4_000, 60_000);
/** How much more memory the server may take: outboxes and answers of those who take nothing, and the heap's own slack. */
const GROWTH_BYTES_MAX = 192 * MIB;
/** What each flood writes at least, in bytes: so much stands before a socket that takes nothing at all. */
const FLOOD_BYTES_MIN = 15_000;

let folder: FaultsFolder;
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = await faultsFolder();
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await folder.remove();
});

/** A connection that never reads; `again` is written without end, as fast as it is taken. Comes back when it is cut. */
function flood(port: number, first: string | Buffer, again: string | Buffer): { readonly writtenBytes: () => number } {
  let writtenBefore = 0;
  let socket: Socket;
  const begin = (): void => {
    socket = connect({ host: "127.0.0.1", port });
    const own = socket;
    sockets.add(own);
    own.pause();
    const write = (): void => {
      while (!own.destroyed && own.write(again));
    };
    own.on("error", () => undefined);
    own.on("drain", write);
    own.once("connect", () => {
      own.write(first);
      write();
    });
    own.once("close", () => {
      writtenBefore += own.bytesWritten;
      // Those whom the test itself lets go of do not come back.
      if (sockets.delete(own)) begin();
    });
  };
  begin();
  return { writtenBytes: () => writtenBefore + socket.bytesWritten };
}

/** The ways to be rude, in a chat with long messages and in a room: what is said first, and then again and again. */
async function rudeWays(port: number): Promise<ReadonlyMap<string, readonly [string | Buffer, string | Buffer]>> {
  const rude = await HttpPerson.open(port, "Rude");
  const chat = await rude.chat("long");
  for (let number = 0; number < 100; number++) await rude.post(chat, `${number} ${"m".repeat(3000)}`);
  const head = `Host: 127.0.0.1:${port}\r\nCookie: user_id=${rude.id}\r\n`;
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\n${head}\r\n`;
  const form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 409\r\n";
  const post = `POST /chats/${chat}/messages HTTP/1.1\r\n${head}${form}\r\ncontent=x${"y".repeat(400)}`;
  const said = (command: object): Buffer => clientFrame({ opcode: OPCODE.text, payload: JSON.stringify(command) });
  const many = (bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: 100 }, () => bytes));
  const knock = upgradeRequest("/ws", port, { Cookie: `user_id=${rude.id}` });
  const join = Buffer.concat([Buffer.from(knock), said({ _ct: "join_room", r: chat })]);
  return new Map([
    ["pages of messages", ["", get(`/chats/${chat}/messages?limit=1000`).repeat(100)]],
    ["one's chats", ["", get("/chats").repeat(100)]],
    ["pages for people", ["", get(`/ui/chats/${chat}`).repeat(100)]],
    ["what is not there", ["", get("/nothing").repeat(100)]],
    ["posts", ["", post.repeat(100)]],
    ["streams of events", ["", get(`/chats/${chat}/events?after=0`).repeat(100)]],
    ["history over WebSocket", [knock, many(said({ _ct: "history", r: chat, limit: 1000 }))]],
    ["messages over WebSocket", [join, many(said({ _ct: "send_message", r: chat, c: "z".repeat(400) }))]],
  ]);
}

async function sessionsOf(server: SpawnedServer): Promise<string> {
  const metrics = await (await fetch(`http://127.0.0.1:${server.httpPort}/metrics`)).text();
  return [...metrics.matchAll(/^verbatim_sessions\{door="(\w+)"\} (\d+)$/gm)]
    .map(([, door, n]) => `${door} ${n}`)
    .join();
}

describe(`rude clients of the HTTP port, seed ${seed}`, () => {
  it("CMD-3 FAN-2 HTTP-2 take no answers: the honest are undisturbed, memory is bounded", async ({ annotate }) => {
    const server = await folder.start();
    const crowd = await Crowd.gather(doorsOf(server), new Dice(seed));
    const ways = await rudeWays(doorsOf(server).httpPort);
    expect(await crowd.come(doorsOf(server))).toBe(crowd.size);
    const before = ownBytes(server.pid);
    const watch = new MemoryWatch(server.pid);
    const floods = [...ways].map(([way, said]) => ({ way, ...flood(doorsOf(server).httpPort, ...said) }));
    const begin = crowd.rooms.map(({ acknowledged }) => acknowledged.size);
    // Not a wait for anything: so long they are rude.
    await delay(RUDE_MS);
    await until(
      30_000,
      () => "the honest to get on",
      () => crowd.rooms.every(({ acknowledged }, at) => acknowledged.size > (begin[at] ?? 0) + 50) || undefined,
    );
    watch.stop();
    const growth = watch.peakBytes - before;
    const said = crowd.rooms.map(({ acknowledged }, at) => acknowledged.size - (begin[at] ?? 0));
    await annotate(`${Math.round(growth / MIB)} MiB more; the honest said ${said}`);
    expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
    // Each of them did flood; what is taken of it besides is the business of the kernel.
    for (const { way, writtenBytes } of floods) expect(writtenBytes(), way).toBeGreaterThan(FLOOD_BYTES_MIN);
    const cut = [...sockets];
    sockets.clear();
    for (const socket of cut) socket.destroy();
    await crowd.settle();
    expect(await crowd.verdict(doorsOf(server))).toEqual([]);
    for (const { label, refusals } of crowd.speakers) expect(refusals, label).toEqual([]);
    expect(server.logLines().filter(({ level }) => level === "error")).toEqual([]);
    // Who is gone is gone.
    await until(
      10_000,
      () => "the rude to be gone",
      async () => (await sessionsOf(server)) === "tcp 3,websocket 5,sse 2" || undefined,
    );
    expect(await server.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  });
});
