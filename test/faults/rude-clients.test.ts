/**
 * Clients that flood without reading, and clients that come and go in a storm, beside honest ones: these notice
 * nothing. Needs `dist/`.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Latencies } from "../../src/bench/latency.ts";
import { connectChat } from "../support/chat-client.ts";
import { Dice, seed, sized } from "../support/faults-run.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { Chatter } from "../support/load-chatter.ts";
import { MemoryWatch, ownBytes, sayPaced } from "../support/load-paced.ts";
import { LoadRoom, readBack } from "../support/load-room.ts";
import type { SpawnedServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const PER_SECOND = 200;
const USUAL_MS = 2_000;
const RUDE_MS = sized(4_000, 60_000);
/**
 * How late the ninety-ninth of a hundred may hear a message, in milliseconds, with a core kept busy by floods. Longer than
 * a busy machine stands still; who is starved by floods that do not end hears nothing at all.
 */
const P99_MS_MAX = 6000;
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

/** Honest people in one room, and how soon they hear each other. */
class HonestPeople {
  readonly room = new LoadRoom("general");
  readonly people: readonly Chatter[];
  #latencies = new Latencies();

  constructor() {
    const style = { window: 0, padding: 100, dice: new Dice(seed) };
    this.people = Array.from({ length: 4 }, (_, index) => new Chatter(`honest${index}`, [this.room], style));
    for (const each of this.people) {
      each.onMessage = (sentAt) => this.#latencies.record(Math.round((performance.now() - sentAt) * 1000));
    }
  }

  async come(port: number): Promise<void> {
    for (const each of this.people) expect(await each.come(port)).toBe(true);
  }

  /** They chat for a while and wait until everybody has heard all; resolves with the p99 in milliseconds. */
  async chat(durationMs: number): Promise<number> {
    this.#latencies = new Latencies();
    await sayPaced(this.people, this.room, PER_SECOND, durationMs);
    await until(
      20_000,
      () => `the honest to be answered; pending ${this.people.map(({ pending }) => pending)}`,
      () => this.people.every(({ pending }) => pending === 0) || undefined,
    );
    await until(
      20_000,
      () => "the honest to hear each other",
      () => this.people.every((each) => each.cursor(this.room) === this.room.keys.size) || undefined,
    );
    return this.#latencies.summary().p99;
  }

  /** What they have to complain of; nothing, they hope. */
  complaints(): readonly string[] {
    const refusals = this.people.flatMap((each) => each.refusals);
    const dropped = this.people.filter(({ client }) => client.hasEnded).map(({ label }) => `${label} was dropped`);
    return [...this.people.flatMap(({ faults }) => faults), ...refusals, ...dropped, ...this.room.findings()];
  }
}

/** A connection that never reads; `data` is written again and again as fast as the kernel takes it. */
function flood(port: number, first: string, data: string): { readonly writtenBytes: () => number } {
  const socket = connect({ host: "127.0.0.1", port });
  sockets.add(socket);
  socket.on("error", () => undefined);
  socket.pause();
  const write = (): void => {
    while (!socket.destroyed && socket.write(data));
  };
  socket.on("drain", write);
  socket.once("connect", () => {
    socket.write(first);
    write();
  });
  return { writtenBytes: () => socket.bytesWritten };
}

const line = (command: Readonly<Record<string, unknown>>): string => `${JSON.stringify(command)}\n`;

async function isServing(server: SpawnedServer): Promise<void> {
  expect(server.logLines().filter(({ level }) => level === "error")).toEqual([]);
  const client = await connectChat(server.tcpPort);
  client.drop();
}

