/**
 * Stage 1, the HTTP door: the fields of a body or a query, and how they are checked. A form says everything as text;
 * what it means is decided by the schema, so that forms and JSON are one thing to whoever asks for a field.
 */
import { z } from "zod";
import { CommandError } from "../../commands/command-error.ts";

/** What came, by name. From JSON any value, from a form or a query a text or a list of texts. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a request that has none. */
export const NO_FIELDS: Fields = Object.freeze(Object.create(null));

const HALF_PAIR = /\p{Surrogate}/u;

/** Whether a text is one: half of a surrogate pair, which JSON can write, has no UTF-8. */
const isText = (value: string): boolean => !HALF_PAIR.test(value);

/** A text, for a schema. */
export const text = (): z.ZodString => z.string().refine(isText, "has half of a surrogate pair, which is no text");

/** Checks fields against a schema and gives what it asks for. Throws `bad_field`, which names what is wrong. */
export function check<Shape extends z.ZodObject>(schema: Shape, fields: Fields): z.output<Shape> {
  const values: Record<string, unknown> = Object.create(null);
  for (const [name, type] of Object.entries(schema.shape)) {
    // `__proto__` and its kin are nobody's field.
    if (Object.hasOwn(fields, name)) values[name] = meant(type as z.ZodType, fields[name]);
  }
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.join(".") ?? "";
  throw new CommandError("bad_field", place === "" ? (issue?.message ?? "wrong") : `${place}: ${issue?.message}`);
}

/** How forms say yes and no; a box that is ticked says `on`. */
const YES_OR_NO: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["on", true],
  ["false", false],
  ["0", false],
]);

/** What a value stands for where `type` is wanted: a single one for a list of one, text for a number or a yes. */
function meant(type: z.ZodType, value: unknown): unknown {
  if (value === null) return undefined;
  if (type instanceof z.ZodOptional) return meant(type.unwrap() as z.ZodType, value);
  if (type instanceof z.ZodArray) return Array.isArray(value) ? value : [value];
  if (typeof value !== "string") return value;
  if (type instanceof z.ZodNumber) return /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (type instanceof z.ZodBoolean) return YES_OR_NO.get(value) ?? value;
  return value;
}
