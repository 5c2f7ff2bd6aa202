/**
 * Configuration, beside all stages: values that are right by themselves and wrong together. Pure.
 */
import type { Config } from "./config.ts";
import type { Origin } from "./merge.ts";
import { isLoopback, showListen } from "./values.ts";

/** JSON may write one byte of text as six (`\u0001`). */
const ESCAPE_FACTOR_MAX = 6;

/** What a message carries besides its text, at the very most: envelope, names and key, in a line or in the log. */
const BESIDE_TEXT_BYTES_MAX = 2_048;

/** What does not go together, one line each; `origins` says where the value of a key came from. */
export function contradictions(config: Config, origins: ReadonlyMap<string, Origin>): readonly string[] {
  const { tcp, http, openAnyway, limits } = config;
  const nameOf = (key: string): string => {
    const origin = origins.get(key);
    return origin === undefined || origin.source === "default" ? `${key} (default)` : origin.name;
  };
  const problems: string[] = [];
  for (const [key, listen] of [
    ["tcp", tcp],
    ["http", http],
  ] as const) {
    if (listen === undefined || isLoopback(listen.host) || openAnyway) continue;
    problems.push(
      `${nameOf(key)}: ${showListen(listen)} is not a loopback address and there are no accounts, so anybody who reaches it could be anybody; listen on 127.0.0.1, or choose --open-anyway if that is meant`,
    );
  }
  if (http !== undefined && http.port === tcp.port && http.port !== 0 && http.host === tcp.host) {
    problems.push(`${nameOf("http")}: ${showListen(http)} is what ${nameOf("tcp")} has already; choose another port`);
  }
  const least = (key: keyof Config["limits"], bytes: number, why: string): void => {
    if (limits[key] >= bytes) return;
    problems.push(`${nameOf(`limits.${key}`)}: ${limits[key]} is too small, ${why}; at least ${bytes} would be right`);
  };
  const textBytes = limits.messageBytesMax;
  const escapedBytes = textBytes * ESCAPE_FACTOR_MAX + BESIDE_TEXT_BYTES_MAX;
  least("lineBytesMax", textBytes + BESIDE_TEXT_BYTES_MAX, "a message of limits.messageBytesMax must fit into a line");
  least("appendBytesMax", escapedBytes, "a message of limits.messageBytesMax must fit into a batch");
  least("appendQueueBytesMax", limits.appendBytesMax, "one batch of limits.appendBytesMax must fit into the queue");
  least("outboxBytesMax", escapedBytes, "a message of limits.messageBytesMax must fit into an outbox");
  least("outboxBytesMax", limits.pageBytesMax, "a page of limits.pageBytesMax must fit into an outbox");
  least("historyPageMax", limits.historyPageDefault, "it is below limits.historyPageDefault");
  return problems;
}

/** What to say at each start of a server that believes everybody on an address that others can reach. */
export function openModeWarning({ tcp, http, openAnyway }: Config): string | undefined {
  const reachable = [tcp, http].filter((listen) => listen !== undefined && !isLoopback(listen.host));
  if (!openAnyway || reachable.length === 0) return undefined;
  const where = reachable.map((listen) => (listen === undefined ? "" : showListen(listen))).join(" and ");
  return `open mode on ${where}: whoever reaches it can read and write every room under any name; to end this, set --tcp and --http to 127.0.0.1 and drop --open-anyway`;
}
