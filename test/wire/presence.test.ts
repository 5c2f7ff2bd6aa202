/**
 * Who hears what in a room, and in which order: coming and going, crowded rooms, typing, and what sessions that never
 * said `hello` are spared. Real sockets on memory adapters, with a clock that the test moves where time matters.
 */
import { afterEach, describe, expect, it } from "vitest";
import { publicRoomId } from "../../src/server/uuid.ts";
import { HandClock } from "../support/hand-clock.ts";
import { message } from "../support/log-records.ts";
import { type MemoryServer, type MemoryServerOptions, startMemoryServer } from "../support/memory-server.ts";
import { until } from "../support/until.ts";
import { type GreetedClient, WireClient } from "../support/wire-client.ts";

let server: MemoryServer | undefined;
const people: WireClient[] = [];

afterEach(async () => {
  for (const person of people.splice(0)) person.drop();
  await server?.stop();
  server = undefined;
});

async function start(options: MemoryServerOptions = {}): Promise<MemoryServer> {
  server = await startMemoryServer(options);
  return server;
}

async function arrive(): Promise<GreetedClient> {
  const person = await WireClient.arrive(server?.port ?? 0);
  people.push(person);
  return person;
}

/** Arrives and says `hello`, as the guest of an earlier session where one is given. */
async function arriveWithHello(session?: string): Promise<GreetedClient> {
  const person = await arrive();
  person.send({ _ct: "hello", v: 1, s: session });
  const { u, s } = await person.event();
  return Object.assign(person, { name: String(u), session: String(s) });
}

const joined = (person: GreetedClient, room = "rust") => ({
  _et: "room_participation",
  r: room,
  u: person.name,
  s: "joined",
});
const left = (person: GreetedClient, room = "rust") => ({
  _et: "room_participation",
  r: room,
  u: person.name,
  s: "left",
});
const leave = (person: GreetedClient, room = "rust"): void => person.send({ _ct: "leave_room", r: room });
/** Resolves once the server has so many sessions. */
const sessions = (count: number): Promise<unknown> =>
  until(
    5000,
    () => `the server to have ${count} sessions`,
    async () => (await server?.telemetry.render())?.includes(`verbatim_sessions{door="tcp"} ${count}\n`) || undefined,
  );
const say = (person: GreetedClient, text: string): void => person.send({ _ct: "send_message", r: "rust", c: text });

