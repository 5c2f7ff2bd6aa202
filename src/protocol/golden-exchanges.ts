/**
 * The wire by example: who sends what, and what everybody hears of it, byte for byte. Whoever writes a client, or
 * another server, can hold it against these; this project's tests run them over real sockets. Pure data, with the one
 * function that compares a line with what it should be.
 */
import { ADDED } from "./golden-added.ts";
import { AS_IT_IS } from "./golden-as-it-is.ts";
import { ERRORS } from "./golden-errors.ts";
import type { GoldenExchange } from "./golden-step.ts";

export type { GoldenExchange, GoldenServer, GoldenStep, GoldenWho } from "./golden-step.ts";

/** All golden exchanges. */
export const GOLDEN_EXCHANGES: readonly GoldenExchange[] = [...AS_IT_IS, ...ADDED, ...ERRORS];

/** What the placeholders of an exchange stand for, as far as they have been met. `rooms` must be there from the start. */
export type GoldenBindings = Map<string, string>;

const PLACEHOLDER = /‹([^›]+)›/g;

/** Form of what a placeholder stands for, by the last word of its name that tells. */
const FORMS: Readonly<Record<string, string>> = {
  session: "[\\w-]{21}",
  name: "[\\w-]{5}",
  id: "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
  time: "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z",
};

/** The text of a template to send, its placeholders replaced. Throws where one has not been met. */
export function goldenText(template: string, bindings: GoldenBindings): string {
  return template.replace(PLACEHOLDER, (_, name: string) => {
    const value = bindings.get(name);
    if (value === undefined) throw new Error(`nothing is known yet of ${name}`);
    return value;
  });
}

/**
 * Compares a line, without its line end, with its template; `withAdded` = the server has what was added to the wire.
 * Returns `undefined` where they agree, and then knows the placeholders met in it; else what was expected.
 */
export function goldenMismatch(
  template: string,
  line: string,
  bindings: GoldenBindings,
  withAdded: boolean,
): string | undefined {
  const expected = template.replace(/⟦([^⟧]*)⟧/g, withAdded ? "$1" : "");
  const met: string[] = [];
  let pattern = "";
  let at = 0;
  for (const found of expected.matchAll(PLACEHOLDER)) {
    const name = found[1] ?? "";
    pattern += literal(expected.slice(at, found.index));
    at = found.index + found[0].length;
    const known = bindings.get(name);
    const form = FORMS[name.split(" ")[0] ?? ""] ?? FORMS[name.split(".")[1] ?? ""];
    if (known !== undefined) {
      pattern += literal(known);
    } else if (form === undefined) {
      throw new Error(`nothing is known of ${name}`);
    } else {
      pattern += `(${form})`;
      met.push(name);
    }
  }
  const match = new RegExp(`^${pattern}${literal(expected.slice(at))}$`).exec(line);
  if (match === null) return expected.replace(PLACEHOLDER, (whole, name: string) => bindings.get(name) ?? whole);
  met.forEach((name, index) => {
    bindings.set(name, match[index + 1] ?? "");
  });
  return undefined;
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
