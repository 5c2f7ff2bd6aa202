/**
 * Server-sent events: a room followed with nothing but HTTP, from where one was, and as fast as one reads.
 */
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { EventSourceClient } from "../support/event-source.ts";
import { HandClock } from "../support/hand-clock.ts";
import { ask } from "../support/http-client.ts";
import { HttpPerson } from "../support/http-people.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";
import { until } from "../support/until.ts";

let server: HttpServer;
let port: number;
let alice: HttpPerson;
let bob: HttpPerson;
const sources: EventSourceClient[] = [];

beforeAll(async () => {
  server = await startHttpServer({ limits: { outboxBytesMax: 256 * 1024 } });
  port = server.port;
  alice = await HttpPerson.open(port, "alice");
  bob = await HttpPerson.open(port, "bob");
});

afterEach(() => {
  for (const source of sources.splice(0)) source.close();
});

afterAll(() => server.stop());

function follow(path: string, headers: Readonly<Record<string, string>> = {}): Promise<EventSourceClient> {
  const source = new EventSourceClient(port, path, headers);
  sources.push(source);
  return source.answered();
}

describe("following a room", () => {
  it("HTTP-5 tells each message as it happens, with its seq as id", async () => {
    const chat = await alice.chat("live", bob);
    const source = await follow(`/chats/${chat}/events`, bob.headers);
    expect([source.status, source.headers["content-type"]]).toEqual([200, "text/event-stream; charset=utf-8"]);
    expect(source.headers["cache-control"]).toBe("no-store");
    const { message_id, seq, created_at } = await alice.post(chat, 'two\nlines "and" ü\r\nmore');
    const [event] = await source.count(1);
    expect(event).toEqual({
      lastId: String(seq),
      data: {
        ...{ _et: "user_message", r: chat, u: "alice", c: 'two\nlines "and" ü\r\nmore' },
        ...{ i: message_id, q: seq, t: created_at },
      },
    });
  });

  it("HTTP-5 makes nobody present, and nobody hears of it", async () => {
    const watcher = await follow("/chats/general/events", alice.headers);
    await follow("/chats/general/events", bob.headers);
    const { seq } = await alice.post("general", "still alone");
    expect((await watcher.count(1))[0]?.lastId).toBe(String(seq));
  });

  it("can be done by curl without a cookie in open mode, in a public room and in a chat", async () => {
    const chat = await alice.chat("anybody", bob);
    for (const room of ["general", chat]) {
      const source = await follow(`/chats/${room}/events`);
      expect([room, source.status]).toEqual([room, 200]);
      const { seq } = await alice.post(room, "hi");
      expect((await source.count(1))[0]?.lastId).toBe(String(seq));
    }
  });

  it("FAN-1 resumes after Last-Event-ID, or after what the address says, without a gap or a repeat", async () => {
    const chat = await alice.chat("resumed", bob);
    const seqs: number[] = [];
    for (let i = 0; i < 30; i++) seqs.push((await alice.post(chat, `${i}`)).seq);
    const from = seqs[9] ?? 0;
    const expected = seqs.slice(10);
    for (const [path, headers] of [
      [`?after=${from}`, {}],
      ["", { "last-event-id": `${from}` }],
      ["?after=1", { "last-event-id": `${from}` }],
      [`?after=${from}`, { "last-event-id": "" }],
    ] as const) {
      const source = await follow(`/chats/${chat}/events${path}`, { ...bob.headers, ...headers });
      await source.count(expected.length);
      expect(source.seqs).toEqual(expected);
      const { seq } = await bob.post(chat, "and on");
      expected.push(seq);
      await source.count(expected.length);
      expect(source.seqs).toEqual(expected);
      source.close();
    }
  });

  it("HTTP-5 tells every seq: those that are no message too", async () => {
    const chat = await alice.chat("changes", bob);
    const carol = await HttpPerson.open(port, "carol");
    const source = await follow(`/chats/${chat}/events?after=0`, alice.headers);
    await alice.ask(`/chats/${chat}/members`, { form: { members: carol.id } });
    await alice.post(chat, "welcome");
    await until(
      5000,
      () => JSON.stringify(source.events),
      () => (source.seqs.length >= 3 ? true : undefined),
    );
    expect(source.seqs).toEqual([1, 2, 3]);
    const kinds = source.events.map(({ data }) => data["e"] ?? data["_et"]);
    expect(kinds).toEqual(["room_created", "member_added", "user_message"]);
  });

  it("CMD-4 HTTP-5 ends with one's membership", async () => {
    const chat = await alice.chat("out", bob);
    const source = await follow(`/chats/${chat}/events`, bob.headers);
    await alice.post(chat, "last words");
    await alice.ask(`/chats/${chat}/members/${bob.id}`, { method: "DELETE" });
    await alice.post(chat, "behind his back");
    await until(
      5000,
      () => JSON.stringify(source.events),
      () => (source.events.length >= 2 ? true : undefined),
    );
    const { seq } = await alice.post(chat, "and again");
    expect(source.seqs).not.toContain(seq);
    expect(JSON.stringify(source.events)).not.toContain("behind his back");
  });

  it.each([
    ["/chats/nowhere/events", {}, "404 unknown_room"],
    ["/chats/general/events?after=-1", {}, "400 bad_field"],
    ["/chats/general/events?after=9007199254740993", {}, "400 bad_field"],
    ["/chats/general/events?after=1000000", {}, "400 bad_field"],
    ["/chats/general/events", { "last-event-id": "x" }, "400 bad_field"],
    ["/chats/general/events", { cookie: "user_id=nobody" }, "401 unauthorized"],
  ])("refuses %s %o", async (path, headers, expected) => {
    const source = await follow(path, headers);
    expect(source.headers["content-type"]).toBe("application/problem+json; charset=utf-8");
    await source.over();
    expect(`${source.status} ${JSON.parse(source.problem).code}`).toBe(expected);
  });
});

