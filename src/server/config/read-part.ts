/**
 * Configuration, beside all stages: a few settings, for commands that need no others. What is wrong with the rest is not
 * their business: the server may be given that by a flag. Pure.
 */
import type { z } from "zod";
import { StartError } from "../start-error.ts";
import type { Sources } from "./env.ts";
import { merge, type Origin } from "./merge.ts";
import { listSettings } from "./settings.ts";

/** A few settings, and where each of all of them was set. */
export interface Part<T> {
  readonly settings: T;
  readonly origins: ReadonlyMap<string, Origin>;
}

/**
 * The settings of a part of the schema, as the sources have them.
 * @throws StartError where one of them is written wrong, or a setting has a name that there is not: that may be one of them
 */
export function readPart<S extends z.ZodObject>(schema: S, sources: Sources): Part<z.output<S>> {
  const { values, origins, problems } = merge(listSettings(), sources);
  refuse(problems);
  const own = [...values].filter(([key]) => key in schema.shape);
  const parsed = schema.safeParse(Object.fromEntries(own));
  if (parsed.success) return { settings: parsed.data, origins };
  const [issue] = parsed.error.issues;
  const key = issue?.path.join(".") ?? "";
  throw new StartError(`${origins.get(key)?.name ?? key}: ${issue?.message}`);
}

/** Throws one `StartError` of all problems, where there are any. */
export function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new StartError(problems.join("; "));
}
