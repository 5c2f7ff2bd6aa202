/**
 * How soon a server is back on a large log: after a clean stop, after `kill -9`, and with its store lost. Real
 * processes. Needs `dist/`. The long run takes a log of 1 GB and asserts 2 s; the gate's is smaller and has a deadline.
 */
import { stat } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectChat } from "../support/chat-client.ts";
import { Dice, seed, sized } from "../support/faults-run.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { Chatter } from "../support/load-chatter.ts";
import { appendBehindStore, fillLog, startLoadCore } from "../support/load-core.ts";
import { LoadRoom, readBack } from "../support/load-room.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const ROOMS = ["general", "rust", "random", "help"];
/** Characters of each text; a record then takes about 220 bytes. */
const PADDING = 120;
const RECORDS = sized(700_000, 5_000_000);
/** Records after the last snapshot, which a start has to fold once more: just short of what makes the next one. */
const RECORDS_UNFOLDED = sized(60_000, 245_000);
const LOG_BYTES_MIN = sized(140, 1000) * MIB;
/** How long a start may take, in milliseconds. */
const START_WITHIN_MS = sized(30_000, 2_000);

/** The same where the store has to be given all that is folded. */
const START_BEHIND_WITHIN_MS = sized(60_000, 10_000);

let folder: FaultsFolder;

beforeAll(async () => {
  folder = await faultsFolder();
  const quiet = { messages: undefined, days: undefined };
  const options = { data: folder.data, rooms: ROOMS, segmentBytesMax: 64 * MIB, logKeepBytes: 0, retention: quiet };
  const core = await startLoadCore(options);
  await fillLog(core.log, ROOMS, 0, RECORDS, PADDING);
  await core.stop();
}, 600_000);

afterAll(async () => {
  await folder.remove();
});

/** Starts the server and says how long it took until it listened, in milliseconds. */
async function startTimed() {
  const begin = performance.now();
  const server = await folder.start({ withinMs: START_WITHIN_MS * 10 });
  return { server, ms: Math.round(performance.now() - begin) };
}

describe(`a log of ${Math.round(LOG_BYTES_MIN / MIB)} MiB`, () => {
  it("PROJ-3 starts quickly after a clean stop", async ({ annotate }) => {
    const bytes = await logBytes();
    expect(bytes).toBeGreaterThan(LOG_BYTES_MIN);
    const { server, ms } = await startTimed();
    await annotate(`clean: ${ms} ms, ${Math.round(bytes / MIB)} MiB, ${RECORDS} records`);
    expect((await server.kill("SIGTERM")).code).toBe(0);
    expect(ms).toBeLessThan(START_WITHIN_MS);
  });

  it("LOG-1 PROJ-3 starts quickly after kill -9 under load", async ({ annotate }) => {
    const dice = new Dice(seed);
    const room = new LoadRoom("introductions");
    const chatter = new Chatter("c", [room], { window: 64, padding: PADDING, dice });
    const { server: killed } = await startTimed();
    await chatter.come(killed.tcpPort);
    await until(
      10_000,
      () => "some load",
      () => room.acknowledged.size > 2000 || undefined,
    );
    await killed.kill("SIGKILL");
    const { server, ms } = await startTimed();
    await annotate(`after kill -9: ${ms} ms`);
    chatter.quieten();
    expect(await chatter.come(server.tcpPort)).toBe(true);
    await until(
      10_000,
      () => `${chatter.pending} pending`,
      () => chatter.pending === 0 || undefined,
    );
    const reader = await connectChat(server.tcpPort);
    expect((await readBack(room, reader)).wrong).toEqual([]);
    expect(chatter.faults).toEqual([]);
    reader.drop();
    await server.kill("SIGKILL");
    expect(ms).toBeLessThan(START_WITHIN_MS);
  });

  it("PROJ-3 starts quickly with all the folding to do that there can be", async ({ annotate }) => {
    await appendBehindStore(folder.data, ROOMS, RECORDS_UNFOLDED, PADDING);
    const { server: first, ms: msBehind } = await startTimed();
    await annotate(`${RECORDS_UNFOLDED} records that the store lacks: ${msBehind} ms`);
    await until(
      30_000,
      () => "the store to have all",
      async () => {
        const metrics = await (await fetch(`http://127.0.0.1:${first.httpPort}/metrics`)).text();
        return /^consumer_lag 0$/m.test(metrics) || undefined;
      },
    );
    // No snapshot is written, so the next start folds them all again.
    await first.kill("SIGKILL");
    const { server, ms } = await startTimed();
    await annotate(`${RECORDS_UNFOLDED} records after the last snapshot: ${ms} ms`);
    const reader = await connectChat(server.tcpPort);
    const newest = await Promise.all(ROOMS.map((room) => reader.history(room, { before: Number.MAX_SAFE_INTEGER })));
    const sum = newest.reduce((total, page) => total + (page.ms?.at(-1)?.q ?? 0), 0);
    expect(sum).toBe(RECORDS + RECORDS_UNFOLDED);
    reader.drop();
    expect((await server.kill("SIGTERM")).code).toBe(0);
    expect(ms).toBeLessThan(START_WITHIN_MS);
    // A store that lags so far was failing for long; that start may take its time.
    expect(msBehind).toBeLessThan(START_BEHIND_WITHIN_MS);
  });
});

async function logBytes(): Promise<number> {
  const sizes = await Promise.all((await folder.segments()).map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
