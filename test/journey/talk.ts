/**
 * Two people who talk over TCP, each at a node of their own where there are two: each sees the other come, hears
 * everything in the same order as the other, comes back to the other's node and misses nothing. Needs `dist/`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ChatClient, type ChatEvent, connectChat } from "../support/chat-client.ts";
import type { JourneyPlace, JourneyServers } from "../support/journey-place.ts";
import { until } from "../support/until.ts";

const ROOM = "general";
const MESSAGES = 200;
const WITHIN_MS = 20_000;

/** Joins, and again where the node could not hear its log for a moment, as clients do that are told `unavailable`. */
async function joinOnceAble(client: ChatClient, after?: number): Promise<void> {
  const isAnswer = ({ _et, code }: ChatEvent): boolean => _et === "user_joined_room" || code === "unavailable";
  await until(
    WITHIN_MS,
    () => "the node to hear its log",
    async () => (await client.ask({ _ct: "join_room", r: ROOM, after }, isAnswer)).code === undefined || undefined,
  );
}

/** The journey. */
export function talk(place: JourneyPlace): void {
  let folder = "";
  let servers: JourneyServers;
  const clients: ChatClient[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "verbatim-talk-"));
    servers = await place.start(join(folder, "data"));
  }, place.timeoutMs(1));

  afterEach(async () => {
    for (const client of clients.splice(0)) client.drop();
    await servers.kill("SIGKILL");
    await place.remove();
    await rm(folder, { recursive: true, force: true });
  }, place.timeoutMs(1));

  async function arrive(port: number): Promise<ChatClient> {
    const client = await connectChat(port);
    clients.push(client);
    return client;
  }

  /** What a client was told in the room from the first of these messages on, as `seq text`. */
  const told = (client: ChatClient): string[] =>
    client.events.filter(({ _et, k }) => _et === "user_message" && k !== undefined).map(({ q, c }) => `${q} ${c}`);

  it("FAN-1 PROJ-1 two people hear the same in the same order, and see each other come and go", async () => {
    const one = await arrive(servers.one.tcpPort);
    const other = await arrive(servers.other.tcpPort);
    const { user: alice, session } = await one.hello(undefined);
    const { user: bob } = await other.hello(undefined);
    await joinOnceAble(one);
    await joinOnceAble(other);
    const cameOrWent = (status: string, user: string) => (event: { _et: string; u: string | undefined }) =>
      event._et === "room_participation" && event.u === user && (event as { s?: string }).s === status;
    await one.heard("Bob coming", cameOrWent("joined", bob), WITHIN_MS);

    const talkers = [
      ["a", one],
      ["b", other],
    ] as const;
    /** What a client was answered to its own messages. */
    const answers = ({ events }: ChatClient): readonly ChatEvent[] =>
      events.filter(({ _et, k }) => (_et === "ack" || _et === "error") && k !== undefined);
    // A node that stood still takes nothing for a moment: then they talk on, until all of so many were taken.
    let sent = 0;
    for (let refused = 1; refused > 0; ) {
      for (let number = sent; number < sent + MESSAGES; number += 1) {
        for (const [name, client] of talkers) {
          client.send({ _ct: "send_message", r: ROOM, c: `${name} ${number}`, k: `${name}-${number}` });
        }
      }
      const from = sent;
      sent += MESSAGES;
      refused = 0;
      for (const [, client] of talkers) {
        const isAnswered = (): true | undefined => answers(client).length >= sent || undefined;
        await until(WITHIN_MS, () => `${sent} answers; ${answers(client).length}`, isAnswered);
        const errors = answers(client)
          .slice(from)
          .filter(({ _et }) => _et === "error");
        expect(errors.filter(({ code }) => code !== "unavailable")).toEqual([]);
        refused += errors.length;
      }
    }
    const taken = (client: ChatClient): readonly ChatEvent[] => answers(client).filter(({ _et }) => _et === "ack");
    const total = taken(one).length + taken(other).length;
    const isWhole = (client: ChatClient) => () => told(client).length >= total || undefined;
    for (const client of [one, other]) await until(WITHIN_MS, () => `all; ${told(client).length}`, isWhole(client));
    expect(told(one)).toEqual(told(other));
    expect(told(one)).toHaveLength(total);
    const seqs = told(one).map((line) => Number(line.split(" ")[0]));
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
    for (const [name, client] of talkers) {
      const own = told(one).flatMap((line) => (line.includes(` ${name} `) ? [line.split(" ").slice(1).join(" ")] : []));
      const keys = new Set(taken(client).map(({ k }) => k));
      const numbers = Array.from({ length: sent }, (_, number) => number);
      expect(own).toEqual(numbers.flatMap((number) => (keys.has(`${name}-${number}`) ? [`${name} ${number}`] : [])));
    }

    one.drop();
    await other.heard("Alice going", cameOrWent("left", alice), WITHIN_MS);
    await until(
      WITHIN_MS,
      () => "what is said to be taken",
      async () => (await other.say(ROOM, "while you were away", "away"))._et === "ack" || undefined,
    );
    const back = await arrive(servers.other.tcpPort);
    expect((await back.hello(session)).user).toBe(alice);
    await joinOnceAble(back, seqs.at(-1) ?? 0);
    await back.heard("the end of what was missed", ({ _et }) => _et === "caught_up", WITHIN_MS);
    const missed = back.events.filter(({ _et }) => _et === "user_message");
    expect(missed.map(({ c, u }) => [c, u])).toEqual([["while you were away", bob]]);
  });
}
