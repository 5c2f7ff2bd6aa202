/**
 * Configuration, beside all stages: values that are right by themselves and wrong together. Pure.
 */
import type { Config } from "./config.ts";
import type { Origin } from "./merge.ts";
import { isLoopback, showListen } from "./values.ts";

/** JSON may write one byte of text as six (`\u0001`). */
const ESCAPE_FACTOR_MAX = 6;

/** A form may write one byte of text as three (`%01`). */
const PERCENT_FACTOR_MAX = 3;

/** What a message carries besides its text, at the very most: envelope, names and key, in a line or in the log. */
const BESIDE_TEXT_BYTES_MAX = 2_048;

/** What does not go together, one line each; `origins` says where the value of a key came from. */
export function contradictions(config: Config, origins: ReadonlyMap<string, Origin>): readonly string[] {
  const { tcp, http, ops, auth, limits } = config;
  const nameOf = (key: string): string => {
    const origin = origins.get(key);
    return origin === undefined || origin.source === "default" ? `${key} (default)` : origin.name;
  };
  const problems: string[] = [];
  for (const [key, listen] of [
    ["tcp", tcp],
    ["http", http],
  ] as const) {
    if (listen === undefined || isLoopback(listen.host) || auth.mode !== "open" || auth.openAnyway) continue;
    problems.push(
      `${nameOf(key)}: ${showListen(listen)} is not a loopback address, and in open mode anybody who reaches it could be anybody; choose --auth password or --auth jwt, or listen on 127.0.0.1, or choose --open-anyway if that is meant`,
    );
  }
  const doors = { tcp, http, ops };
  for (const [key, other] of [
    ["http", "tcp"],
    ["ops", "tcp"],
    ["ops", "http"],
  ] as const) {
    const [one, two] = [doors[key], doors[other]];
    if (one === undefined || two === undefined || one.port !== two.port || one.port === 0 || one.host !== two.host)
      continue;
    problems.push(`${nameOf(key)}: ${showListen(one)} is what ${nameOf(other)} has already; choose another port`);
  }
  if (config.proxyProtocol && config.trustProxy.length === 0) {
    problems.push(
      `${nameOf("proxyProtocol")}: nobody's word is taken for a client's address yet; name the proxies with --trust-proxy CIDR,…`,
    );
  }
  const least = (key: keyof Config["limits"], bytes: number, why: string): void => {
    if (limits[key] >= bytes) return;
    problems.push(`${nameOf(`limits.${key}`)}: ${limits[key]} is too small, ${why}; at least ${bytes} would be right`);
  };
  const textBytes = limits.messageBytesMax;
  const escapedBytes = textBytes * ESCAPE_FACTOR_MAX + BESIDE_TEXT_BYTES_MAX;
  least("lineBytesMax", textBytes + BESIDE_TEXT_BYTES_MAX, "a message of limits.messageBytesMax must fit into a line");
  least(
    "frameBytesMax",
    textBytes + BESIDE_TEXT_BYTES_MAX,
    "a message of limits.messageBytesMax must fit into a frame",
  );
  const formBytes = textBytes * PERCENT_FACTOR_MAX + BESIDE_TEXT_BYTES_MAX;
  least("bodyBytesMax", formBytes, "a message of limits.messageBytesMax must fit into a form");
  least("membersBodyBytesMax", limits.bodyBytesMax, "it is below limits.bodyBytesMax");
  least("appendBytesMax", escapedBytes, "a message of limits.messageBytesMax must fit into a batch");
  least("appendQueueBytesMax", limits.appendBytesMax, "one batch of limits.appendBytesMax must fit into the queue");
  least("outboxBytesMax", escapedBytes, "a message of limits.messageBytesMax must fit into an outbox");
  least("outboxBytesMax", limits.pageBytesMax, "a page of limits.pageBytesMax must fit into an outbox");
  least("historyPageMax", limits.historyPageDefault, "it is below limits.historyPageDefault");
  return problems;
}

/** What to say at each start, one line each. */
export function warnings(config: Config): readonly string[] {
  const { tcp, http, auth, tls, trustProxy } = config;
  const reachable = (isPlain: (door: "tcp" | "http") => boolean): string =>
    [isPlain("tcp") ? tcp : undefined, isPlain("http") ? http : undefined]
      .flatMap((listen) => (listen === undefined || isLoopback(listen.host) ? [] : [showListen(listen)]))
      .join(" and ");
  if (auth.mode === "open") {
    const where = reachable(() => true);
    if (where === "") return [];
    return [
      `open mode on ${where}: whoever reaches it can read and write everything under any name; to end this, choose --auth password or --auth jwt, or set --tcp and --http to 127.0.0.1, and drop --open-anyway`,
    ];
  }
  const plain = reachable((door) => tls?.[door] !== true);
  // Behind a proxy it is the proxy's business to encrypt.
  if (plain === "" || trustProxy.length > 0) return [];
  return [
    `passwords and tokens travel in the clear on ${plain}; set --tls-cert and --tls-key, or put a proxy with TLS in front and name it with --trust-proxy`,
  ];
}
