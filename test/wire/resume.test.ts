/**
 * Coming back: what one missed, page by page and without a seam to what happens live; the history in both directions;
 * and rooms that come and go with the rooms file.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { publicRoomId } from "../../src/server/uuid.ts";
import { tempFolder } from "../support/clean-checkout.ts";
import type { HeardEvent } from "../support/line-client.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { messages } from "../support/log-records.ts";
import { startMemoryServer } from "../support/memory-server.ts";
import { until } from "../support/until.ts";
import { type GreetedClient, WireClient } from "../support/wire-client.ts";

const closings: (() => unknown)[] = [];

afterEach(async () => {
  for (const closing of closings.splice(0).reverse()) await closing();
});

async function arrive(port: number): Promise<GreetedClient> {
  const person = await WireClient.arrive(port);
  closings.push(() => person.drop());
  return person;
}

const RUST = publicRoomId("rust");
const seqs = (events: readonly HeardEvent[]): unknown[] => events.map(({ q }) => q);
const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Whether what was missed is still in memory, in the store alone, or in both. */
const PLACES = [
  ["memory", 64 * 1024 * 1024],
  ["the store", 1],
  ["both", 100_000],
] as const;

describe("join_room with after", () => {
  it.each(PLACES)(
    "WIRE-12 FAN-1 tells all that was missed, out of %s, and has no seam to what is live",
    async (_, bytes) => {
      const server = await startMemoryServer({ limits: { recentBytesMax: bytes } });
      closings.push(() => server.stop());
      for (const from of [0, 1000, 2000]) await server.log.append(0, messages(from, from + 1000, { room: RUST }));
      const talker = await arrive(server.port);
      await talker.join("rust");
      let said = 0;
      const say = (): void => {
        said += 1;
        talker.send({ _ct: "send_message", r: "rust", c: `live ${said}` });
      };
      const returners = await Promise.all(
        [1, 1500, 2999, 3000].map(async (after) => ({ after, who: await arrive(server.port) })),
      );
      for (const { after, who } of returners) {
        who.send({ _ct: "join_room", r: "rust", after });
        // While they catch up, others go on talking.
        for (let number = 0; number < 25; number++) say();
      }
      for (const { after, who } of returners) {
        const events = [...(await who.eventsUntil({ _et: "caught_up" }))];
        if (!events.some(({ c }) => c === "live 100")) events.push(...(await who.eventsUntil({ c: "live 100" })));
        const names = events.map(({ _et }) => _et);
        expect(names.slice(0, 2)).toEqual(["user_joined_room", "room_participation"]);
        const told = events.filter(({ _et }) => _et === "user_message");
        expect(seqs(told)).toEqual(upTo(3100, after + 1));
        const caughtUp = events.filter(({ _et }) => _et === "caught_up");
        expect(caughtUp.length).toBe(1);
        // It stands right after the message that it names.
        const at = events.indexOf(caughtUp[0] as HeardEvent);
        const before = events.slice(0, at).findLast(({ _et }) => _et === "user_message");
        expect(caughtUp[0]?.["q"]).toBe(before?.["q"] ?? after);
      }
    },
  );

  it("WIRE-12 without it, or without last, nothing old is told", async () => {
    const server = await startMemoryServer();
    closings.push(() => server.stop());
    await server.log.append(0, messages(0, 10, { room: RUST }));
    const person = await arrive(server.port);
    await person.join("rust");
    expect(await person.quiet()).toEqual([]);
    person.send({ _ct: "send_message", r: "rust", c: "new" });
    expect(await person.event()).toMatchObject({ q: 11 });
  });

  it("WIRE-12 of several rooms at once brings each of them up", async () => {
    const server = await startMemoryServer({ limits: { recentBytesMax: 1 } });
    closings.push(() => server.stop());
    await server.log.append(0, messages(0, 300, { room: RUST }));
    await server.log.append(0, messages(0, 200, { room: publicRoomId("general") }));
    const person = await arrive(server.port);
    person.write('{"_ct":"join_room","r":"rust","after":0}\n{"_ct":"join_room","r":"general","last":150}\n');
    const events = [
      ...(await person.eventsUntil({ _et: "caught_up" })),
      ...(await person.eventsUntil({ _et: "caught_up" })),
    ];
    const of = (room: string) => seqs(events.filter(({ _et, r }) => _et === "user_message" && r === room));
    expect(of("rust")).toEqual(upTo(300));
    expect(of("general")).toEqual(upTo(200, 51));
  });
});

