/**
 * Being stopped, at any moment: nothing that was acknowledged is lost, everybody is told, and the exit code is right.
 * Needs `dist/`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectChat } from "../support/chat-client.ts";
import { Dice, seed, sized } from "../support/faults-run.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { ask } from "../support/http-client.ts";
import { Chatter } from "../support/load-chatter.ts";
import { Crowd, doorsOf } from "../support/load-crowd.ts";
import { WebSocketLink } from "../support/load-link.ts";
import { LoadRoom } from "../support/load-room.ts";
import { runVerbatim, type SpawnedServer, spawnVerbatim } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const ROUNDS = sized(2, 40);
const START_ROUNDS = sized(4, 80);
/** The longest stop, in milliseconds: the server's own 9 s and its end, and more where the machine does much besides. */
const STOP_WITHIN_MS = sized(20_000, 10_000);
/** What is logged where something had to be left to itself. */
const LEFT = /did not close in time/;

let folder: FaultsFolder;

beforeEach(async () => {
  folder = await faultsFolder();
});

afterEach(async () => {
  await folder.remove();
});

describe(`SIGTERM, seed ${seed}`, () => {
  it(`STOP-1 LOG-1 FAN-1 loses nothing under load, over any door, ${ROUNDS} times`, async ({ annotate }) => {
    const dice = new Dice(seed);
    let server = await folder.start();
    const crowd = await Crowd.gather(doorsOf(server), dice);
    let answeredLate = 0;
    for (let round = 0; round < ROUNDS; round++) {
      expect(await crowd.come(doorsOf(server))).toBe(crowd.size);
      const before = crowd.rooms.map((room) => room.acknowledged.size);
      await until(
        10_000,
        () => "some load",
        () => crowd.rooms.every((room, index) => room.acknowledged.size > (before[index] ?? 0) + 100) || undefined,
      );
      await delay(dice.whole(0, 50));
      const asked = performance.now();
      // What was asked by then has reached the server: it has had the time of a whole question and its answer.
      expect((await ask(doorsOf(server).httpPort, "/healthz")).status).toBe(200);
      for (const { refusals } of crowd.speakers) refusals.length = 0;
      const begin = performance.now();
      const asking = crowd.posters.reduce((sum, { pending }) => sum + pending, 0);
      expect(await server.kill("SIGTERM")).toEqual({ code: 0, signal: null });
      expect(performance.now() - begin).toBeLessThan(STOP_WITHIN_MS);
      await crowd.gone();
      for (const { label, refusals } of crowd.speakers) {
        expect(new Set(refusals), label).toEqual(new Set(["going_away"]));
      }
      for (const { label, link } of [...crowd.chatters, ...crowd.feeds]) {
        if (link instanceof WebSocketLink) expect(link.closeCode, label).toBe(1001);
      }
      for (const { lastEnd, label } of crowd.followers) expect(lastEnd, label).toBe("ended");
      // What was asked before the signal is answered; a connection may be lost with what came too late to be read.
      for (const { unanswered } of crowd.posters) {
        expect(unanswered.splice(0).filter((askedAt) => askedAt < asked)).toEqual([]);
      }
      answeredLate += asking;
      expect(server.stderr()).toBe("");
      expect(server.logLines().map(({ msg }) => msg)).toContain("stopped");
      expect(server.stdout()).not.toMatch(LEFT);
      server = await folder.start();
    }
    // The signals must have come while posts were on their way.
    expect(answeredLate).toBeGreaterThan(ROUNDS);
    await annotate(`${answeredLate} posts were on their way`);
    expect(await crowd.come(doorsOf(server))).toBe(crowd.size);
    await crowd.settle();
    expect(await crowd.verdict(doorsOf(server))).toEqual([]);
  });

  it(`STOP-1 ends a start as well, ${START_ROUNDS} times, and the folder stays whole`, async () => {
    const dice = new Dice(seed + 1);
    for (let round = 0; round < START_ROUNDS; round++) {
      const run = spawnVerbatim(["serve", "--data", folder.data, "--tcp", "127.0.0.1:0", "--log-format", "json"]);
      await delay(dice.whole(20, 900));
      const wasListening = run.stdout().includes('"listening"');
      run.child.kill("SIGTERM");
      const late = AbortSignal.timeout(STOP_WITHIN_MS);
      const exit = await Promise.race([
        run.exited,
        new Promise<never>((_, reject) => late.addEventListener("abort", () => reject(new Error("it did not end")))),
      ]);
      // Before the program has come as far as to listen for signals, one ends it as it ends any program.
      const died = exit.signal === "SIGTERM" && !wasListening;
      if (!died) expect({ ...exit, stderr: run.stderr() }).toEqual({ code: 0, signal: null, stderr: "" });
    }
    const server = await folder.start();
    const client = await connectChat(server.tcpPort);
    await client.hello(undefined);
    await client.join("general");
    expect(await client.say("general", "all is well", "key")).toMatchObject({ _et: "ack", q: 1 });
    client.drop();
    await server.kill("SIGTERM");
    expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 0 });
  });
});

/** Whether somebody fell behind: more was said than the kernel took for them and their outbox holds. */
async function hasBehind({ httpPort }: SpawnedServer): Promise<boolean> {
  const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  return /^verbatim_sessions_behind_total [1-9]/m.test(metrics);
}

describe("ctrl-c", () => {
  it("STOP-1 waits for a reader who takes nothing, and with the second one does not", async () => {
    for (const impatient of [false, true]) {
      const server = await folder.start();
      const room = new LoadRoom("general");
      const dice = new Dice(seed);
      const chatter = new Chatter(`c${impatient}`, [room], { window: 32, padding: 8000, dice });
      expect(await chatter.come(server.tcpPort)).toBe(true);
      const deaf = await connectChat(server.tcpPort, () => undefined);
      deaf.send({ _ct: "join_room", r: "general", last: 0 });
      deaf.stopReading();
      // How much the kernel takes for a client that reads nothing differs by machine: some MiB, or tens of them.
      const enough = 16 * 1024 * 1024;
      const heardBefore = chatter.heard;
      await until(
        60_000,
        () => `enough to stand in the deaf one's way; ${chatter.heard - heardBefore} messages were said`,
        async () => ((chatter.heard - heardBefore) * 8000 > enough && (await hasBehind(server))) || undefined,
      );
      const begin = performance.now();
      const exit = server.kill("SIGINT");
      if (impatient) {
        await until(
          5_000,
          () => "the stop to begin",
          () => server.stdout().includes('"signal":"SIGINT"') || undefined,
        );
        void server.kill("SIGINT");
      }
      expect(await exit).toEqual({ code: impatient ? 130 : 0, signal: null });
      // Whoever is not impatient waits for the deaf one, for 5 s at most.
      if (!impatient) {
        expect(performance.now() - begin).toBeLessThan(STOP_WITHIN_MS);
        expect(server.stdout()).not.toMatch(LEFT);
      }
      deaf.drop();

      const after = await folder.start();
      chatter.quieten();
      expect(await chatter.come(after.tcpPort)).toBe(true);
      await until(
        10_000,
        () => `${chatter.pending} pending`,
        () => chatter.pending === 0 || undefined,
      );
      const kept = await connectChat(after.tcpPort);
      const stands = new Map((await kept.joinAfter("general", 0)).map(({ key, id }) => [key, id]));
      for (const [key, { id }] of room.acknowledged) expect(stands.get(key)).toBe(id);
      kept.drop();
      expect(await after.kill("SIGTERM")).toEqual({ code: 0, signal: null });
    }
  });
});
