/**
 * Load tool, the options of `verbatim bench http` in one typed shape, and the load that they ask for. Pure.
 */
import { InvalidArgumentError } from "commander";
import type { Engines } from "../cluster/measure-cluster.ts";
import type { CommonOptions } from "../command-line.ts";
import { TEXT_BYTES_MIN } from "../message-layout.ts";
import { wholeNumber } from "../options.ts";
import type { HttpPace, HttpPlan } from "./http-plan.ts";

/** `verbatim bench http`, as commander gives it. */
export interface HttpOptions extends CommonOptions {
  readonly connections: number;
  readonly listeners: number;
  readonly chats: number;
  readonly rate: number | undefined;
  readonly payload: number;
  readonly warmup: number;
  readonly duration: number;
  readonly drain: number;
  readonly members: number | undefined;
  readonly idle: number | undefined;
  readonly reconnect: number | undefined;
  readonly away: number;
  readonly pageReads: number | undefined;
  readonly readRate: number;
  /** Messages a page is asked for; 0: no query. */
  readonly pageLimit: number;
  /** Whether pages are read anywhere in the chat, instead of at its end. */
  readonly pageAnywhere: boolean;
  readonly baseline: boolean;
  readonly runs: number;
  /** Brokers and database's nodes of a cluster, `HOST:PORT,…`; both or neither. */
  readonly kafka: string | undefined;
  readonly cql: string | undefined;
  readonly enginePids: readonly [number, number] | undefined;
  readonly plainAtOnce: number;
  readonly suite: boolean;
  readonly quick: boolean;
  readonly http: string | undefined;
}

/** What holds where the command line says nothing; the suite's loads begin with the same. */
export const HTTP_DEFAULTS: HttpOptions = {
  connections: 50,
  listeners: 10,
  chats: 1,
  rate: undefined,
  payload: 64,
  warmup: 3,
  duration: 10,
  drain: 15,
  members: undefined,
  idle: undefined,
  reconnect: undefined,
  away: 1,
  pageReads: undefined,
  readRate: 20,
  pageLimit: 100,
  pageAnywhere: false,
  baseline: false,
  runs: 3,
  kafka: undefined,
  cql: undefined,
  enginePids: undefined,
  plainAtOnce: 50,
  suite: false,
  quick: false,
  http: undefined,
  pid: undefined,
  data: undefined,
  serverArgs: "",
  cpuProf: undefined,
  json: false,
  progress: false,
};

/** All options from those that were given; some shapes have defaults of their own. */
export function httpOptions(given: Partial<HttpOptions>): HttpOptions {
  const { members, idle, reconnect, pageReads } = given;
  const shapes: readonly [unknown, Partial<HttpOptions>][] = [
    [members, { listeners: members ?? 0, connections: 10, rate: 10 }],
    [idle, { listeners: idle ?? 0, connections: 0, chats: 24, warmup: 0, duration: 0 }],
    [reconnect, { listeners: reconnect ?? 0, connections: 24, chats: 24, rate: 100, duration: 3 }],
    [pageReads, { listeners: 1, rate: 5000 }],
  ];
  const asked = shapes.filter(([shape]) => shape !== undefined);
  if (asked.length > 1) throw new Error("--members, --idle, --reconnect and --page-reads are different loads.");
  return { ...HTTP_DEFAULTS, ...asked[0]?.[1], ...given };
}

/** The engines that the options name; `undefined` where there are none. */
export function enginesOf({ kafka, cql, enginePids, plainAtOnce, http }: HttpOptions): Engines | undefined {
  if (kafka === undefined && cql === undefined) return undefined;
  if (kafka === undefined || cql === undefined) throw new Error("--kafka and --cql belong together.");
  if (http !== undefined)
    throw new Error("--http names a server that runs, --kafka and --cql engines for one to start.");
  return { kafka, cql, pids: enginePids, plainAtOnce };
}

/** For commander: two process ids. */
export function twoPids(text: string): readonly [number, number] {
  const [kafka, cql, ...more] = text.split(",").map(wholeNumber);
  if (kafka === undefined || cql === undefined || more.length > 0) throw new InvalidArgumentError("It is PID,PID.");
  return [kafka, cql];
}

/** The load that the options describe. */
export function httpPlanOf(options: HttpOptions): HttpPlan {
  if (options.payload < TEXT_BYTES_MIN) throw new Error(`--payload is at least ${TEXT_BYTES_MIN} bytes.`);
  const { connections, listeners, chats, rate, reconnect, pageReads, pageLimit } = options;
  const pace: HttpPace = rate === undefined ? { kind: "closed" } : { kind: "rate", everyMicros: 1e6 / rate };
  return {
    title: titleOf(options),
    // A chat has a member at least.
    users: Math.max(connections, listeners, chats),
    chats,
    connections,
    listeners,
    listening: reconnect === undefined ? "feed" : "session",
    pace,
    textBytes: options.payload,
    fill: pageReads ?? 0,
    pages:
      pageReads === undefined
        ? undefined
        : {
            everyMicros: 1e6 / options.readRate,
            limit: pageLimit === 0 ? undefined : pageLimit,
            anywhere: options.pageAnywhere,
          },
    cutMs: reconnect === undefined ? undefined : options.away * 1000,
    warmupMs: options.warmup * 1000,
    durationMs: options.duration * 1000,
    drainMs: options.drain * 1000,
  };
}

function titleOf({
  connections,
  listeners,
  chats,
  rate,
  idle,
  reconnect,
  pageReads,
  pageLimit,
  pageAnywhere,
  readRate,
}: HttpOptions): string {
  const where = `${chats} chat${chats === 1 ? "" : "s"}`;
  if (idle !== undefined) return `${idle} WebSockets over ${where}, silent`;
  const pace = rate === undefined ? "as fast as answers come" : `${rate} posts/s`;
  const posts = `${connections} posting connections, ${listeners} listeners, ${where}, ${pace}`;
  if (reconnect !== undefined) return `${posts}; all listeners cut off at once and back`;
  if (pageReads === undefined) return posts;
  const page = pageLimit === 0 ? "page without a query" : `page of ${pageLimit}`;
  return `${posts}; ${pageAnywhere ? "any" : "newest"} ${page} of ${pageReads} messages and more, ${readRate} times a second`;
}