describe("history", () => {
  it.each(PLACES)("WIRE-15 CMD-2 leads through all there is in both directions, out of %s", async (_, bytes) => {
    const server = await startMemoryServer({ limits: { recentBytesMax: bytes, pageBytesMax: 20_000 } });
    closings.push(() => server.stop());
    for (const from of [0, 500]) await server.log.append(0, messages(from, from + 500, { room: RUST }));
    const person = await arrive(server.port);
    for (const limit of [1000, 37]) {
      const forward: unknown[] = [];
      for (let more = true; more; ) {
        person.send({ _ct: "history", r: "rust", after: forward.length, limit });
        const answer = await person.event();
        forward.push(...seqs(answer["ms"] as HeardEvent[]));
        more = answer["more"] === true;
      }
      expect(forward).toEqual(upTo(1000));
      let backward: unknown[] = [];
      for (let more = true; more; ) {
        person.send({ _ct: "history", r: "rust", before: backward[0] ?? 1001, limit });
        const answer = await person.event();
        backward = [...seqs(answer["ms"] as HeardEvent[]), ...backward];
        more = answer["more"] === true;
      }
      expect(backward).toEqual(upTo(1000));
    }
  });

  it("WIRE-15 CMD-2 has what was acknowledged, at once, and tells it as it was told live", async () => {
    const folder = tempFolder("history");
    closings.push(() => folder.remove());
    const server = await startLocalServer({ folder: folder.path, limits: { recentBytesMax: 1 } });
    closings.push(() => server.stop());
    const person = await arrive(server.port);
    await person.join("rust");
    const ask = (): void => person.send({ _ct: "history", r: "rust", limit: 1 });
    for (let number = 1; number <= 5; number++) {
      person.send({ _ct: "send_message", r: "rust", c: `número ${number}`, k: String(number) });
      await person.heard({ _et: "ack", q: number });
      ask();
      const live = await person.event();
      const answer = await until(
        5000,
        () => "history",
        async () => {
          const event = await person.event();
          if (event["code"] !== "unavailable") return event;
          // The disk, or all of the machine, stood still for longer than a read waits.
          ask();
          return undefined;
        },
      );
      expect(answer).toEqual({ _et: "history", r: "rust", ms: [live], more: number > 1 });
    }
  });
});

describe("the rooms file", () => {
  it("WIRE-19 opens and closes rooms; a closed room keeps its log, and descriptions come from the file", async () => {
    const folder = tempFolder("rooms");
    closings.push(() => folder.remove());
    const file = join(folder.path, "rooms.json");
    let server: LocalServer | undefined;
    closings.push(() => server?.stop());
    const openWith = async (rooms: readonly { readonly name: string; readonly description: string }[]) => {
      await server?.stop();
      writeFileSync(file, JSON.stringify(rooms));
      server = await startLocalServer({ folder: folder.path, rooms: file });
      const person = await WireClient.connect(server.port);
      closings.push(() => person.drop());
      const greeting = await person.event();
      expect(greeting["rs"]).toEqual(rooms.map(({ name, description }) => ({ n: name, d: description })));
      return person;
    };
    const first = await openWith([
      { name: "tea", description: "leaves" },
      { name: "coffee", description: "beans" },
    ]);
    await first.join("tea");
    for (const text of ["one", "two"]) {
      first.send({ _ct: "send_message", r: "tea", c: text });
      await first.heard({ _et: "user_message", c: text });
    }
    const second = await openWith([{ name: "coffee", description: "ground" }]);
    for (const command of ["join_room", "leave_room", "history", "typing"]) {
      second.send({ _ct: command, r: "tea" });
      expect(await second.event()).toMatchObject({ code: "unknown_room", r: "tea" });
    }
    second.send({ _ct: "send_message", r: "tea", c: "knock" });
    expect(await second.event()).toMatchObject({ code: "unknown_room", r: "tea" });
    const third = await openWith([
      { name: "coffee", description: "ground" },
      { name: "tea", description: "cups" },
    ]);
    await third.join("tea", { after: 0 });
    const old = await third.eventsUntil({ _et: "caught_up" });
    expect(old.map(({ c, q }) => [c, q])).toEqual([
      ["one", 1],
      ["two", 2],
      [undefined, 2],
    ]);
    third.send({ _ct: "send_message", r: "tea", c: "three" });
    expect(await third.event()).toMatchObject({ c: "three", q: 3 });
  });
});