describe("presence", () => {
  it("FAN-4 WIRE-3 WIRE-4 counts people, not sessions: joined with the first, left with the last", async () => {
    await start();
    const watcher = await arrive();
    await watcher.join("rust");
    const first = await arriveWithHello();
    const second = await arriveWithHello(first.session);
    expect([second.name, second.session]).toEqual([first.name, first.session]);

    expect(await first.join("rust")).toEqual([watcher.name, first.name]);
    expect(await watcher.quiet()).toEqual([joined(first)]);
    // The second session is told of itself, as any joiner; nobody else hears of it.
    expect(await second.join("rust")).toEqual([watcher.name, first.name]);
    expect(await watcher.quiet()).toEqual([]);
    expect(await first.quiet()).toEqual([]);

    const third = await arrive();
    expect(await third.join("rust")).toEqual([watcher.name, first.name, third.name]);
    for (const person of [watcher, first, second]) expect(await person.quiet()).toEqual([joined(third)]);

    leave(first);
    expect(await first.quiet()).toEqual([left(first)]);
    for (const person of [watcher, second, third]) expect(await person.quiet()).toEqual([]);
    leave(second);
    expect(await second.quiet()).toEqual([left(first)]);
    for (const person of [watcher, third]) expect(await person.quiet()).toEqual([left(first)]);
  });

  it("FAN-4 a message reaches every session of a person, and a repeated key from another one is known", async () => {
    await start();
    const first = await arriveWithHello();
    const second = await arriveWithHello(first.session);
    await first.join("rust");
    await second.join("rust");
    first.send({ _ct: "send_message", r: "rust", c: "hi", k: "k" });
    const ack = await first.event();
    const event = await first.event();
    expect(event).toMatchObject({ _et: "user_message", c: "hi", k: "k", q: 1 });
    expect(await second.event()).toEqual(event);
    second.send({ _ct: "send_message", r: "rust", c: "hi", k: "k" });
    expect(await second.event()).toEqual(ack);
  });

  it.each([
    ["drops", (person: GreetedClient) => person.drop()],
    ["closes its end", (person: GreetedClient) => person.socket.end()],
    ["quits", (person: GreetedClient) => person.send({ _ct: "quit" })],
  ])("WIRE-4 of a session that %s others hear only where it was the last of its person", async (_, end) => {
    await start();
    const watcher = await arrive();
    await watcher.join("rust");
    const first = await arriveWithHello();
    const second = await arriveWithHello(first.session);
    await first.join("rust");
    await second.join("rust");
    expect(await watcher.event()).toEqual(joined(first));
    end(first);
    await sessions(2);
    expect(await watcher.quiet()).toEqual([]);
    end(second);
    expect(await watcher.event()).toEqual(left(first));
  });

  it("WIRE-4 a leaver hears their own left as the last of that room, whatever is being said", async () => {
    await start();
    const talker = await arrive();
    const leaver = await arrive();
    await talker.join("rust");
    await leaver.join("rust");
    for (let number = 0; number < 200; number++) {
      say(talker, String(number));
      if (number === 100) leave(leaver);
    }
    await talker.heard({ _et: "user_message", c: "199" });
    const events = await leaver.quiet();
    expect(events.at(-1)).toEqual(left(leaver));
    expect(events.slice(0, -1).map(({ c }) => c)).toEqual(events.slice(0, -1).map((_, index) => String(index)));
  });

  it("WIRE-4 WIRE-5 who posts and leaves at once is heard by those who stay", async () => {
    await start();
    const stayer = await arrive();
    const leaver = await arriveWithHello();
    await stayer.join("rust");
    await leaver.join("rust");
    leaver.write(
      '{"_ct":"send_message","r":"rust","c":"bye","k":"k"}\n{"_ct":"leave_room","r":"rust"}\n{"_ct":"send_message","r":"rust","c":"too late"}\n',
    );
    const answers = [await leaver.event(), await leaver.event(), await leaver.event()];
    expect(answers.map(({ _et, code }) => code ?? _et).sort()).toEqual(["ack", "not_joined", "room_participation"]);
    expect(answers.findIndex(({ s }) => s === "left")).toBeLessThan(
      answers.findIndex(({ code }) => code === "not_joined"),
    );
    const heard = await stayer.eventsUntil({ _et: "user_message", c: "bye" });
    expect(heard.length).toBeLessThanOrEqual(3);
    expect(await leaver.quiet()).toEqual([]);
  });

  it("WIRE-6 what was sent before quit is carried out", async () => {
    await start();
    const stayer = await arrive();
    await stayer.join("rust");
    const other = await arrive();
    other.write(
      '{"_ct":"join_room","r":"rust"}\n{"_ct":"send_message","r":"rust","c":"short visit"}\n{"_ct":"quit"}\n',
    );
    await other.closed();
    const events = [await stayer.event(), await stayer.event(), await stayer.event()];
    expect(events).toContainEqual(joined(other));
    expect(events).toContainEqual(left(other));
    expect(events).toContainEqual(expect.objectContaining({ _et: "user_message", c: "short visit" }));
  });

  it("WIRE-5 who closes its own end hears what becomes of what it sent", async () => {
    await start();
    const person = await arrive();
    person.socket.end('{"_ct":"join_room","r":"rust"}\n{"_ct":"send_message","r":"rust","c":"piped"}\n');
    const lines = await person.closed();
    expect(lines.map((line) => JSON.parse(line)["_et"])).toEqual([
      "user_joined_room",
      "room_participation",
      "user_message",
    ]);
  });
});

describe("a crowded room", () => {
  it("WIRE-18 is told of by number, to those who said hello, once a second at most", async () => {
    const clock = new HandClock();
    await start({ clock, limits: { presenceTellMax: 3 } });
    const hearer = await arriveWithHello();
    const older = await arrive();
    expect(await hearer.join("rust")).toEqual([hearer.name]);
    await older.join("rust");
    expect(await hearer.quiet()).toEqual([joined(older)]);
    await clock.advance(1000);
    expect(await hearer.quiet()).toEqual([]);

    const third = await arrive();
    expect(await third.join("rust")).toEqual([hearer.name, older.name, third.name]);
    const fourth = await arrive();
    expect(await fourth.join("rust")).toEqual([hearer.name, older.name, fourth.name]);
    const fifth = await arriveWithHello();
    expect(await fifth.join("rust")).toEqual([hearer.name, older.name, fifth.name]);
    leave(third);
    expect(await third.quiet()).toEqual([left(third)]);
    await clock.advance(999);
    expect(await hearer.quiet()).toEqual([]);
    await clock.advance(1);
    expect(await hearer.quiet()).toEqual([{ _et: "presence_count", r: "rust", us: 4 }]);
    expect(await fifth.quiet()).toEqual([{ _et: "presence_count", r: "rust", us: 4 }]);
    // Nothing changed since: nothing is told.
    await clock.advance(5000);
    expect(await hearer.quiet()).toEqual([]);
    expect(await older.quiet()).toEqual([]);

    // The crowd thins out: names are told again.
    fourth.drop();
    await sessions(4);
    fifth.drop();
    expect(await hearer.event()).toEqual(left(fifth));
    expect(await older.event()).toEqual(left(fifth));
    await clock.advance(1000);
    expect(await hearer.quiet()).toEqual([]);
  });

  it("WIRE-5 WIRE-18 says its messages to all", async () => {
    await start({ limits: { presenceTellMax: 2 } });
    const crowd: GreetedClient[] = [];
    for (let number = 0; number < 10; number++) crowd.push(await arrive());
    for (const person of crowd) await person.join("rust");
    const [first] = crowd;
    if (first !== undefined) say(first, "hi");
    for (const person of crowd) expect(await person.heard({ _et: "user_message" })).toMatchObject({ c: "hi", q: 1 });
  });
});

