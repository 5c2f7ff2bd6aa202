/**
 * Readers over every door that take nothing or next to nothing, under load: the server's memory stays bounded, the others notice
 * nothing, and the slow ones have everything in the end. Needs `dist/`.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Latencies } from "../../src/bench/latency.ts";
import { Dice, isLong, seed, sized } from "../support/faults-run.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { Chatter } from "../support/load-chatter.ts";
import { doorsOf } from "../support/load-crowd.ts";
import { Follower } from "../support/load-follower.ts";
import type { WebSocketLink } from "../support/load-link.ts";
import { MemoryWatch, ownBytes, sayPaced } from "../support/load-paced.ts";
import { LoadRoom } from "../support/load-room.ts";
import { Watcher } from "../support/load-watcher.ts";
import type { SpawnedServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

/** Messages a second at most, and no more than half of what the machine carries: or all hear late, whoever reads. */
const PER_SECOND_MAX = sized(4_000, 10_000);
/** Messages under which some read slowly, and those of the same load before, while everybody reads. */
const LOAD_MESSAGES = PER_SECOND_MAX * sized(4, 60);
const USUAL_MESSAGES = PER_SECOND_MAX;
/** How many are said at most until all who read slowly are behind: a kernel may hold 32 MB for whoever has read fast before. */
const MORE_MESSAGES_MAX = 60_000;
/** How many are said as fast as it goes, to see what the machine carries. */
const FAST_MESSAGES = 3_000;
const MIB = 1024 * 1024;
/** Text of a message, in characters: so that the load is far more than sockets hold for who does not read. */
const PADDING = 1_500;
/** Recent events in memory are few here, so that who comes late is fed from the store. */
const RECENT_BYTES_MAX = 8 * MIB;
/** How much more memory the server may take under this load: its limits, and as much again for the heap's own slack. */
const GROWTH_BYTES_MAX = 112 * MIB;
/** Who reads slowly or not at all: two over TCP, one over WebSocket, one by server-sent events. */
const SLOW_READERS = 4;
/** Counts how often a session fell behind. */
const BEHIND = "verbatim_sessions_behind_total";
/** How late the ninety-ninth of a hundred may hear a message, in milliseconds; on a machine that is busy, thrice what it was before. */
const P99_MS_MAX = 6000;

let folder: FaultsFolder;

beforeEach(async () => {
  folder = await faultsFolder();
});

afterEach(async () => {
  await folder.remove();
});

