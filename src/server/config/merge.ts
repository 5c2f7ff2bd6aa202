/**
 * Configuration, beside all stages: lays flag over environment over file, and remembers where each value came from.
 * Pure.
 */
import { dirname } from "node:path";
import { parseDocument } from "yaml";
import type { ConfigFile, Sources } from "./env.ts";
import type { Setting } from "./settings.ts";
import { show } from "./values.ts";

/** Where a value came from. */
export interface Origin {
  readonly source: "flag" | "env" | "file" | "default";
  /** As a person would name it: `--tcp`, `VERBATIM_TCP`, `tcp in /etc/verbatim.yaml`, `default`. */
  readonly name: string;
  /** What a path among them is relative to. */
  readonly folder: string;
}

/** The sources laid over each other. */
export interface Merged {
  /** Key → the value as it was written, for the keys that somebody set. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Key → where its value came from, for every setting. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** What is wrong with the names, one line each. */
  readonly problems: readonly string[];
}

/** Merges the sources: flag over environment over file over default. */
export function merge(settings: readonly Setting[], sources: Sources): Merged {
  const values = new Map<string, unknown>();
  const origins = new Map<string, Origin>();
  const problems: string[] = [];
  const fileValues = sources.file === undefined ? new Map() : readYaml(settings, sources.file, problems);
  for (const setting of settings) {
    const { key, env, flag } = setting;
    const flagValue = flag === undefined ? undefined : sources.flags.get(flag);
    const envValue = sources.env.get(env);
    if (flagValue !== undefined) {
      values.set(key, flagValue);
      origins.set(key, { source: "flag", name: `--${flag}`, folder: sources.folder });
    } else if (envValue !== undefined) {
      values.set(key, envValue);
      origins.set(key, { source: "env", name: env, folder: sources.folder });
    } else if (sources.file !== undefined && fileValues.has(key)) {
      values.set(key, fileValues.get(key));
      const { path } = sources.file;
      origins.set(key, { source: "file", name: `${key} in ${path}`, folder: dirname(path) });
    } else {
      origins.set(key, { source: "default", name: "default", folder: sources.folder });
    }
  }
  const envNames = settings.map(({ env }) => env);
  for (const name of sources.env.keys()) {
    if (!envNames.includes(name)) problems.push(`${name}: there is no such setting${suggest(name, envNames)}`);
  }
  return { values, origins, problems };
}

function readYaml(settings: readonly Setting[], file: ConfigFile, problems: string[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  const document = parseDocument(file.text, { logLevel: "silent" });
  const fault = document.errors[0];
  if (fault !== undefined) {
    problems.push(`${file.path}: is not YAML: ${fault.message.split("\n")[0]?.replace(/:$/, "")}`);
    return values;
  }
  const tree: unknown = document.toJS();
  const keys = settings.map(({ key }) => key);
  const visit = (node: unknown, place: string): void => {
    if (node === null || node === undefined) return;
    if (typeof node !== "object" || Array.isArray(node)) {
      const what = place === "" ? "the file" : place;
      problems.push(`${file.path}: ${what} must be settings, each a line "name: value", not ${show(node)}`);
      return;
    }
    for (const [name, value] of Object.entries(node)) {
      const key = place === "" ? name : `${place}.${name}`;
      if (keys.includes(key)) values.set(key, value);
      else if (keys.some((known) => known.startsWith(`${key}.`))) visit(value, key);
      else problems.push(`${file.path}: ${key}: there is no such setting${suggest(key, keys)}`);
    }
  };
  visit(tree, "");
  return values;
}

/** The name that was probably meant, as the end of a sentence; empty where none is near. */
function suggest(name: string, known: readonly string[]): string {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const last = (text: string): string => plain(text.slice(text.lastIndexOf(".") + 1));
  const meant =
    known.find((candidate) => plain(candidate) === plain(name)) ??
    known.find((candidate) => distance(plain(candidate), plain(name)) <= 2) ??
    known.find((candidate) => last(candidate) === last(name));
  return meant === undefined ? "; `verbatim serve --print-config` shows those there are" : `, did you mean ${meant}?`;
}

/** Levenshtein's distance between two short names. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