describe("typing", () => {
  it("WIRE-16 is told to others who said hello, once in 3 s for each session and room", async () => {
    const clock = new HandClock();
    await start({ clock });
    const typist = await arriveWithHello();
    const elsewhere = await arriveWithHello(typist.session);
    const hearer = await arriveWithHello();
    const older = await arrive();
    for (const person of [typist, elsewhere, hearer, older]) await person.join("rust");
    await typist.join("general");
    await hearer.join("general");
    for (const person of [typist, elsewhere, hearer, older]) await person.quiet();
    const type = (room = "rust"): void => typist.send({ _ct: "typing", r: room });
    const typing = (room = "rust") => ({ _et: "typing", r: room, u: typist.name });

    type();
    type();
    expect(await typist.quiet()).toEqual([]);
    expect(await hearer.quiet()).toEqual([typing()]);
    expect(await older.quiet()).toEqual([]);
    expect(await elsewhere.quiet()).toEqual([]);
    type("general");
    await typist.quiet();
    expect(await hearer.quiet()).toEqual([typing("general")]);
    await clock.advance(2999);
    type();
    await typist.quiet();
    expect(await hearer.quiet()).toEqual([]);
    await clock.advance(1);
    type();
    await typist.quiet();
    expect(await hearer.quiet()).toEqual([typing()]);
  });

  it("CMD-4 WIRE-16 is refused where one has not joined", async () => {
    await start();
    const person = await arrive();
    person.send({ _ct: "typing", r: "rust" });
    expect(await person.event()).toMatchObject({ code: "not_joined", r: "rust" });
    person.send({ _ct: "typing", r: "nowhere" });
    expect(await person.event()).toMatchObject({ code: "unknown_room", r: "nowhere" });
  });
});

describe("what is no message", () => {
  it("PROJ-6 WIRE-10 WIRE-17 is told to those who said hello, live, on resuming and in history", async () => {
    const { log } = await start();
    const room = publicRoomId("rust");
    const modern = await arriveWithHello();
    const older = await arrive();
    await modern.join("rust");
    await older.join("rust");
    await modern.quiet();
    const change = message(2, { room, kind: "hand_raised", body: '{"hand":"left"}' });
    await log.append(0, [message(1, { room }), change, message(3, { room })]);
    const time = new Date(change.time).toISOString();
    const roomChange = {
      _et: "room_change",
      r: "rust",
      q: 2,
      t: time,
      e: "hand_raised",
      by: "alice",
      d: { hand: "left" },
    };
    const seqs = (events: readonly Readonly<Record<string, unknown>>[]) => events.map(({ q }) => q);
    const live = await modern.eventsUntil({ q: 3 });
    expect(live[1]).toEqual(roomChange);
    expect(seqs(live)).toEqual([1, 2, 3]);
    expect(seqs(await older.eventsUntil({ q: 3 }))).toEqual([1, 3]);

    const resumer = await arriveWithHello();
    await resumer.join("rust", { after: 1 });
    expect((await resumer.eventsUntil({ _et: "caught_up" }))[0]).toEqual(roomChange);
    const olderResumer = await arrive();
    await olderResumer.join("rust", { after: 1 });
    expect(seqs(await olderResumer.eventsUntil({ _et: "caught_up" }))).toEqual([3, 3]);

    older.send({ _ct: "history", r: "rust" });
    const page = await older.heard({ _et: "history" });
    expect((page["ms"] as unknown[])[1]).toEqual(roomChange);
  });

  it("WIRE-10 never reaches who did not say hello: they hear four events, errors, and what they asked for", async () => {
    const clock = new HandClock();
    await start({ clock, limits: { presenceTellMax: 3 } });
    const older = await arrive();
    await older.join("rust");
    const modern = await arriveWithHello();
    await modern.join("rust");
    modern.send({ _ct: "typing", r: "rust" });
    modern.send({ _ct: "send_message", r: "rust", c: "hi", k: "k" });
    await modern.heard({ _et: "user_message" });
    for (let number = 0; number < 3; number++) await (await arrive()).join("rust");
    await clock.advance(3000);
    modern.drop();
    older.send({ _ct: "send_message", r: "rust", c: "mine" });
    await older.eventsUntil({ c: "mine" }).then((events) => {
      const names = new Set(events.map(({ _et }) => _et));
      expect([...names].sort()).toEqual(["room_participation", "user_message"]);
    });
    older.send({ _ct: "send_message", r: "rust", c: "asked for", k: "k" });
    expect((await older.eventsUntil({ c: "asked for" })).map(({ _et }) => _et)).toEqual(["ack", "user_message"]);
  });
});
