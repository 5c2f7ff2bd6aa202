/**
 * Test support: a load on two nodes while a real Prometheus scrapes them, so that what the dashboards show can be held
 * against what was sent.
 */
import WebSocket from "ws";
import { ask } from "./http-client.ts";
import { type RunningPrometheus, startPrometheus } from "./prometheus.ts";
import { until } from "./until.ts";

/** A node under load. */
export interface LoadedNode {
  readonly httpPort: number;
  /** `HOST:PORT` of its metrics. */
  readonly ops: string;
}

/** What was done, and where to ask what was seen of it. */
export interface WatchedLoad {
  readonly prometheus: RunningPrometheus;
  /** Messages that were acknowledged, by node. */
  readonly posted: readonly number[];
  /** Records that are in the logs beside those: each chat's creation. */
  readonly otherRecords: number;
  /** Frames that listeners were sent. */
  readonly heard: number;
  /**
   * A moment before the first scrape, and one at which all was stored and scraped and every rate at rest, in seconds since
   * 1970. A node that stands still misses scrapes, and is gone for those who ask meanwhile: at `to` all were there.
   */
  readonly from: number;
  readonly to: number;
}

const SCRAPE_SECONDS = 1;

/** What a rate is taken over, in seconds; Grafana takes four scrapes at least. */
export const RATE_SECONDS = 5;
const LOAD_MS = 8_000;
/** What each posts at least, however long it takes. */
const POSTS_MIN = 25;
const POSTERS = 4;
const DRAIN_WITHIN_MS = 30_000;

/** Seconds since 1970, as Prometheus has them. */
const seconds = (): number => Date.now() / 1000;

/** One member of a chat who posts at a node, and one who listens there. */
interface Desk {
  readonly httpPort: number;
  readonly chat: string;
  readonly poster: string;
  readonly listener: WebSocket;
}

/**
 * Loads the nodes for some seconds and waits until everything is stored. `areOne` = they are a cluster: one chat is
 * posted to at both of them. The caller closes the Prometheus.
 */
export async function watchLoad(nodes: readonly LoadedNode[], areOne: boolean): Promise<WatchedLoad> {
  const from = seconds();
  const prometheus = await startPrometheus(
    nodes.map(({ ops }) => ops),
    SCRAPE_SECONDS,
  );
  const listeners: WebSocket[] = [];
  try {
    const desks = await openDesks(nodes, areOne);
    let heard = 0;
    for (const { listener } of desks) {
      listeners.push(listener);
      listener.on("message", () => {
        heard += 1;
      });
    }
    // A rate needs a scrape before the first message.
    await scrapedAgain(prometheus, 2);
    const posted = await Promise.all(desks.map(postForAWhile));
    const total = posted.reduce((sum, count) => sum + count, 0);
    const otherRecords = areOne ? 1 : nodes.length;
    const expectedFrames = areOne ? total * nodes.length : total;
    await until(
      DRAIN_WITHIN_MS,
      () => `all of ${total} to be stored, scraped and heard; heard ${heard} of ${expectedFrames}`,
      async () => {
        const [processed = 0] = (await prometheus.now("sum(consumer_messages_processed_total)")).values();
        return processed >= total + otherRecords && heard >= expectedFrames ? true : undefined;
      },
    );
    // And on, until every rate has come to rest.
    await scrapedAgain(prometheus, RATE_SECONDS / SCRAPE_SECONDS + 1);
    const to = await until(
      DRAIN_WITHIN_MS,
      () => "a moment at which all nodes are up",
      async () => {
        const moment = seconds();
        return (await prometheus.at("up == 1", moment)).size === nodes.length ? moment : undefined;
      },
    );
    return { prometheus, posted, otherRecords, heard, from, to };
  } catch (error) {
    await prometheus.close();
    throw error;
  } finally {
    for (const listener of listeners) listener.terminate();
  }
}

/** Waits until every node has been scraped some times more; a scrape that got no answer is none. */
async function scrapedAgain(prometheus: RunningPrometheus, times: number): Promise<void> {
  const scrapes = async (): Promise<number> =>
    [...(await prometheus.now("min(sum_over_time(up[1h]))")).values()][0] ?? 0;
  const wanted = (await scrapes()) + times;
  await until(
    DRAIN_WITHIN_MS,
    () => `Prometheus to scrape ${times} times`,
    async () => ((await scrapes()) >= wanted ? true : undefined),
  );
}

/** At each node somebody who will post, somebody who listens, and a chat: of their own, or one for all. */
async function openDesks(nodes: readonly LoadedNode[], areOne: boolean): Promise<readonly Desk[]> {
  const desks: Desk[] = [];
  let shared: { readonly chat: string; readonly poster: string; readonly listener: string } | undefined;
  for (const [at, { httpPort }] of nodes.entries()) {
    if (shared === undefined || !areOne) {
      const poster = await createUser(httpPort, `Poster ${at}`);
      const listener = await createUser(httpPort, `Listener ${at}`);
      const form = [["name", "Load"], ...[poster, listener].map((id) => ["members", id])] as const;
      const made = await ask(httpPort, "/chats", { form: form as readonly (readonly [string, string])[] });
      shared = { chat: String(made.json()["chat_id"]), poster, listener };
    }
    const listener = new WebSocket(`ws://127.0.0.1:${httpPort}/ws/connect/${shared.listener}`);
    await new Promise<void>((resolve, reject) => {
      listener.once("open", resolve);
      listener.once("error", reject);
    });
    desks.push({ httpPort, chat: shared.chat, poster: shared.poster, listener });
  }
  return desks;
}

async function createUser(httpPort: number, username: string): Promise<string> {
  const { json } = await ask(httpPort, "/users", { form: { username } });
  return String(json()["user_id"]);
}

/** Posts until the time is over, and so many at least; resolves with how many were acknowledged. */
async function postForAWhile({ httpPort, chat, poster }: Desk): Promise<number> {
  const end = performance.now() + LOAD_MS;
  const post = async (): Promise<number> => {
    let count = 0;
    while (performance.now() < end || count < POSTS_MIN) {
      const answer = await ask(httpPort, `/chats/${chat}/messages`, {
        form: { content: `message ${count}` },
        headers: { cookie: `user_id=${poster}` },
      });
      // A node that stood still has not heard from its log lately.
      if (answer.status === 503 && answer.json()["code"] === "unavailable") continue;
      if (answer.status !== 200) throw new Error(`a post got ${answer.status}: ${answer.body}`);
      count += 1;
    }
    return count;
  };
  const counts = await Promise.all(Array.from({ length: POSTERS }, post));
  return counts.reduce((sum, count) => sum + count, 0);
}
