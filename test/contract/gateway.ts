/**
 * What every door must do that sessions come through: commands and events of the wire, whatever carries them. Who comes
 * in has said `hello`, or comes by a door where that is not needed.
 */
import { afterEach, describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorName } from "../../src/protocol/error-codes.ts";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import { ALWAYS_DURABLE } from "../../src/server/log/memory.ts";
import type { EventClient } from "../support/event-client.ts";
import { sayUntilBehind } from "../support/fall-behind.ts";
import { HandClock } from "../support/hand-clock.ts";
import type { HeardEvent } from "../support/line-client.ts";
import { numbers } from "../support/memory-transport.ts";
import { until } from "../support/until.ts";
import {
  startWebSocketServer,
  type WebSocketServer,
  type WebSocketServerOptions,
} from "../support/websocket-server.ts";

/** Somebody who came in and was greeted. */
export type Person = EventClient & {
  readonly name: string;
  readonly session: string;
  readonly socket: { pause(): unknown; resume(): unknown; write(bytes: Uint8Array): boolean };
};

/** A door under test. */
export interface DoorUnderTest {
  /** Comes in; the greeting is taken. */
  arrive(server: WebSocketServer): Promise<Person>;
  /** The bytes of some commands, as they go over the wire. */
  encode(texts: readonly string[]): Buffer;
  /** The code with which the connection was closed; `undefined` where the door has none. */
  closeCode(person: Person): number | undefined;
  /** Whether the door closes with codes. */
  readonly hasCloseCodes: boolean;
}

