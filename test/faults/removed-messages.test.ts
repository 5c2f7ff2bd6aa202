/**
 * Messages that are removed: once that is answered, the store has no text of theirs any more, and none comes back by a
 * kill, a lost store or a log that lost its end. Real processes. Needs `dist/`.
 */
import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { open as openDatabase } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { READ_WITHIN_MS } from "../../src/protocol/limits.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { HttpPerson } from "../support/http-people.ts";
import { runVerbatim, type SpawnedServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

/** Messages that are said; every fifth is removed. */
const MESSAGES = 20;
const textOf = (number: number): string => `text number ${number}.`;
const isRemoved = (number: number): boolean => number % 5 === 0;
const EXPECTED = Array.from({ length: MESSAGES }, (_, index) => (isRemoved(index + 1) ? "" : textOf(index + 1)));

let folder: FaultsFolder;

beforeEach(async () => {
  folder = await faultsFolder();
});

afterEach(async () => {
  await folder.remove();
});

const check = () => runVerbatim(["check", folder.data]);

const portOf = ({ httpPort }: SpawnedServer): number => {
  if (httpPort === undefined) throw new Error("there is no HTTP door");
  return httpPort;
};

/** Resolves once the store has all that is in the log. */
async function storeHasAll(server: SpawnedServer): Promise<void> {
  await until(
    30_000,
    () => "the store to have all",
    async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${portOf(server)}/metrics`)).text();
      return /^consumer_lag 0$/m.test(metrics) || undefined;
    },
  );
}

/** A chat in which all is said and some of it removed. */
async function sayAndRemove(server: SpawnedServer): Promise<{ readonly chat: string; readonly user: string }> {
  const alice = await HttpPerson.open(portOf(server), "alice");
  const chat = await alice.chat("team");
  const ids: string[] = [];
  for (let number = 1; number <= MESSAGES; number++) ids.push((await alice.post(chat, textOf(number))).message_id);
  for (const [index, id] of ids.entries()) {
    if (!isRemoved(index + 1)) continue;
    const begin = performance.now();
    expect((await alice.ask(`/chats/${chat}/messages/${id}`, { method: "DELETE" })).status).toBe(204);
    // An answer waits for the store for `READ_WITHIN_MS` at most: one that took long may have come before the store had it.
    if (performance.now() - begin > READ_WITHIN_MS / 2) await storeHasAll(server);
  }
  return { chat, user: alice.id };
}

/** What the chat says, the oldest first. */
async function contents(server: SpawnedServer, { chat, user }: { chat: string; user: string }): Promise<string[]> {
  const answer = await fetch(`http://127.0.0.1:${portOf(server)}/chats/${chat}/messages`, {
    headers: { cookie: `user_id=${user}` },
  });
  const messages = (await answer.json()) as { seq: number; content: string; removed?: true }[];
  messages.sort((a, b) => a.seq - b.seq);
  for (const { content, removed } of messages) expect(removed === true).toBe(content === "");
  return messages.map(({ content }) => content);
}

/** The numbers of the texts that stand anywhere in what the store's file refers to. */
async function storedTexts(): Promise<number[]> {
  const options = { readOnly: true, overlappingSync: false, encoding: "binary", keyEncoding: "binary" } as const;
  const database = openDatabase<Buffer, Buffer>({ path: join(folder.data, "store"), ...options });
  try {
    const values = [...database.getRange({})].map(({ value }) => value);
    const numbers = Array.from({ length: MESSAGES }, (_, index) => index + 1);
    return numbers.filter((number) => values.some((value) => value.includes(textOf(number))));
  } finally {
    await database.close();
  }
}

describe("messages that are removed", () => {
  it("PROJ-3 have no text in the store from the answer on, after kill -9 and in a store that is made anew", async () => {
    const first = await folder.start();
    const who = await sayAndRemove(first);
    await first.kill("SIGKILL");
    const kept = EXPECTED.flatMap((text, index) => (text === "" ? [] : [index + 1]));
    expect(await storedTexts()).toEqual(kept);
    expect(await check()).toMatchObject({ code: 0, stderr: "" });

    const second = await folder.start();
    expect(await contents(second, who)).toEqual(EXPECTED);
    await second.kill("SIGKILL");
    await rm(join(folder.data, "store"), { recursive: true });
    const third = await folder.start();
    expect(await contents(third, who)).toEqual(EXPECTED);
    expect((await third.kill("SIGTERM")).code).toBe(0);
    expect(await storedTexts()).toEqual(kept);
    expect(await check()).toMatchObject({ code: 0, stderr: "" });
  });

  it("LOG-6 PROJ-3 stay without a text where the log lost their removal, and repair says it once more", async () => {
    const first = await folder.start();
    const who = await sayAndRemove(first);
    expect((await first.kill("SIGTERM")).code).toBe(0);
    // The first removal is the first record after all that was said; from there on the log is lost.
    const [path = ""] = await folder.segments();
    const at = (await readFile(path)).indexOf('"seq":');
    expect(at).toBeGreaterThan(0);
    const file = await open(path, "r+");
    await file.write("SEQ", at + 1);
    await file.close();

    expect((await check()).code).toBe(1);
    const repaired = await runVerbatim(["repair", folder.data]);
    expect(repaired).toMatchObject({ code: 0, stderr: "" });
    const count = EXPECTED.filter((text) => text === "").length;
    expect(repaired.stdout).toContain(`${count} removals of messages that are kept were said once more`);
    expect(await check()).toMatchObject({ code: 0, stderr: "" });

    const second = await folder.start();
    expect(await contents(second, who)).toEqual(EXPECTED);
    await second.kill("SIGKILL");
    expect(await check()).toMatchObject({ code: 0, stderr: "" });
    await rm(join(folder.data, "store"), { recursive: true });
    const third = await folder.start();
    expect(await contents(third, who)).toEqual(EXPECTED);
  });
});
