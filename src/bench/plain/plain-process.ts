/**
 * Load tool, the plain way as a program: makes its topic and tables where they are missing, serves, and leaves them where
 * they are.
 */
import type { WebSocket } from "ws";
import { serveUntilStopped } from "../serve-until-stopped.ts";
import { PlainConsumer } from "./plain-consumer.ts";
import { type EngineNames, makeTopic, openConsumer, openDatabase, openProducer } from "./plain-engines.ts";
import { createPlainServer } from "./plain-server.ts";
import { PlainStore } from "./plain-store.ts";

/** What the program is told. */
export interface PlainOptions extends EngineNames {
  readonly http: string;
  readonly atOnce: number;
}

/** Partitions of the topic: as many as the server's has by default. */
const PARTITIONS = 12;

/** Serves it at `HOST:PORT`; resolves with `true` after SIGTERM or ctrl-c, with `false` where its consumer failed. */
export async function servePlain(options: PlainOptions): Promise<boolean> {
  const { http, topic, atOnce } = options;
  await makeTopic(options, PARTITIONS);
  const store = new PlainStore(await openDatabase(options));
  await store.prepare();
  const producer = await openProducer(options);
  const listeners = new Map<string, Set<WebSocket>>();
  const consumer = new PlainConsumer(await openConsumer(options), { topic, store, listeners, atOnce });
  let whole = true;
  await consumer.start((error) => {
    if (!whole) return;
    whole = false;
    process.stderr.write(`verbatim: the plain consumer has failed: ${String(error)}\n`);
  });
  const handled = (): number => consumer.handled;
  await serveUntilStopped(createPlainServer({ topic, producer, store, listeners, handled }), "http", http);
  await consumer.close();
  await producer.close();
  await store.close();
  return whole;
}
