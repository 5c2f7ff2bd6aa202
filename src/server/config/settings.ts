/**
 * Configuration, beside all stages: the schema as a flat list of settings, each with its three names. Pure.
 */
import { z } from "zod";
import { type SettingNote, settingNotes } from "./notes.ts";
import { configSchema } from "./schema.ts";

/** One setting and what it is called in each source. */
export interface Setting {
  /** Its place in the file, with dots: `limits.outboxBytesMax`. */
  readonly key: string;
  /** Its environment variable: `VERBATIM_LIMITS_OUTBOX_BYTES_MAX`. */
  readonly env: string;
  /** Its flag without the dashes: `log-keep-bytes`, or `undefined`. */
  readonly flag: string | undefined;
  readonly note: SettingNote;
}

/** What the names of all our environment variables begin with. */
export const ENV_PREFIX = "VERBATIM_";

/** All settings, in the order of the schema. */
export function listSettings(): readonly Setting[] {
  return [...walk(configSchema, [])];
}

function* walk(object: z.ZodObject, place: readonly string[]): Iterable<Setting> {
  for (const [name, type] of Object.entries(object.shape)) {
    const here = [...place, name];
    const group = asObject(type as z.ZodType);
    if (group !== undefined) {
      yield* walk(group, here);
      continue;
    }
    const note = settingNotes.get(type as z.ZodType);
    if (note === undefined) throw new Error(`the setting ${here.join(".")} has no note`);
    const words = here.flatMap((part) => part.split(/(?=[A-Z])/)).map((part) => part.toLowerCase());
    yield {
      key: here.join("."),
      env: ENV_PREFIX + words.join("_").toUpperCase(),
      flag: note.flag ? words.join("-") : undefined,
      note,
    };
  }
}

/** The object behind a group of settings and its default, or `undefined` where the type is a setting itself. */
function asObject(type: z.ZodType): z.ZodObject | undefined {
  const inner = type instanceof z.ZodPrefault ? type.unwrap() : type;
  return inner instanceof z.ZodObject ? inner : undefined;
}