describe(`rude clients, seed ${seed}`, () => {
  const rude: Readonly<Record<string, readonly [first: string, again: string]>> = {
    "messages into a room of their own": [
      line({ _ct: "join_room", r: "rust" }),
      line({ _ct: "send_message", r: "rust", c: "y".repeat(400) }).repeat(100),
    ],
    "commands that are refused": ["", line({ _ct: "join_room", r: "nowhere" }).repeat(300)],
    "pages of history": [line({ _ct: "hello", v: 1 }), line({ _ct: "history", r: "general", limit: 1000 }).repeat(100)],
    "joins and leaves": [
      "",
      (line({ _ct: "join_room", r: "rust" }) + line({ _ct: "leave_room", r: "rust" })).repeat(100),
    ],
    "messages with keys": [
      line({ _ct: "hello", v: 1 }) + line({ _ct: "join_room", r: "help", last: 100 }),
      line({ _ct: "send_message", r: "help", c: "z".repeat(400), k: "the same" }).repeat(100),
    ],
  };

  it("CMD-3 FAN-2 some who flood without reading: the honest are undisturbed, memory is bounded", async ({
    annotate,
  }) => {
    const server = await folder.start();
    const honest = new HonestPeople();
    await honest.come(server.tcpPort);
    const usual = await honest.chat(USUAL_MS);
    const before = ownBytes(server.pid);
    const watch = new MemoryWatch(server.pid);
    const floods = Object.values(rude).map(([first, again]) => flood(server.tcpPort, first, again));
    const p99 = await honest.chat(RUDE_MS);
    watch.stop();
    const growth = watch.peakBytes - before;
    await annotate(`p99 ${usual} ms, beside floods ${p99} ms; ${Math.round(growth / MIB)} MiB more`);
    expect(honest.complaints()).toEqual([]);
    expect(p99).toBeLessThan(Math.max(P99_MS_MAX, 3 * usual));
    expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
    // Each of them did flood; what is taken of it besides is the business of the kernel.
    for (const { writtenBytes } of floods) expect(writtenBytes()).toBeGreaterThan(FLOOD_BYTES_MIN);
    for (const socket of sockets) socket.destroy();
    await honest.chat(500);
    expect(honest.complaints()).toEqual([]);
    await isServing(server);
    const reader = await connectChat(server.tcpPort);
    expect((await readBack(honest.room, reader)).wrong).toEqual([]);
    reader.drop();
  });

  it("CMD-3 WIRE-4 200 that connect and drop in a storm: the honest are undisturbed, nobody stays behind", async ({
    annotate,
  }) => {
    const server = await folder.start();
    const honest = new HonestPeople();
    await honest.come(server.tcpPort);
    const usual = await honest.chat(USUAL_MS);
    const dice = new Dice(seed + 1);
    const stop = new AbortController();
    let storms = 0;
    const stormy = Array.from({ length: 200 }, async () => {
      // On a machine that stands still the honest may be done before anybody has come a second time.
      while (!stop.signal.aborted || storms <= 200) {
        await comeAndGo(server.tcpPort, dice);
        storms += 1;
      }
    });
    const p99 = await honest.chat(RUDE_MS);
    stop.abort();
    await Promise.all(stormy);
    await annotate(`p99 ${usual} ms, in the storm of ${storms} connections ${p99} ms`);
    expect(storms).toBeGreaterThan(200);
    expect(honest.complaints()).toEqual([]);
    expect(p99).toBeLessThan(Math.max(P99_MS_MAX, 3 * usual));
    // Who is gone is gone: nobody but the honest is left in the room.
    await until(
      10_000,
      () => "the room to empty",
      async () => {
        const client = await connectChat(server.tcpPort);
        client.send({ _ct: "join_room", r: "general" });
        const joined = await client.heard("the names", ({ _et }) => _et === "user_joined_room");
        client.drop();
        return namesIn(joined) === honest.people.length + 1 || undefined;
      },
    );
    await isServing(server);
  });
});

function namesIn(event: object): number {
  const names: unknown = "us" in event ? event.us : undefined;
  return Array.isArray(names) ? names.length : 0;
}

/** Connects, does something or nothing, and is gone, each time otherwise. */
async function comeAndGo(port: number, dice: Dice): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port });
  sockets.add(socket);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  const way = dice.whole(0, 5);
  if (way > 0) socket.write(line({ _ct: "join_room", r: "general", ...(way > 2 ? { last: 50 } : {}) }));
  if (way > 3) socket.write('{"_ct":"send_message","r":"gene');
  await delay(dice.whole(0, 100));
  if (dice.roll() < 0.3) socket.resetAndDestroy();
  else if (dice.roll() < 0.5) socket.destroy();
  else {
    socket.resume();
    socket.end();
  }
  await closed;
  sockets.delete(socket);
}
