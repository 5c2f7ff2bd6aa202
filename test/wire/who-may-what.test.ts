/**
 * Who may do what, as one table: every command, in a room that there is not, in one that is not followed and in one
 * that is, by a guest who said `hello` and by one who did not. A refusal changes nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CommandName } from "../../src/protocol/commands.ts";
import { type MemoryServer, startMemoryServer } from "../support/memory-server.ts";
import { type GreetedClient, WireClient } from "../support/wire-client.ts";

/** Where somebody stands to a room. */
const PLACES = ["unknown", "not joined", "joined"] as const;
type Place = (typeof PLACES)[number];

/** The command and, for each place, the event or error that answers it; `nothing` where it has none. */
interface Cell {
  readonly more: Readonly<Record<string, unknown>>;
  readonly answers: Readonly<Record<Place, string>>;
}

const TABLE: Readonly<Record<Exclude<CommandName, "quit">, Cell>> = {
  hello: {
    more: { v: 1 },
    answers: { unknown: "login_successful", "not joined": "login_successful", joined: "hello_too_late" },
  },
  join_room: {
    more: {},
    answers: { unknown: "unknown_room", "not joined": "user_joined_room", joined: "already_joined" },
  },
  leave_room: {
    more: {},
    answers: { unknown: "unknown_room", "not joined": "not_joined", joined: "room_participation" },
  },
  send_message: {
    more: { c: "x" },
    answers: { unknown: "unknown_room", "not joined": "not_joined", joined: "user_message" },
  },
  history: { more: {}, answers: { unknown: "unknown_room", "not joined": "history", joined: "history" } },
  typing: { more: {}, answers: { unknown: "unknown_room", "not joined": "not_joined", joined: "nothing" } },
};

const CELLS = Object.entries(TABLE).flatMap(([command, { more, answers }]) =>
  PLACES.flatMap((place) => [false, true].map((hello) => ({ command, more, place, hello, answer: answers[place] }))),
);

describe("who may do what", () => {
  let server: MemoryServer;
  let watcher: GreetedClient;

  beforeAll(async () => {
    server = await startMemoryServer();
    watcher = await WireClient.arrive(server.port);
    watcher.send({ _ct: "hello", v: 1 });
    await watcher.event();
    await watcher.join("rust");
  });

  afterAll(async () => {
    watcher.drop();
    await server.stop();
  });

  it.each(CELLS)(
    "CMD-4 $command, $place, hello said: $hello: $answer",
    async ({ command, more, place, hello, answer }) => {
      const guest = await WireClient.arrive(server.port);
      if (hello) {
        guest.send({ _ct: "hello", v: 1 });
        await guest.event();
      }
      if (place === "joined") await guest.join("rust");
      await watcher.quiet();
      const room = place === "unknown" ? "no such room" : "rust";
      guest.send({ _ct: command, r: room, ...more });
      const events = answer === "nothing" ? [] : [await guest.event()];
      events.push(...(await guest.quiet()));
      expect(events[0]?.["code"] ?? events[0]?.["_et"] ?? "nothing").toBe(answer);
      const heard = (await watcher.quiet()).map(({ _et }) => _et);
      if (events[0]?.["code"] !== undefined || command === "history" || command === "hello") expect(heard).toEqual([]);
      else expect(heard).toEqual([events.at(-1)?.["_et"] ?? "typing"]);
      if (place === "unknown" && events[0]?.["code"] !== undefined) expect(events[0]["r"]).toBe(room);
      guest.drop();
      if (command === "join_room" && place === "not joined") await watcher.heard({ s: "left", u: guest.name });
      if (place === "joined" && command !== "leave_room") await watcher.heard({ s: "left", u: guest.name });
    },
  );

  it("CMD-4 quit is for everybody, wherever they stand", async () => {
    for (const place of PLACES) {
      const guest = await WireClient.arrive(server.port);
      if (place === "joined") await guest.join("rust");
      guest.send({ _ct: "quit" });
      expect(await guest.closed()).toEqual([]);
    }
  });
});