describe("a stream", () => {
  it("HTTP-5 is a session: it has a place, and gives it back", async () => {
    const small = await startHttpServer({ limits: { sessionsMax: 2 } });
    const open = () => {
      const source = new EventSourceClient(small.port, "/chats/general/events");
      sources.push(source);
      return source.answered();
    };
    const [first] = [await open(), await open()];
    const third = await open();
    expect([third.status, third.headers["retry-after"]]).toEqual([503, "5"]);
    first?.close();
    await until(
      5000,
      () => "a place",
      async () => ((await open()).status === 200 ? true : undefined),
    );
    // One that was refused has no place to give back.
    const refused = await ask(small.port, "/chats/nowhere/events");
    expect(refused.status).toBe(503);
    await small.stop();
  });

  it("STOP-1 is told that the server stops, and ends", async () => {
    const stopping = await startHttpServer();
    const source = await new EventSourceClient(stopping.port, "/chats/general/events").answered();
    await stopping.stop();
    await source.over();
    expect(source.events.at(-1)?.data).toMatchObject({ _et: "error", code: "going_away" });
  });

  it("has a ping every 25 s, so that who is gone is found out", async () => {
    const clock = new HandClock();
    const pinged = await startHttpServer({ clock });
    const source = await new EventSourceClient(pinged.port, "/chats/general/events").answered();
    await clock.advance(24_999);
    expect(source.comments).toBe(0);
    await clock.advance(1);
    await until(
      5000,
      () => "a ping",
      () => (source.comments === 1 ? true : undefined),
    );
    await clock.advance(25_000);
    await until(
      5000,
      () => "a second ping",
      () => (source.comments === 2 ? true : undefined),
    );
    expect(source.events).toEqual([]);
    source.close();
    const stopped = pinged.stop();
    const timer = setInterval(() => void clock.advance(1000), 10);
    await stopped;
    clearInterval(timer);
  });

  it("ends where nothing will come any more, for its user has been removed", async () => {
    const clock = new HandClock();
    const other = await startHttpServer({ clock });
    const owner = await HttpPerson.open(other.port, "owner");
    const guest = await HttpPerson.open(other.port, "member");
    const chat = await owner.chat("short", guest);
    const source = await new EventSourceClient(other.port, `/chats/${chat}/events`, guest.headers).answered();
    await owner.ask(`/chats/${chat}/members/${guest.id}`, { method: "DELETE" });
    await source.count(1);
    await clock.advance(25_000);
    await source.over();
    const again = await new EventSourceClient(other.port, `/chats/${chat}/events`, guest.headers).answered();
    expect(again.status).toBe(404);
    const stopped = other.stop();
    const timer = setInterval(() => void clock.advance(1000), 10);
    await stopped;
    clearInterval(timer);
  });

  it("FAN-2 of somebody who does not read holds nobody up, and is whole when they do", async () => {
    const chat = await alice.chat("slow", bob);
    const socket = await rawFollow(`/chats/${chat}/events`);
    await until(
      5000,
      () => "the head",
      () => (socket.bytesRead > 0 ? true : undefined),
    );
    socket.pause();
    const text = "x".repeat(16_000);
    const seqs: number[] = [];
    for (let i = 0; i < 400; i++) seqs.push((await alice.post(chat, `${i} ${text}`)).seq);
    let read = "";
    socket.on("data", (chunk: Buffer) => {
      read += chunk.toString("latin1");
    });
    socket.resume();
    const last = `id: ${seqs.at(-1)}\n`;
    await until(
      20_000,
      () => `the last of ${read.length} bytes`,
      () => (read.includes(last) ? true : undefined),
    );
    const told = [...read.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq));
    expect(told).toEqual(seqs);
    socket.destroy();
  }, 120_000);

  function rawFollow(path: string): Promise<Socket> {
    return new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nCookie: user_id=${bob.id}\r\n\r\n`);
        resolve(socket);
      });
      socket.once("data", () => undefined);
    });
  }
});
