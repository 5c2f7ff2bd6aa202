/**
 * Configuration, beside all stages: makes the typed, frozen value from what was read, or says in one line what is
 * wrong, where it stands and what would be right. Pure.
 */
import { resolve } from "node:path";
import type { Limits } from "../../protocol/limits.ts";
import { DEFAULT_LIMITS, SIGNED_IN_LIMITS } from "../../protocol/limits.ts";
import { StartError } from "../start-error.ts";
import type { AuthMode, Config } from "./config.ts";
import { contradictions, warnings } from "./contradictions.ts";
import type { Sources } from "./env.ts";
import { makeAuth, makeTls } from "./make-auth.ts";
import { makeCluster } from "./make-cluster.ts";
import type { Origin } from "./merge.ts";
import { merge } from "./merge.ts";
import { refuse } from "./read-part.ts";
import type { SetLimits } from "./schema.ts";
import { configSchema } from "./schema.ts";
import { listSettings } from "./settings.ts";

/** A configuration and how it came about. */
export interface LoadedConfig {
  readonly config: Config;
  /** Key of the setting → where its value came from. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** What to say at each start, one line each. */
  readonly warnings: readonly string[];
}

/**
 * Makes the configuration.
 * @throws StartError that names every setting that is wrong, in one line.
 */
export function makeConfig(sources: Sources): LoadedConfig {
  const { values, origins, problems } = merge(listSettings(), sources);
  refuse(problems);
  const parsed = configSchema.safeParse(toTree(values));
  if (!parsed.success) {
    refuse(
      parsed.error.issues.map((issue) => {
        const key = issue.path.join(".");
        return `${origins.get(key)?.name ?? key}: ${issue.message}`;
      }),
    );
    throw new StartError("the configuration is wrong");
  }
  const settings = parsed.data;
  const folderOf = (key: string): string => origins.get(key)?.folder ?? sources.folder;
  const pathOf = (key: string, path: string): string => resolve(folderOf(key), path);
  const auth = makeAuth(settings, pathOf);
  const tls = makeTls(settings, pathOf);
  const cluster = makeCluster(settings, pathOf);
  refuse([...auth.problems, ...tls.problems, ...cluster.problems].map((problem) => nameIts(problem, origins)));
  const { rooms, retain, limits } = settings;
  const config: Config = {
    data: pathOf("data", settings.data),
    rooms: rooms === undefined ? sources.shippedRooms : pathOf("rooms", rooms),
    tcp: settings.tcp,
    http: settings.http,
    ops: settings.ops,
    auth: auth.value,
    tls: tls.value,
    trustProxy: settings.trustProxy,
    proxyProtocol: settings.proxyProtocol,
    origins: settings.origin,
    limits: withDefaults(limits, auth.value.mode),
    retention: { messages: retain.messages, days: retain.days },
    logKeepBytes: settings.logKeepBytes,
    cluster: cluster.value,
    traces: settings.traces === undefined ? undefined : { url: settings.traces, every: settings.traceEvery },
    logLevel: settings.logLevel,
    logFormat: settings.logFormat,
  };
  refuse(contradictions(config, origins));
  return { config: freezeDeeply(config), origins, warnings: warnings(config) };
}

/** The limits, with those filled in that depend on the mode. */
function withDefaults(limits: SetLimits, mode: AuthMode): Limits {
  const { sessionsPerAddressMax, messagesPerSecond } = mode === "open" ? DEFAULT_LIMITS : SIGNED_IN_LIMITS;
  return {
    ...limits,
    sessionsPerAddressMax: limits.sessionsPerAddressMax ?? sessionsPerAddressMax,
    messagesPerSecond: limits.messagesPerSecond ?? messagesPerSecond,
  };
}

/** `key: what to do` with the name under which the key was set. */
function nameIts(problem: string, origins: ReadonlyMap<string, Origin>): string {
  const key = problem.slice(0, problem.indexOf(":"));
  const origin = origins.get(key);
  return origin === undefined || origin.source === "default" ? problem : `${origin.name}${problem.slice(key.length)}`;
}

/** `{"limits.sessionsMax": 5}` → `{limits: {sessionsMax: 5}}`. */
function toTree(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const [first = "", second] = key.split(".");
    if (second === undefined) {
      tree[first] = value;
    } else {
      const group = tree[first];
      if (isRecord(group)) group[second] = value;
      else tree[first] = { [second]: value };
    }
  }
  return tree;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function freezeDeeply<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (isRecord(inner)) freezeDeeply(inner);
  return Object.freeze(value);
}