/** Runs the contract against one door. */
export function gatewayContract(name: string, door: DoorUnderTest): void {
  describe(`gateway: ${name}`, () => {
    const closings: (() => unknown)[] = [];

    afterEach(async () => {
      for (const closing of closings.splice(0).reverse()) await closing();
    });

    async function start(options: WebSocketServerOptions = {}): Promise<WebSocketServer> {
      const server = await startWebSocketServer(options);
      closings.push(() => server.stop());
      return server;
    }

    async function arrive(server: WebSocketServer): Promise<Person> {
      const person = await door.arrive(server);
      closings.push(() => person.drop());
      return person;
    }

    /** Comes in and joins a room. */
    async function inRoom(server: WebSocketServer, room: string): Promise<Person> {
      const person = await arrive(server);
      await person.join(room);
      return person;
    }

    const sendAll = (person: Person, commands: readonly object[]): void => {
      person.socket.write(door.encode(commands.map((command) => JSON.stringify(command))));
    };

    async function closedWith(person: Person, code: ErrorName): Promise<readonly HeardEvent[]> {
      const rest = (await person.closed()).map((line) => JSON.parse(line) as HeardEvent);
      if (door.hasCloseCodes) expect(door.closeCode(person)).toBe(ERROR_CODES[code].closeCode);
      return rest;
    }

    it("WS-1 WIRE-3 WIRE-4 tells who is there, who comes and who goes", async () => {
      const server = await start();
      const first = await inRoom(server, "rust");
      const second = await arrive(server);
      second.send({ _ct: "join_room", r: "rust" });
      expect(await second.event()).toEqual({ _et: "user_joined_room", r: "rust", us: [first.name, second.name] });
      const joined = { _et: "room_participation", r: "rust", u: second.name, s: "joined" };
      expect(await second.event()).toEqual(joined);
      expect(await first.event()).toEqual(joined);
      second.send({ _ct: "leave_room", r: "rust" });
      expect(await second.event()).toEqual({ ...joined, s: "left" });
      expect(await first.event()).toEqual({ ...joined, s: "left" });
      first.send({ _ct: "send_message", r: "rust", c: "alone" });
      await first.heard({ c: "alone" });
      expect(await second.quiet()).toEqual([]);
    });

    it("WS-1 WIRE-5 WIRE-14 CMD-1 tells a message to all, and its sender the ack right before it", async () => {
      const server = await start();
      const sender = await inRoom(server, "rust");
      const listener = await inRoom(server, "rust");
      await sender.event();
      sender.send({ _ct: "send_message", r: "rust", c: 'héllo "q" \u{1f600}\u0000\r\n', k: "k1" });
      const ack = await sender.event();
      expect(ack).toEqual({ _et: "ack", k: "k1", i: expect.any(String), q: 1 });
      const message = await sender.event();
      expect(message).toMatchObject({
        _et: "user_message",
        u: sender.name,
        c: 'héllo "q" \u{1f600}\u0000\r\n',
        i: ack["i"],
        q: 1,
        k: "k1",
      });
      expect(await listener.event()).toEqual(message);
      sender.send({ _ct: "send_message", r: "rust", c: 'héllo "q" \u{1f600}\u0000\r\n', k: "k1" });
      expect(await sender.event()).toEqual(ack);
      sender.send({ _ct: "send_message", r: "rust", c: "", k: "k1" });
      expect(await sender.event()).toMatchObject({ _et: "error", code: "key_reused", k: "k1" });
      expect(await listener.quiet()).toEqual([]);
    });

    it("WS-1 WIRE-12 resumes after a seq or with the last ones, and goes on live", async () => {
      const server = await start();
      const writer = await inRoom(server, "rust");
      sendAll(
        writer,
        numbers(1, 300).map((number) => ({ _ct: "send_message", r: "rust", c: `${number}` })),
      );
      await writer.heard({ q: 300 });
      for (const [ask, from] of [
        [{ after: 100 }, 101],
        [{ last: 7 }, 294],
      ] as const) {
        const reader = await arrive(server);
        reader.send({ _ct: "join_room", r: "rust", ...ask });
        const told = await reader.eventsUntil({ _et: "caught_up" });
        expect(told.map((event) => event["q"] ?? event["_et"])).toEqual([
          "user_joined_room",
          "room_participation",
          ...numbers(from, 300),
          300,
        ]);
        await writer.heard({ s: "joined", u: reader.name });
      }
      writer.send({ _ct: "send_message", r: "rust", c: "live" });
      await writer.heard({ q: 301 });
    });

    it("WIRE-15 gives history in pages", async () => {
      const server = await start();
      const person = await inRoom(server, "rust");
      sendAll(
        person,
        numbers(1, 25).map((number) => ({ _ct: "send_message", r: "rust", c: `${number}` })),
      );
      await person.heard({ q: 25 });
      const page = async (ask: object) => {
        person.send({ _ct: "history", r: "rust", ...ask });
        const { ms, more } = await person.heard({ _et: "history" });
        return { seqs: (ms as readonly HeardEvent[]).map(({ q }) => q), more };
      };
      expect(await page({ limit: 10 })).toEqual({ seqs: numbers(16, 25), more: true });
      expect(await page({ before: 16, limit: 10 })).toEqual({ seqs: numbers(6, 15), more: true });
      expect(await page({ after: 20 })).toEqual({ seqs: numbers(21, 25), more: false });
    });

    it("WIRE-16 tells the others who is writing", async () => {
      const server = await start();
      const writer = await inRoom(server, "rust");
      const reader = await inRoom(server, "rust");
      await writer.event();
      writer.send({ _ct: "typing", r: "rust" });
      expect(await reader.event()).toEqual({ _et: "typing", r: "rust", u: writer.name });
      expect(await writer.quiet()).toEqual([]);
    });

    it("CMD-3 carries commands out one at a time and in order, however many come at once", async () => {
      const server = await start();
      const person = await arrive(server);
      const rooms = ["general", "rust"];
      sendAll(person, [
        ...rooms.map((room) => ({ _ct: "join_room", r: room })),
        ...numbers(1, 2000).map((number) => ({ _ct: "send_message", r: rooms[number % 2], c: "x", k: `${number}` })),
        { _ct: "history", r: "rust", limit: 1 },
        ...rooms.map((room) => ({ _ct: "leave_room", r: room })),
      ]);
      const told = [...(await person.eventsUntil({ r: "rust", s: "left" }))];
      const isAck = ({ _et }: HeardEvent): boolean => _et === "ack";
      // A page has what was acknowledged before it; commands after it did not wait for what is not durable yet.
      const page = told.findIndex(({ _et }) => _et === "history");
      const acknowledged = told.slice(0, page).filter((event) => isAck(event) && Number(event["k"]) % 2 === 1).length;
      expect((told[page]?.["ms"] as readonly HeardEvent[] | undefined)?.at(-1)?.["q"]).toBeGreaterThanOrEqual(
        acknowledged,
      );
      expect(told.filter(({ s }) => s === "left").map(({ r }) => r)).toEqual(rooms);
      while (told.filter(isAck).length < 2000) told.push(await person.event());
      const keys = told.filter(isAck).map(({ k }) => Number(k));
      for (const odd of [0, 1]) {
        expect(keys.filter((key) => key % 2 === odd)).toEqual(numbers(1, 2000).filter((key) => key % 2 === odd));
      }
    });

    it("FAN-1 tells everybody the same, in one order", async () => {
      const server = await start();
      const people = [await inRoom(server, "rust"), await inRoom(server, "rust"), await inRoom(server, "rust")];
      for (const [index, person] of people.entries()) {
        sendAll(
          person,
          numbers(1, 200).map((number) => ({ _ct: "send_message", r: "rust", c: `${index} ${number}` })),
        );
      }
      const stories = await Promise.all(
        people.map(async (person) =>
          (await person.eventsUntil({ q: 600 })).filter(({ _et }) => _et === "user_message"),
        ),
      );
      expect(stories[0]?.map(({ q }) => q)).toEqual(numbers(1, 600));
      expect(stories[1]).toEqual(stories[0]);
      expect(stories[2]).toEqual(stories[0]);
    });

    /** Lets a writer say more until a reader who takes nothing is behind. Gives how many messages were said. */
    function outrun(server: WebSocketServer, writer: Person, reader: Person): Promise<number> {
      const command = { _ct: "send_message", r: "rust", c: "x".repeat(8000) };
      return sayUntilBehind(server, reader.name, (count, said) => {
        sendAll(writer, Array<object>(count).fill(command));
        return writer.heard({ q: said });
      });
    }

    it("FAN-1 FAN-2 FAN-3 lets a reader fall behind who does not read, keeps its answers, and completes", async () => {
      const server = await start();
      const reader = await inRoom(server, "rust");
      const writer = await inRoom(server, "rust");
      reader.socket.pause();
      const count = await outrun(server, writer, reader);
      expect(Math.max(...Array.from(server.core.sessions.all(), ({ outbox }) => outbox.bytes))).toBeLessThan(
        256 * 1024,
      );
      // What it asks meanwhile waits, and is answered in its turn.
      reader.send({ _ct: "nothing of the kind" });
      reader.socket.resume();
      const told = [...(await reader.eventsUntil({ q: count }, 15_000))];
      expect(told.filter(({ _et }) => _et === "user_message").map(({ q }) => q)).toEqual(numbers(1, count));
      await reader.quiet().then((events) => told.push(...events));
      expect(told.filter(({ code }) => code === "unknown_command").length).toBe(1);
      writer.send({ _ct: "send_message", r: "rust", c: "live again" });
      told.push(...(await reader.eventsUntil({ c: "live again" })));
      expect(told.at(-1)).toMatchObject({ q: count + 1 });
      // Who came and went meanwhile was not told one by one: who is there is told once more.
      expect(told.filter(({ _et }) => _et === "user_joined_room").at(-1)?.["us"]).toEqual([writer.name, reader.name]);
    });

    it("FAN-2 closes a reader who takes nothing for 30 s, and others hear it leave", async () => {
      const clock = new HandClock();
      const server = await start({ clock });
      const reader = await inRoom(server, "rust");
      const writer = await inRoom(server, "rust");
      reader.socket.pause();
      await outrun(server, writer, reader);
      await clock.advance(29_000);
      expect(await writer.quiet()).toEqual([]);
      await clock.advance(2_000);
      await writer.heard({ _et: "room_participation", u: reader.name, s: "left" });
      // It has a moment to hear why, then the connection is closed by force.
      await clock.advance(2_000);
      reader.socket.resume();
      await reader.closed();
      expect(await server.telemetry.render()).toMatch(/^verbatim_sessions_closed_total\{.*reason="slow"\} 1$/m);
    });

    it("LOG-5 stops reading a sender who floods, until what it posted is durable", async () => {
      const clock = new HandClock();
      let delayMs = 1000;
      const server = await start({ clock, fate: () => ({ ...ALWAYS_DURABLE(), delayMs }) });
      const sender = await inRoom(server, "rust");
      const text = "x".repeat(4000);
      sendAll(
        sender,
        numbers(1, 2000).map((number) => ({ _ct: "send_message", r: "rust", c: text, k: `${number}` })),
      );
      const carriedOut = async (): Promise<number> =>
        Number(/^verbatim_commands_total\{command="send_message"\} (\d+)$/m.exec(await server.telemetry.render())?.[1]);
      await until(
        5000,
        () => "the server to carry out what it may",
        async () => ((await carriedOut()) > 50 ? true : undefined),
      );
      for (let round = 0; round < 5; round++) await (await arrive(server)).quiet();
      // Of 8 MB: 256 KiB, and the one chunk that goes over the line.
      expect(await carriedOut()).toBeLessThan((512 * 1024) / text.length);
      delayMs = 0;
      await clock.advance(1000);
      const acks = (await sender.eventsUntil({ q: 2000, k: "2000", _et: "user_message" }, 15_000)).filter(
        ({ _et }) => _et === "ack",
      );
      expect(acks.map(({ q }) => q)).toEqual(numbers(1, 2000));
    });

    it("WIRE-6 quits, and others hear it leave", async () => {
      const server = await start();
      const other = await inRoom(server, "rust");
      const person = await inRoom(server, "rust");
      await other.event();
      sendAll(person, [{ _ct: "quit" }, { _ct: "send_message", r: "rust", c: "after quit" }]);
      expect(await person.closed()).toEqual([]);
      if (door.hasCloseCodes) expect(door.closeCode(person)).toBe(1000);
      expect(await other.event()).toMatchObject({ s: "left", u: person.name });
      expect(await other.quiet()).toEqual([]);
    });

    it("WIRE-4 tells others of a connection that drops", async () => {
      const server = await start();
      const other = await inRoom(server, "rust");
      const person = await inRoom(server, "rust");
      await other.event();
      person.drop();
      expect(await other.event()).toMatchObject({ s: "left", u: person.name });
    });

    it("FAN-4 counts a user once, however many connections they have", async () => {
      const server = await start();
      const other = await inRoom(server, "rust");
      const first = await inRoom(server, "rust");
      await other.event();
      const second = await arrive(server);
      second.send({ _ct: "hello", v: 1, s: first.session });
      expect(await second.event()).toMatchObject({ _et: "login_successful", u: first.name });
      expect(await second.join("rust")).toEqual([other.name, first.name]);
      second.drop();
      expect(await other.quiet()).toEqual([]);
      first.drop();
      expect(await other.event()).toMatchObject({ s: "left", u: first.name });
    });

    const { messageBytesMax } = DEFAULT_LIMITS;
    const mistakes: readonly (readonly [string, string, ErrorName])[] = [
      ["no JSON", "not json", "bad_json"],
      ["nothing", "", "bad_json"],
      ["no object", "[]", "bad_json"],
      ["no command", "{}", "bad_field"],
      ["an unknown command", '{"_ct":"dance"}', "unknown_command"],
      ["a field that is missing", '{"_ct":"join_room"}', "bad_field"],
      ["a field of another type", '{"_ct":"send_message","r":"rust","c":1}', "bad_field"],
      ["an unknown room", '{"_ct":"join_room","r":"nowhere"}', "unknown_room"],
      ["a room twice", '{"_ct":"join_room","r":"rust"}', "already_joined"],
      ["a room that it did not join", '{"_ct":"send_message","r":"general","c":"x"}', "not_joined"],
      ["hello too late", '{"_ct":"hello","v":1}', "hello_too_late"],
      [
        "a text that is too long",
        JSON.stringify({ _ct: "send_message", r: "rust", c: "x".repeat(messageBytesMax + 1) }),
        "message_too_long",
      ],
    ];

    it.each(mistakes)("WIRE-7 CMD-3 names what was wrong and goes on: %s", async (_, text, code) => {
      const server = await start();
      const person = await inRoom(server, "rust");
      person.sendText(text);
      expect(await person.event()).toMatchObject({ _et: "error", code });
      person.send({ _ct: "send_message", r: "rust", c: "still here" });
      expect(await person.event()).toMatchObject({ c: "still here", q: 1 });
    });

    it("WIRE-8 closes after what is too long to be told apart from what follows", async () => {
      const server = await start();
      const other = await inRoom(server, "rust");
      const person = await inRoom(server, "rust");
      await other.event();
      sendAll(person, [
        { _ct: "send_message", r: "rust", c: "before" },
        { _ct: "x".repeat(128 * 1024) },
        { _ct: "send_message", r: "rust", c: "after" },
      ]);
      const rest = await closedWith(person, "line_too_long");
      expect(rest.at(-1)).toMatchObject({ _et: "error", code: "line_too_long" });
      // The message has to be durable first, so the two may come in any order.
      const heard = [await other.event(), await other.event()];
      expect(heard.map(({ c, s }) => c ?? s).toSorted()).toEqual(["before", "left"]);
      expect(await other.quiet()).toEqual([]);
    });

    it("STOP-1 tells everybody that the server stops, and closes them", async () => {
      const server = await start();
      const person = await inRoom(server, "rust");
      person.send({ _ct: "send_message", r: "rust", c: "the last one", k: "last" });
      await person.heard({ _et: "ack", k: "last" });
      const stopped = server.core.stop();
      const rest = await closedWith(person, "going_away");
      expect(rest.at(-1)).toMatchObject({ _et: "error", code: "going_away" });
      await stopped;
    });
  });
}