async function metric(server: SpawnedServer, line: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.httpPort}/metrics`)).text();
  return Number(
    text
      .split("\n")
      .find((each) => each.startsWith(`${line} `))
      ?.slice(line.length + 1) ?? 0,
  );
}

describe(`slow readers, seed ${seed}`, () => {
  it("FAN-2 FAN-1 some that stop reading and one at 1 KB/s: bounded, undisturbed, complete in the end", {
    timeout: 600_000,
  }, async ({ annotate }) => {
    const env = { VERBATIM_LIMITS_RECENT_BYTES_MAX: String(RECENT_BYTES_MAX) };
    const server = await folder.start({ env });
    const room = new LoadRoom("general");
    const person = (label: string, over: "tcp" | "websocket"): Chatter => {
      const entrance = { type: "guest", over } as const;
      return new Chatter(label, [room], { window: 0, padding: PADDING, dice: new Dice(seed), entrance });
    };
    const doors = doorsOf(server);
    const sender = person("sender", "tcp");
    const deaf = person("deaf", "tcp");
    const trickling = person("trickling", "tcp");
    const deafSocket = person("deafSocket", "websocket");
    const deafStream = new Follower("deafStream", room, undefined);
    const everybody = [sender, deaf, trickling, deafSocket];
    for (const chatter of everybody) {
      expect(await chatter.come(chatter.comesOverHttp ? doors.httpPort : doors.tcpPort)).toBe(true);
    }
    expect(await deafStream.come(doors)).toBe(true);
    const usual = new Latencies();
    const disturbed = new Latencies();
    let latencies = new Latencies();
    const onAge = (ms: number): void => latencies.record(Math.round(ms * 1000));
    const quick = Array.from({ length: 8 }, () => new Watcher(server.tcpPort, room.name, onAge));
    const heardBy = async (who: readonly Chatter[], seq: number): Promise<void> => {
      await until(
        60_000,
        () =>
          `all to hear ${seq}; they heard ${[...quick.map((each) => each.seq), ...who.map((each) => each.cursor(room))]}`,
        () => (quick.every((each) => each.seq === seq) && who.every((each) => each.cursor(room) === seq)) || undefined,
      );
    };
    // What the machine carries, and then what the load costs where everybody reads: that is the measure of whether slow
    // readers disturb.
    let carried = 0;
    // Programs that have just begun are slow: the second time counts.
    for (const upTo of [FAST_MESSAGES, 2 * FAST_MESSAGES]) {
      const from = performance.now();
      for (let number = 0; number < FAST_MESSAGES; number += 1) sender.say(room);
      await heardBy(everybody, upTo);
      carried = (FAST_MESSAGES * 1000) / (performance.now() - from);
    }
    const perSecond = Math.min(PER_SECOND_MAX, carried / 2);
    latencies = usual;
    const warm = 2 * FAST_MESSAGES + (await sayPaced([sender], room, perSecond, (1000 * USUAL_MESSAGES) / perSecond));
    await heardBy(everybody, warm);

    const before = ownBytes(server.pid);
    const watch = new MemoryWatch(server.pid);
    deaf.client.stopReading();
    (deafSocket.link as WebSocketLink).stopReading();
    deafStream.stopReading();
    const stoppedAt = performance.now();
    trickling.client.readSlowly(1024);
    latencies = disturbed;
    let sent = warm + (await sayPaced([sender], room, perSecond, (1000 * LOAD_MESSAGES) / perSecond));
    await heardBy([sender], sent);
    // How much the sockets hold is the kernel's business, and differs from one machine to the next.
    const loadMax = sent + MORE_MESSAGES_MAX;
    // The one over WebSocket answers no ping: where the load goes slowly it is given up before it can fall behind.
    const due = async (): Promise<number> =>
      SLOW_READERS - ((await metric(server, 'verbatim_sessions{door="websocket"}')) === 0 ? 1 : 0);
    while ((await metric(server, BEHIND)) < (await due()) && sent < loadMax) {
      sent += await sayPaced([sender], room, perSecond, (1000 * USUAL_MESSAGES) / perSecond);
      await heardBy([sender], sent);
    }
    watch.stop();
    expect(quick.map(({ outOfTurn }) => outOfTurn)).toEqual(quick.map(() => 0));
    const growth = watch.peakBytes - before;
    const [before99, p99] = [usual.summary().p99, disturbed.summary().p99];
    await annotate(
      `${Math.round(perSecond)}/s of ${Math.round(carried)}/s, ${sent} messages; p99 ${before99} ms, with slow readers ${p99} ms; ${Math.round(growth / MIB)} MiB more`,
    );
    expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
    expect(p99).toBeLessThan(Math.max(P99_MS_MAX, 3 * before99));
    expect(deaf.cursor(room)).toBeLessThan(sent);
    expect(trickling.cursor(room)).toBeLessThan(sent);
    expect(deafSocket.cursor(room)).toBeLessThan(sent);
    expect(deafStream.cursor).toBeLessThan(sent);
    expect(await metric(server, BEHIND)).toBeGreaterThanOrEqual(await due());

    // Who takes nothing for 30 s is let go of; nobody else is. A clock in the test's hands says the same in less time.
    for (const door of isLong ? ["tcp", "websocket", "sse"] : []) {
      const closed = `verbatim_sessions_closed_total{door="${door}",reason="slow"}`;
      await until(
        90_000,
        () => `the deaf one over ${door} to be closed`,
        async () => (await metric(server, closed)) >= 1 || undefined,
      );
      expect(performance.now() - stoppedAt).toBeGreaterThan(29_000);
    }
    const isOver = { deafStream: false };
    void deafStream.over.then(() => {
      isOver.deafStream = true;
    });
    const slow = [
      { who: deaf, readOn: () => deaf.client.readOn(), cursor: () => deaf.cursor(room) },
      { who: trickling, readOn: () => trickling.client.readOn(), cursor: () => trickling.cursor(room) },
      {
        who: deafSocket,
        readOn: () => (deafSocket.link as WebSocketLink).readOn(),
        cursor: () => deafSocket.cursor(room),
      },
      { who: deafStream, readOn: () => deafStream.readOn(), cursor: () => deafStream.cursor },
    ];
    for (const { who, readOn, cursor } of slow) {
      readOn();
      const hasEnded = (): boolean => (who instanceof Chatter ? who.link.hasEnded : isOver.deafStream);
      await until(
        120_000,
        () => `${who.label} to hear all or to be closed; it heard ${cursor()} of ${sent}`,
        () => hasEnded() || cursor() === sent || undefined,
      );
      if (hasEnded()) {
        const coming =
          who instanceof Chatter ? who.come(who.comesOverHttp ? doors.httpPort : doors.tcpPort) : who.come(doors);
        expect(await coming).toBe(true);
      }
      await until(
        120_000,
        () => `${who.label} to hear all; it heard ${cursor()} of ${sent}`,
        () => cursor() === sent || undefined,
      );
    }
    expect(quick.some(({ hasEnded }) => hasEnded)).toBe(false);
    for (const watcher of quick) watcher.drop();
    expect(room.findings()).toEqual([]);
    expect(room.acknowledged.size).toBe(sent);
    for (const { faults } of [...everybody, deafStream]) expect(faults).toEqual([]);
    expect(server.logLines().filter(({ level }) => level === "error")).toEqual([]);
  });
});
