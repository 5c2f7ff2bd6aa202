/**
 * Everybody is cut at once and comes back at once, over every door: after `kill -9`, and while somebody goes on posting.
 * Nobody misses anything or hears it twice. Real processes. Needs `dist/`.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Dice, seed, sized } from "../support/faults-run.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { HttpPerson } from "../support/http-people.ts";
import type { LoadDoors } from "../support/load-actor.ts";
import { Chatter } from "../support/load-chatter.ts";
import { doorsOf } from "../support/load-crowd.ts";
import { Follower } from "../support/load-follower.ts";
import { Poster } from "../support/load-poster.ts";
import { LoadRoom } from "../support/load-room.ts";
import { until } from "../support/until.ts";

const SESSIONS = sized(300, 5_000);
/** How soon all must be back and have heard all, in milliseconds. */
const BACK_WITHIN_MS = sized(45_000, 15_000);
/** Messages that are said before the cut, and between the cut and the end, at least. */
const MESSAGES = 20;
/** Those who arrive at first come so many at a time: that storm is not what is looked at. */
const AT_A_TIME = 250;

let folder: FaultsFolder;

beforeEach(async () => {
  folder = await faultsFolder();
});

afterEach(async () => {
  await folder.remove();
});

/** Those who listen: a third over TCP, a third over WebSocket, a third by server-sent events. */
class Listeners {
  readonly chatters: readonly Chatter[];
  readonly followers: readonly Follower[];
  readonly #room: LoadRoom;

  constructor(room: LoadRoom, dice: Dice) {
    this.#room = room;
    const third = Math.floor(SESSIONS / 3);
    const style = { window: 0, padding: 0, dice };
    this.chatters = Array.from({ length: 2 * third }, (_, index) => {
      const over = index % 2 === 0 ? ("tcp" as const) : ("websocket" as const);
      return new Chatter(`l${index}`, [room], { ...style, entrance: { type: "guest", over } });
    });
    this.followers = Array.from(
      { length: SESSIONS - 2 * third },
      (_, index) => new Follower(`s${index}`, room, undefined),
    );
  }

  /** All come, so many at a time; gives how many did. */
  async come(doors: LoadDoors, atATime: number): Promise<number> {
    const ways = [
      ...this.chatters.map((each) => () => each.come(each.comesOverHttp ? doors.httpPort : doors.tcpPort)),
      ...this.followers.map((each) => () => each.come(doors)),
    ];
    let came = 0;
    for (let at = 0; at < ways.length; at += atATime) {
      came += (await Promise.all(ways.slice(at, at + atATime).map((way) => way()))).filter(Boolean).length;
    }
    return came;
  }

  /** Resolves once all have heard the room up to a seq. */
  async heard(seq: number): Promise<void> {
    const behind = (): number =>
      [...this.chatters.map((each) => each.cursor(this.#room)), ...this.followers.map(({ cursor }) => cursor)].filter(
        (cursor) => cursor < seq,
      ).length;
    await until(
      60_000,
      () => `${behind()} to hear ${seq}`,
      () => behind() === 0 || undefined,
    );
  }

  drop(): void {
    for (const { link } of this.chatters) link.drop();
    for (const follower of this.followers) follower.drop();
  }
}

describe(`${SESSIONS} sessions, seed ${seed}`, () => {
  it("FAN-1 HTTP-5 WIRE-12 WS-1 cut at once, all come back at once, and hear everything once", {
    timeout: sized(120_000, 300_000),
  }, async ({ annotate }) => {
    let server = await folder.start();
    const room = new LoadRoom("general");
    const dice = new Dice(seed);
    const person = await HttpPerson.open(doorsOf(server).httpPort, "p");
    const listeners = new Listeners(room, dice);
    const poster = new Poster("p", [room], { userId: person.id, lines: 1, padding: 20, dice, pauseMs: 20 });
    expect(await listeners.come(doorsOf(server), AT_A_TIME)).toBe(SESSIONS);
    expect(await poster.come(doorsOf(server))).toBe(true);
    await until(
      30_000,
      () => "something to be said",
      () => room.acknowledged.size >= MESSAGES || undefined,
    );
    await server.kill("SIGKILL");
    server = await folder.start();

    const begin = performance.now();
    expect(await poster.come(doorsOf(server))).toBe(true);
    expect(await listeners.come(doorsOf(server), SESSIONS)).toBe(SESSIONS);
    const back = Math.round(performance.now() - begin);
    await listeners.heard(room.acknowledged.size);
    const caughtUp = Math.round(performance.now() - begin);
    const before = room.acknowledged.size;
    await until(
      30_000,
      () => "something more to be said",
      () => room.acknowledged.size >= before + MESSAGES || undefined,
    );
    poster.quieten();
    await until(
      10_000,
      () => "the last answer",
      () => poster.pending === 0 || undefined,
    );
    await listeners.heard(room.keys.size);
    await annotate(`back after ${back} ms, caught up after ${caughtUp} ms; ${room.keys.size} messages`);
    expect(room.findings()).toEqual([]);
    expect([...listeners.chatters, ...listeners.followers, poster].flatMap(({ faults }) => faults)).toEqual([]);
    expect(caughtUp).toBeLessThan(BACK_WITHIN_MS);
    listeners.drop();
    expect(await server.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  });
});
