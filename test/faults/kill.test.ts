/**
 * `kill -9` at any moment: what was acknowledged over any door is there, once, in one order, and whoever resumes hears
 * each message once. Real processes on one data folder. Needs `dist/`.
 */

import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectChat, readHistory } from "../support/chat-client.ts";
import { Dice, seed, sized } from "../support/faults-run.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { Crowd, doorsOf } from "../support/load-crowd.ts";
import { runVerbatim } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const KILLS = sized(12, 200);
/** The longest that a server lives, in milliseconds, from the moment that it listens, or that all have come. */
const LIFE_MS_MAX = 400;

let folder: FaultsFolder;

beforeEach(async () => {
  folder = await faultsFolder();
});

afterEach(async () => {
  await folder.remove();
});

describe(`kill -9, seed ${seed}`, () => {
  it(`LOG-1 LOG-2 PROJ-1 PROJ-3 PROJ-6 FAN-1 HTTP-3 HTTP-5 WS-2 keeps all that it acknowledged, ${KILLS} times under load`, {
    timeout: sized(240_000, 2_400_000),
  }, async ({ annotate }) => {
    const dice = new Dice(seed);
    let server = await folder.start();
    const crowd = await Crowd.gather(doorsOf(server), dice);
    let resumed = 0;
    for (let kill = 1; kill < KILLS; kill++) {
      const coming = crowd.come(doorsOf(server));
      // Every other kill hits a server to which all have come back, however slow the machine is.
      if (kill % 2 === 0) await coming;
      // Not a wait for anything: the moment of the kill is what chance chooses.
      await delay(dice.whole(0, LIFE_MS_MAX));
      await server.kill("SIGKILL");
      resumed += await coming;
      server = await folder.start();
    }
    // What was only in memory when all was answered goes with the last kill.
    expect(await crowd.come(doorsOf(server))).toBe(crowd.size);
    // On a slow machine the lives were too short for everything; the last one is as long as it takes.
    const whats = ["member", "removal", "marker", "chat"];
    await until(
      60_000,
      () => `the keeper to change something of everything; ${JSON.stringify([...crowd.keeper.changes])}`,
      () =>
        (whats.every((what) => (crowd.keeper.changes.get(what) ?? 0) > 2) &&
          crowd.rooms.every(({ acknowledged }) => acknowledged.size > KILLS)) ||
        undefined,
    );
    await crowd.settle();
    await server.kill("SIGKILL");
    server = await folder.start();
    expect(await crowd.come(doorsOf(server))).toBe(crowd.size);
    expect(await crowd.verdict(doorsOf(server))).toEqual([]);

    // The kills must hit servers at work, or nothing was proved.
    expect(resumed).toBeGreaterThan(KILLS * crowd.size * 0.3);
    const changes = Object.fromEntries(crowd.keeper.changes);
    const counts = crowd.rooms.map(({ acknowledged }) => acknowledged.size);
    await annotate(`messages ${counts.join(", ")}; came ${resumed}; ${JSON.stringify(changes)}`);
    expect(await server.kill("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 0 });
  });

  it("PROJ-2 WIRE-11 WIRE-14 makes one message of a key that its guest sends again after the kill", async () => {
    const dice = new Dice(seed + 1);
    const rounds = sized(3, 50);
    let session: string | undefined;
    const acks = new Map<string, { id: string | undefined; seq: number | undefined }>();
    let server = await folder.start();
    for (let round = 0; round < rounds; round++) {
      const before = await connectChat(server.tcpPort);
      session = (await before.hello(session)).session;
      await before.join("general");
      const acked = await before.say("general", `acknowledged ${round}`, `acked-${round}`);
      expect(acked._et).toBe("ack");
      acks.set(`acked-${round}`, { id: acked.i, seq: acked.q });
      before.send({ _ct: "send_message", r: "general", c: `in flight ${round}`, k: `flying-${round}` });
      await delay(dice.roll() * 6);
      await server.kill("SIGKILL");

      // The next round begins on this one.
      server = await folder.start();
      const after = await connectChat(server.tcpPort);
      expect((await after.hello(session)).session).toBe(session);
      await after.join("general");
      const again = await after.say("general", `acknowledged ${round}`, `acked-${round}`);
      expect({ id: again.i, seq: again.q }).toEqual(acks.get(`acked-${round}`));
      // Whether the first attempt reached the log is chance; either way there is one.
      expect((await after.say("general", `in flight ${round}`, `flying-${round}`))._et).toBe("ack");
      expect((await after.say("general", "something else", `acked-${round}`)).code).toBe("key_reused");
      after.drop();
    }
    const reader = await connectChat(server.tcpPort);
    const keys = (await readHistory(reader, "general")).map(({ key }) => key);
    const expected = Array.from({ length: rounds }, (_, round) => [`acked-${round}`, `flying-${round}`]).flat();
    expect(keys).toEqual(expected);
    reader.drop();
  });

  it("PROJ-3 WIRE-13 gives nothing back that retention removed", async () => {
    const first = await folder.start();
    const client = await connectChat(first.tcpPort);
    await client.hello(undefined);
    await client.join("general");
    for (let number = 1; number <= 50; number++) await client.say("general", `message ${number}`, `key ${number}`);
    // Retention counts what the store has.
    await until(
      10_000,
      () => "the store to have all",
      async () => {
        const metrics = await (await fetch(`http://127.0.0.1:${first.httpPort}/metrics`)).text();
        return /^consumer_messages_processed_total 50$/m.test(metrics) || undefined;
      },
    );
    await first.kill("SIGKILL");
    const args = ["--retain-messages", "10"];
    for (let life = 0; life < sized(2, 5); life++) {
      const server = await folder.start({ args });
      const reader = await connectChat(server.tcpPort);
      const seqs = (await readHistory(reader, "general")).map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: 10 }, (_, index) => 41 + index));
      const told = await reader.joinAfter("general", 5);
      expect(told.map(({ seq }) => seq)).toEqual(seqs);
      expect(reader.events.find(({ _et }) => _et === "reset")).toMatchObject({ oldest: 41 });
      await server.kill("SIGKILL");
    }
  });
});
