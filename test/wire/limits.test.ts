/**
 * Every limit at its edge: what is just within passes, what is one beyond is refused, cut or let go of. A limit without
 * a case here does not compile.
 */
import { afterEach, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../../src/protocol/limits.ts";
import { Following } from "../../src/server/fanout/following.ts";
import { LineFraming } from "../../src/server/fanout/framing.ts";
import { RecentEvents } from "../../src/server/fanout/recent-events.ts";
import { Room } from "../../src/server/fanout/room.ts";
import { Session } from "../../src/server/fanout/session.ts";
import { ALWAYS_DURABLE, MemoryDisk, MemoryLog } from "../../src/server/log/memory.ts";
import { encodeRecord } from "../../src/server/log/record-codec.ts";
import type { LogRecord } from "../../src/server/record.ts";
import { publicRoomId } from "../../src/server/uuid.ts";
import { HandClock } from "../support/hand-clock.ts";
import { HttpPerson } from "../support/http-people.ts";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "../support/http-server.ts";
import { message, messages } from "../support/log-records.ts";
import { type MemoryServer, type MemoryServerOptions, startMemoryServer } from "../support/memory-server.ts";
import { WebSocketClient } from "../support/websocket-client.ts";
import { type GreetedClient, WireClient } from "../support/wire-client.ts";

const closings: (() => unknown)[] = [];

afterEach(async () => {
  for (const closing of closings.splice(0).reverse()) await closing();
});

async function start(options: MemoryServerOptions = {}): Promise<MemoryServer> {
  const server = await startMemoryServer(options);
  closings.push(() => server.stop());
  return server;
}

async function startHttp(options: HttpServerOptions = {}): Promise<HttpServer> {
  const server = await startHttpServer(options);
  closings.push(() => server.stop());
  return server;
}

async function arrive({ port }: MemoryServer): Promise<GreetedClient> {
  const person = await WireClient.arrive(port);
  closings.push(() => person.drop());
  return person;
}

const RUST = publicRoomId("rust");

/** What a person is answered who says this. */
async function say(person: WireClient, text: string): Promise<unknown> {
  person.send({ _ct: "send_message", r: "rust", c: text });
  const event = await person.event();
  return event["code"] ?? event["_et"];
}

/** A page of history: how many records, whether there are more, and how many bytes their events have. */
async function page(person: WireClient, more: Readonly<Record<string, unknown>>) {
  person.send({ _ct: "history", r: "rust", ...more });
  const { ms, more: isMore } = (await person.event()) as { readonly ms: readonly object[]; readonly more: boolean };
  const bytes = ms.reduce((sum: number, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0);
  return { records: ms.length, more: isMore, bytes };
}

const encodedBytes = (record: LogRecord): number => encodeRecord(record, Buffer.alloc(1 << 20), 0);

function openLog(limits: Pick<Limits, "appendBytesMax" | "appendQueueBytesMax">): MemoryLog {
  const log = new MemoryLog({ disk: new MemoryDisk(1), limits, clock: new HandClock(), fate: ALWAYS_DURABLE });
  closings.push(() => log.close());
  return log;
}

const EDGES: Readonly<Record<keyof Limits, () => Promise<void>>> = {
  messageBytesMax: async () => {
    const person = await arrive(await start());
    await person.join("rust");
    expect(await say(person, "é".repeat(DEFAULT_LIMITS.messageBytesMax / 2))).toBe("user_message");
    expect(await say(person, `${"é".repeat(DEFAULT_LIMITS.messageBytesMax / 2)}x`)).toBe("message_too_long");
    expect(await say(person, "\u0001".repeat(DEFAULT_LIMITS.messageBytesMax))).toBe("user_message");
    expect(await say(person, "\u0001".repeat(DEFAULT_LIMITS.messageBytesMax + 1))).toBe("message_too_long");
  },

  lineBytesMax: async () => {
    const person = await arrive(await start());
    const line = '{"_ct":"typing","r":"nowhere"}'.padEnd(DEFAULT_LIMITS.lineBytesMax, " ");
    person.write(`${line}\n${line.slice(1)}\r\n`);
    expect(await person.event()).toMatchObject({ code: "unknown_room" });
    expect(await person.event()).toMatchObject({ code: "bad_json" });
    person.write(`${line} \n`);
    expect((await person.closed()).map((event) => JSON.parse(event)["code"])).toEqual(["line_too_long"]);
  },

  outboxBytesMax: async () => {
    const outboxBytesMax = 1000;
    const behind: Session[] = [];
    const host = {
      outboxBytesMax,
      monotonic: () => 0,
      flushLater: () => undefined,
      fellBehind: (session: Session) => void behind.push(session),
      ended: () => undefined,
    };
    const transport = {
      pendingBytes: () => 400,
      write: () => undefined,
      pauseReading: () => undefined,
      resumeReading: () => undefined,
      close: () => undefined,
    };
    const room = new Room(RUST, "rust", undefined, new RecentEvents(1 << 20).room());
    const tell = (bytes: number): Session => {
      const session = new Session(host, {
        ...{ door: "tcp", transport, framing: new LineFraming(), token: "token", credential: undefined },
        ...{ user: { id: "id", name: "name", isGuest: true, isAdmin: false }, address: "127.0.0.1" },
      });
      const following = new Following(session, room, 0, "live", true);
      session.followings.set(room, following);
      session.tellRun(following, { first: 1, last: 1, lines: Buffer.alloc(bytes), messagesOnly: true });
      return session;
    };
    const full = tell(600);
    expect([full.behind, full.outbox.bytes]).toEqual([false, outboxBytesMax]);
    const over = tell(601);
    expect([over.behind, over.outbox.bytes, behind]).toEqual([true, 400, [over]]);
  },

  recentBytesMax: async () => {
    // Each larger than what is put together in memory.
    const lines = Buffer.alloc(100_000);
    const keep = (bytesMax: number, count: number) => {
      const recent = new RecentEvents(bytesMax);
      const room = recent.room();
      for (let seq = 1; seq <= count; seq++) room.add({ first: seq, last: seq, lines, messagesOnly: true }, seq);
      return { bytes: recent.bytes, first: room.first };
    };
    const { bytes } = keep(Number.MAX_SAFE_INTEGER, 3);
    expect(bytes).toBeGreaterThan(3 * lines.length);
    expect(keep(bytes, 3)).toEqual({ bytes, first: 1 });
    expect(keep(bytes, 4)).toEqual({ bytes, first: 2 });
    const below = keep(bytes - 1, 3);
    expect(below.first).toBe(2);
    expect(below.bytes).toBeLessThan(bytes);
  },

  appendBytesMax: async () => {
    const record = message(1);
    const log = openLog({ appendBytesMax: encodedBytes(record), appendQueueBytesMax: 1 << 20 });
    expect(await log.append(0, [record])).toBe(0);
    const longer = message(1, { body: `${record.body.slice(0, -1)}x"` });
    await expect(log.append(0, [longer])).rejects.toMatchObject({ failure: "not_sent" });
    expect(await log.append(0, [record])).toBe(1);
  },

  appendQueueBytesMax: async () => {
    const record = message(1);
    const log = openLog({ appendBytesMax: 1 << 20, appendQueueBytesMax: encodedBytes(record) * 3 });
    log.hold();
    const taken = [1, 2, 3].map(() => log.append(0, [record]));
    await expect(log.append(0, [record])).rejects.toMatchObject({ failure: "overloaded" });
    log.release();
    expect(await Promise.all(taken)).toEqual([0, 1, 2]);
    expect(await log.append(0, [record])).toBe(3);
  },

  roomsPerSessionMax: async () => {
    const names = Array.from({ length: DEFAULT_LIMITS.roomsPerSessionMax + 1 }, (_, index) => `room ${index}`);
    const person = await arrive(await start({ rooms: names.map((name) => ({ name, description: "" })) }));
    for (const name of names.slice(0, -1)) await person.join(name);
    const last = names.at(-1) ?? "";
    person.send({ _ct: "join_room", r: last });
    expect(await person.event()).toMatchObject({ code: "too_many_rooms", r: last });
    person.send({ _ct: "leave_room", r: "room 0" });
    await person.heard({ s: "left" });
    await person.join(last);
  },

  historyPageMax: async () => {
    const server = await start();
    const { historyPageMax } = DEFAULT_LIMITS;
    await server.log.append(0, messages(0, historyPageMax, { room: RUST, body: '""' }));
    const person = await arrive(server);
    expect(await page(person, { limit: historyPageMax })).toMatchObject({ records: historyPageMax, more: false });
    await server.log.append(0, messages(historyPageMax, historyPageMax + 1, { room: RUST, body: '""' }));
    for (const limit of [historyPageMax, historyPageMax + 1, Number.MAX_SAFE_INTEGER]) {
      for (const direction of [{}, { after: 0 }]) {
        expect(await page(person, { limit, ...direction })).toMatchObject({ records: historyPageMax, more: true });
      }
    }
  },

  historyPageDefault: async () => {
    const server = await start();
    const { historyPageDefault } = DEFAULT_LIMITS;
    await server.log.append(0, messages(0, historyPageDefault, { room: RUST }));
    const person = await arrive(server);
    expect(await page(person, {})).toMatchObject({ records: historyPageDefault, more: false });
    await server.log.append(0, messages(0, 1, { room: RUST }));
    expect(await page(person, {})).toMatchObject({ records: historyPageDefault, more: true });
    expect(await page(person, { after: 0 })).toMatchObject({ records: historyPageDefault, more: true });
  },

  pageBytesMax: async () => {
    // Out of memory, out of the store, and of both; texts whose bytes are three times their length.
    const body = JSON.stringify("語".repeat(400));
    for (const recentBytesMax of [DEFAULT_LIMITS.recentBytesMax, 1, 10_000]) {
      const all = await start({ limits: { recentBytesMax } });
      for (const record of messages(0, 20, { room: RUST, body })) await all.log.append(0, [record]);
      const { bytes } = await page(await arrive(all), { limit: 1 });
      for (const pageBytesMax of [1, bytes * 5 - 1, bytes * 5 + 100, bytes * 12]) {
        const { disk } = all;
        const server = await start({ disk, limits: { recentBytesMax, pageBytesMax } });
        const person = await arrive(server);
        for (const direction of [{}, { after: 0 }, { before: 15 }, { after: 3 }]) {
          const got = await page(person, { limit: 20, ...direction });
          const where = JSON.stringify({ recentBytesMax, pageBytesMax, ...direction, ...got });
          expect(got.records, where).toBeGreaterThanOrEqual(1);
          expect(got.more, where).toBe(true);
          // One record at least, however large it is.
          if (got.records > 1) expect(got.bytes, where).toBeLessThanOrEqual(pageBytesMax);
        }
      }
    }
    // At its edge: each event's line, with its line end, counts.
    const server = await start();
    await server.log.append(0, messages(0, 5, { room: RUST, body: '"12345"' }));
    const { bytes } = await page(await arrive(server), {});
    const whole = bytes + 5 * 2;
    const edge = await start({ disk: server.disk, limits: { pageBytesMax: whole } });
    expect(await page(await arrive(edge), {})).toMatchObject({ records: 5, more: false });
    expect(await page(await arrive(edge), { after: 0 })).toMatchObject({ records: 5, more: false });
    const below = await start({ disk: server.disk, limits: { pageBytesMax: whole - 1 } });
    expect(await page(await arrive(below), {})).toMatchObject({ records: 4, more: true });
    expect(await page(await arrive(below), { after: 0 })).toMatchObject({ records: 4, more: true });
  },

  frameBytesMax: async () => {
    const { port } = await startHttp();
    const person = await WebSocketClient.arrive(port);
    const frame = '{"_ct":"typing","r":"nowhere"}'.padEnd(DEFAULT_LIMITS.frameBytesMax, " ");
    person.sendText(frame);
    expect(await person.event()).toMatchObject({ code: "unknown_room" });
    person.sendText(`${frame} `);
    expect(await person.event()).toMatchObject({ code: "line_too_long" });
    await person.closed();
    expect(person.closing?.code).toBe(1009);
  },

  bodyBytesMax: async () => {
    const { port } = await startHttp();
    const ann = await HttpPerson.open(port, "ann");
    const chat = await ann.chat("team");
    // A field that nobody asks for counts as well.
    const form = (bytes: number) => `content=x&padding=${"y".repeat(bytes - "content=x&padding=".length)}`;
    const { bodyBytesMax } = DEFAULT_LIMITS;
    expect((await ann.ask(`/chats/${chat}/messages`, { form: form(bodyBytesMax) })).status).toBe(200);
    const answer = await ann.ask(`/chats/${chat}/messages`, { form: form(bodyBytesMax + 1) });
    expect(answer.json()).toMatchObject({ code: "body_too_large", status: 413 });
  },

  membersBodyBytesMax: async () => {
    const { port } = await startHttp();
    const ann = await HttpPerson.open(port, "ann");
    const form = (bytes: number) => `name=team&padding=${"y".repeat(bytes - "name=team&padding=".length)}`;
    const { membersBodyBytesMax } = DEFAULT_LIMITS;
    expect((await ann.ask("/chats", { form: form(membersBodyBytesMax) })).status).toBe(201);
    expect((await ann.ask("/chats", { form: form(membersBodyBytesMax + 1) })).json()).toMatchObject({ status: 413 });
  },

  chatsPerUserMax: async () => {
    const { port } = await startHttp({ limits: { chatsPerUserMax: 2 } });
    const [ann, bob] = [await HttpPerson.open(port, "ann"), await HttpPerson.open(port, "bob")];
    await ann.chat("one");
    const two = await ann.chat("two");
    const form = { name: "three", members: ann.id };
    expect((await ann.ask("/chats", { form })).json()).toMatchObject({ code: "too_many_chats" });
    // Whoever else asks.
    expect((await bob.ask("/chats", { form })).json()).toMatchObject({ code: "too_many_chats" });
    const bobs = await bob.chat("of bob");
    const adding = { form: { members: ann.id } };
    expect((await bob.ask(`/chats/${bobs}/members`, adding)).json()).toMatchObject({ code: "too_many_chats" });
    expect((await ann.ask(`/chats/${two}/members/${ann.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await bob.ask(`/chats/${bobs}/members`, adding)).status).toBeLessThan(300);
  },

  membersMax: async () => {
    const { port } = await startHttp({ limits: { membersMax: 2 } });
    const names = ["ann", "bob", "eve"];
    const [ann, bob, eve] = await Promise.all(names.map((name) => HttpPerson.open(port, name)));
    if (ann === undefined || bob === undefined || eve === undefined) throw new Error("there are three of them");
    const chat = await ann.chat("two", bob);
    const answer = await ann.ask(`/chats/${chat}/members`, { form: { members: eve.id } });
    expect(answer.json()).toMatchObject({ code: "too_many_members" });
    const form: [string, string][] = [
      ["name", "three"],
      ["members", bob.id],
      ["members", eve.id],
    ];
    expect((await ann.ask("/chats", { form })).json()).toMatchObject({ code: "too_many_members" });
  },

  signInSecondsMax: async () => {
    const clock = new HandClock();
    const server = await startHttp({ clock, auth: { mode: "password", guests: false } });
    const [terminal, browser] = [await WireClient.connect(server.tcpPort), await WebSocketClient.connect(server.port)];
    for (const client of [terminal, browser]) {
      // Told before it signs in: nothing, not even which rooms there are.
      client.send({ _ct: "history", r: "rust" });
      expect(await client.event()).toMatchObject({ code: "unauthorized" });
    }
    await clock.advance(DEFAULT_LIMITS.signInSecondsMax * 1000 - 1);
    for (const client of [terminal, browser]) {
      client.send({ _ct: "typing", r: "rust" });
      expect(await client.event()).toMatchObject({ code: "unauthorized" });
    }
    await clock.advance(1);
    for (const client of [terminal, browser]) {
      expect(await client.event()).toMatchObject({ code: "sign_in_timeout" });
      await client.closed();
    }
    expect(browser.closing?.code).toBe(4401);
  },

  sessionsMax: async () => {
    const server = await start({ limits: { sessionsMax: 3 } });
    const people = [await arrive(server), await arrive(server), await arrive(server)];
    const refused = await WireClient.connect(server.port);
    expect((await refused.closed()).map((line) => JSON.parse(line)["code"])).toEqual(["too_many_sessions"]);
    for (const person of people) expect(await person.quiet()).toEqual([]);
  },

  sessionsPerAddressMax: async () => {
    const server = await start({ limits: { sessionsPerAddressMax: 2 } });
    const people = [await arrive(server), await arrive(server)];
    const refused = await WireClient.connect(server.port);
    expect((await refused.closed()).map((line) => JSON.parse(line)["code"])).toEqual(["too_many_sessions"]);
    for (const person of people) expect(await person.quiet()).toEqual([]);
  },

  messagesPerSecond: async () => {
    const clock = new HandClock();
    const server = await start({ clock, limits: { messagesPerSecond: 4, messagesBurst: 1 } });
    const person = await arrive(server);
    await person.join("rust");
    expect([await say(person, "1"), await say(person, "2")]).toEqual(["user_message", "too_fast"]);
    await clock.advance(249);
    expect(await say(person, "3")).toBe("too_fast");
    await clock.advance(1);
    expect([await say(person, "4"), await say(person, "5")]).toEqual(["user_message", "too_fast"]);
  },

  messagesBurst: async () => {
    const clock = new HandClock();
    const server = await start({ clock, limits: { messagesPerSecond: 1, messagesBurst: 5 } });
    const person = await arrive(server);
    await person.join("rust");
    const answers: unknown[] = [];
    for (let number = 0; number < 6; number++) answers.push(await say(person, String(number)));
    expect(answers).toEqual([...Array.from({ length: 5 }, () => "user_message"), "too_fast"]);
  },

  presenceTellMax: async () => {
    const server = await start({ limits: { presenceTellMax: 3 } });
    const first = await arrive(server);
    await first.join("rust");
    await (await arrive(server)).join("rust");
    expect((await first.quiet()).length).toBe(1);
    const third = await arrive(server);
    expect((await third.join("rust")).length).toBe(3);
    expect(await first.quiet()).toEqual([]);
    const fourth = await arrive(server);
    const told = await fourth.join("rust");
    expect([told.length, told.at(-1)]).toEqual([3, fourth.name]);
  },
};

describe("every limit holds at its edge:", () => {
  it.each(Object.entries(EDGES))("WIRE-21 %s", async (_, proves) => {
    await proves();
  });
});
