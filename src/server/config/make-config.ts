/**
 * Configuration, beside all stages: makes the typed, frozen value from what was read, or says in one line what is
 * wrong, where it stands and what would be right. Pure.
 */
import { resolve } from "node:path";
import { StartError } from "../start-error.ts";
import type { Config } from "./config.ts";
import { contradictions, openModeWarning } from "./contradictions.ts";
import type { Sources } from "./env.ts";
import type { Origin } from "./merge.ts";
import { merge } from "./merge.ts";
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
  const { data, rooms, tcp, http, openAnyway, retain, logKeepBytes, logLevel, logFormat, limits } = parsed.data;
  const folderOf = (key: string): string => origins.get(key)?.folder ?? sources.folder;
  const config: Config = {
    data: resolve(folderOf("data"), data),
    rooms: rooms === undefined ? sources.shippedRooms : resolve(folderOf("rooms"), rooms),
    tcp,
    http,
    limits,
    retention: { messages: retain.messages, days: retain.days },
    logKeepBytes,
    openAnyway,
    logLevel,
    logFormat,
  };
  refuse(contradictions(config, origins));
  const warning = openModeWarning(config);
  return { config: freezeDeeply(config), origins, warnings: warning === undefined ? [] : [warning] };
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new StartError(problems.join("; "));
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
